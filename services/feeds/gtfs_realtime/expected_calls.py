"""When a bus is expected at all the stops ahead of it: the predictions of `transit.arrivals`, all at once.

There the time to one stop is a sum over the hops before it. Here these sums are made once for a pattern, so
that each of a bus's stops costs a few additions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

from services.transit.arrivals import STANDING_LEFT, Underway, certainty, rest_of_hop_s
from services.transit.line_history import LineHistory
from services.transit.running_times import Hop, RunningTimes, trip_pace
from simulator.network import Pattern

STEP_S, LAST_STEP = 30, 120
"""Uncertainty is tabulated by half minutes ahead, up to an hour."""


class ExpectedCalls(NamedTuple):
    """When a bus is expected to reach and to leave its stops, in seconds since the epoch.

    The first is the stop of an index in its pattern, the others follow. A bus that `is_waiting` at its first
    stop doesn't arrive there. At the last stop both times are equal.
    """

    first: int
    arrives_s: Sequence[float]
    leaves_s: Sequence[float]
    is_waiting: bool


class PatternTimes(NamedTuple):
    """Seconds of driving and of standing from a pattern's first stop until the arrival at each stop."""

    runs_s: Sequence[float]
    dwells_s: Sequence[float]
    dwell_s: Sequence[float]


def hops_of(pattern: Pattern) -> Sequence[Hop]:
    """The hops of a pattern."""
    return [
        Hop(start.stop_id, end.stop_id, end.distance_m - start.distance_m)
        for start, end in pairwise(pattern.stops)
    ]


def pattern_times(hops: Iterable[Hop], direction: int, times: RunningTimes) -> PatternTimes:
    """The mean times of a pattern. The dwell at the first stop is 0: trips begin as they leave it."""
    dwell_s, runs_s, dwells_s = [0.0], [0.0], [0.0]
    run_s = all_dwells_s = 0.0
    for each_run_s, each_dwell_s in times.means_along(hops, direction):
        run_s += each_run_s
        all_dwells_s += dwell_s[-1]
        runs_s.append(run_s)
        dwells_s.append(all_dwells_s)
        dwell_s.append(each_dwell_s)
    return PatternTimes(runs_s, dwells_s, dwell_s)


def expected_calls(
    bus: Underway, history: LineHistory, means: PatternTimes, now: datetime, pace: float
) -> ExpectedCalls:
    """The calls at the stops ahead of a bus that has departed; `now` is the tick of its position."""
    here, now_s = bus.place.index, now.timestamp()
    standing = bus.distance_m < 0.1 and bus.position.speed == 0
    stood_s = (1 - STANDING_LEFT) * means.dwell_s[here] if here < len(means.dwell_s) - 1 else 0.0
    arrives_s = now_s + (-stood_s if standing else rest_of_hop_s(bus, history, pace))
    return _calls_from(means, here, arrives_s, arrives_s + means.dwell_s[here], pace)


def calls_from_departure(means: PatternTimes, departs: datetime) -> ExpectedCalls:
    """All calls of a trip that leaves its first stop at an instant."""
    departs_s = departs.timestamp()
    return _calls_from(means, 0, departs_s, departs_s, 1.0)._replace(is_waiting=True)


def pace_so_far(means: PatternTimes, first: int, last: int, driven_s: float) -> float:
    """`RunningTimes.pace_of` for a trip without gaps from one stop's index to another's."""
    return trip_pace(driven_s, means.runs_s[last] - means.runs_s[first], float(last - first))


def _calls_from(
    means: PatternTimes, here: int, arrives_s: float, leaves_s: float, pace: float
) -> ExpectedCalls:
    """The calls from a stop on that a bus reaches and leaves at these times."""
    runs_s, dwells_s, dwell_s = means
    last = len(runs_s) - 1
    if here == last:
        return ExpectedCalls(here, [arrives_s], [arrives_s], is_waiting=False)
    base_s, ahead = leaves_s - pace * runs_s[here] - dwells_s[here] - dwell_s[here], here + 1
    reached_s = [
        base_s + pace * run_s + stood_s
        for run_s, stood_s in zip(runs_s[ahead:], dwells_s[ahead:], strict=True)
    ]
    left_s = [at_s + stands_s for at_s, stands_s in zip(reached_s, dwell_s[ahead:], strict=True)]
    left_s[-1] = reached_s[-1]
    return ExpectedCalls(here, [arrives_s, *reached_s], [leaves_s, *left_s], is_waiting=False)


def _uncertainty_s(wait_s: float, *, has_departed: bool) -> int:
    """The standard deviation of a normal error that is within a minute as often as predictions are."""
    share = certainty(wait_s, has_departed=has_departed)
    return round(60 / NormalDist().inv_cdf((1 + share) / 2))


_UNCERTAINTY = {
    departed: [_uncertainty_s(step * STEP_S, has_departed=departed) for step in range(LAST_STEP + 1)]
    for departed in (False, True)
}


def uncertainties(*, has_departed: bool) -> Sequence[int]:
    """How far off predictions are by half minutes ahead, the last for all beyond, as standard deviations (s).

    They follow from the shares in docs/arrivals.md.
    """
    return _UNCERTAINTY[has_departed]
