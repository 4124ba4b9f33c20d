"""A line's planned headways: those that the network gives, else those that its buses can keep.

Headways that aren't given follow from the buses, as planners do it: the time of a round trip with layovers,
divided by the buses out at that hour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulator.day import travel
from simulator.geometry import distance_m
from simulator.network import Line, Service
from simulator.types import DayType

WEEKDAY_FLEET = (
    *(0.35, 0.30, 0.30, 0.30, 0.30, 0.40, 0.65, 0.95, 1.00, 0.90, 0.75, 0.70),
    *(0.70, 0.80, 0.90, 0.85, 0.75, 0.80, 0.85, 0.80, 0.70, 0.55, 0.45, 0.40),
)
WEEKEND_FLEET = (
    *(0.35, 0.30, 0.30, 0.30, 0.30, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60),
    *(0.60, 0.60, 0.55, 0.50, 0.50, 0.55, 0.60, 0.60, 0.55, 0.50, 0.45, 0.40),
)
"""Share of a line's buses that its headway is planned with, by hour (shape of EMT's vehicles in service)."""
SLACK = 1.10
"""A planned cycle has a tenth more than running time and least layover need."""


@dataclass(frozen=True, slots=True)
class HeadwayPlan:
    """When buses depart and how far apart; seconds of the service day.

    `bands` are the stretches [start, end) in which buses depart, the last one's end included; `headway_s`
    gives the headway at a second; `cycle_s` the planned seconds from a departure to the same bus's next, for
    each hour of the day.
    """

    bands: Sequence[tuple[float, float]]
    headway_s: Callable[[float], float]
    cycle_s: Sequence[float]


def headway_plan(
    line: Line, service: Service, kind: DayType, main_hops: Sequence[list[travel.Hop]], buses: int
) -> HeadwayPlan:
    """The plan of a service without a timetable, for a number of buses; `main_hops` by direction."""
    cycle_s = planned_cycle_s(line, kind, main_hops)
    if not service.headways:
        hourly = planned_headways(line, kind, cycle_s, buses)
        bands = [(float(service.start_s), float(service.end_s))]
        return HeadwayPlan(bands, lambda at_s: hourly[int(at_s // 3600) % 24], cycle_s)
    given = sorted(service.headways, key=lambda band: band.start_s)

    def headway_s(at_s: float) -> float:
        return next(float(band.headway_s) for band in reversed(given) if band.start_s <= at_s)

    return HeadwayPlan([(float(band.start_s), float(band.end_s)) for band in given], headway_s, cycle_s)


def way_back_m(line: Line) -> float:
    """Metres of the empty run from the last stop of a line's main pattern to its first."""
    last, first = line.patterns[0].stops[-1], line.patterns[0].stops[0]
    return distance_m(last.latitude, last.longitude, first.latitude, first.longitude)


def planned_cycle_s(line: Line, kind: DayType, main_hops: Sequence[list[travel.Hop]]) -> list[float]:
    """Seconds from a departure to the same bus's next at that terminal, for each hour of the day."""
    result = []
    for factor in travel.speed_by_hour(kind)[:24]:
        cycle_s = sum(travel.planned_trip_s(hops, factor) for hops in main_hops)
        if len(main_hops) == 1:  # a one-way line: the bus runs back empty
            cycle_s += way_back_m(line) / travel.empty_speed(line) / 1000
        result.append((cycle_s + 2 * travel.MIN_LAYOVER_MS / 1000) * SLACK)
    return result


def planned_headways(line: Line, kind: DayType, cycle_s: Sequence[float], buses: int) -> list[float]:
    """Seconds between departures for each hour of the day: planned cycle ÷ the buses out at that hour."""
    fleet = WEEKDAY_FLEET if kind is DayType.WEEKDAY else WEEKEND_FLEET
    result = []
    for hour in range(24):
        out = max(1, math.floor(buses * (1.0 if line.night else fleet[hour]) + 0.5))
        # Headways are whole tens of seconds, rounded up so that the buses suffice.
        result.append(math.ceil(cycle_s[hour] / out / 10) * 10.0)
    return result
