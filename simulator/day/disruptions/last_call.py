"""When late buses must set out for home, so that they are there before the next service day."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from simulator.day.disruptions.scenario_effects import rain_ratio
from simulator.scenario.headway_control import HeadwayControl
from simulator.scenario.line_changes import LineChanges
from simulator.types import MINUTE_MS, SECOND_MS

MARGIN_MS = 5 * MINUTE_MS
"""A disturbed bus is sent home so long before the latest moment at which it could still get there."""
NOISY_HOP = 7.0
"""Chance makes no hop seven times as long (see `travel.HOP_FACTOR` and `TRIP_FACTOR`)."""
NEVER = 1 << 50


@dataclass(frozen=True, slots=True)
class WayHome:
    """How long the last hop and the empty run home may take: `hop_ms` at the speed of a quiet hour.

    `slowest` is the speed of the slowest hour against a quiet one's; `ends` is when the line-day ends.
    """

    ends: int
    run_ms: float
    hop_ms: float
    slowest: float


class LastCall:
    """The latest moment to set out for home, by what has disturbed the line so far. Ordinary days have none.

    What begins later doesn't count yet: nothing happens because of a disturbance that is still to come.
    """

    def __init__(self, way: WayHome, changes: LineChanges):
        self.home_by = way.ends - round(way.run_ms) - MARGIN_MS
        """When a bus must have reached its last stop."""
        self._starts = sorted({0, *(second * SECOND_MS for second in _starts(changes))})
        self._hop_ms = [_hop_ms(way, changes, start) for start in self._starts]
        self._latest = [way.ends - round(way.run_ms + hop_ms) - MARGIN_MS for hop_ms in self._hop_ms]
        if not (changes.rain or changes.control is HeadwayControl.HEADWAY or _starts_before(changes, 0)):
            self._latest[0] = NEVER

    def at(self, now: int) -> int:
        """The latest moment, by the disturbances that have begun."""
        return self._latest[max(bisect_right(self._starts, now) - 1, 0)]

    def hop_ms(self, now: int) -> float:
        """More than any hop takes, noise and the disturbances that have begun included."""
        return self._hop_ms[max(bisect_right(self._starts, now) - 1, 0)]


def _starts(changes: LineChanges) -> list[int]:
    spans = [
        each.span
        for entries in (
            *(changes.closures, changes.slow_zones, changes.closed_stops),
            *(changes.strikes, changes.weather_changes, changes.control_changes),
        )
        for each in entries
    ]
    return [*(span.start_s for span in spans), *(breakdown.time_s for breakdown in changes.breakdowns)]


def _starts_before(changes: LineChanges, instant: int) -> bool:
    return any(second * SECOND_MS <= instant for second in _starts(changes))


def _hop_ms(way: WayHome, changes: LineChanges, now: int) -> float:
    second = now / SECOND_MS
    zones = [zone.speed_factor for zone in changes.slow_zones if zone.span.start_s <= second]
    rains = [w.weather.rain for w in changes.weather_changes if w.span.start_s <= second and w.weather.rain]
    slowest = math.prod(zones) * way.slowest
    if rains:
        slowest *= min(rain_ratio(changes.rain, rain) for rain in rains)
    detours_s = sum(closure.detour_s or 0 for closure in changes.closures if closure.span.start_s <= second)
    return NOISY_HOP * way.hop_ms / slowest + detours_s * SECOND_MS
