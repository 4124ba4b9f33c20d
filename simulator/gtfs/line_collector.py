"""The lines of a feed's routes, one after the other, with the ids and stops that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from pydantic import ValidationError

from simulator.files.findings import Finding
from simulator.files.problems import Faults
from simulator.files.problems import findings as problems_of
from simulator.gtfs.blocks import Blocks
from simulator.gtfs.feed import Feed
from simulator.gtfs.identifiers import allowed_ids, line_ids, night_id
from simulator.gtfs.lines import Assumptions, LineDraft, Names, is_night, line_draft
from simulator.gtfs.network_entries import line_of_draft
from simulator.gtfs.routes import RouteService, StopSequences, place_of
from simulator.gtfs.service_days import OtherDates, day_or_night_part, without_last_hour
from simulator.network import Line
from simulator.network_files.schema import LineEntry
from simulator.types import DayType

TOO_FAST = 2
"""A timetable is doubtful if a bus takes so many times as long as it says."""
ROUNDING_S = 30
"""Times are often whole minutes, those of two stops 300 m apart the same one."""
MOST_CUTS = 24
"""A service of 24 hours has no more last hours to leave out."""


class LineCollector:
    """Collects lines. `places` has name and coordinates of stops by id, `gtfs_ids` the feed's stop ids.

    `unlike` are dates with services of no day type; `other_dates` is by route id.
    """

    def __init__(
        self,
        sequences: StopSequences,
        route_types: Collection[int],
        assumed: Assumptions,
        blocks: Blocks,
        other_dates: Mapping[str, OtherDates],
    ) -> None:
        feed = sequences.feed
        self.feed, self.route_types, self.assumed, self.blocks = feed, route_types, assumed, blocks
        self.unlike: set[date] = set()
        self._other_dates = other_dates
        self._sequences = sequences
        self.drafts: list[LineDraft] = []
        self.lines: list[Line] = []
        self.services: list[RouteService] = []
        self.places: dict[str, tuple[str, float, float]] = {}
        self.gtfs_ids: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.split: list[str] = []
        self._line_ids = dict(zip((r.route_id for r in feed.routes), line_ids(feed.routes), strict=True))
        self._taken = dict.fromkeys(self._line_ids.values())
        self._allowed = allowed_ids(stop.stop_id for stop in feed.stops)
        self._stop_ids = {i: self._allowed[stop.stop_id] for i, stop in enumerate(feed.stops)}
        self._names = _line_names(feed)

    @property
    def trips(self) -> Mapping[DayType, int]:
        """The number of departures of all lines by day type."""
        counts = Counter[DayType]()
        for draft in self.drafts:
            counts.update({day: len(departures) for day, departures in draft.timetable.items()})
        return counts

    def add(self, service: RouteService) -> None:
        """Add the line of a route, or its day and night lines; or report why there is none."""
        route, service = service.route, self.blocks.assigned(service)
        line_id, name = self._line_ids[route.route_id], self._names[route.route_id]
        names = Names(line_id, name, self._stop_ids, route.route_id)
        why = self._add(service, names, is_night(service.runs))
        if why is None:
            return
        parts = [
            (cut, at_night) for at_night in (False, True) if (cut := day_or_night_part(service, at_night))
        ]
        if len(parts) > 1:
            self.split.append(line_id)
        for cut, at_night in parts:
            own = names
            if at_night and len(parts) > 1:
                night = night_id(line_id, self._taken)
                own = Names(night, f"{name} (night)", self._stop_ids, route.route_id)
            self._add_shortened(cut, own, at_night)

    def _add(self, service: RouteService, names: Names, night: bool) -> str | None:
        """Add the line of a service. Returns why it can't be simulated, None if it can."""
        for pattern in service.patterns:
            for stop in pattern.stops:
                self._place(stop)
        other = self._other_dates[service.route.route_id]
        draft = line_draft(self._sequences, service, names, night, self.assumed)
        draft = replace(draft, dates=other.with_type)
        faults: Faults = []
        try:
            line = line_of_draft(draft, self.places, faults)
        except ValidationError as error:
            faults += list(problems_of(error, LineEntry, lambda loc: loc))
        if faults:
            return faults[0][1]
        self.unlike.update(other.unlike)
        self.findings += self._too_fast(draft, service)
        self.drafts.append(draft)
        self.lines.append(line)
        self.services.append(service)
        return None

    def _too_fast(self, draft: LineDraft, service: RouteService) -> Iterator[Finding]:
        """A finding for patterns whose trips have far less time than a bus needs, also if it is rounded."""
        trips = Counter(run.pattern for of_day in service.runs.values() for run in of_day)
        patterns = [
            name
            for number, (name, each) in enumerate(draft.patterns.items())
            if each.times.planned_s > TOO_FAST * (each.times.timetable_s + ROUNDING_S * trips[number])
        ]
        if patterns:
            rows = np.array([self.feed.routes.index(service.route)])
            message = (
                f"line {draft.line_id}: by the timetable trips of {len(patterns)} of its "
                f"{len(draft.patterns)} patterns, {patterns[0]} first, go over twice "
                "as fast as a bus can, so that buses are late: are times or coordinates wrong?"
            )
            yield self.feed.finding("too-fast", "routes.txt", rows, message)

    def _place(self, index: int) -> None:
        """Note the name and the coordinates of a stop, once."""
        stop_id = self._stop_ids[index]
        if stop_id in self.places:
            return
        stop = self.feed.stops[index]
        self.places[stop_id] = (printable(stop.name) or f"Stop {stop_id}", *place_of(self.feed, index))
        self.gtfs_ids[stop_id] = stop.stop_id

    def _add_shortened(self, service: RouteService, names: Names, night: bool) -> None:
        """Add the line without departures so late that buses aren't home before the next day, if any."""
        before = _departures(service)
        why = self._add(service, names, night)
        for _ in range(MOST_CUTS):
            if why is None:
                break
            shorter, _ = without_last_hour(service, night)
            if _departures(shorter) == _departures(service):
                break
            service = shorter
            why = self._add(service, names, night)
        lost = before - (_departures(service) if why is None else 0)
        route = names.gtfs_id
        row = np.array([next(i for i, r in enumerate(self.feed.routes) if r.route_id == route)])
        if why is not None:
            message = f"line {names.line_id} can't be simulated ({why}): it is left out"
            self.findings.append(self.feed.finding("line-left-out", "routes.txt", row, message, trips=lost))
        elif lost:
            message = (
                f"line {names.line_id}: {lost:,} departures are left out, too late for buses to be home "
                "before the next day"
            )
            self.findings.append(self.feed.finding("too-late", "routes.txt", row, message, trips=lost))


def _departures(service: RouteService) -> int:
    return sum(map(len, service.runs.values()))


def _line_names(feed: Feed) -> Mapping[str, str]:
    """The name of each route by its id; routes with the same names are told apart by their ids."""
    names = {
        route.route_id: printable(f"{route.short_name} {route.long_name}")
        or printable(route.route_id)
        or "Line"
        for route in feed.routes
    }
    same = Counter(names.values())
    return {
        route_id: name if same[name] == 1 else printable(f"{name[:120]} ({route_id})")
        for route_id, name in names.items()
    }


def printable(text: str) -> str:
    """A name on one line, of at most 200 characters."""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:200].strip()


def changed_ids(pairs: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """The ids of a feed that aren't allowed as they are, with ours."""
    return [(theirs, ours) for ours, theirs in pairs.items() if ours != theirs]
