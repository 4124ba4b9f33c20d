"""Lines and stops as EMT's API writes them, with its field names, its text for numbers and its directions.

EMT calls a line's two ends A and B. Direction 1 goes from A to B, and at its stops `direction` is "B".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from services.feeds.emt.numbering import Numbering
from services.feeds.emt.service_hours import DAY_TYPES, HoursOfLines
from services.queries.bodies import Body
from services.transit.timetable import service_date
from simulator.network import Line, Network, Pattern, Stop
from simulator.service_day import service_on
from simulator.types import INBOUND, OUTBOUND

DAY_GROUP, NIGHT_GROUP = "110", "500"
"""The groups of day lines and night lines. EMT has more."""
TOWARDS = {OUTBOUND: "B", INBOUND: "A"}


@dataclass(frozen=True, slots=True)
class EmtCity:
    """A network with EMT's numbers and the hours of its lines."""

    network: Network
    numbering: Numbering
    hours: HoursOfLines = field(default_factory=HoursOfLines)


class LineAtStop(NamedTuple):
    """A line that serves a stop in a direction, by the first pattern of the direction that does."""

    line: Line
    pattern: Pattern


def lines_at(city: EmtCity, stop: Stop) -> Iterator[LineAtStop]:
    """The lines at a stop, each once for a direction in which people board, else for one that ends there."""
    for line_id in city.network.lines_of_stop[stop.stop_id]:
        line = city.network.line[line_id]
        calling = [p for p in line.patterns if any(at.stop_id == stop.stop_id for at in p.stops)]
        leaving = [p for p in calling if any(at.stop_id == stop.stop_id for at in p.stops[:-1])]
        of_direction: dict[int, Pattern] = {}
        for pattern in leaving or calling:
            of_direction.setdefault(pattern.direction, pattern)
        yield from (LineAtStop(line, pattern) for pattern in of_direction.values())


def terminus(network: Network, pattern: Pattern) -> str:
    """The name of a pattern's last stop in capitals, as EMT's destinations are."""
    return network.stop[pattern.stops[-1].stop_id].name.upper()


def headers(network: Network, line: Line) -> tuple[str, str]:
    """The names of a line's ends, A and B."""
    there, back = line.main_pattern(OUTBOUND), line.main_pattern(INBOUND)
    either = there or back or line.patterns[0]
    first, last = (network.stop[either.stops[i].stop_id].name.upper() for i in (0, -1))
    if there is None:
        return last, first
    return (terminus(network, back) if back else first), last


def point(longitude: float, latitude: float) -> Body:
    """A place as GeoJSON."""
    return {"type": "Point", "coordinates": [longitude, latitude]}


def line_body(city: EmtCity, line: Line) -> Body:
    """A line of the list of lines."""
    number, (name_a, name_b) = city.numbering.of_line[line.line_id], headers(city.network, line)
    return {
        "line": number.code,
        "label": number.label,
        "nameA": name_a,
        "nameB": name_b,
        "group": NIGHT_GROUP if line.night else DAY_GROUP,
    }


def lines_on(city: EmtCity, day: date) -> list[Body]:
    """The lines that run on a date."""
    return [line_body(city, line) for line in city.network.lines if service_on(line, day) is not None]


def stop_detail(city: EmtCity, stop: Stop, now: datetime) -> Body:
    """A stop with each line and direction that serves it."""
    found = [data_line(city, at, now) for at in lines_at(city, stop)]
    return {"stops": [stop_body(city, stop, found)]}


def stops_of_line(city: EmtCity, line: Line, pattern: Pattern) -> Body:
    """The stops of a line in a direction, each with the codes of all its lines."""
    codes = {each.line_id: city.numbering.of_line[each.line_id].code for each in city.network.lines}
    return {
        "line": codes[line.line_id],
        "label": city.numbering.of_line[line.line_id].label,
        "stops": [
            stop_body(city, city.network.stop[at.stop_id], [codes[i] for i in served])
            for at in pattern.stops
            for served in [city.network.lines_of_stop[at.stop_id]]
        ],
    }


def stop_body(city: EmtCity, stop: Stop, data_lines: Sequence[Body | str]) -> Body:
    """A stop. Stops here have neither an address, for which their name stands, nor a panel (`pmv`)."""
    return {
        "stop": str(city.numbering.of_stop[stop.stop_id]),
        "name": stop.name,
        "postalAddress": stop.name,
        "geometry": point(stop.longitude, stop.latitude),
        "pmv": "",
        "dataLine": list(data_lines),
    }


def data_line(city: EmtCity, at: LineAtStop, now: datetime) -> Body:
    """A line at a stop: its ends, its hours and its headways in minutes, which are text."""
    line, direction = at.line, at.pattern.direction
    number, (name_a, name_b) = city.numbering.of_line[line.line_id], headers(city.network, line)
    hours = city.hours.on(line, service_date(line, now), direction)
    return {
        "line": number.code,
        "label": number.label,
        "direction": TOWARDS[direction],
        "maxFreq": str(hours.longest_min),
        "minFreq": str(hours.shortest_min),
        "headerA": name_a,
        "headerB": name_b,
        "startTime": hours.first,
        "stopTime": hours.last,
        "dayType": DAY_TYPES[hours.day_type],
    }


def line_at_stop(city: EmtCity, at: LineAtStop, stop: Stop) -> Body:
    """A line as the answer of arrivals has it."""
    number, (name_a, name_b) = city.numbering.of_line[at.line.line_id], headers(city.network, at.line)
    metres = next(place.distance_m for place in at.pattern.stops if place.stop_id == stop.stop_id)
    return {
        "label": number.label,
        "line": number.code,
        "nameA": name_a,
        "nameB": name_b,
        "metersFromHeader": round(metres),
        "to": TOWARDS[at.pattern.direction],
    }
