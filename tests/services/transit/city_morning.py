"""Two lines of the shipped network that share stops, simulated over a Monday morning, in a store."""

from __future__ import annotations

import atexit
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pyarrow as pa

from simulator.city import City
from simulator.load_network import load_network
from simulator.network import Network
from storage.duckdb_store import DuckDBStore
from storage.records import records_of
from storage.schema import StopVisit, Stream
from storage.store import Store
from tests.process import SHIPPED
from tests.storage.records import RUN

LINES = ("L1", "L6")
START, END = datetime(2026, 3, 2, 6, tzinfo=UTC), datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
STREAMS = (Stream.BUS_POSITION, Stream.STOP_VISIT)


@cache
def city_network() -> Network:
    """The two lines and their stops."""
    whole = load_network(SHIPPED)
    lines = tuple(line for line in whole.lines if line.line_id in LINES)
    served = {stop_id for line in lines for stop_id in line.stop_ids}
    stops = tuple(stop for stop in whole.stops if stop.stop_id in served)
    return replace(whole, lines=lines, stops=stops)


@cache
def rows() -> dict[Stream, pa.Table]:
    """Positions and visits of the whole morning."""
    with closing(City(city_network(), seed=1)) as city:
        return city.window(START, END, STREAMS)


@cache
def all_visits() -> list[StopVisit]:
    """The visits of the whole morning: what then happened."""
    return records_of(rows()[Stream.STOP_VISIT], StopVisit)


@cache
def morning() -> Store:
    """A store with the whole morning, read only."""
    folder = tempfile.TemporaryDirectory()
    store = DuckDBStore(Path(folder.name) / "bus.duckdb")
    write(store, END)
    atexit.register(folder.cleanup)
    atexit.register(store.close)
    return store


def write(store: Store, end: datetime, start: datetime = START) -> None:
    """Write what happens in [start, end) into a store."""
    for stream in STREAMS:
        table = rows()[stream]
        times = table.column("time")
        inside = pa.compute.and_(
            pa.compute.greater_equal(times, pa.scalar(start, times.type)),
            pa.compute.less(times, pa.scalar(end, times.type)),
        )
        store.write(stream, table.filter(inside), covers=(start, end), run=RUN)
