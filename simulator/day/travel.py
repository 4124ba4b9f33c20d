"""How a bus runs from stop to stop: target speed by hop and hour, and a motion of three pieces.

A hop is: change of speed at a constant rate, cruise, and brake to a stop or go past. All times are whole
milliseconds; the cruise speed is solved from them, so that the pieces meet exactly. Speeds are metres a
millisecond here.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from simulator.network import Line, Pattern
from simulator.randomness import EXPONENTIAL, lognormal_table
from simulator.types import DayType

ACCELERATION = 1.0e-6
BRAKING = 1.1e-6
"""m/ms²: 1.0 and 1.1 m/s², within the comfort limits for standing passengers (TCQSM 3rd ed., ch. 6)."""

DEFAULT_SPEED_KMH = 16.0
"""Speed between stops at a quiet hour, signals included: with dwell it gives EMT's 13.16 km/h (2017)."""
OPEN_ROAD_M = 500.0
OPEN_ROAD_KMH = 43.2
"""Beyond 500 m a hop's rest is run on wider roads."""
TOP_SPEED_KMH = 80.0

HOP_SIGMA, TRIP_SIGMA = 0.38, 0.12
HOP_FACTOR = lognormal_table(HOP_SIGMA)
TRIP_FACTOR = lognormal_table(TRIP_SIGMA)
"""Running time varies by hop (signals, traffic) and by trip (driver, day); log standard deviations."""

LATENESS_S = 110.0
LATENESS_MS = EXPONENTIAL * (LATENESS_S * 1000)
"""Buses depart some time after they are told to, exponentially; mean in seconds. With the noise of running
headways vary at peak by 0.2–0.4 near the origin, by 0.5–0.8 at the end of a line (TCQSM 3rd ed., ch. 5)."""

WEEKDAY_SPEED = (
    *(1.30, 1.33, 1.35, 1.35, 1.32, 1.25, 1.14, 0.97, 0.90, 0.95, 0.99, 0.99),
    *(0.98, 0.96, 0.92, 0.95, 0.98, 0.94, 0.91, 0.94, 1.00, 1.08, 1.16, 1.24),
)
WEEKEND_SPEED = (
    *(1.28, 1.30, 1.32, 1.33, 1.32, 1.30, 1.26, 1.20, 1.15, 1.10, 1.06, 1.03),
    *(1.00, 1.00, 1.03, 1.06, 1.05, 1.02, 0.99, 0.98, 1.02, 1.09, 1.16, 1.23),
)
"""Speed by hour of the day against a quiet hour's (shape of EMT's hourly commercial speeds)."""

MIN_LAYOVER_MS = 120_000
DWELL_ESTIMATE_S = 11.0
"""A stop's mean share of a planned running time."""


@dataclass(frozen=True, slots=True)
class Hop:
    """From one stop of a pattern to the next: metres, target speed and the most a start from rest allows."""

    length_m: float
    speed: float
    short: float


def hops(pattern: Pattern, speed_kmh: float | None) -> list[Hop]:
    """The hops of a pattern, one less than its stops."""
    places = [stop.distance_m for stop in pattern.stops]
    quiet = (speed_kmh or DEFAULT_SPEED_KMH) / 3600
    return [hop(end - start, quiet) for start, end in itertools.pairwise(places)]


def hop(length_m: float, quiet: float) -> Hop:
    """A hop at the quiet-hour speed `quiet` (m/ms)."""
    near = min(length_m, OPEN_ROAD_M)
    time_ms = near / quiet + (length_m - near) / max(quiet, OPEN_ROAD_KMH / 3600)
    return Hop(length_m, length_m / time_ms, math.sqrt(length_m * ACCELERATION))


def speed_by_hour(kind: DayType) -> tuple[float, ...]:
    """Speed factors by hour of the service day, 0..71."""
    return (WEEKDAY_SPEED if kind is DayType.WEEKDAY else WEEKEND_SPEED) * 3


def motion(hop: Hop, factor: float, v_in: float) -> tuple[int, int, int, float]:
    """The plan of a hop: (ms to end the change of speed, ms to the stop if passed, ms of half a braking, v).

    `factor` scales the target speed, `v_in` is the speed at the start, v the cruise speed. Going past, the
    bus is at the stop after `passing` ms at speed v. Stopping, it brakes evenly from `passing - half` to
    `passing + half`: a stop takes twice as long over the same metres.
    """
    length = hop.length_m
    v = min(hop.speed * factor, TOP_SPEED_KMH / 3600)
    if v > hop.short > v_in:
        v = max(hop.short, v_in)
    change = min(abs(v - v_in) / ACCELERATION, length / (v + v_in))
    changing = round(change)
    passing = max(round(length / v + changing * (v - v_in) / (2 * v)), changing + 1)
    v = (length - v_in * changing / 2) / (passing - changing / 2)
    half = min(max(round(v / (2 * BRAKING)), 1), passing - changing)
    return changing, passing, half, v


def planned_trip_s(hop_list: list[Hop], factor: float) -> float:
    """Seconds that a trip over these hops takes on average, dwell included, at a speed factor."""
    run_ms = sum(h.length_m / (h.speed * factor) + h.speed / ACCELERATION for h in hop_list)
    return run_ms / 1000 + DWELL_ESTIMATE_S * len(hop_list)


def empty_speed(line: Line) -> float:
    """Cruise speed of an empty run, m/ms."""
    return (line.speed_kmh or DEFAULT_SPEED_KMH) * 1.25 / 3600
