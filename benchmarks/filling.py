"""Simulating and storing against raw ingest: the whole network's weekday, the shipped network's month."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks import sumo
from benchmarks.figures import Figure, Unmeasured
from services.feeders.backfill import fill, plan
from simulator.city import City
from simulator.day.line_day import MODEL_VERSION
from simulator.load_network import load_network
from simulator.network import Network
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Run
from tests.environment import feeds_folder
from tests.synthetic import synthetic_network

FEED = "emt-madrid-gtfs.zip"
SHIPPED = Path(__file__).parent.parent / "data" / "lines.yaml"
WEDNESDAY = datetime(2026, 11, 18, 3, tzinfo=UTC)
OLDER_ROWS_PER_S = 90_000
"""Records per second of an older simulator of nine lines, whose streams contradict one another."""


def measure() -> Iterator[Figure | Unmeasured]:
    """Rows 1 and 2 of the speed table, and the month that `backfill --days 30` makes."""
    whole, shipped, jobs = whole_network(), load_network(SHIPPED), os.cpu_count() or 1
    seconds, raw_s, rows = filled(whole, timedelta(days=1), jobs=jobs)
    yield Figure(
        "a weekday of the whole network, simulated and stored",
        seconds, "s", "raw ingest of the same rows", raw_s, "at most", 4,
        f"{whole.name}: {len(whole.lines)} lines, {len(whole.line_of_bus):,} buses, "
        f"{len(whole.stops):,} stops, "
        f"{rows / 1e6:.1f} M rows; {peak_gb():.1f} GB at most in the main process",
    )  # fmt: skip
    yield sumo.beside(seconds, whole, WEDNESDAY.date(), jobs=jobs)
    seconds, raw_s, rows = filled(shipped, timedelta(days=30), jobs=1)
    what = f"{len(shipped.lines)} lines, 30 days, {rows / 1e6:.1f} M rows"
    yield Figure(
        "the shipped network, simulated and stored",
        rows / seconds / 1e3, "k rows/s", "an older simulator, generating alone", OLDER_ROWS_PER_S / 1e3,
        "at least", 5, what,
    )  # fmt: skip
    yield Figure(
        "backfill of 30 days of the shipped network",
        seconds, "s", "raw ingest of the same rows", raw_s, "at most", 4, what,
    )  # fmt: skip


def whole_network() -> Network:
    """Madrid's network if the test feeds have it, else a synthetic one of its size."""
    folder = feeds_folder()
    if folder is None or not (folder / FEED).exists():
        return synthetic_network()
    return load_network(folder / FEED)


def filled(network: Network, span: timedelta, *, jobs: int) -> tuple[float, float, int]:
    """Seconds to simulate and store `span` of a network, seconds to ingest its rows alone, number of rows."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(1, network.digest, "", MODEL_VERSION)
        began = time.perf_counter()
        with closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store:
            with closing(City(network, jobs=jobs)) as city:
                windows = plan(store, WEDNESDAY, WEDNESDAY + span, newest_first=False)
                rows = sum(done.rows for done in fill(windows, model=city, store=store, run=run))
            seconds = time.perf_counter() - began
            raw_s = ingested(store, WEDNESDAY, WEDNESDAY + span, Path(folder) / "raw.duckdb")
        return seconds, raw_s, rows


def ingested(store: DuckDBStore, start: datetime, end: datetime, path: Path) -> float:
    """Seconds that plain DuckDB takes to insert the rows of `store`, an hour of a stream at a time."""
    total = 0.0
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for stream in Stream:
            for number, batch in enumerate(store.scan(stream, start=start, end=end)):
                total += timed_insert(connection, stream, batch, create=number == 0)
    return total


def timed_insert(
    connection: duckdb.DuckDBPyConnection, stream: Stream, batch: pa.Table, *, create: bool
) -> float:
    """Seconds to insert one batch in its own transaction."""
    connection.register("batch", batch)
    began = time.perf_counter()
    how = f"CREATE TABLE {stream} AS" if create else f"INSERT INTO {stream}"
    connection.execute(f"{how} SELECT * FROM batch")
    seconds = time.perf_counter() - began
    connection.unregister("batch")
    return seconds


def peak_gb() -> float:
    """The peak memory of this process, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
