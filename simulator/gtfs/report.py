"""The report of a GTFS import: what was taken from the feed, what was left out and why, what was assumed.

`import-report.json` has all of it; the summary is what the command prints.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median

import numpy as np

from simulator.files.findings import Finding, Severity
from simulator.gtfs.calendar import Calendar, ChosenDay
from simulator.gtfs.feed import Feed
from simulator.gtfs.line_collector import LineCollector, changed_ids
from simulator.gtfs.lines import LineDraft
from simulator.gtfs.routes import RouteService
from simulator.network import Line
from simulator.types import DayType

REPORT = "import-report.json"
HOUR_S = 3600

Places = Mapping[str, tuple[str, float, float]]
"""Name, latitude and longitude by stop id."""


@dataclass(frozen=True, slots=True)
class DayReport:
    """The date that represents a day type, why, the departures on it, and the buses in motion by hour.

    Hour 0 of `buses_by_hour` begins at the service day's origin; later trips are in 24, 25, ….
    """

    day_type: str
    date: str
    why: str
    departures: int
    buses_by_hour: Sequence[int]


@dataclass(frozen=True, slots=True)
class LineReport:
    """A line made: its ids and name, patterns, stops, buses, and departures by day type.

    The time errors are the differences between planned running times and the feed's, as parts of these, on
    the worst and the median pattern.
    """

    line_id: str
    gtfs_id: str
    name: str
    night: bool
    patterns: int
    stops: int
    buses: int
    speed_kmh: float
    departures: Mapping[str, int]
    worst_time_error: float
    median_time_error: float
    follows_blocks: bool


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `findings` come with the most important first."""

    feed: str
    summary: Sequence[str]
    days: Sequence[DayReport]
    lines: Sequence[LineReport]
    findings: Sequence[Finding]

    def as_json(self) -> str:
        """The content of `import-report.json`."""
        warnings = sum(found.severity is Severity.WARNING for found in self.findings)
        content = {"format": 1, "warnings": warnings, **asdict(self)}
        return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def import_report(
    feed: Feed,
    calendar: Calendar,
    days: Mapping[DayType, ChosenDay],
    made: LineCollector,
    findings: Sequence[Finding],
) -> ImportReport:
    """The report of the lines made of a feed."""
    findings = [*findings, *_other_dates(feed, calendar, made)]
    ordered = sorted(findings, key=_importance)
    lines = [_line_report(*pair) for pair in zip(made.drafts, made.lines, strict=True)]
    found = [
        DayReport(kind.value, str(day), why, made.trips.get(kind, 0), _buses_by_hour(made.services, kind))
        for kind, (day, why) in days.items()
    ]
    return ImportReport(feed.path.name, [*_summary(feed, days, made, findings)], found, lines, ordered)


def _importance(found: Finding) -> tuple[bool, int, int, str, int]:
    return found.severity is not Severity.WARNING, -found.trips, -found.count, found.file, found.line


def _line_report(draft: LineDraft, line: Line) -> LineReport:
    errors = [pattern.times.error for pattern in draft.patterns.values()]
    return LineReport(
        line_id=line.line_id,
        gtfs_id=draft.gtfs_id,
        name=line.name,
        night=line.night,
        patterns=len(line.patterns),
        stops=len(line.stop_ids),
        buses=len(line.buses),
        speed_kmh=draft.speed_kmh,
        departures={kind.value: len(departures) for kind, departures in draft.timetable.items()},
        worst_time_error=round(max(errors), 4),
        median_time_error=round(median(errors), 4),
        follows_blocks=any(each.block for of_day in draft.timetable.values() for each in of_day),
    )


def _buses_by_hour(services: Sequence[RouteService], kind: DayType) -> list[int]:
    """The most buses that are on a trip at once by the timetable, in each hour."""
    runs = [run for service in services for run in service.runs.get(kind, ())]
    starts = np.sort(np.array([run.departs_s for run in runs], np.int64))
    ends = np.sort(np.array([run.departs_s + run.takes_s for run in runs], np.int64))
    result = []
    for hour in range(int(ends[-1]) // HOUR_S + 1 if runs else 0):
        # The number in motion only rises when a trip starts.
        within = starts[(starts >= hour * HOUR_S) & (starts < (hour + 1) * HOUR_S)]
        at = np.append(within, hour * HOUR_S)
        moving = np.searchsorted(starts, at, "right") - np.searchsorted(ends, at, "right")
        result.append(int(moving.max()))
    return result


def left_out_routes(feed: Feed, chosen: Sequence[int], services: Sequence[RouteService]) -> Iterator[Finding]:
    """Findings for the chosen routes that have no trips on the days chosen."""
    running = {service.route.route_id for service in services}
    idle = [i for i in chosen if feed.routes[i].route_id not in running]
    if idle:
        named = first_few(feed.routes[i].label for i in idle)
        have = "1 route has" if len(idle) == 1 else f"{len(idle)} routes have"
        message = f"left out, as {have} no trips on these dates: {named}"
        yield feed.finding("idle-route", "routes.txt", np.array(idle), message, note=True)


def _other_dates(feed: Feed, calendar: Calendar, made: LineCollector) -> Iterator[Finding]:
    """A finding for the dates on which lines have services of no day type."""
    other = sorted(made.unlike)
    if other:
        named = first_few(str(day) for day in other)
        message = (
            f"on {counted(len(other), 'date')} from {calendar.first} some lines have services that are "
            f"those of no day type chosen; there they run the service of the dates' day type: {named}"
        )
        yield Finding("other-service", str(feed.path), message, count=1, severity=Severity.NOTE)


def _summary(
    feed: Feed, days: Mapping[DayType, ChosenDay], made: LineCollector, findings: Sequence[Finding]
) -> Iterator[str]:
    """A line for each day type's service, and for everything assumed."""
    for kind in DayType:
        if kind in days:
            yield f"{kind}: the service of {days[kind].day}, {counted(made.trips.get(kind, 0), 'trip')}"
        else:
            yield f"{kind}: no service"
    yield from (f"{kind}: {days[kind].why}" for kind in days)
    lost = sum(found.trips for found in findings)
    if lost:
        yield f"left out: {counted(lost, 'trip')}"
    yield from _kept_out(feed, made)
    yield from _assumptions(feed, made)


def _kept_out(feed: Feed, made: LineCollector) -> Iterator[str]:
    types = Counter(route.route_type for route in feed.routes if route.route_type not in made.route_types)
    if types:
        other = [route.label for route in feed.routes if route.route_type not in made.route_types]
        kinds = ",".join(map(str, sorted(types)))
        yield (
            f"left out, not bus routes: {counted(len(other), 'route')} ({first_few(other)}); "
            f"--route-types {kinds} takes them"
        )


def _assumptions(feed: Feed, made: LineCollector) -> Iterator[str]:
    if feed.estimated:
        yield "frequencies without exact times: departures are spaced evenly from each start time"
    if feed.timezone != "Europe/Madrid":
        yield f"times are those of {feed.timezone}, the feed's time zone; the holidays are Madrid's"
    buses = sum(len(line.buses) for line in made.lines)
    night = [line.line_id for line in made.lines if line.night]
    assumed = made.assumed
    counts = (counted(len(made.lines), "line"), counted(len(made.places), "stop"), counted(buses, "bus"))
    yield f"{', '.join(counts)} for {assumed.capacity} people each"
    yield from _buses(made)
    yield from _running_times(made)
    trip = f"a weekday's trip of {assumed.mean_stops:.0f} stops"
    yield f"{assumed.people_per_trip:g} people board {trip}; other day types by the model's ratios"
    if night:
        yield f"night lines: {', '.join(night)}"
    exceptions = {day for draft in made.drafts for day in draft.dates}
    if exceptions:
        dates = counted(len(exceptions), "date")
        yield f"as in the feed, lines have another day type's service, or none, on {dates}"
    changed = changed_ids(made.gtfs_ids)
    if changed:
        named = first_few(map(" → ".join, changed))
        yield f"{counted(len(changed), 'stop id')} changed to allowed characters: {named}"
    if made.split:
        split = ", ".join(made.split)
        yield f"split into a day and a night line, so that buses get home between days: {split}"
    off_road = [name for draft in made.drafts for name in draft.off_road]
    if off_road:
        why = "as the shape doesn't pass the stops in their order"
        yield f"straight from stop to stop, {why}: {', '.join(off_road)}"


def _buses(made: LineCollector) -> Iterator[str]:
    """How the trips of lines were given to buses."""
    following: list[int] = []
    linked: list[int] = []
    for draft, line in zip(made.drafts, made.lines, strict=True):
        has_blocks = any(each.block for of_day in draft.timetable.values() for each in of_day)
        (following if has_blocks else linked).append(len(line.buses))
    if following:
        buses = counted(sum(following), "bus")
        yield f"vehicles: block_id is followed on {counted(len(following), 'line')}, with {buses}"
    if linked:
        others = counted(len(linked), "other line" if following else "line")
        yield (
            f"vehicles: without block_id on {others}; buses stay on their line, the fewest that "
            f"run its busiest day on time: {sum(linked)}"
        )
    if made.blocks.route_changes:
        yield f"blocks are cut where the route changes, {counted(made.blocks.route_changes, 'time')}"
    if made.blocks.overlaps:
        times = counted(made.blocks.overlaps, "time")
        yield f"blocks are cut where a trip begins before the last has ended, {times}"


def _running_times(made: LineCollector) -> Iterator[str]:
    """How far planned running times are from the timetable's."""
    errors = {name: each.times.error for draft in made.drafts for name, each in draft.patterns.items()}
    worst = max(errors, key=lambda name: errors[name])
    yield (
        f"planned running times differ from the timetable by {100 * median(errors.values()):.2f} % on the "
        f"median pattern, by {100 * errors[worst]:.2f} % on the worst, {worst}"
    )


def counted(number: int, noun: str) -> str:
    """A number and its noun, in the plural unless it is 1: `1 bus`, `2 buses`, `1,000 trips`."""
    plural = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def first_few(names: Iterable[str]) -> str:
    """The first five names, with an ellipsis if there are more."""
    names = list(names)
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
