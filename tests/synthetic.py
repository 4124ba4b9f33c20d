"""A network the size of Madrid's, in code: a grid city whose lines run along its streets.

Stops lie on a grid around the centre, numbered row by row, each row the other way (so that successive
numbers are neighbours). Most lines take successive stretches of that order; the others run down the columns
and cross them. Nothing is drawn by chance: what varies, varies by a multiplicative hash of an index.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from simulator.network import Bus, Line, Network, Pattern, PatternStop, Service, Stop
from simulator.network_files.route_shape import straight
from simulator.network_files.timetable import day_start_s
from simulator.types import INBOUND, OUTBOUND, BusId, DayType, LineId, StopId

CENTRE = (40.4169, -3.7035)
SPACING_M = 345.0
WOBBLE_M = 35.0
METRES_PER_LATITUDE, METRES_PER_LONGITUDE = 111_195.0, 84_660.0
COLUMN_LINE_STOPS = 26
BOARDINGS_PER_TRIP, NIGHT_BOARDINGS_PER_TRIP = 42.0, 12.0
OUT_ON_AVERAGE = 0.75
"""Share of a line's buses in service, over the day."""
DAY_SERVICES = {
    DayType.WEEKDAY: Service(6 * 3600, 23 * 3600 + 1800),
    DayType.SATURDAY: Service(6 * 3600 + 900, 23 * 3600 + 1800),
    DayType.SUNDAY: Service(7 * 3600, 23 * 3600),
}
NIGHT_SERVICES = dict.fromkeys(DayType, Service(23 * 3600 + 2700, 30 * 3600))


def synthetic_network(lines: int = 220, buses: int = 2000, stops: int = 4700) -> Network:
    """A network of so many lines, buses and stops, every stop served; one line in eight runs at night.

    ValueError without a line, with fewer buses than lines, or with no more stops than lines.
    """
    if lines < 1 or buses < lines or stops <= lines:
        raise ValueError(f"no network of {lines} lines, {buses} buses and {stops} stops")
    width = math.ceil(math.sqrt(stops))
    places = [_stop(i, width, stops) for i in range(stops)]
    routes = list(_routes(lines, stops, width))
    fleet = _fleets(lines, buses)
    made = [_line(i, [places[k] for k in route], fleet[i], lines) for i, route in enumerate(routes)]
    return Network(tuple(made), tuple(places), f"synthetic-{lines}-{buses}-{stops}")


def _hash(index: int) -> float:
    """A number in [0, 1) that looks unrelated to those of the neighbouring indexes (Knuth's constant)."""
    return (index * 2_654_435_761 % 2**32) / 2**32


def _name(letter: str, index: int, count: int) -> str:
    return f"{letter}{index + 1:0{len(str(count))}}"


def _stop(index: int, width: int, count: int) -> Stop:
    row, column = divmod(index, width)
    column = column if row % 2 == 0 else width - 1 - column
    north = (row - width / 2) * SPACING_M + (2 * _hash(2 * index) - 1) * WOBBLE_M
    east = (column - width / 2) * SPACING_M + (2 * _hash(2 * index + 1) - 1) * WOBBLE_M
    return Stop(
        StopId(_name("S", index, count)),
        f"Street {row + 1} - Avenue {column + 1}",
        round(CENTRE[0] + north / METRES_PER_LATITUDE, 6),
        round(CENTRE[1] + east / METRES_PER_LONGITUDE, 6),
    )


def _routes(lines: int, stops: int, width: int) -> Iterator[list[int]]:
    """The indexes of each line's stops: stretches of the order of stops, then columns."""
    rows = stops // width
    down = lines // 6 if rows >= 2 else 0
    along = lines - down
    for i in range(along):
        first, last = i * (stops - 1) // along, (i + 1) * (stops - 1) // along
        yield list(range(first, last + 1))
    length = min(COLUMN_LINE_STOPS, rows)
    for i in range(down):
        column = i * width // down
        top = int(_hash(i) * (rows - length + 1))
        yield [_at(row, column, width) for row in range(top, top + length)]


def _at(row: int, column: int, width: int) -> int:
    return row * width + (column if row % 2 == 0 else width - 1 - column)


def _fleets(lines: int, buses: int) -> list[list[Bus]]:
    """Each line's buses, evenly."""
    ends = [(i + 1) * buses // lines for i in range(lines)]
    fleets = []
    for first, end in zip([0, *ends], ends, strict=False):
        size = end - first
        ids = (BusId(_name("B", k, buses)) for k in range(first, end))
        fleets.append([Bus(bus_id, 85 + 5 * (k % 5), k / size) for k, bus_id in enumerate(ids)])
    return fleets


def _line(index: int, stops: Sequence[Stop], buses: Sequence[Bus], lines: int) -> Line:
    line_id, night = LineId(_name("L", index, lines)), index % 8 == 7
    patterns = (
        _pattern(f"{line_id}-{OUTBOUND}", OUTBOUND, stops),
        _pattern(f"{line_id}-{INBOUND}", INBOUND, stops[::-1]),
    )
    per_trip = NIGHT_BOARDINGS_PER_TRIP if night else BOARDINGS_PER_TRIP
    cycle_min = 2 * patterns[0].stops[-1].distance_m / 1000 / 13 * 60 + 10
    mean = 2 * per_trip * len(buses) * OUT_ON_AVERAGE / cycle_min / len(stops)
    return Line(
        line_id=line_id,
        name=f"{'N' if night else ''}{index + 1} {stops[0].name} - {stops[-1].name}",
        patterns=patterns,
        buses=tuple(buses),
        base_arrival_rate={stop.stop_id: round(mean * (0.5 + _hash(i)), 3) for i, stop in enumerate(stops)},
        services=NIGHT_SERVICES if night else DAY_SERVICES,
        night=night,
        day_start_s=day_start_s(night),
    )


def _pattern(pattern_id: str, direction: int, stops: Sequence[Stop]) -> Pattern:
    shape = straight([(stop.latitude, stop.longitude) for stop in stops])
    on_way = (
        PatternStop(stop.stop_id, vertex.distance_m, stop.latitude, stop.longitude)
        for stop, vertex in zip(stops, shape.points, strict=True)
    )
    return Pattern(pattern_id, direction, tuple(on_way), shape.points)
