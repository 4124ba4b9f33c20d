"""JSON bodies of responses: pydantic models for OpenAPI, and functions that fill them.

A body is made directly from a record without validating it, since the record's types are already checked. A
test compares each function with its model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from services.errors import MethodNotAllowed, ServiceError, Unauthorized
from services.queries.bearing import bearing
from services.times import format_instant
from simulator.network import Network
from storage.schema import BusPosition, PeopleCount, Record, SensorReading, StopVisit

Body: TypeAlias = dict[str, object]

Instant: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""An instant as `format_instant` writes it."""

CHALLENGE = 'ApiKey realm="bus-simulator", headers="x-api-key x-group-name"'
"""What a 401 asks for (RFC 9110, section 11.6.1)."""


class ExactModel(BaseModel):
    """A model that allows no other fields."""

    model_config = ConfigDict(extra="forbid")


class PeopleCountBody(ExactModel):
    """People waiting at a stop; `line_ids` are the lines that serve it, as "L1,L2"."""

    stop_id: str
    time: Instant
    count: int
    line_ids: str


class StopSensorsBody(ExactModel):
    """A stop's sensors: °C and %."""

    entity_id: str
    entity_type: str
    time: Instant
    temperature: float
    humidity: float


class BusSensorsBody(StopSensorsBody):
    """A bus's sensors: °C, %, ppm, and `open` or `closed`."""

    co2_level: int
    door_status: Literal["open", "closed"]


class BusPositionBody(ExactModel):
    """A bus's position: WGS84, metres along the route to the next stop, km/h, 0 outbound or 1 inbound.

    A parked bus has an empty `trip_id` and no `bearing` (degrees clockwise from north). Both `bearing` and
    `capacity` are null for a bus that the network no longer has.
    """

    bus_id: str
    line_id: str
    time: Instant
    latitude: float
    longitude: float
    passenger_count: int
    next_stop_id: str
    distance_to_next_stop: float
    speed: float
    direction: Literal[0, 1]
    trip_id: str
    capacity: int | None
    bearing: float | None


class StopVisitBody(ExactModel):
    """A bus's visit to a stop: it left at `time`, with `passenger_count` people aboard.

    A bus that passed without stopping has `doors_open` false and zeros. `sequence` counts the stops of the
    trip from 1. `waiting` are the people who still wait for the line, `left_behind` those of them for whom
    there was no room.
    """

    bus_id: str
    line_id: str
    stop_id: str
    trip_id: str
    direction: Literal[0, 1]
    sequence: int
    arrival_time: Instant
    time: Instant
    doors_open: bool
    boarding: int
    alighting: int
    left_behind: int
    passenger_count: int
    waiting: int


class StopVisitPage(ExactModel):
    """Visits; `next_cursor` asks for the next page of a range, null at the end and without a range."""

    items: list[StopVisitBody]
    next_cursor: str | None


class PeopleCountPage(ExactModel):
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[PeopleCountBody]
    next_cursor: str | None


class SensorsPage(ExactModel):
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[BusSensorsBody | StopSensorsBody]
    next_cursor: str | None


class BusPositionPage(ExactModel):
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[BusPositionBody]
    next_cursor: str | None


class LineBody(ExactModel):
    """The newest position of each of a line's buses."""

    line_id: str
    buses: list[BusPositionBody]


class PeopleCountsBody(ExactModel):
    """The people waiting at every stop at a tick, by `stop_id`."""

    time: Instant
    items: list[PeopleCountBody]


class BusPositionsBody(ExactModel):
    """The position of every bus at a tick, by `bus_id`."""

    time: Instant
    items: list[BusPositionBody]


class BusSensorsListBody(ExactModel):
    """The sensors of every bus at a tick, by `entity_id`."""

    time: Instant
    items: list[BusSensorsBody]


class StopSensorsListBody(ExactModel):
    """The sensors of every stop at a tick, by `entity_id`."""

    time: Instant
    items: list[StopSensorsBody]


class BusSensorsPage(ExactModel):
    """A page of a range of buses; `next_cursor` asks for the next, null at the end."""

    items: list[BusSensorsBody]
    next_cursor: str | None


class StopSensorsPage(ExactModel):
    """A page of a range of stops; `next_cursor` asks for the next, null at the end."""

    items: list[StopSensorsBody]
    next_cursor: str | None


class ErrorBody(ExactModel):
    """The body of every error; a `hint` says what would work instead.

    A refused intervention has every reason as `errors`, or the `earliest` possible moment.
    """

    error: str
    message: str
    hint: str = ""
    errors: list[str] = []
    earliest: Instant | None = None


@dataclass(frozen=True, slots=True)
class ErrorDescription:
    """The status, body and headers of an error's response."""

    status: int
    body: Body
    headers: Mapping[str, str]


def people_count_body(record: PeopleCount) -> Body:
    """A `PeopleCountBody`."""
    return {
        "stop_id": record.stop_id,
        "time": format_instant(record.time),
        "count": record.count,
        "line_ids": record.line_ids,
    }


def sensors_body(record: SensorReading) -> Body:
    """A `BusSensorsBody` for a bus, a `StopSensorsBody` for a stop."""
    body = {
        "entity_id": record.entity_id,
        "entity_type": record.entity_type,
        "time": format_instant(record.time),
        "temperature": record.temperature,
        "humidity": record.humidity,
    }
    if record.entity_type == "bus":
        body |= {"co2_level": record.co2_level, "door_status": record.door_status}
    return body


def bus_position_body(record: BusPosition, network: Network) -> Body:
    """A `BusPositionBody`. Capacity and bearing are computed here: the stream doesn't have them."""
    bus, line = network.bus.get(record.bus_id), network.line.get(record.line_id)
    return {
        "bus_id": record.bus_id,
        "line_id": record.line_id,
        "time": format_instant(record.time),
        "latitude": record.latitude,
        "longitude": record.longitude,
        "passenger_count": record.passenger_count,
        "next_stop_id": record.next_stop_id,
        "distance_to_next_stop": record.distance_to_next_stop,
        "speed": record.speed,
        "direction": record.direction,
        "trip_id": record.trip_id,
        "capacity": None if bus is None else bus.capacity,
        "bearing": None if line is None else bearing(record, line),
    }


def stop_visit_body(record: StopVisit) -> Body:
    """A `StopVisitBody`."""
    return {
        "bus_id": record.bus_id,
        "line_id": record.line_id,
        "stop_id": record.stop_id,
        "trip_id": record.trip_id,
        "direction": record.direction,
        "sequence": record.sequence,
        "arrival_time": format_instant(record.arrival_time),
        "time": format_instant(record.time),
        "doors_open": record.doors_open,
        "boarding": record.boarding,
        "alighting": record.alighting,
        "left_behind": record.left_behind,
        "passenger_count": record.passenger_count,
        "waiting": record.waiting,
    }


def record_body(record: Record, network: Network) -> Body:
    """The body of a count, a sensor reading, a position or a visit."""
    match record:
        case PeopleCount():
            return people_count_body(record)
        case SensorReading():
            return sensors_body(record)
        case BusPosition():
            return bus_position_body(record, network)
        case StopVisit():
            return stop_visit_body(record)


def bus_position_text(record: BusPosition, network: Network) -> str:
    """A `BusPositionBody` as JSON text, serialised once for all live clients."""
    return json.dumps(bus_position_body(record, network), ensure_ascii=False, separators=(",", ":"))


def line_body(line_id: str, records: Sequence[BusPosition], network: Network) -> Body:
    """A `LineBody`."""
    return {"line_id": line_id, "buses": [bus_position_body(record, network) for record in records]}


def page_body(items: Sequence[Body], next_cursor: str | None) -> Body:
    """A page of bodies."""
    return {"items": list(items), "next_cursor": next_cursor}


def list_body(time: datetime, items: Sequence[Body]) -> Body:
    """The bodies of all entities at one time."""
    return {"time": format_instant(time), "items": list(items)}


def describe_error(error: ServiceError) -> ErrorDescription:
    """Return the status, body and headers for an error."""
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = CHALLENGE
    return ErrorDescription(error.status, dict(error.body), headers)
