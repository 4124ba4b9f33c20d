"""Running times between stops and dwell times, learned from a line's recent visits.

A hop's time is the mean of the buses that ran it, drawn towards what the line's mean pace gives for its
length: the fewer buses ran it, the more. Combining the last buses' times with a slower estimate in this way,
by their uncertainty, is the filter of Shalaby & Farhan (2004), "Prediction Model of Bus Arrival and Departure
Times Using AVL and APC Data", Journal of Public Transportation 7(1), and of Cathey & Dailey (2003), "A
Prescription for Transit Arrival/Departure Prediction Using Automatic Vehicle Location Data", Transportation
Research Part C 11.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.network import Line
from storage.schema import StopVisit

RUNNING_KMH = 16.0
"""Speed between stops before anything is known of a line; with dwell it gives EMT's 13.16 km/h (2017)."""
DWELL_S = 11.0
HOP_PRIOR = 8.0
"""The line's mean pace counts as much as the times of this many buses on the hop."""
TRIP_PRIOR = 10.0
"""A trip's pace follows its own times once it has run more hops than this."""


@dataclass(slots=True)
class _Sum:
    """A number of observations, and their sum in seconds."""

    count: float = 0.0
    total_s: float = 0.0

    def add(self, seconds: float, weight: float = 1.0) -> None:
        self.count += weight
        self.total_s += weight * seconds

    def mean(self, prior_s: float, prior_count: float) -> float:
        return (self.total_s + prior_s * prior_count) / (self.count + prior_count)


class Hop(NamedTuple):
    """A stretch from one stop to the next."""

    start: str
    end: str
    length_m: float


class HopSums(NamedTuple):
    """What was learned of a hop and of the stop at its end, and how far the line's mean pace counts on it."""

    run: _Sum
    dwell: _Sum
    prior_m: float


class HopMeans(NamedTuple):
    """Mean seconds of driving along a hop, and of standing at its end."""

    run_s: float
    dwell_s: float


@dataclass(slots=True)
class RunningTimes:
    """A line's times by hop (two stop ids) and by stop and direction."""

    metres: dict[tuple[str, str], float]
    runs: dict[tuple[str, str], _Sum] = field(default_factory=dict)
    dwells: dict[tuple[str, int], _Sum] = field(default_factory=dict)
    run: _Sum = field(default_factory=_Sum)
    run_m: float = 0.0
    dwell: _Sum = field(default_factory=_Sum)

    def add(self, before: StopVisit, after: StopVisit, weight: float = 1.0) -> None:
        """Learn from two visits of a trip that follow each other."""
        hop = (before.stop_id, after.stop_id)
        length_m = self.metres.get(hop)
        if length_m is None:
            return
        run_s = (after.arrival_time - before.time).total_seconds()
        self.runs.setdefault(hop, _Sum()).add(run_s, weight)
        self.run.add(run_s, weight)
        self.run_m += weight * length_m
        dwell_s = (after.time - after.arrival_time).total_seconds()
        self.dwells.setdefault((after.stop_id, after.direction), _Sum()).add(dwell_s, weight)
        self.dwell.add(dwell_s, weight)

    @property
    def seconds_per_metre(self) -> float:
        """The mean pace between stops."""
        known_m = 2000.0
        return (self.run.total_s + known_m * 3.6 / RUNNING_KMH) / (self.run_m + known_m)

    def run_s(self, start: str, end: str, length_m: float) -> float:
        """Seconds from leaving a stop to arriving at the next, `length_m` away."""
        found = self.runs.get((start, end), _Sum())
        return found.mean(self.seconds_per_metre * length_m, HOP_PRIOR)

    def dwell_s(self, stop_id: str, direction: int) -> float:
        """Seconds that buses stand at a stop, those that pass it counted with 0."""
        found = self.dwells.get((stop_id, direction), _Sum())
        return found.mean(self.dwell.mean(DWELL_S, 1.0), HOP_PRIOR)

    def sums_along(self, hops: Iterable[Hop], direction: int) -> Sequence[HopSums]:
        """What `means_of` needs of some hops, which stays up to date as more is learned."""
        return [
            HopSums(
                self.runs.setdefault((hop.start, hop.end), _Sum()),
                self.dwells.setdefault((hop.end, direction), _Sum()),
                hop.length_m * HOP_PRIOR,
            )
            for hop in hops
        ]

    def means_of(self, hops: Iterable[HopSums]) -> list[HopMeans]:
        """`run_s` of each hop and `dwell_s` at its end, all at once."""
        pace, dwell_s = self.seconds_per_metre, self.dwell.mean(DWELL_S, 1.0) * HOP_PRIOR
        # `_Sum.mean`, written out: a city has tens of thousands of hops to go along at a time.
        return [
            HopMeans(
                (run.total_s + pace * prior_m) / (run.count + HOP_PRIOR),
                (dwell.total_s + dwell_s) / (dwell.count + HOP_PRIOR),
            )
            for run, dwell, prior_m in hops
        ]

    def pace_of(self, visits: Sequence[StopVisit]) -> float:
        """How slowly a trip has run so far, 1 being the line's mean; `visits` are the trip's, in order."""
        own_s = expected_s = count = 0.0
        for before, after in itertools.pairwise(visits):
            length_m = self.metres.get((before.stop_id, after.stop_id))
            if length_m is None or after.sequence != before.sequence + 1:
                continue
            own_s += (after.arrival_time - before.time).total_seconds()
            expected_s += self.run_s(before.stop_id, after.stop_id, length_m)
            count += 1
        return trip_pace(own_s, expected_s, count)


def trip_pace(own_s: float, expected_s: float, count: float) -> float:
    """The pace of a trip that took so long for a number of hops, against the means."""
    if not expected_s:
        return 1.0
    return 1.0 + count / (count + TRIP_PRIOR) * (own_s / expected_s - 1.0)


def running_times(line: Line, visits: Iterable[StopVisit]) -> RunningTimes:
    """The times of a line's hops from its visits, in any order of trips."""
    metres = {
        (start.stop_id, end.stop_id): end.distance_m - start.distance_m
        for pattern in line.patterns
        for start, end in itertools.pairwise(pattern.stops)
    }
    times = RunningTimes({(str(start), str(end)): length_m for (start, end), length_m in metres.items()})
    last: dict[str, StopVisit] = {}
    for visit in visits:
        before = last.get(visit.trip_id)
        if before is not None and visit.sequence == before.sequence + 1:
            times.add(before, visit)
        last[visit.trip_id] = visit
    return times
