"""How a bus runs from stop to stop: target speed by hop and hour, and a motion of three pieces.

A hop is: change of speed at a constant rate, cruise, and brake to a stop or go past. All times are whole
milliseconds; the cruise speed is solved from them, so that the pieces meet exactly. Speeds are metres a
millisecond here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.network import Line, Pattern, PatternStop, Timing
from simulator.randomness import random_numbers
from simulator.types import DayType

Floats: TypeAlias = NDArray[np.float64]

ACCELERATION = 1.0e-6
BRAKING = 1.1e-6
"""m/ms²: 1.0 and 1.1 m/s², within the comfort limits for standing passengers (TCQSM 3rd ed., ch. 6)."""
BRAKING_TWICE = 2 * BRAKING

DEFAULT_SPEED_KMH = 16.0
"""Speed between stops at a quiet hour, signals included: with dwell it gives EMT's 13.16 km/h (2017)."""
OPEN_ROAD_M = 500.0
OPEN_ROAD_KMH = 43.2
"""What a hop has beyond 500 m is run at the speed of wider roads."""
TOP_SPEED_KMH = 80.0
TOP_SPEED = TOP_SPEED_KMH / 3600

HOP_SIGMA, TRIP_SIGMA = 0.38, 0.12
HOP_FACTOR = random_numbers.lognormal_table(HOP_SIGMA)
TRIP_FACTOR = random_numbers.lognormal_table(TRIP_SIGMA)
"""Running time varies by hop (signals, traffic) and by trip (driver, day); log standard deviations."""

LATENESS_S = 110.0
LATENESS_MS = random_numbers.EXPONENTIAL * (LATENESS_S * 1000)
"""Buses depart later than planned by an exponentially distributed time; mean in seconds. With the noise of
running times this makes the headway CV at peak 0.2–0.4 near the origin and 0.5–0.8 at the end of a line
(TCQSM 3rd ed., ch. 5)."""

WEEKDAY_SPEED = (
    *(1.30, 1.33, 1.35, 1.35, 1.32, 1.25, 1.14, 0.97, 0.90, 0.95, 0.99, 0.99),
    *(0.98, 0.96, 0.92, 0.95, 0.98, 0.94, 0.91, 0.94, 1.00, 1.08, 1.16, 1.24),
)
WEEKEND_SPEED = (
    *(1.28, 1.30, 1.32, 1.33, 1.32, 1.30, 1.26, 1.20, 1.15, 1.10, 1.06, 1.03),
    *(1.00, 1.00, 1.03, 1.06, 1.05, 1.02, 0.99, 0.98, 1.02, 1.09, 1.16, 1.23),
)
"""Speed by hour of the day against a quiet hour's (shape of EMT's hourly commercial speeds)."""

TRIPS_DRAWN = 16
"""Trips of a bus whose lateness and running times are drawn in one array operation."""

FEW = 4
"""So few timings are faster computed one by one than as arrays."""

MIN_LAYOVER_MS = 120_000
DWELL_ESTIMATE_S = 11.0
"""A stop's mean share of a planned running time."""


@dataclass(frozen=True, slots=True)
class Hop:
    """From one stop of a pattern to the next: metres, and speeds in m/ms.

    `speed` is the target at a quiet hour, `reached` the most that a bus which starts from rest can reach if
    it is to brake for the next stop.
    """

    length_m: float
    speed: float
    reached: float


class Motion(NamedTuple):
    """The plan of a hop: durations in ms, the cruise speed in m/ms.

    The change of speed takes `changing` ms. Going past, the bus is at the stop after `passing` ms at `speed`.
    Stopping, it brakes evenly from `passing - half` to `passing + half`: to brake to rest takes twice as long
    as to cover the same metres at `speed`.
    """

    changing: int
    passing: int
    half: int
    speed: float


def hops(pattern: Pattern, speed_kmh: float | None) -> list[Hop]:
    """The hops of a pattern, one fewer than its stops; `speed_kmh` is the line's, None for the default."""
    places = [stop.distance_m for stop in pattern.stops]
    quiet = (speed_kmh or DEFAULT_SPEED_KMH) / 3600
    return [hop(end - start, quiet) for start, end in itertools.pairwise(places)]


def hop(length_m: float, quiet: float) -> Hop:
    """A hop at the quiet-hour speed `quiet` (m/ms)."""
    # A long hop runs along wider roads: what is beyond the first 500 m is driven faster.
    near = min(length_m, OPEN_ROAD_M)
    time_ms = near / quiet + (length_m - near) / max(quiet, OPEN_ROAD_KMH / 3600)
    return Hop(length_m, length_m / time_ms, math.sqrt(length_m * ACCELERATION))


def speed_by_hour(kind: DayType) -> tuple[float, ...]:
    """Speed factors by hour of the service day, 0..71."""
    return (WEEKDAY_SPEED if kind is DayType.WEEKDAY else WEEKEND_SPEED) * 3


def motion(hop: Hop, factor: float, v_in: float) -> Motion:
    """The plan of a hop: `factor` scales the target speed, `v_in` (m/ms) is the speed at its start."""
    return Motion(*plan_hop(hop, factor, v_in))


def plan_hop(hop: Hop, factor: float, v_in: float) -> tuple[int, int, int, float]:
    """`motion` as a plain tuple, for the loop that would notice what a `Motion` costs."""
    length = hop.length_m
    # This runs once a hop, so comparisons stand for `min` and `max`, which cost a call each.
    v = hop.speed * factor
    if v > TOP_SPEED:
        v = TOP_SPEED
    # From rest a short hop has no room to reach the target: the bus speeds up over half of it, then brakes.
    if v > hop.reached > v_in:
        v = hop.reached
    change, longest = abs(v - v_in) / ACCELERATION, length / (v + v_in)
    changing = round(change if change < longest else longest)
    passing = round(length / v + changing * (v - v_in) / (2 * v))
    if passing <= changing:
        passing = changing + 1
    # Durations are whole ms now; the cruise speed that makes the pieces cover the hop's metres exactly
    # follows from them.
    speed = (length - v_in * changing / 2) / (passing - changing / 2)
    half = round(speed / BRAKING_TWICE) or 1
    if half > passing - changing:
        half = passing - changing
    return changing, passing, half, speed


def planned_trip_s(hop_list: list[Hop], factor: float) -> float:
    """Seconds that a trip over these hops takes on average, dwell included, at a speed factor."""
    run_ms = sum(h.length_m / (h.speed * factor) + h.speed / ACCELERATION for h in hop_list)
    return run_ms / 1000 + DWELL_ESTIMATE_S * len(hop_list)


def planned_trip_of(lengths_m: Floats, quiet: float, factor: float) -> float:
    """`planned_trip_s` over hops of these lengths, but for rounding; `quiet` is the speed as of `hop`."""
    near_m = np.minimum(lengths_m, OPEN_ROAD_M)
    time_ms = near_m / quiet + (lengths_m - near_m) / max(quiet, OPEN_ROAD_KMH / 3600)
    speed = lengths_m / time_ms
    run_ms = float((lengths_m / (speed * factor) + speed / ACCELERATION).sum())
    return run_ms / 1000 + DWELL_ESTIMATE_S * len(lengths_m)


class PlannedHop(NamedTuple):
    """A hop as a timetable plans it: its speed (m/ms), and the seconds from the trip's departure at its ends.

    `ends_s` is when the bus leaves the stop to which the hop leads, or arrives at the last one and is empty.
    """

    speed: float
    begins_s: float
    ends_s: float


def planned_hops(stops: Sequence[PatternStop], timing: Timing) -> list[PlannedHop]:
    """The hops of a pattern with these stops, at speeds with which trips take as long as planned.

    What a hop is too short for, at the speeds that buses reach, is made up for on the hops after it.
    """
    result: list[PlannedHop] = []
    holds = {hold.position: hold.leaves_s for hold in timing.holds}
    now_s, due_s, from_m = 0.0, 0.0, stops[0].distance_m
    last = len(timing.runs_s)
    for position, (stop, run_s) in enumerate(zip(stops[1:], timing.runs_s, strict=True), 1):
        passes = not (stop.boarding or stop.alighting) and position < last
        dwell_s = 0.0 if passes else DWELL_ESTIMATE_S
        due_s += run_s
        leaves_s = holds.get(position) if holds else None
        reached_s = due_s - dwell_s
        if leaves_s is not None:
            reached_s, due_s = min(due_s, leaves_s - dwell_s), float(leaves_s)
        length_m = stop.distance_m - from_m
        speed = _speed_for(length_m, (reached_s - now_s) * 1000)
        ends_s = now_s + (length_m / speed + speed / ACCELERATION) / 1000 + dwell_s
        if leaves_s is not None and leaves_s > ends_s:
            ends_s = leaves_s
        result.append(PlannedHop(speed, now_s, ends_s))
        now_s, from_m = ends_s, stop.distance_m
    return result


def planned_ends_s(stops: Sequence[PatternStop], timings: Sequence[Timing]) -> list[float]:
    """The last `ends_s` of each timing's `planned_hops`, to the last bit; many timings at a time."""
    if len(timings) < FEW:
        return [planned_hops(stops, timing)[-1].ends_s for timing in timings]
    runs_s = np.array([timing.runs_s for timing in timings], np.int64).T
    held_s: dict[int, Floats] = {}
    for row, timing in enumerate(timings):
        for hold in timing.holds:
            held_s.setdefault(hold.position, np.full(len(timings), np.nan))[row] = hold.leaves_s
    now_s, due_s, from_m = np.zeros(len(timings)), np.zeros(len(timings)), stops[0].distance_m
    last = len(stops) - 1
    for position, (stop, run_s) in enumerate(zip(stops[1:], runs_s, strict=True), 1):
        passes = not (stop.boarding or stop.alighting) and position < last
        dwell_s = 0.0 if passes else DWELL_ESTIMATE_S
        due_s = due_s + run_s
        reached_s = due_s - dwell_s
        leaves_s = held_s.get(position)
        if leaves_s is not None:
            # NaN stands for no hold, and `fmin` and `fmax` ignore it.
            held = ~np.isnan(leaves_s)
            reached_s = np.where(held, np.fmin(due_s, leaves_s - dwell_s), reached_s)
            due_s = np.where(held, leaves_s, due_s)
        length_m = stop.distance_m - from_m
        speed = _speeds_for(length_m, (reached_s - now_s) * 1000)
        now_s = now_s + (length_m / speed + speed / ACCELERATION) / 1000 + dwell_s
        if leaves_s is not None:
            now_s = np.fmax(now_s, leaves_s)
        from_m = stop.distance_m
    ends_s: list[float] = now_s.tolist()
    return ends_s


class LineHops:
    """The hops of a line. `quiet[i]` are those of `line.patterns[i]` at the line's quiet-hour speed.

    Each timing's planned hops are computed once: a line-day asks for them at almost every trip.
    """

    def __init__(self, line: Line):
        self._line = line
        self.quiet = [hops(pattern, line.speed_kmh) for pattern in line.patterns]
        self._planned: dict[tuple[int, int], list[PlannedHop]] = {}

    def planned(self, pattern: int, timing: int) -> list[PlannedHop]:
        """The hops of a pattern, by its index in the line, as one of its timings plans them."""
        found = self._planned.get((pattern, timing))
        if found is None:
            of_line = self._line.patterns[pattern]
            found = planned_hops(of_line.stops, of_line.timings[timing])
            self._planned[pattern, timing] = found
        return found


def least_run_s(length_m: float) -> float:
    """The least seconds from rest to rest over a hop, as `planned_hops` plans them."""
    speed = min(math.sqrt(length_m * ACCELERATION), TOP_SPEED)
    return (length_m / speed + speed / ACCELERATION) / 1000


def _speed_for(length_m: float, run_ms: float) -> float:
    """The speed (m/ms) at which a hop takes `run_ms` from rest to rest, or the nearest possible.

    Solves length / v + v / ACCELERATION = run_ms (see `planned_trip_s`) for the smaller v.
    """
    shortest_ms = 2 * math.sqrt(length_m / ACCELERATION)
    if run_ms <= shortest_ms:
        return min(math.sqrt(length_m * ACCELERATION), TOP_SPEED)
    root_ms = math.sqrt(run_ms * run_ms - shortest_ms * shortest_ms)
    return min(2 * length_m / (run_ms + root_ms), TOP_SPEED)


def _speeds_for(length_m: float, run_ms: Floats) -> Floats:
    """`_speed_for` of several times."""
    shortest_ms = 2 * math.sqrt(length_m / ACCELERATION)
    possible_ms = np.maximum(run_ms, shortest_ms)
    root_ms = np.sqrt(possible_ms * possible_ms - shortest_ms * shortest_ms)
    speed: Floats = 2 * length_m / (possible_ms + root_ms)
    speed[run_ms <= shortest_ms] = math.sqrt(length_m * ACCELERATION)
    return np.minimum(speed, TOP_SPEED)


def pattern_trip_s(pattern: Pattern, hop_list: list[Hop], factor: float) -> float:
    """Seconds that the longest planned trip on a pattern takes, at a speed factor if it has no timings."""
    if not pattern.timings:
        return planned_trip_s(hop_list, factor)
    return max(planned_ends_s(pattern.stops, pattern.timings))


def empty_speed(line: Line) -> float:
    """Cruise speed of an empty run, m/ms."""
    return (line.speed_kmh or DEFAULT_SPEED_KMH) * 1.25 / 3600


class TripNoise(NamedTuple):
    """The random part of a trip: how late it departs (ms), and the running-time factor of each hop."""

    late_ms: int
    factors: list[float]


class BusNoise:
    """The draws of a bus's trips from the stream of a `key`, with a factor for each of `hops` hops.

    Draws are addressed by the number of the bus's trip, so none shifts another's: whether a trip is cut short
    or a pattern is longer than the line's others changes nothing for the trips after it.
    """

    def __init__(self, key: int, hops: int):
        self._key = key
        self._width = hops + 2
        self._drawn: list[TripNoise] = []
        self._trips_drawn = 0

    def next_trip(self) -> TripNoise:
        """The draws of the bus's next trip. A hop's factor is the trip's factor times the hop's own."""
        if not self._drawn:
            self._draw()
        return self._drawn.pop()

    def _draw(self) -> None:
        count, width = TRIPS_DRAWN, self._width
        draws = random_numbers.uniform([self._key], count * width, first=self._trips_drawn * width)
        # A trip has a row of draws: its lateness, its own factor, then one a hop of the longest pattern.
        knots = draws.reshape(count, width) * random_numbers.TABLE_SIZE
        late_ms = np.rint(random_numbers.interpolate(LATENESS_MS, knots[:, 0])).astype(np.int64)
        trips = random_numbers.interpolate(TRIP_FACTOR, knots[:, 1:2])
        hops = random_numbers.interpolate(HOP_FACTOR, knots[:, 2:])
        drawn = zip(late_ms.tolist(), (trips * hops).tolist(), strict=True)
        self._drawn = [TripNoise(*trip) for trip in drawn][::-1]
        self._trips_drawn += count
