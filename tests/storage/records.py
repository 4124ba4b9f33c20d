"""Records with default values, for tests about one or two columns, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from services.times import floor
from simulator.clock import Clock
from storage.arrow_schema import arrow_schema
from storage.schema import (
    SCHEMAS,
    BusPosition,
    PeopleCount,
    Record,
    SensorReading,
    StopVisit,
    Stream,
)
from storage.store import Run
from tests.environment import aws_confirmed

HOUR = timedelta(hours=1)
NOON = floor(Clock().now(), HOUR) - 8 * HOUR if aws_confirmed() else datetime(2026, 3, 2, 12, tzinfo=UTC)
"""Noon of a Monday; for tests at AWS eight hours ago, since it rejects records far from wall time."""
RUN = Run(seed=1, network_digest="a" * 64, scenario_digest="", model_version="1")
OTHER_RUN = Run(seed=2, network_digest="b" * 64, scenario_digest="c" * 64, model_version="1")


def after(seconds: float = 0, *, minutes: float = 0, hours: float = 0) -> datetime:
    """The instant so long after `NOON`."""
    return NOON + timedelta(seconds=seconds, minutes=minutes, hours=hours)


def count(time: datetime, stop_id: str = "S001", *, people: int = 0, line_ids: str = "L1,L2") -> PeopleCount:
    return PeopleCount(time, stop_id, line_ids, people, 0, 0, 0)


def reading(time: datetime, entity_id: str = "B001", *, temperature: float = 20.5) -> SensorReading:
    if entity_id.startswith("S"):
        return SensorReading(time, entity_id, "stop", temperature, 40.0, None, None)
    return SensorReading(time, entity_id, "bus", temperature, 40.0, 600, "closed")


def position(
    time: datetime, bus_id: str = "B001", *, line_id: str = "L1", passengers: int = 0
) -> BusPosition:
    return BusPosition(
        time, bus_id, line_id, 40.4169, -3.7035, passengers, "S002", 120.5, 18.3, 0, f"{line_id}-1"
    )


def visit(time: datetime, bus_id: str = "B001", *, stop_id: str = "S001", boarding: int = 0) -> StopVisit:
    arrival = time - timedelta(milliseconds=12_345)
    return StopVisit(time, bus_id, "L1", stop_id, "L1-1", 1, 0, arrival, True, boarding, 0, 0, boarding, 0)


def any_record(stream: Stream, time: datetime, number: int = 1, value: int = 0) -> Record:
    """A record of a stream: of the entity with this number, and with `value` in one of its columns."""
    match stream:
        case Stream.PEOPLE_COUNT:
            return count(time, f"S{number:03}", people=value)
        case Stream.SENSOR_DATA:
            return reading(time, f"{'BS'[number % 2]}{number:03}", temperature=float(value))
        case Stream.BUS_POSITION:
            return position(time, f"B{number:03}", passengers=value, line_id=f"L{number % 2 + 1}")
        case Stream.STOP_VISIT:
            return visit(time, f"B{number:03}", boarding=value)


def entity(record: Record) -> str:
    """The id of the entity that a record belongs to."""
    return str(getattr(record, SCHEMAS[stream_of(record)].entity))


def stream_of(record: Record) -> Stream:
    match record:
        case PeopleCount():
            return Stream.PEOPLE_COUNT
        case SensorReading():
            return Stream.SENSOR_DATA
        case BusPosition():
            return Stream.BUS_POSITION
        case StopVisit():
            return Stream.STOP_VISIT


def order(record: Record) -> tuple[datetime | str, ...]:
    """The sort key of a record in its stream: (time, *key)."""
    return (record.time, *(getattr(record, name) for name in SCHEMAS[stream_of(record)].key))


def table(stream: Stream, records: Sequence[Record]) -> pa.Table:
    """A batch of records, sorted in the stream's order."""
    ordered = sorted(records, key=order)
    columns = {name: [getattr(record, name) for record in ordered] for name in SCHEMAS[stream].names}
    return pa.Table.from_pydict(columns, schema=arrow_schema(stream))


def positions(seconds: Sequence[int], *, buses: int) -> pa.Table:
    """A batch of every bus's position at these seconds after noon; `passenger_count` equals the seconds."""
    one = table(Stream.BUS_POSITION, [position(NOON, f"B{number:04}") for number in range(buses)])
    return pa.concat_tables(_moved(one, second) for second in seconds)


def visits(seconds: Sequence[int], *, buses: int) -> pa.Table:
    """A batch of a visit of every bus at these seconds after noon."""
    one = table(Stream.STOP_VISIT, [visit(NOON, f"B{number:04}") for number in range(buses)])
    return pa.concat_tables(_moved(one, second) for second in seconds)


def _moved(batch: pa.Table, seconds: int) -> pa.Table:
    place = batch.schema.get_field_index("passenger_count")
    times = pa.repeat(pa.scalar(after(seconds), batch.schema.field("time").type), len(batch))
    loads = pa.repeat(pa.scalar(seconds, pa.int64()), len(batch))
    moved = batch.set_column(0, batch.schema.field(0), times)
    return moved.set_column(place, batch.schema.field(place), loads)
