"""When a bus is expected at all the stops ahead of it: the predictions of `transit.arrivals`, all at once.

There the time to one stop is a sum over the hops before it. Here these sums are made once for a pattern, so
that the calls of all buses follow from a few numbers of each, as columns (`messages.stop_time_updates`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import NamedTuple

from services.transit.arrivals import STANDING_LEFT, Underway, certainty, rest_of_hop_at
from services.transit.running_times import Hop, HopMeans, trip_pace
from simulator.network import Pattern

STEP_S, LAST_STEP = 30, 120
"""Uncertainty is tabulated by half minutes ahead, up to an hour."""


class PatternTimes(NamedTuple):
    """Seconds of driving and of standing from a pattern's first stop until the arrival at each stop.

    `dwell_s` are those of standing there, `run_s` those of driving there from the stop before.
    """

    runs_s: Sequence[float]
    dwells_s: Sequence[float]
    dwell_s: Sequence[float]
    run_s: Sequence[float]


class ExpectedCalls(NamedTuple):
    """When a bus is expected to reach and to leave its stops, in seconds since the epoch.

    `first` is the index of its next stop, which it reaches at `reaches_s`. It reaches a later stop at the sum
    of `base_s`, the `pace` times the pattern's `runs_s`, and its `dwells_s`, and leaves it after `dwell_s`;
    at the last stop both times are equal. A bus that `is_waiting` at its first stop doesn't arrive there.
    """

    first: int
    reaches_s: float
    leaves_s: float
    base_s: float
    pace: float
    means: PatternTimes
    is_waiting: bool = False

    @property
    def ahead(self) -> int:
        """The number of stops ahead."""
        return len(self.means.runs_s) - self.first

    def arrivals_s(self) -> Sequence[float]:
        """When it reaches the stops ahead."""
        ahead = slice(self.first + 1, None)
        later = zip(self.means.runs_s[ahead], self.means.dwells_s[ahead], strict=True)
        return [self.reaches_s, *(self.base_s + self.pace * run_s + stood_s for run_s, stood_s in later)]


def hops_of(pattern: Pattern) -> Sequence[Hop]:
    """The hops of a pattern."""
    return [
        Hop(start.stop_id, end.stop_id, end.distance_m - start.distance_m)
        for start, end in pairwise(pattern.stops)
    ]


def pattern_times(means: Iterable[HopMeans]) -> PatternTimes:
    """The times of a pattern. The dwell at the first stop is 0: trips begin as they leave it."""
    runs, dwells = zip(*means, strict=True)
    run_s, dwell_s = (0.0, *runs), (0.0, *dwells)
    return PatternTimes(tuple(accumulate(run_s)), (0.0, *accumulate(dwell_s[:-1])), dwell_s, run_s)


def expected_calls(bus: Underway, means: PatternTimes, now_s: float, pace: float) -> ExpectedCalls:
    """The calls at the stops ahead of a bus that has departed; `now_s` is the tick of its position."""
    here = bus.place.index
    standing = bus.distance_m < 0.1 and bus.position.speed == 0
    stood_s = (1 - STANDING_LEFT) * means.dwell_s[here] if here < len(means.dwell_s) - 1 else 0.0
    arrives_s = now_s + (-stood_s if standing else rest_of_hop_at(bus, pace * means.run_s[here]))
    is_last = here == len(means.dwell_s) - 1
    return _calls_from(means, here, arrives_s, arrives_s + (0.0 if is_last else means.dwell_s[here]), pace)


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
    runs_s, dwells_s, dwell_s, _ = means
    base_s = leaves_s - pace * runs_s[here] - dwells_s[here] - dwell_s[here]
    return ExpectedCalls(here, arrives_s, leaves_s, base_s, pace, means)


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
