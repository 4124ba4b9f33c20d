"""JSON bodies of arrivals, timetables and trips: pydantic models for OpenAPI, functions that fill them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from services.queries.bodies import (
    Body,
    BusPositionBody,
    ExactModel,
    Instant,
    StopVisitBody,
    bus_position_body,
    stop_visit_body,
)
from services.queries.network_bodies import BusItem, StopItem, bus_item, stop_item
from services.times import ceiling, format_instant
from services.transit.arrivals import Arrival
from services.transit.shapes import colour_of
from services.transit.timetable import departures, instant_of
from services.transit.trips import Trip, TripStop
from simulator.network import Bus, Line, Network, Pattern, Stop
from simulator.service_day import service_on, service_type
from storage.schema import BusPosition

if TYPE_CHECKING:
    from services.gtfs_trips.planned_days import FeedTrip

SECOND = timedelta(seconds=1)


class ArrivalBody(ExactModel):
    """A bus on its way to the stop; with 0 stops away it is the bus's next stop, or it stands there.

    `planned_time` is null on a line without a timetable. `certainty` is the probability that the bus comes
    within a minute of `expected_time`. A bus that hasn't `departed` waits at its terminal. `boarding` is
    false where nobody may get in, as where the trip ends.
    """

    line_id: str
    destination: str
    direction: Literal[0, 1]
    bus_id: str
    trip_id: str
    expected_time: Instant
    planned_time: Instant | None
    wait_s: int
    stops_away: int
    distance_m: float
    passenger_count: int
    capacity: int | None
    certainty: float
    departed: bool
    boarding: bool


class ArrivalsBody(ExactModel):
    """The next buses at a stop, by `expected_time`; `time` is the simulated time of the prediction."""

    stop_id: str
    time: Instant
    arrivals: list[ArrivalBody]


class DepartureBody(ExactModel):
    """A scheduled departure from the first stop of a pattern."""

    time: Instant
    direction: Literal[0, 1]
    pattern_id: str


class HeadwayBody(ExactModel):
    """From `start` to `end` a bus departs every `headway_s` seconds."""

    start: Instant
    end: Instant
    headway_s: int


class TimetableBody(ExactModel):
    """A line's service on a service day, `date`; times in UTC.

    With a timetable `departures` has every trip. Otherwise buses run by headway between `first_departure` and
    `last_departure` (null on a day without service): by `headways` if the network gives them, else as its
    buses allow.
    """

    line_id: str
    date: str
    day_type: Literal["weekday", "saturday", "sunday"] | None
    timezone: str
    first_departure: Instant | None
    last_departure: Instant | None
    departures: list[DepartureBody]
    headways: list[HeadwayBody]


class StopLineBody(ExactModel):
    """A line at a stop, in one direction: where it goes, and its colour."""

    line_id: str
    name: str
    direction: Literal[0, 1]
    destination: str
    night: bool
    color: str


class StopBody(StopItem):
    """A stop with the lines that serve it."""

    lines: list[StopLineBody]


class BusBody(BusItem):
    """A bus, the name of its line, and its newest position, null if none is stored."""

    line_name: str
    position: BusPositionBody | None


class TripStopBody(ExactModel):
    """A stop of a trip: `visit` if the bus has been there, else `expected_time`; null where it won't stop."""

    stop_id: str
    sequence: int
    planned_time: Instant | None = None
    expected_time: Instant | None = None
    visit: StopVisitBody | None = None


class TripBody(ExactModel):
    """A trip with its stops. `status` is `waiting` before its departure, `running`, or `ended`.

    `gtfs_trip_id` and `start_date` (`YYYYMMDD`) are its ids in the GTFS feeds, null before it has left its
    first stop and for one that isn't planned there.
    """

    trip_id: str
    gtfs_trip_id: str | None
    start_date: str | None
    line_id: str
    direction: Literal[0, 1]
    service_date: str
    bus_id: str
    status: Literal["waiting", "running", "ended"]
    stops: list[TripStopBody]


def arrivals_body(network: Network, stop_id: str, found: Sequence[Arrival], now: datetime) -> Body:
    """An `ArrivalsBody`."""
    return {
        "stop_id": stop_id,
        "time": format_instant(now),
        "arrivals": [arrival_body(network, each, now) for each in found],
    }


def expected_time(arrival: Arrival) -> datetime:
    """When a bus is expected, as a whole second."""
    return ceiling(arrival.expected, SECOND)


def arrival_body(network: Network, arrival: Arrival, now: datetime) -> Body:
    """An `ArrivalBody`. The expected time is a whole second."""
    position, bus = arrival.position, network.bus.get(arrival.position.bus_id)
    expected = expected_time(arrival)
    return {
        "line_id": arrival.line.line_id,
        "destination": network.stop[arrival.pattern.stops[-1].stop_id].name,
        "direction": arrival.pattern.direction,
        "bus_id": position.bus_id,
        "trip_id": position.trip_id,
        "expected_time": format_instant(expected),
        "planned_time": _instant_or_none(arrival.planned),
        "wait_s": round((expected - now).total_seconds()),
        "stops_away": arrival.stops_away,
        "distance_m": arrival.distance_m,
        "passenger_count": position.passenger_count,
        "capacity": None if bus is None else bus.capacity,
        "certainty": arrival.certainty,
        "departed": arrival.has_departed,
        "boarding": arrival.boards,
    }


def timetable_body(line: Line, day: date) -> Body:
    """A `TimetableBody`."""
    service, patterns = service_on(line, day), {p.pattern_id: p for p in line.patterns}

    def at(second: float) -> str:
        return format_instant(instant_of(line, day, second))

    return {
        "line_id": line.line_id,
        "date": day.isoformat(),
        "day_type": service_type(line, day),
        "timezone": line.timezone,
        "first_departure": None if service is None else at(service.start_s),
        "last_departure": None if service is None else at(service.end_s),
        "departures": [
            {
                "time": at(each.time_s),
                "direction": patterns[each.pattern_id].direction,
                "pattern_id": each.pattern_id,
            }
            for each in departures(line, day)
        ],
        "headways": [
            {"start": at(each.start_s), "end": at(each.end_s), "headway_s": each.headway_s}
            for each in (() if service is None else service.headways)
        ],
    }


def stop_body(network: Network, stop: Stop) -> Body:
    """A `StopBody`."""
    lines = [network.line[line_id] for line_id in network.lines_of_stop[stop.stop_id]]
    return {
        **stop_item(network, stop),
        "lines": [
            {
                "line_id": line.line_id,
                "name": line.name,
                "direction": direction,
                "destination": network.stop[pattern.stops[-1].stop_id].name,
                "night": line.night,
                "color": colour_of(network, line),
            }
            for line in lines
            for direction in (0, 1)
            for pattern in [p for p in line.patterns if p.direction == direction and _serves(p, stop)][:1]
        ],
    }


def _serves(pattern: Pattern, stop: Stop) -> bool:
    return any(place.stop_id == stop.stop_id for place in pattern.stops)


def bus_body(network: Network, line: Line, bus: Bus, position: BusPosition | None) -> Body:
    """A `BusBody`."""
    return {
        **bus_item(line, bus),
        "line_name": line.name,
        "position": None if position is None else bus_position_body(position, network),
    }


def trip_body(found: Trip, planned: FeedTrip | None) -> Body:
    """A `TripBody`; `planned` is the trip of the GTFS feed that it is."""
    waits = found.bus is not None and not found.bus.has_departed
    return {
        "trip_id": found.trip_id,
        "gtfs_trip_id": None if planned is None else planned.trip_id,
        "start_date": None if planned is None else f"{planned.start_date:%Y%m%d}",
        "line_id": found.line.line_id,
        "direction": found.name.direction,
        "service_date": found.name.day.isoformat(),
        "bus_id": found.bus_id,
        "status": "waiting" if waits else "ended" if found.bus is None else "running",
        "stops": [_trip_stop_body(stop) for stop in found.stops],
    }


def _trip_stop_body(stop: TripStop) -> Body:
    return {
        "stop_id": stop.stop_id,
        "sequence": stop.sequence,
        "planned_time": _instant_or_none(stop.planned),
        "expected_time": None if stop.expected is None else format_instant(ceiling(stop.expected, SECOND)),
        "visit": None if stop.visit is None else stop_visit_body(stop.visit),
    }


def _instant_or_none(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
