"""The four streams: their columns, keys and records.

Every backend derives its tables from these definitions, and `storage.arrow_schema` the Arrow schemas. Lambda
functions import this module, so that it imports neither NumPy nor Arrow nor DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["id", "text", "int", "float", "bool", "time"]


class Stream(StrEnum):
    """The name of a stream, and of its table in every backend."""

    PEOPLE_COUNT = "people_count"
    SENSOR_DATA = "sensor_data"
    BUS_POSITION = "bus_position"
    STOP_VISIT = "stop_visit"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `decimals` is the number of decimals to which its floats are rounded, half to even."""

    name: str
    kind: Kind
    decimals: int = 0
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class StreamSchema:
    """The schema of a stream, whose rows are identified and ordered by (time, *key).

    `key` names the columns that identify an entity (Timestream's dimensions), `entity` the one of them that
    queries select by. `cadence_s` is the time between an entity's records in seconds, None for events.
    """

    stream: Stream
    key: tuple[str, ...]
    entity: str
    cadence_s: int | None
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns in table order; `time` is the first."""
        return tuple(column.name for column in self.columns)


TIME = Column("time", "time")

SCHEMAS: dict[Stream, StreamSchema] = {
    Stream.PEOPLE_COUNT: StreamSchema(
        Stream.PEOPLE_COUNT,
        key=("stop_id", "line_ids"),
        entity="stop_id",
        cadence_s=60,
        columns=(
            TIME,
            Column("stop_id", "id"),
            Column("line_ids", "id"),
            Column("count", "int"),
            Column("arrived", "int"),
            Column("boarded", "int"),
            Column("left", "int"),
        ),
    ),
    Stream.SENSOR_DATA: StreamSchema(
        Stream.SENSOR_DATA,
        key=("entity_id", "entity_type"),
        entity="entity_id",
        cadence_s=60,
        columns=(
            TIME,
            Column("entity_id", "id"),
            Column("entity_type", "id"),
            Column("temperature", "float", decimals=2),
            Column("humidity", "float", decimals=1),
            Column("co2_level", "int", nullable=True),
            Column("door_status", "id", nullable=True),
        ),
    ),
    Stream.BUS_POSITION: StreamSchema(
        Stream.BUS_POSITION,
        key=("bus_id", "line_id"),
        entity="bus_id",
        cadence_s=30,
        columns=(
            TIME,
            Column("bus_id", "id"),
            Column("line_id", "id"),
            Column("latitude", "float", decimals=6),
            Column("longitude", "float", decimals=6),
            Column("passenger_count", "int"),
            Column("next_stop_id", "id"),
            Column("distance_to_next_stop", "float", decimals=1),
            Column("speed", "float", decimals=1),
            Column("direction", "int"),
            Column("trip_id", "id"),
        ),
    ),
    Stream.STOP_VISIT: StreamSchema(
        Stream.STOP_VISIT,
        key=("bus_id", "line_id", "stop_id"),
        entity="bus_id",
        cadence_s=None,
        columns=(
            TIME,
            Column("bus_id", "id"),
            Column("line_id", "id"),
            Column("stop_id", "id"),
            Column("trip_id", "id"),
            Column("sequence", "int"),
            Column("direction", "int"),
            Column("arrival_time", "time"),
            Column("doors_open", "bool"),
            Column("boarding", "int"),
            Column("alighting", "int"),
            Column("left_behind", "int"),
            Column("passenger_count", "int"),
            Column("waiting", "int"),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """The people waiting at a stop at `time`, and those who arrived, boarded or left in the 60 s before."""

    time: datetime
    stop_id: str
    line_ids: str
    count: int
    arrived: int
    boarded: int
    left: int


@dataclass(frozen=True, slots=True)
class SensorReading:
    """The sensors of a bus or stop, in °C, % and ppm. A stop has neither `co2_level` nor `door_status`."""

    time: datetime
    entity_id: str
    entity_type: str
    temperature: float
    humidity: float
    co2_level: int | None
    door_status: str | None


@dataclass(frozen=True, slots=True)
class BusPosition:
    """The position of a bus: WGS84 degrees, metres along the route to the next stop, km/h."""

    time: datetime
    bus_id: str
    line_id: str
    latitude: float
    longitude: float
    passenger_count: int
    next_stop_id: str
    distance_to_next_stop: float
    speed: float
    direction: int
    trip_id: str


@dataclass(frozen=True, slots=True)
class StopVisit:
    """A bus's visit to a stop of its pattern; it may pass without stopping. `time` is the departure."""

    time: datetime
    bus_id: str
    line_id: str
    stop_id: str
    trip_id: str
    sequence: int
    direction: int
    arrival_time: datetime
    doors_open: bool
    boarding: int
    alighting: int
    left_behind: int
    passenger_count: int
    waiting: int


Record: TypeAlias = PeopleCount | SensorReading | BusPosition | StopVisit
Cell: TypeAlias = str | int | float | bool | datetime | None
"""The value of a column in a record."""

RECORD_TYPES: dict[Stream, type[Record]] = {
    Stream.PEOPLE_COUNT: PeopleCount,
    Stream.SENSOR_DATA: SensorReading,
    Stream.BUS_POSITION: BusPosition,
    Stream.STOP_VISIT: StopVisit,
}


def make_record(stream: Stream, cells: Iterable[Cell]) -> Record:
    """Return a record of `stream`; `cells` are the values of its columns in table order."""
    make: Callable[..., Record] = RECORD_TYPES[stream]
    return make(*cells)
