"""A GTFS feed as a network, with a report of what was assumed.

Every bus route is a line. Three dates represent weekdays, Saturdays and Sundays (holidays have the Sunday
service). Departures keep their times, which count from their own date's origin. A line whose buses couldn't
be home between two days is split: its departures from 23:00 to 06:00 become a line of their own, with buses
of their own. A line that can't be simulated is left out, and the report says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from simulator.files.findings import Finding, Severity
from simulator.files.problems import InputFileError, Problem
from simulator.garbage import without_collections
from simulator.gtfs.blocks import read_blocks
from simulator.gtfs.calendar import Calendar, representative_days
from simulator.gtfs.feed import CAUSES, Feed, read_feed
from simulator.gtfs.frequencies import doubtful_frequencies
from simulator.gtfs.line_collector import LineCollector
from simulator.gtfs.lines import Assumptions, LineDraft
from simulator.gtfs.report import ImportReport, Places, import_report, left_out_routes
from simulator.gtfs.routes import BUS_TYPES, RouteService, StopSequences, route_services
from simulator.gtfs.service_days import OtherDates, other_dates
from simulator.network import Line, Network
from simulator.network_files.loader import network_of
from simulator.progress import OnProgress, Progress, ignore_progress
from simulator.types import DayType


@dataclass(frozen=True, slots=True)
class Selection:
    """What to import: `routes` by id or short name (none: all) of some GTFS route types.

    `near` is a date whose service is taken; of `first` to `last` the typical dates are. None: the whole feed.
    """

    routes: Collection[str] = ()
    route_types: Collection[int] = BUS_TYPES
    near: date | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """An imported feed: its lines as drafts and as built, names and coordinates of stops by id, a report."""

    name: str
    drafts: Sequence[LineDraft]
    lines: Sequence[Line]
    places: Places
    details: ImportReport
    gtfs_ids: Mapping[str, str] = field(default_factory=dict)
    """The feed's stop ids by ours."""

    @property
    def report(self) -> Sequence[str]:
        """The report's summary, a text a line."""
        return self.details.summary

    @property
    def network(self) -> Network:
        """The network, equal to the one loaded from the files that `folder` writes."""
        return network_of(self.lines, self.places, self.name, self.gtfs_ids)


@without_collections()
def import_feed(
    path: Path,
    *,
    near: date | None = None,
    routes: Collection[str] = (),
    selection: Selection | None = None,
    assumed: Assumptions | None = None,
    on_progress: OnProgress = ignore_progress,
    strict: bool = False,
    known: Sequence[Finding] = (),
) -> Imported:
    """The network of a feed, or of what a `selection` takes of it (`near` and `routes` are short for one).

    InputFileError has everything that makes the feed unusable, or says that routes aren't in it or have no
    trips. With `strict` every warning of the report is such an error. The report has the findings `known`
    before, too.
    """
    wanted = selection or Selection(routes, near=near)
    feed = read_feed(path, on_progress, wanted.near or wanted.first or wanted.last)
    chosen = _chosen(feed, wanted)
    calendar = _calendar(feed, wanted)
    days = representative_days(calendar, _trips_by_service(feed, chosen), wanted.near)
    if not days:
        raise _refused(path, "these routes have no trips on any date: choose other routes, or another feed")
    findings = [*known, *feed.findings, *doubtful_frequencies(feed)]
    dates = {kind: day.day for kind, day in days.items()}
    sequences = StopSequences(feed)
    services = _services(sequences, dates, chosen, findings, on_progress)
    assumed = replace(assumed or Assumptions(), mean_stops=_mean_stops(services))
    collector = LineCollector(
        sequences, wanted.route_types, assumed, read_blocks(feed, dates), _other_dates(feed, calendar, dates)
    )
    _build_lines(collector, services, on_progress)
    findings += [*left_out_routes(feed, chosen, services), *collector.findings]
    if not collector.lines:
        raise _nothing_left(path, findings)
    if strict:
        _refuse_warnings(path, findings)
    return Imported(
        path.stem,
        collector.drafts,
        collector.lines,
        collector.places,
        import_report(feed, calendar, days, collector, findings),
        collector.gtfs_ids,
    )


def _services(
    sequences: StopSequences,
    dates: Mapping[DayType, date],
    chosen: Collection[int],
    findings: list[Finding],
    on_progress: OnProgress,
) -> list[RouteService]:
    """The services of the chosen routes. Raises InputFileError if there is none."""
    on_progress(Progress("grouping trips into patterns", 0, 1, "steps"))
    services = route_services(sequences, dates, chosen, findings)
    on_progress(Progress("grouping trips into patterns", 1, 1, "steps"))
    if not services:
        raise _nothing_left(sequences.feed.path, findings)
    return services


def _build_lines(collector: LineCollector, services: Sequence[RouteService], on_progress: OnProgress) -> None:
    for number, service in enumerate(services):
        on_progress(Progress("building lines", number, len(services), "routes"))
        collector.add(service)
    on_progress(Progress("building lines", len(services), len(services), "routes"))


def _refuse_warnings(path: Path, findings: Sequence[Finding]) -> None:
    """Raise InputFileError if any finding is a warning."""
    warnings = [found for found in findings if found.severity is Severity.WARNING]
    if warnings:
        raise InputFileError(
            Problem(found.file or str(path), found.line, found.message) for found in warnings
        )


def _refused(path: Path, message: str) -> InputFileError:
    return InputFileError([Problem(str(path), 1, message)])


def _nothing_left(path: Path, findings: Sequence[Finding]) -> InputFileError:
    """The error of a feed of which no line is left, with the most costly reasons."""
    warnings = [found for found in findings if found.severity is Severity.WARNING]
    causes = sorted(warnings, key=lambda found: -found.trips)[:CAUSES]
    if not causes:
        return _refused(path, "no trips of the routes chosen are left to import")
    return InputFileError(
        Problem(found.file or str(path), found.line, f"{found.message}; no line is left") for found in causes
    )


def _chosen(feed: Feed, wanted: Selection) -> list[int]:
    """The indexes of the routes to import."""
    named = {name for route in feed.routes for name in (route.route_id, route.short_name)}
    unknown = sorted(set(wanted.routes) - named)
    if unknown:
        raise _refused(
            feed.path, f"the feed has no route {', '.join(unknown)}: write route ids or short names"
        )
    asked = [
        i
        for i, route in enumerate(feed.routes)
        if not wanted.routes or {route.route_id, route.short_name} & set(wanted.routes)
    ]
    chosen = [i for i in asked if feed.routes[i].route_type in wanted.route_types]
    if not chosen:
        types = sorted({feed.routes[i].route_type for i in asked})
        named_types = ", ".join(map(str, types))
        raise _refused(
            feed.path,
            f"has no bus routes (route_type 3) among those chosen, only route_type {named_types}: "
            f"--route-types {named_types} takes them as buses",
        )
    return chosen


def _calendar(feed: Feed, wanted: Selection) -> Calendar:
    """The part of the feed's calendar from which dates are chosen."""
    if not feed.calendar.services:
        raise _refused(feed.path, "no service of its calendar runs on any date")
    span = f"{feed.calendar.first} to {feed.calendar.last}"
    if wanted.near is not None and not feed.calendar.first <= wanted.near <= feed.calendar.last:
        raise _refused(feed.path, f"the feed has no calendar for {wanted.near}: choose a date from {span}")
    calendar = feed.calendar.between(wanted.first or date.min, wanted.last or date.max)
    if not calendar.services:
        raise _refused(
            feed.path,
            f"the feed has no service from {wanted.first} to {wanted.last}: choose dates from {span}",
        )
    return calendar


def _trips_by_service(feed: Feed, chosen: Sequence[int]) -> Counter[str]:
    wanted = set(chosen)
    return Counter(
        service
        for service, route in zip(feed.trips.service, feed.trips.route.tolist(), strict=True)
        if route in wanted
    )


def _other_dates(feed: Feed, calendar: Calendar, days: Mapping[DayType, date]) -> dict[str, OtherDates]:
    """By route id the dates on which the route doesn't have the service of their day type."""
    services: dict[int, set[str]] = {}
    for service, route in zip(feed.trips.service, feed.trips.route.tolist(), strict=True):
        services.setdefault(route, set()).add(service)
    known: dict[frozenset[str], OtherDates] = {}
    result = {}
    for route, of_route in services.items():
        key = frozenset(of_route)
        if key not in known:
            known[key] = other_dates(calendar, days, key)
        result[feed.routes[route].route_id] = known[key]
    return result


def _mean_stops(services: Sequence[RouteService]) -> float:
    """Mean number of stops of a trip, over all trips."""
    stops = [
        len(service.patterns[run.pattern].stops)
        for service in services
        for runs in service.runs.values()
        for run in runs
    ]
    return sum(stops) / len(stops)
