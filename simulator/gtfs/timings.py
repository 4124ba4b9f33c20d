"""The running times of a route's trips as timings of its patterns.

Trips of a pattern that depart in the same hour, take about as long and have the same timepoints share a
timing, with the mean of their times. Blank times are interpolated by distance. Where stops come so fast one
after the other that no bus keeps the times (feeds round to the minute), the time of such stops is shared out
as a bus would take it.

A bus waits for its time at stops with `timepoint=1`, and where a trip stands for a minute or longer.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.day.travel import DEFAULT_SPEED_KMH, DWELL_ESTIMATE_S, least_run_s, planned_ends_s
from simulator.gtfs.routes import RoutePattern, RouteService, ScheduledTrip, StopSequences
from simulator.network import Hold, PatternStop, Timing
from simulator.types import StopId

Seconds = NDArray[np.float64]
Holds: TypeAlias = tuple[Hold, ...]

STANDS_S = 60
"""A trip that stands so long at a stop on its way waits there for its time."""
ALIKE = 0.02
"""Trips that share a timing differ by at most this part of their duration."""
CRAWL_KMH, CALM_KMH = 3.0, 10.0
"""A hop planned slower than the first is run at the second, and the bus waits for its time."""


class PatternTimes(NamedTuple):
    """Seconds from their departures, a row for each trip of a pattern: arrivals and departures by stop.

    `holds` are each trip's timepoints.
    """

    arrives_s: Seconds
    leaves_s: Seconds
    holds: Sequence[Holds]


class PlannedTimes(NamedTuple):
    """Seconds that trips take by the model's plan, and by the feed's timetable."""

    planned_s: float
    timetable_s: float

    @property
    def error(self) -> float:
        """The difference as a part of the timetable's time."""
        return abs(self.planned_s - self.timetable_s) / max(self.timetable_s, 1.0)


@dataclass(frozen=True, slots=True)
class RouteTimings:
    """The timings of each of a route's patterns, and the index of the timing of each scheduled trip.

    `planned_s` has for each timing the seconds that the model plans for it.
    """

    of_pattern: Sequence[Sequence[Timing]]
    planned_s: Sequence[Sequence[float]]
    of_trip: dict[tuple[int, int], int]
    """By (the feed's trip, hour of departure)."""

    def timing_of(self, run: ScheduledTrip) -> int:
        """The index of a trip's timing among those of its pattern."""
        return self.of_trip[run.trip, run.departs_s // 3600]

    def planned(self, service: RouteService, pattern: int) -> PlannedTimes:
        """The seconds of all trips on a pattern, as planned and as in the feed."""
        runs = [run for of_day in service.runs.values() for run in of_day if run.pattern == pattern]
        planned = sum(self.planned_s[pattern][self.timing_of(run)] for run in runs)
        return PlannedTimes(planned, float(sum(run.takes_s for run in runs)))


def route_timings(
    sequences: StopSequences, service: RouteService, metres: Sequence[Sequence[float]]
) -> RouteTimings:
    """The timings of a route. `metres` has by pattern the distances of its stops from the first."""
    runs: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for of_day in service.runs.values():
        for run in of_day:
            runs[run.pattern].add((run.trip, run.departs_s // 3600))
    of_trip: dict[tuple[int, int], int] = {}
    of_pattern, planned_s = [], []
    for number, pattern in enumerate(service.patterns):
        trips = sorted({trip for trip, _ in runs[number]})
        times = _pattern_times(sequences, trips, np.array(metres[number]))
        timings, index = _grouped(times, trips, sorted(runs[number]), _Places(metres[number], pattern.passes))
        of_pattern.append(timings)
        planned_s.append(planned_ends_s(_stops(pattern, metres[number]), timings))
        of_trip |= index
    return RouteTimings(of_pattern, planned_s, of_trip)


def _stops(pattern: RoutePattern, metres: Sequence[float]) -> list[PatternStop]:
    """The stops of a pattern as far as running times depend on them."""
    return [
        PatternStop(StopId(""), at_m, 0.0, 0.0, boarding=not passes, alighting=not passes)
        for at_m, passes in zip(metres, pattern.passes, strict=True)
    ]


class _HopTimes(NamedTuple):
    """Seconds of a hop: the least from rest to rest, and those at the usual speed."""

    least_s: float
    usual_s: float


class _Places:
    """What the hops of a pattern need: `least_s` and `usual_s` by hop, with the time of the stop at its end.

    `metres` and `passes` have by stop the metres from the first, and whether trips pass it with closed doors.
    """

    def __init__(self, metres: Sequence[float], passes: Sequence[bool]):
        self._hop_m = [other - one for one, other in itertools.pairwise(metres)]
        last = len(self._hop_m) - 1
        times = [
            self.without_dwell(hop) if passes[hop + 1] and hop != last else self._with_dwell(hop)
            for hop in range(last + 1)
        ]
        self.least_s = [each.least_s for each in times]
        self.usual_s = [each.usual_s for each in times]

    def without_dwell(self, hop: int) -> _HopTimes:
        """The times of a hop that ends without the time of a stop."""
        hop_m = self._hop_m[hop]
        return _HopTimes(least_run_s(hop_m), hop_m * 3.6 / DEFAULT_SPEED_KMH)

    def _with_dwell(self, hop: int) -> _HopTimes:
        least_s, usual_s = self.without_dwell(hop)
        return _HopTimes(least_s + DWELL_ESTIMATE_S, usual_s + DWELL_ESTIMATE_S)


def _pattern_times(sequences: StopSequences, trips: Sequence[int], metres: Seconds) -> PatternTimes:
    """The times of trips on a pattern, blank ones interpolated by distance between the stops around them."""
    columns, (first, last) = sequences.feed.trips, sequences.calls(trips, len(metres))
    arrives = columns.arrival_s[first].astype(np.float64)
    leaves = columns.departure_s[last].astype(np.float64)
    timed = (arrives >= 0) & (leaves >= 0)
    for row in np.flatnonzero(~timed.all(axis=1)).tolist():
        _interpolate(arrives[row], leaves[row], np.flatnonzero(timed[row]), metres)
    start = leaves[:, :1].copy()
    arrives, leaves = arrives - start, leaves - start
    timepoint = columns.timepoint[last]
    waits = timed & ((timepoint == 1) | (leaves - arrives >= STANDS_S))
    waits |= _crawls(arrives, leaves, metres)
    waits[:, [0, -1]] = False
    holds: list[Holds] = [()] * len(trips)
    for row in np.flatnonzero(waits.any(axis=1)).tolist():
        holds[row] = tuple(Hold(i, round(float(leaves[row, i]))) for i in np.flatnonzero(waits[row]).tolist())
    return PatternTimes(arrives, leaves, holds)


def _interpolate(arrives: Seconds, leaves: Seconds, timed: NDArray[np.int64], metres: Seconds) -> None:
    """Fill in the times of a trip between `timed` stops: the bus leaves the one and reaches the next."""
    for one, other in itertools.pairwise(timed.tolist()):
        between = np.arange(one + 1, other)
        part = (metres[between] - metres[one]) / (metres[other] - metres[one])
        arrives[between] = leaves[between] = leaves[one] + part * (arrives[other] - leaves[one])


def _crawls(arrives: Seconds, leaves: Seconds, metres: Seconds) -> NDArray[np.bool_]:
    """The stops that trips are planned to reach at a crawl; their arrivals become those of a calm run."""
    hop_m, run_s = np.diff(metres), arrives[:, 1:] - leaves[:, :-1]
    slow = np.zeros(arrives.shape, bool)
    slow[:, 1:-1] = (run_s > hop_m * 3.6 / CRAWL_KMH + DWELL_ESTIMATE_S)[:, :-1]
    row, at = np.nonzero(slow)
    arrives[row, at] = leaves[row, at - 1] + hop_m[at - 1] * 3.6 / CALM_KMH
    return slow


def _grouped(
    times: PatternTimes, trips: Sequence[int], runs: Sequence[tuple[int, int]], places: _Places
) -> tuple[list[Timing], dict[tuple[int, int], int]]:
    """The timings of a pattern's trips, and for each of `runs` (trip, hour) the index of its timing."""
    if not trips:
        return [], {}
    takes_s = times.arrives_s[:, -1]
    step_s = max(ALIKE * float(np.median(takes_s)), 1.0)
    alike = np.rint(takes_s / step_s).astype(np.int64).tolist()
    row_of = {trip: row for row, trip in enumerate(trips)}
    groups: dict[tuple[int, int, Holds], list[tuple[int, int]]] = defaultdict(list)
    for trip, hour in runs:
        row = row_of[trip]
        groups[hour, alike[row], times.holds[row]].append((trip, hour))
    rows = [[row_of[trip] for trip, _ in members] for members in groups.values()]
    arrives_s, leaves_s = (_means(each, rows) for each in (times.arrives_s, times.leaves_s))
    all_holds = [holds for _, _, holds in groups]
    runs_s = _whole_seconds(arrives_s, leaves_s, all_holds, places)
    found: dict[tuple[bytes, Holds], int] = {}
    timings: list[Timing] = []
    index: dict[tuple[int, int], int] = {}
    for row, (holds, members) in enumerate(zip(all_holds, groups.values(), strict=True)):
        number = found.setdefault((runs_s[row].tobytes(), holds), len(timings))
        if number == len(timings):
            timings.append(Timing(tuple(runs_s[row].tolist()), holds))
        index |= dict.fromkeys(members, number)
    return timings, index


def _means(times_s: Seconds, groups: Sequence[Sequence[int]]) -> Seconds:
    """The mean of each group of rows."""
    sizes = np.array([len(rows) for rows in groups])
    starts = np.cumsum(sizes) - sizes
    ordered = times_s[list(itertools.chain.from_iterable(groups))]
    sums = ordered[starts]
    # Row after row, so that a mean doesn't depend on how NumPy sums.
    for number in range(1, int(sizes.max())):
        longer = np.flatnonzero(sizes > number)
        sums[longer] += ordered[starts[longer] + number]
    means: Seconds = sums / sizes[:, None]
    return means


def _whole_seconds(
    arrives_s: Seconds, leaves_s: Seconds, holds: Sequence[Holds], places: _Places
) -> NDArray[np.int64]:
    """The running times of timings, a row for each, in whole seconds.

    The rows of arrivals and departures are those times at the stops of a pattern.
    """
    hops_s = np.diff(np.column_stack([leaves_s[:, :-1], arrives_s[:, -1]]), axis=1)
    ends_s = np.rint(np.cumsum(hops_s, axis=1)).astype(np.int64)
    runs_s = np.diff(ends_s, axis=1, prepend=0)
    apart = (hops_s < places.least_s).any(axis=1) | np.array([bool(each) for each in holds])
    for row in np.flatnonzero(apart).tolist():
        runs_s[row] = _runs(arrives_s[row].tolist(), leaves_s[row].tolist(), holds[row], places)
    return runs_s


def _runs(arrives_s: Sequence[float], leaves_s: Sequence[float], holds: Holds, places: _Places) -> list[int]:
    """The running times of a timing with holds, or with hops that no bus keeps."""
    last = len(leaves_s) - 1
    runs: list[int] = []
    # Between holds the sum of the whole seconds follows the sum of the times.
    for one, other in itertools.pairwise([0, *(hold.position for hold in holds), last]):
        reached = [*leaves_s[one:other], arrives_s[other]]
        hop_s = [after - before for before, after in itertools.pairwise(reached)]
        ended = before = 0.0
        for run_s in _feasible(hop_s, one, places, to_hold=other != last):
            ended += run_s
            runs.append(round(ended) - round(before))
            before = ended
    return runs


class _Pool:
    """Consecutive hops, by index, with the sums of their times and of the least times that buses need."""

    __slots__ = ("hops", "least_s", "run_s")

    def __init__(self, hop: int, run_s: float, least_s: float):
        self.hops, self.run_s, self.least_s = [hop], run_s, least_s

    @property
    def is_short(self) -> bool:
        return self.run_s < self.least_s

    def add(self, other: _Pool, hop_s: Sequence[float], least_s: Sequence[float]) -> None:
        """Add the hops that follow, one by one: a sum of sums would be rounded otherwise."""
        for hop in other.hops:
            self.run_s += hop_s[hop]
            self.least_s += least_s[hop]
        self.hops += other.hops


def _feasible(hop_s: Sequence[float], first: int, places: _Places, *, to_hold: bool) -> Sequence[float]:
    """Times of the hops from position `first`, of which those that no bus keeps are pooled with neighbours.

    `to_hold` says that the last hop leads to a hold, so it ends without the time of a stop.
    """
    after = first + len(hop_s)
    least_s = places.least_s[first:after]
    if to_hold:
        least_s[-1] = places.without_dwell(after - 1).least_s
    if not any(map(operator.lt, hop_s, least_s)):
        return hop_s
    pools: list[_Pool] = []
    for hop, (run_s, least) in enumerate(zip(hop_s, least_s, strict=True)):
        pools.append(_Pool(hop, run_s, least))
        while len(pools) > 1 and (pools[-1].is_short or pools[-2].is_short):
            shorter = pools.pop()
            pools[-1].add(shorter, hop_s, least_s)
    usual_s = places.usual_s[first:after]
    if to_hold:
        usual_s[-1] = places.without_dwell(after - 1).usual_s
    result = list(hop_s)
    for pool in pools:
        if len(pool.hops) > 1:
            weight = functools.reduce(operator.add, (usual_s[hop] for hop in pool.hops))
            for hop in pool.hops:
                result[hop] = pool.run_s * usual_s[hop] / weight
    return result
