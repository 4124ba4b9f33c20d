"""All entities of a kind at a tick, or over a range of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.errors import BadRequest, NoData
from services.queries.filters import Filters, check_filters, matching, range_selection
from services.queries.stream_queries import RangeRequest, until
from simulator.network import Network
from storage.schema import SCHEMAS, Record, SensorReading, Stream
from storage.store import Page, Reader, Selection


@dataclass(frozen=True, slots=True)
class Entities:
    """All stops or all buses in a stream with a cadence."""

    stream: Stream
    kind: Literal["stop", "bus"]

    @property
    def cadence(self) -> timedelta:
        """The time between ticks."""
        return timedelta(seconds=SCHEMAS[self.stream].cadence_s or 0)

    @property
    def have_sensors(self) -> bool:
        """Whether the records are sensor readings, of which a stream has those of stops and of buses."""
        return self.stream is Stream.SENSOR_DATA


@dataclass(frozen=True, slots=True)
class Tick:
    """The records of all entities at a time, by id."""

    of: Entities
    time: datetime
    records: Sequence[Record]


def tick_time(store: Reader, of: Entities, *, time: datetime | None, now: datetime) -> datetime:
    """The newest complete tick at or before `time`, None for now. Raises `NoData` if there is none."""
    found = store.tick(of.stream, time=now if time is None else min(time, now))
    if found is None:
        raise NoData(f"No data found for any {of.kind}")
    return found


def read_tick(store: Reader, of: Entities, time: datetime) -> Tick:
    """Read the records of all entities at a tick."""
    found = store.records_at(of.stream, time)
    if of.have_sensors:
        found = [each for each in found if isinstance(each, SensorReading) and each.entity_type == of.kind]
    return Tick(of, time, found)


def places(store: Reader, network: Network, tick: Tick, filters: Filters) -> Sequence[int]:
    """The places in `tick.records` of the entities that satisfy the filters. Raises `UnknownEntity`."""
    check_filters(filters, network)

    def positions() -> Sequence[Record]:
        return store.records_at(Stream.BUS_POSITION, tick.time)

    return matching(tick.records, filters, network, positions)


def selection_of(network: Network, of: Entities, filters: Filters) -> Selection | None:
    """The records of a range that satisfy the filters, None if none can. Raises `BadRequest`."""
    return range_selection(filters, network, kind=of.kind, sensors=of.have_sensors)


def records_of_many(
    store: Reader, of: Entities, selection: Selection | None, *, wanted: RangeRequest, now: datetime
) -> Page:
    """Return a page of records of many entities by time and id. Raises `BadRequest` for a wrong cursor."""
    if selection is None:
        return Page((), None)
    start, end, limit, cursor = wanted.start, wanted.end, wanted.limit, wanted.cursor
    try:
        page = store.range_of(of.stream, selection, start=start, end=end, limit=limit, cursor=cursor)
    except ValueError as error:
        raise BadRequest("Invalid cursor") from error
    return until(page, now)
