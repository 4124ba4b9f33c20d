"""Small networks made by hand, for tests that need to know every stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.geometry import cumulative_m
from simulator.network import (
    NIGHT_DAY_START_S,
    Bus,
    Departure,
    Headway,
    Line,
    Network,
    Pattern,
    PatternStop,
    Service,
    ShapePoint,
    Stop,
)
from simulator.types import BusId, DayType, LineId, StopId

DAY = Service(19_800, 91_800)
NIGHT = Service(85_500, 108_000)

Place = tuple[str, float, float]


def street(count: int, *, first: int = 1, row: int = 0, step: float = 0.003) -> list[Place]:
    """`count` stops from west to east, some 250 m apart."""
    return [(f"S{first + i:03d}", 40.40 + row * 0.004, -3.72 + i * step) for i in range(count)]


def pattern(pattern_id: str, direction: int, places: Sequence[Place]) -> Pattern:
    """A pattern straight from stop to stop."""
    metres = cumulative_m([(lat, lon) for _, lat, lon in places])
    return Pattern(
        pattern_id,
        direction,
        tuple(PatternStop(StopId(s), m, lat, lon) for (s, lat, lon), m in zip(places, metres, strict=True)),
        tuple(ShapePoint(lat, lon, m) for (_, lat, lon), m in zip(places, metres, strict=True)),
    )


def line(
    line_id: str,
    places: Sequence[Place],
    *,
    buses: int = 3,
    first_bus: int = 1,
    capacity: int = 60,
    rate: float = 0.4,
    night: bool = False,
    one_way: bool = False,
    patterns: Sequence[Pattern] = (),
    services: Mapping[DayType, Service] | None = None,
    headways: Sequence[Headway] = (),
    departures: Sequence[Departure] = (),
    speed_kmh: float | None = None,
) -> Line:
    """A line along `places`, mirrored for the way back unless `one_way` or `patterns` are given."""
    there = pattern(f"{line_id}-0", 0, places)
    back = pattern(f"{line_id}-1", 1, list(reversed(places)))
    chosen = tuple(patterns) or ((there,) if one_way else (there, back))
    hours = NIGHT if night else DAY
    service = Service(hours.start_s, hours.end_s, tuple(headways), tuple(departures))
    made = Line(
        LineId(line_id),
        f"Line {line_id}",
        chosen,
        tuple(Bus(BusId(f"B{first_bus + i:03d}"), capacity, i / buses) for i in range(buses)),
        {},
        services if services is not None else dict.fromkeys(DayType, service),
        night=night,
        day_start_s=NIGHT_DAY_START_S if night else 14_400,
        speed_kmh=speed_kmh,
    )
    rates = dict.fromkeys(sorted(made.stop_ids), rate)
    object.__setattr__(made, "base_arrival_rate", rates)
    return made


def network(*lines: Line) -> Network:
    """The network of these lines."""
    stops: dict[StopId, Stop] = {}
    for each in lines:
        for one in each.patterns:
            for stop in one.stops:
                stops[stop.stop_id] = Stop(
                    stop.stop_id, f"Stop {stop.stop_id}", stop.latitude, stop.longitude
                )
    ordered = sorted(lines, key=lambda each: each.line_id)
    return Network(tuple(ordered), tuple(stops[stop_id] for stop_id in sorted(stops)))


def two_lines() -> Network:
    """L1 along S001..S012 and L2 crossing it, sharing S004 and S005; L3 by night."""
    main = street(12)
    crossing = [*street(3, first=20, row=1), *main[3:5], *street(4, first=30, row=2)]
    return network(
        line("L1", main),
        line("L2", crossing, first_bus=10, buses=2),
        line("L3", main[2:9], first_bus=20, buses=2, night=True, rate=0.1),
    )
