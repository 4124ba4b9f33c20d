"""Snapshots for new subscribers, read from a store. Lambda functions import this: it imports no Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from services.errors import NoData
from services.queries import stream_queries
from simulator.network import Network
from storage.schema import BusPosition, Record, Stream
from storage.store import Store


def current_positions(
    store: Store, network: Network, line_ids: Iterable[str], now: Callable[[], datetime]
) -> list[BusPosition]:
    """Return the latest position of each bus of some lines. May raise StoreError."""
    positions: list[BusPosition] = []
    for line_id in line_ids:
        try:
            positions += stream_queries.line_positions(store, network, line_id=line_id, now=now())
        except NoData:
            continue
    return positions


def current_records(
    store: Store, network: Network, stream: Stream, line_ids: Iterable[str], now: Callable[[], datetime]
) -> Sequence[Record]:
    """Return the latest record of each entity of some lines; none of visits, which are events.

    May raise StoreError.
    """
    match stream:
        case Stream.BUS_POSITION:
            return current_positions(store, network, line_ids, now)
        case Stream.STOP_VISIT:
            return ()
    lines = [network.line[line_id] for line_id in line_ids]
    ids = {str(stop_id) for line in lines for stop_id in line.stop_ids}
    if stream is Stream.SENSOR_DATA:
        ids |= {str(bus.bus_id) for line in lines for bus in line.buses}
    found = (store.latest(stream, name, now=now()) for name in sorted(ids))
    return [record for record in found if record is not None]
