"""Charts of two runs: bars by hour, and a space-time diagram where they differ most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.reports.bar_chart import Bars
from services.reports.comparison import HOURS, MEASURES, ComparedRun, ComparedRuns, Performances
from services.reports.space_time_chart import Mark, SpaceTime
from simulator.analysis.performance import Performance
from simulator.analysis.space_time import TripLine, halts, trip_lines
from simulator.day.line_day import line_day
from simulator.day.trajectory import Trajectory
from simulator.network import Line, Pattern
from simulator.scenario.line_changes import NO_CHANGES, LineChanges
from simulator.scenario.spans import Span
from simulator.service_day import origin_ms
from simulator.types import SECOND_MS, LineId, StopId

SHOWN_HOURS = 3
BEFORE_S, AFTER_S, LONGEST_S = 1800, 3600, 4 * 3600
"""The diagram shows half an hour before an event to an hour after it, at most four hours."""


BY_HOUR = {
    "wait": "wait_s",
    "load": "mean_load",
    "headway-cv": "headway_cv",
    "speed": "speed_kmh",
    "left-behind": "left_behind",
}
"""The measures drawn by hour, by the name of their chart."""


@dataclass(frozen=True, slots=True)
class LineRun:
    """One line on the first day of a run; `origin` of the service day in ms since the epoch."""

    line: Line
    origin: int
    changes: LineChanges
    trajectory: Trajectory


def by_hour(runs: ComparedRuns, results: Performances) -> Iterator[tuple[str, Bars]]:
    """Yield name and chart of each measure of `BY_HOUR`, over the hours in which buses run."""
    parts = [[each.overall([hour]) for hour in HOURS] for each in results]
    hours = [hour for hour in HOURS if any(part[hour].visits for part in parts)] or [0]
    labels = [f"{hour % 24:02d}" for hour in hours]
    names = (f"A {runs[0].name}", f"B {runs[1].name}")
    measures = {measure.key: measure for measure in MEASURES}
    for name, key in BY_HOUR.items():
        one, other = ([measures[key].of(part[hour]) for hour in hours] for part in parts)
        title = measures[key].title
        yield name, Bars(title[0].upper() + title[1:], measures[key].unit, names, labels, (one, other))


def diagram(runs: ComparedRuns, results: Performances) -> SpaceTime:
    """Return the diagram of the line, direction and hours that differ most, on the first day of the runs.

    It shows B's trips, and A's as pale lines unless A lacks the line or has the same trips.
    """
    a, b = runs
    line_id = _most_different_line(b, results)
    shown = _line_run(b, line_id)
    other = _line_run(a, line_id) if line_id in a.network.line else shown
    direction, pattern = _most_different_direction(shown, other)
    marks = list(_marks(shown, direction, pattern))
    is_same = np.array_equal(shown.trajectory.legs.leaves, other.trajectory.legs.leaves)
    shadow = "" if is_same else f"; pale: {a.name}"
    hours = [[each.of_line(line_id, [hour]) for hour in HOURS] for each in results]
    low_s, high_s = _span(marks, shown.origin) or _most_different_hours(*hours)
    start, end = (shown.origin + second * SECOND_MS for second in (low_s, high_s))
    stop = b.network.stop
    return SpaceTime(
        title=f"{shown.line.name}, towards {stop[pattern.stops[-1].stop_id].name}",
        description=f"{line_id} on {b.days[0]}, a colour for each bus: {b.name}{shadow}.",
        start=start,
        end=end,
        stops=[(each.distance_m, stop[each.stop_id].name) for each in pattern.stops],
        trips=trip_lines(shown.trajectory, shown.line, direction, start, end),
        marks=marks,
        before=[] if is_same else _shadow(other, shown, direction, (start, end)),
    )


def _line_run(service: ComparedRun, line_id: LineId) -> LineRun:
    network, day, changes = service.network, service.days[0], NO_CHANGES
    if service.scenario is not None:
        network = service.scenario.applied_to(network)
        changes = service.scenario.on(network.line[line_id], day, network.lines_of_stop)
    line = network.line[line_id]
    trajectory = line_day(line, seed=service.seed, day=day, changes=changes)
    return LineRun(line, origin_ms(day), changes, trajectory)


def _shadow(other: LineRun, shown: LineRun, direction: int, stretch: tuple[int, int]) -> list[TripLine]:
    """Return the other run's trips at the same times of day; none if its route differs."""
    same_route = other.line.main_pattern(direction) == shown.line.main_pattern(direction)
    if not same_route:
        return []
    later = shown.origin - other.origin
    trips = trip_lines(other.trajectory, other.line, direction, *(bound - later for bound in stretch))
    return [replace(trip, ms=trip.ms + later) for trip in trips]


def _most_different_line(b: ComparedRun, results: Performances) -> LineId:
    """Return the line whose total waiting and running times differ most, the first if none do."""

    def distance(line: Line) -> float:
        one, other = (each.of_line(line.line_id) for each in results)
        return abs(one.waited_s - other.waited_s) + abs(one.running_s - other.running_s)

    return max(b.network.lines, key=distance).line_id


def _most_different_direction(shown: LineRun, other: LineRun) -> tuple[int, Pattern]:
    """Return the direction with most marks, then with most departures of only one run, else the first."""
    patterns = [(d, pattern) for d in (0, 1) if (pattern := shown.line.main_pattern(d)) is not None]

    def departures(run: LineRun, direction: int) -> list[tuple[int, int]]:
        legs = run.trajectory.legs
        index = np.flatnonzero((legs.sequence > 0) & (legs.direction == direction))
        return list(zip(legs.stop[index].tolist(), (legs.leaves[index] - run.origin).tolist(), strict=True))

    def distance(found: tuple[int, Pattern]) -> tuple[int, int]:
        apart = {*departures(shown, found[0])} ^ {*departures(other, found[0])}
        return len(list(_marks(shown, *found))), len(apart)

    return max(patterns, key=distance)


def _most_different_hours(a: Sequence[Performance], b: Sequence[Performance]) -> tuple[int, int]:
    """Return start and end (seconds of the service day) of the hours whose waits differ most.

    If none differ, those in which most buses call.
    """
    apart = [
        (abs(one.waited_s - other.waited_s), other.visits) for one, other in zip(a, b, strict=True)
    ]  # fmt: skip

    def differs(hour: int) -> tuple[float, ...]:
        return tuple(sum(column) for column in zip(*apart[hour : hour + SHOWN_HOURS], strict=True))

    first = max(range(len(apart) - SHOWN_HOURS + 1), key=differs)
    return first * 3600, (first + SHOWN_HOURS) * 3600


def _span(marks: Sequence[Mark], origin: int) -> tuple[int, int] | None:
    """Return start and end (seconds) around the marks shorter than half a day; None without any."""
    spans = [((m.start - origin) // SECOND_MS, (m.end - origin) // SECOND_MS) for m in marks]
    brief = [(start, end) for start, end in spans if end - start < 12 * 3600]
    if not brief:
        return None
    start = min(start for start, _ in brief) - BEFORE_S
    return start, min(max(end for _, end in brief) + AFTER_S, start + LONGEST_S)


def _marks(run: LineRun, direction: int, pattern: Pattern) -> Iterator[Mark]:
    """Yield a mark for each event of the scenario at stops of a direction."""
    changes = run.changes
    for closure in changes.closures:
        way = "buses turn" if closure.detour_s is None else f"detour, {closure.detour_s / 60:g} min more"
        ends = closure.from_stop, closure.to_stop
        yield from _mark(run, pattern, ends, closure.span, f"road closed: {way}")
    for zone in changes.slow_zones:
        ends = zone.from_stop, zone.to_stop
        yield from _mark(run, pattern, ends, zone.span, f"{100 * zone.speed_factor:g} % of the speed")
    for closed in changes.closed_stops:
        yield from _mark(run, pattern, (closed.stop_id, closed.stop_id), closed.span, "stop closed")
    for surge in changes.surges:
        said = f"{surge.people_per_min:g} more people a minute"
        yield from _mark(run, pattern, (surge.stop_id, surge.stop_id), surge.span, said)
    for halt in halts(run.trajectory, run.line, direction):
        yield Mark(halt.start, halt.end, halt.metres, halt.metres, f"{halt.bus_id} broken down")


def _mark(
    run: LineRun, pattern: Pattern, ends: tuple[StopId, StopId], span: Span, label: str
) -> Iterator[Mark]:
    """Yield a mark between two stops if the pattern has both."""
    metres = {stop.stop_id: stop.distance_m for stop in reversed(pattern.stops)}
    if ends[0] in metres and ends[1] in metres:
        start, end = (run.origin + second * SECOND_MS for second in (span.start_s, span.end_s))
        yield Mark(start, end, metres[ends[0]], metres[ends[1]], label)
