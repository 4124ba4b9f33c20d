"""Queries for records of the streams, the same for every transport.

`time` None means the latest record. Records later than simulated `now`, which the store may hold after the
clock was moved back, are never returned. All raise `UnknownEntity` for an id that isn't in the network,
`NoData` if the store has no record (a range is empty instead), and `StoreError` as the store does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.errors import BadRequest, NoData, UnknownEntity, clipped
from simulator.network import Line, Network
from storage.schema import BusPosition, PeopleCount, Record, SensorReading, Stream
from storage.store import Page, Reader

LINE_REACH = timedelta(minutes=5)
"""A bus whose newest position is older than this is left out of its line's buses."""

AnyRecord = TypeVar("AnyRecord", bound=Record)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class EntityStream:
    """The records of one stop, bus or line (`kind`) in a stream.

    `by` is the column of its ids, None if that is the stream's own entity.
    """

    stream: Stream
    kind: str
    entity_id: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class RangeRequest:
    """A page of the records in [start, end): at most `limit`, beginning where `cursor` points."""

    start: datetime
    end: datetime
    limit: int
    cursor: str | None


def people_count(
    store: Reader, network: Network, *, stop_id: str, time: datetime | None, now: datetime
) -> PeopleCount:
    """Return the number of people waiting at a stop."""
    check_stop(network, stop_id)
    found = _newest(store, Stream.PEOPLE_COUNT, stop_id, time, now)
    return _checked(found, PeopleCount, f"stop {stop_id}")


def sensors(
    store: Reader,
    network: Network,
    *,
    entity_type: str,
    entity_id: str,
    time: datetime | None,
    now: datetime,
) -> SensorReading:
    """Return the sensor reading of a bus or a stop (`entity_type`)."""
    known = network.stop if entity_type == "stop" else network.line_of_bus
    _check_known(entity_type.capitalize(), entity_id, entity_id in known)
    found = _newest(store, Stream.SENSOR_DATA, entity_id, time, now)
    return _checked(found, SensorReading, f"{entity_type} {entity_id}")


def bus_position(
    store: Reader, network: Network, *, bus_id: str, time: datetime | None, now: datetime
) -> BusPosition:
    """Return a bus's position."""
    _check_known("Bus", bus_id, bus_id in network.line_of_bus)
    found = _newest(store, Stream.BUS_POSITION, bus_id, time, now)
    return _checked(found, BusPosition, f"bus {bus_id}")


def line_positions(store: Reader, network: Network, *, line_id: str, now: datetime) -> Sequence[BusPosition]:
    """Return the newest position, at most `LINE_REACH` old, of each bus of a line, by bus id."""
    _check_known("Line", line_id, line_id in network.line)
    positions = store.latest_of_line(line_id, since=now - LINE_REACH, now=now)
    if not positions:
        raise NoData(f"No buses found for line {line_id}")
    return positions


def records(
    store: Reader, network: Network, *, of: EntityStream, wanted: RangeRequest, now: datetime
) -> Page:
    """Return a page of records in ascending order. Raises `BadRequest` for a cursor of another range."""
    check_entity(network, of.kind, of.entity_id)
    start, end, limit, cursor = wanted.start, wanted.end, wanted.limit, wanted.cursor
    try:
        page = store.range(
            of.stream, of.entity_id, start=start, end=end, limit=limit, cursor=cursor, by=of.by
        )
    except ValueError as error:
        raise BadRequest("Invalid cursor") from error
    return until(page, now)


def until(page: Page, now: datetime) -> Page:
    """Cut a page at `now`. The range itself can't be cut, since its cursors are bound to its end."""
    if not page.records or page.records[-1].time <= now:
        return page
    return Page([record for record in page.records if record.time <= now], None)


def known_line(network: Network, line_id: str) -> Line:
    """Return a line. Raises `UnknownEntity` unless it exists."""
    _check_known("Line", line_id, line_id in network.line)
    return network.line[line_id]


def check_entity(network: Network, kind: str, entity_id: str) -> None:
    """Raise `UnknownEntity` unless the stop, bus or line (`kind`) exists."""
    known = {"stop": network.stop, "bus": network.line_of_bus, "line": network.line}[kind]
    _check_known(kind.capitalize(), entity_id, entity_id in known)


def check_stop(network: Network, stop_id: str) -> None:
    """Raise `UnknownEntity` unless the stop exists."""
    _check_known("Stop", stop_id, stop_id in network.stop)


def page_by_name(
    items: Sequence[Item], name: Callable[[Item], str], *, limit: int, after: str | None
) -> tuple[Sequence[Item], str | None]:
    """Return at most `limit` items by name, after the name `after`; and the last name if more follow."""
    rest = sorted((item for item in items if after is None or name(item) > after), key=name)
    return rest[:limit], name(rest[limit - 1]) if len(rest) > limit else None


def _check_known(kind: str, entity_id: str, is_known: bool) -> None:
    if not is_known:
        raise UnknownEntity(f"{kind} {clipped(entity_id)} not found")


def _newest(store: Reader, stream: Stream, key: str, time: datetime | None, now: datetime) -> Record | None:
    return store.latest(stream, key, now=now) if time is None else store.at(stream, key, time=min(time, now))


def _checked(found: Record | None, kind: type[AnyRecord], entity: str) -> AnyRecord:
    if found is None:
        raise NoData(f"No data found for {entity}")
    if not isinstance(found, kind):
        raise TypeError(f"the store gave a {type(found).__name__} for a {kind.__name__}")
    return found
