"""The use cases, behind every transport: (store, network, what is asked, now) → record or records.

`time` None asks for the latest, at or before simulated `now`. All raise `UnknownEntity` for an id that the
network lacks, `NoData` where the store has nothing, and pass `StoreError` on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from services.errors import NoData, UnknownEntity
from simulator.network import Network
from storage.schema import BusPosition, PeopleCount, Record, SensorReading, Stream
from storage.store import Store

LINE_REACH = timedelta(minutes=5)
"""A bus whose newest position is older than this is no longer on its line's list."""

AnyRecord = TypeVar("AnyRecord", bound=Record)


def people_count(
    store: Store, network: Network, *, stop_id: str, time: datetime | None, now: datetime
) -> PeopleCount:
    """How many people wait at a stop."""
    _known("Stop", stop_id, stop_id in network.stop)
    found = _newest(store, Stream.PEOPLE_COUNT, stop_id, time, now)
    return _typed(found, PeopleCount, f"stop {stop_id}")


def sensors(
    store: Store,
    network: Network,
    *,
    entity_type: str,
    entity_id: str,
    time: datetime | None,
    now: datetime,
) -> SensorReading:
    """The sensors of a bus or a stop (`entity_type`)."""
    known = network.stop if entity_type == "stop" else network.line_of_bus
    _known(entity_type.capitalize(), entity_id, entity_id in known)
    found = _newest(store, Stream.SENSOR_DATA, entity_id, time, now)
    return _typed(found, SensorReading, f"{entity_type} {entity_id}")


def bus_position(
    store: Store, network: Network, *, bus_id: str, time: datetime | None, now: datetime
) -> BusPosition:
    """Where a bus is."""
    _known("Bus", bus_id, bus_id in network.line_of_bus)
    found = _newest(store, Stream.BUS_POSITION, bus_id, time, now)
    return _typed(found, BusPosition, f"bus {bus_id}")


def line_positions(store: Store, network: Network, *, line_id: str, now: datetime) -> Sequence[BusPosition]:
    """Where a line's buses are: the newest position of each that is not older than 5 minutes, by bus id."""
    _known("Line", line_id, line_id in network.line)
    positions = store.latest_of_line(line_id, since=now - LINE_REACH, now=now)
    if not positions:
        raise NoData(f"No buses found for line {line_id}")
    return positions


def _known(kind: str, entity_id: str, is_known: bool) -> None:
    if not is_known:
        raise UnknownEntity(f"{kind} {entity_id} not found")


def _newest(store: Store, stream: Stream, key: str, time: datetime | None, now: datetime) -> Record | None:
    return store.latest(stream, key, now=now) if time is None else store.at(stream, key, time=time)


def _typed(found: Record | None, kind: type[AnyRecord], entity: str) -> AnyRecord:
    if found is None:
        raise NoData(f"No data found for {entity}")
    if not isinstance(found, kind):
        raise TypeError(f"the store gave a {type(found).__name__} for a {kind.__name__}")
    return found
