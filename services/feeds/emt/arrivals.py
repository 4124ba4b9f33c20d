"""Arrivals at a stop as EMT's API writes them: the next two buses of each line and direction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.errors import BadRequest
from services.feeds.emt.bodies import EmtCity, line_at_stop, lines_at, point, terminus
from services.feeds.emt.envelope import NoArrivals
from services.queries.bodies import Body
from services.transit.arrivals import Arrival, arrivals
from services.transit.bodies import expected_time
from services.transit.line_history import Outlook
from simulator.network import Line, Stop

BUSES_OF_A_LINE = 2
LATEST, LATEST_OF_NIGHT_LINES = timedelta(minutes=45), timedelta(minutes=90)
NO_ESTIMATE_S = 999_999
"""What EMT says of buses that come later than that."""


@dataclass(frozen=True, slots=True)
class ArrivalsWish:
    """What the body of a request asks for."""

    with_stop: bool
    with_estimates: bool
    with_incidents: bool
    in_english: bool

    @classmethod
    def of(cls, content: bytes) -> ArrivalsWish:
        """Parse a body: JSON, whatever its content type says. Raises `BadRequest`.

        Estimates come unless they are refused, the stop's data and incidents only if they are asked for, in
        Spanish unless `cultureInfo` is EN. Other fields have no effect.
        """
        try:
            given: object = json.loads(content or b"{}")
        except (ValueError, RecursionError):
            raise BadRequest("Invalid JSON in the body") from None
        if not isinstance(given, dict):
            raise BadRequest("The body must be a JSON object")
        return cls(
            with_stop=_yes(given, "Text_StopRequired_YN", "N"),
            with_estimates=_yes(given, "Text_EstimationsRequired_YN", "Y"),
            with_incidents=_yes(given, "Text_IncidencesRequired_YN", "N"),
            in_english=str(given.get("cultureInfo", "")).strip().upper().startswith("EN"),
        )


def _yes(given: Mapping[str, object], name: str, default: str) -> bool:
    return str(given.get(name, default)).strip().upper().startswith("Y")


def lines_wanted(city: EmtCity, stop: Stop, text: str | None) -> Sequence[Line]:
    """The lines at a stop that a request names, all without a name. Raises `NoArrivals`."""
    serving = city.network.lines_of_stop[stop.stop_id]
    if text is None:
        return [city.network.line[line_id] for line_id in serving]
    found = [line for line in city.numbering.lines(city.network, text) if line.line_id in serving]
    if not found:
        raise NoArrivals("No such line comes to this stop")
    return found


def arrivals_body(
    city: EmtCity, outlook: Outlook, stop: Stop, lines: Sequence[Line], wish: ArrivalsWish, incidents: Body
) -> Body:
    """The answer's data. May raise `StoreError`."""
    found = arrivals(outlook, lines, stop_id=stop.stop_id) if wish.with_estimates else ()
    return {
        "Arrive": [arrival_body(city, each, stop, outlook.now) for each in next_buses(found)],
        "StopInfo": [stop_info(city, stop)] if wish.with_stop else [],
        "ExtraInfo": [],
        "Incident": incidents,
    }


def next_buses(found: Sequence[Arrival]) -> Iterator[Arrival]:
    """The first buses of each line and direction that people can board, in the order in which they come."""
    seen: Counter[tuple[str, int]] = Counter()
    for arrival in found:
        key = arrival.line.line_id, arrival.pattern.direction
        if arrival.boards and seen[key] < BUSES_OF_A_LINE:
            seen[key] += 1
            yield arrival


def arrival_body(city: EmtCity, arrival: Arrival, stop: Stop, now: datetime) -> Body:
    """A bus that comes. `deviation` are the seconds that it is late, 0 on a line without a timetable."""
    position, expected = arrival.position, expected_time(arrival)
    late_s = 0 if arrival.planned is None else round((expected - arrival.planned).total_seconds())
    latest = LATEST_OF_NIGHT_LINES if arrival.line.night else LATEST
    wait_s = round((expected - now).total_seconds())
    return {
        "line": city.numbering.of_line[arrival.line.line_id].label,
        "stop": str(city.numbering.of_stop[stop.stop_id]),
        "isHead": "False" if arrival.has_departed else "True",
        "destination": terminus(city.network, arrival.pattern),
        "deviation": late_s,
        "bus": city.numbering.of_bus.get(position.bus_id, 0),
        "geometry": point(position.longitude, position.latitude),
        "estimateArrive": wait_s if expected - now <= latest else NO_ESTIMATE_S,
        "DistanceBus": round(arrival.distance_m),
        "positionTypeBus": "0",
    }


def stop_info(city: EmtCity, stop: Stop) -> Body:
    """The stop itself."""
    return {
        "lines": [line_at_stop(city, at, stop) for at in lines_at(city, stop)],
        "stopId": str(city.numbering.of_stop[stop.stop_id]),
        "stopName": stop.name,
        "geometry": point(stop.longitude, stop.latitude),
        "Direction": stop.name,
    }
