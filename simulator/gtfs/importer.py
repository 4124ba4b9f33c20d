"""A GTFS feed as a network, with a report of what was assumed.

Every bus route is a line. Three dates represent weekdays, Saturdays and Sundays (holidays have the Sunday
service). Departures keep their times, which count from their own date's origin. A line whose buses couldn't
be home between two days is split: its departures from 23:00 to 06:00 become a line of their own, with buses
of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from simulator.files.problems import Faults, InputFileError, Problem
from simulator.gtfs.calendar import representative_days
from simulator.gtfs.feed import Feed, FeedRoute, read_feed
from simulator.gtfs.lines import Assumptions, LineDraft, Names, is_night, line_draft
from simulator.gtfs.network_entries import line_of_draft
from simulator.gtfs.report import first_few, report_lines
from simulator.gtfs.routes import BUS_TYPES, RouteService, place_of, route_services
from simulator.gtfs.service_days import day_or_night_part, without_last_hour
from simulator.network import Line, Network
from simulator.network_files.loader import network_of
from simulator.progress import OnProgress, Progress, ignore_progress

LONGEST_ID = 40
"""Characters of a feed's id that are kept; an id may have 64, and bus and pattern ids are longer than it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """An imported feed: its lines as drafts and as built, names and coordinates of stops by id, a report."""

    name: str
    drafts: Sequence[LineDraft]
    lines: Sequence[Line]
    places: Mapping[str, tuple[str, float, float]]
    report: Sequence[str]

    @property
    def network(self) -> Network:
        """The network, equal to the one loaded from the files that `folder` writes."""
        return network_of(self.lines, self.places, self.name)


@dataclass(slots=True)
class _Ids:
    """Makes unique ids that a network file allows from a feed's ids; `changed` has those that differ."""

    taken: set[str] = field(default_factory=set)
    changed: dict[str, str] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """A new id for a text; call it once per text."""
        plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        base = re.sub(r"[^A-Za-z0-9_-]+", "-", plain).strip("-")[:LONGEST_ID] or "X"
        made, number = base, 1
        while made in self.taken:
            number += 1
            made = f"{base}-{number}"
        self.taken.add(made)
        if made != text:
            self.changed[text] = made
        return made


def import_feed(
    path: Path,
    *,
    near: date | None = None,
    routes: Collection[str] = (),
    assumed: Assumptions | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Imported:
    """The network of a feed, or of some `routes` of it (route ids or short names).

    `near` chooses the dates whose service is taken (see `representative_days`). InputFileError has everything
    that is wrong with the feed, or says that routes aren't in it or have no trips.
    """
    feed = read_feed(path, on_progress)
    chosen = _chosen(feed, routes)
    if near is not None and not feed.calendar.first <= near <= feed.calendar.last:
        span = f"{feed.calendar.first} to {feed.calendar.last}"
        raise _refused(path, f"the feed has no calendar for {near}: choose a date from {span}")
    trips_of = _trips_by_service(feed, chosen)
    days = representative_days(feed.calendar, trips_of, near)
    if not days:
        raise _refused(path, "these routes have no trips on any date: choose other routes, or another feed")
    on_progress(Progress("grouping trips into patterns", 0, 1, "steps"))
    found = route_services(feed, days, chosen)
    on_progress(Progress("grouping trips into patterns", 1, 1, "steps"))
    services = [service for service in found if not service.far_m]
    if not services:
        raise _refused(
            path, "no bus route is left to import: all have stops over 30 km apart, or fewer than two"
        )
    assumed = replace(assumed or Assumptions(), mean_stops=_mean_stops(services))
    collector = _LineCollector(feed, assumed)
    for number, service in enumerate(services):
        on_progress(Progress("building lines", number, len(services), "routes"))
        collector.add(service)
    on_progress(Progress("building lines", len(services), len(services), "routes"))
    report = [*report_lines(feed, days, chosen, found, services), *collector.report_lines()]
    return Imported(path.stem, collector.drafts, collector.lines, collector.places, report)


def _refused(path: Path, message: str) -> InputFileError:
    return InputFileError([Problem(str(path), 1, message)])


def _chosen(feed: Feed, routes: Collection[str]) -> list[int]:
    """The indexes of the bus routes to import."""
    named = {name for route in feed.routes for name in (route.route_id, route.short_name)}
    unknown = sorted(set(routes) - named)
    if unknown:
        raise _refused(
            feed.path, f"the feed has no route {', '.join(unknown)}: write route ids or short names"
        )
    chosen = [
        i
        for i, route in enumerate(feed.routes)
        if route.route_type in BUS_TYPES and (not routes or {route.route_id, route.short_name} & set(routes))
    ]
    if not chosen:
        raise _refused(feed.path, "has no bus routes (route_type 3): this simulator is for buses")
    return chosen


def _trips_by_service(feed: Feed, chosen: Sequence[int]) -> Counter[str]:
    wanted = set(chosen)
    return Counter(
        service
        for service, route in zip(feed.trips.service, feed.trips.route.tolist(), strict=True)
        if route in wanted
    )


def _mean_stops(services: Sequence[RouteService]) -> float:
    """Mean number of stops of a trip, over all trips."""
    stops = [
        len(service.patterns[run.pattern].stops)
        for service in services
        for runs in service.runs.values()
        for run in runs
    ]
    return sum(stops) / len(stops)


class _LineCollector:
    """Collects the lines, made one after the other, and the ids and stops that they share."""

    def __init__(self, feed: Feed, assumed: Assumptions) -> None:
        self.drafts: list[LineDraft] = []
        self.lines: list[Line] = []
        self.places: dict[str, tuple[str, float, float]] = {}
        self._feed, self._assumed = feed, assumed
        self._line_ids, self._stop_names = _Ids(), _Ids()
        self._stop_ids: dict[int, str] = {}
        self._split: list[str] = []
        self._cut: list[str] = []
        self._moved = 0

    def add(self, service: RouteService) -> None:
        """Add the line of a route, or its day and night lines."""
        for pattern in service.patterns:
            for stop in pattern.stops:
                self._place(stop)
        route = service.route
        line_id = self._line_ids.of(self._public_id(route))
        name = _printable(f"{route.short_name} {route.long_name}") or line_id
        names = Names(line_id, name, self._stop_ids)
        night = is_night(service.runs)
        whole = self._made(service, names, night)
        if whole is not None:
            self._keep(*whole)
            return
        parts = [
            (cut, at_night) for at_night in (False, True) if (cut := day_or_night_part(service, at_night))
        ]
        if len(parts) > 1:
            self._split.append(line_id)
        for cut, at_night in parts:
            own = names
            if at_night and len(parts) > 1:
                own = Names(self._line_ids.of(f"{line_id}-night"), f"{name} (night)", self._stop_ids)
            self._keep(*self._shortened(cut, own, at_night))

    def _place(self, index: int) -> None:
        if index in self._stop_ids:
            return
        stop = self._feed.stops[index]
        stop_id = self._stop_names.of(stop.stop_id)
        self._stop_ids[index] = stop_id
        self.places[stop_id] = (_printable(stop.name) or f"Stop {stop_id}", *place_of(self._feed, index))

    def _public_id(self, route: FeedRoute) -> str:
        """The short name if no other route has it, else the route's id."""
        same = [other for other in self._feed.routes if other.short_name == route.short_name]
        return route.short_name if route.short_name and len(same) == 1 else route.route_id

    def _made(self, service: RouteService, names: Names, night: bool) -> tuple[LineDraft, Line] | None:
        """The line of a service; None if its buses can't be home between two days."""
        draft = line_draft(self._feed, service, names, night, self._assumed)
        faults: Faults = []
        line = line_of_draft(draft, self.places, faults)
        return None if faults else (draft, line)

    def _shortened(self, service: RouteService, names: Names, night: bool) -> tuple[LineDraft, Line]:
        """The line of a service without departures so late that buses aren't home before the next day."""
        cut, made = 0, self._made(service, names, night)
        while made is None:
            service, count = without_last_hour(service, night)
            cut += count
            made = self._made(service, names, night)
        if cut:
            self._cut.append(f"{names.line_id} ({cut:,})")
        return made

    def _keep(self, draft: LineDraft, line: Line) -> None:
        clash = [bus for bus in line.buses if bus.bus_id in self._stop_names.taken]
        if clash:
            raise _refused(
                self._feed.path, f"stop {clash[0].bus_id} has an id that a bus will get: rename the stop"
            )
        self.drafts.append(draft)
        self.lines.append(line)

    def report_lines(self) -> Iterator[str]:
        """A line for each assumption about the lines made."""
        buses = sum(len(line.buses) for line in self.lines)
        night = [line.line_id for line in self.lines if line.night]
        assumed = self._assumed
        counts = f"{len(self.lines)} lines, {len(self.places)} stops, {buses} buses"
        yield f"{counts} for {assumed.capacity} people each"
        yield "buses stay on their line, the fewest that run its busiest day on time"
        trip = f"a weekday's trip of {assumed.mean_stops:.0f} stops"
        yield f"{assumed.people_per_trip:g} people board {trip}; other day types by the model's ratios"
        if night:
            yield f"night lines: {', '.join(night)}"
        for what, changed in (("line", self._line_ids.changed), ("stop", self._stop_names.changed)):
            if changed:
                named = first_few(map(" → ".join, changed.items()))
                yield f"{len(changed)} {what} ids changed to allowed characters: {named}"
        if self._split:
            split = ", ".join(self._split)
            yield f"split into a day and a night line, so that buses get home between days: {split}"
        if self._cut:
            yield f"left out, too late for buses to be home before the next day: {', '.join(self._cut)}"
        off_road = [name for draft in self.drafts for name in draft.off_road]
        if off_road:
            yield f"straight from stop to stop, as the shape is too far from the stops: {', '.join(off_road)}"


def _printable(text: str) -> str:
    """A name on one line, of at most 200 characters."""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:200].strip()
