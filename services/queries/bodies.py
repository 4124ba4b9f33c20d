"""JSON bodies of responses: pydantic models for OpenAPI, and functions that fill them.

A body is made directly from a record without validating it, since the record's types are already checked. A
test compares each function with its model.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from services.errors import MethodNotAllowed, ServiceError
from services.feeders.feeder import FeederStatus
from services.settings import GREATEST_SPEED
from services.times import format_instant
from simulator.clock import Clock
from storage.schema import BusPosition, PeopleCount, Record, SensorReading
from storage.store import Covered, Run

Body: TypeAlias = dict[str, Any]


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PeopleCountBody(_Exact):
    """People waiting at a stop; `line_ids` are the lines that serve it, as "L1,L2"."""

    stop_id: str
    time: str
    count: int
    line_ids: str


class StopSensorsBody(_Exact):
    """A stop's sensors: °C and %."""

    entity_id: str
    entity_type: str
    time: str
    temperature: float
    humidity: float


class BusSensorsBody(StopSensorsBody):
    """A bus's sensors: °C, %, ppm, and `open` or `closed`."""

    co2_level: int
    door_status: Literal["open", "closed"]


class BusPositionBody(_Exact):
    """A bus's position: WGS84, metres along the route to the next stop, km/h, 0 outbound or 1 inbound."""

    bus_id: str
    line_id: str
    time: str
    latitude: float
    longitude: float
    passenger_count: int
    next_stop_id: str
    distance_to_next_stop: float
    speed: float
    direction: Literal[0, 1]


class PeopleCountPage(_Exact):
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[PeopleCountBody]
    next_cursor: str | None


class SensorsPage(_Exact):
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[BusSensorsBody] | list[StopSensorsBody]
    next_cursor: str | None


class BusPositionPage(_Exact):
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[BusPositionBody]
    next_cursor: str | None


class LineBody(_Exact):
    """The newest position of each of a line's buses."""

    line_id: str
    buses: list[BusPositionBody]


class ErrorBody(_Exact):
    """The body of every error."""

    error: str
    message: str


class RunBody(_Exact):
    """The inputs that determine every byte of the data."""

    run_id: str
    seed: int
    network_digest: str
    scenario_digest: str
    model_version: str


class FeederBody(_Exact):
    """A feeder's last tick, and how many simulated seconds of data are due but not yet written."""

    name: str
    last_tick: str
    lag_s: float
    state: Literal["running", "waiting for the store", "stopped"]


class StretchBody(_Exact):
    """An interval [start, end) in which a stream is complete."""

    start: str
    end: str
    run_id: str


class StreamBody(_Exact):
    """The number of rows of a stream in the store, and the intervals in which it is complete."""

    rows: int
    coverage: list[StretchBody]


class ClockBody(_Exact):
    """Simulated time, and simulated seconds per wall second (`max`: as fast as possible; 0: paused)."""

    now: str
    rate: float | Literal["max"]
    paused: bool


class RateChange(_Exact):
    """Run at another rate, even if the clock was paused: simulated seconds per wall second, or `max`."""

    rate: Annotated[float, Field(gt=0, le=GREATEST_SPEED)] | Literal["max"]


class PauseChange(_Exact):
    """Pause the clock, or run on at the rate before the pause."""

    pause: bool


class StepChange(_Exact):
    """Pause the clock and advance it by at most a day: seconds, or text such as `30s`, `15m`, `2h`, `1d`."""

    step: Annotated[float, Field(gt=0, le=86_400)] | Annotated[str, Field(pattern="^[0-9]{1,9}[smhdw]$")]


class JumpChange(_Exact):
    """Move the clock to an instant (ISO 8601, UTC without an offset), forward or back, at the same rate."""

    jump: str


class HealthBody(_Exact):
    """`healthy`; `degraded` if a feeder lags or has stopped; `unavailable` if the store can't be reached."""

    status: Literal["healthy", "degraded", "unavailable"]
    version: str
    clock: ClockBody
    run: RunBody
    feeders: list[FeederBody]
    streams: dict[str, StreamBody]


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


def bus_position_body(record: BusPosition) -> Body:
    """A `BusPositionBody`."""
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
    }


def record_body(record: Record) -> Body:
    """The body of a count, a sensor reading or a position."""
    match record:
        case PeopleCount():
            return people_count_body(record)
        case SensorReading():
            return sensors_body(record)
        case BusPosition():
            return bus_position_body(record)
    raise TypeError(f"no body for a {type(record).__name__}")


def bus_position_text(record: BusPosition) -> str:
    """A `BusPositionBody` as JSON text, serialised once for all live clients."""
    return json.dumps(bus_position_body(record), ensure_ascii=False, separators=(",", ":"))


def line_body(line_id: str, records: Sequence[BusPosition]) -> Body:
    """A `LineBody`."""
    return {"line_id": line_id, "buses": [bus_position_body(record) for record in records]}


def page_body(items: Sequence[Body], next_cursor: str | None) -> Body:
    """A page of bodies."""
    return {"items": list(items), "next_cursor": next_cursor}


def run_body(run: Run) -> Body:
    """A `RunBody`."""
    return {"run_id": run.run_id, **asdict(run)}


def feeder_body(status: FeederStatus) -> Body:
    """A `FeederBody`."""
    return {
        "name": status.name,
        "last_tick": format_instant(status.last_tick),
        "lag_s": status.lag.total_seconds(),
        "state": status.state,
    }


def stream_body(rows: int, coverage: Sequence[Covered]) -> Body:
    """A `StreamBody`."""
    stretches = [
        {"start": format_instant(held.start), "end": format_instant(held.end), "run_id": held.run.run_id}
        for held in coverage
    ]
    return {"rows": rows, "coverage": stretches}


def clock_body(clock: Clock) -> Body:
    """A `ClockBody`."""
    rate = clock.rate
    return {
        "now": format_instant(clock.now()),
        "rate": "max" if math.isinf(rate) else rate,
        "paused": rate == 0,
    }


def describe_error(error: ServiceError) -> ErrorDescription:
    """Return the status, body and headers for an error."""
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    return ErrorDescription(error.status, dict(error.body), headers)
