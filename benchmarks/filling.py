"""Simulating and storing against raw ingest: the whole network's weekday, the shipped network's month."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks import sumo
from benchmarks.figures import Figure, Unmeasured, timed
from benchmarks.memory import greatest_memory
from services.feeders.backfill import Window, fill, plan
from services.times import format_instant
from simulator.city import City
from simulator.day.line_day import MODEL_VERSION
from simulator.load_network import load_network
from simulator.network import Network
from simulator.network_files.writer import write_network
from storage.duckdb_sql import DUCKDB_TYPES
from storage.duckdb_store import DuckDBStore
from storage.schema import SCHEMAS, Kind, Stream
from storage.store import Run
from tests.environment import feeds_folder
from tests.synthetic import synthetic_network

FEED = "emt-madrid-gtfs.zip"
SHIPPED = Path(__file__).parent.parent / "data" / "lines.yaml"
WEDNESDAY = datetime(2026, 11, 18, 3, tzinfo=UTC)
ROOT = SHIPPED.parent.parent
STORE = "bus.duckdb"
MEMORY_GB, AUDIT_S = 1.2, 25
CODES: Mapping[Kind, str] = DUCKDB_TYPES
TEXTS: Mapping[Kind, str] = DUCKDB_TYPES | {"id": "VARCHAR"}
"""The types of columns with ids as texts. All targets of ingest refer to these tables."""
OLDER_ROWS_PER_S = 90_000
"""Records per second of an older simulator of nine lines, whose streams contradict one another."""


def measure_day() -> Iterator[Figure | Unmeasured]:
    """A weekday of the whole network against raw ingest and SUMO, and its audit."""
    whole, jobs = whole_network(), os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        done = filled(whole, timedelta(days=1), Path(folder), jobs=jobs)
        yield stored_day(whole, done)
        yield audited(whole, Path(folder))
    yield sumo.beside(done.seconds, whole, WEDNESDAY.date(), jobs=jobs)


def stored_day(whole: Network, done: Filled) -> Figure:
    """The time of the stored weekday."""
    return Figure(
        "a weekday of the whole network, simulated and stored",
        done.seconds, "s", "raw ingest of the same rows into tables of texts", done.texts_s, "at most", 1.5,
        f"{whole.name}: {len(whole.lines)} lines, {len(whole.line_of_bus):,} buses, "
        f"{len(whole.stops):,} stops, {done.rows / 1e6:.1f} M rows; raw ingest into the store's own tables "
        f"{done.codes_s:.2f} s",
        row_id="day",
    )  # fmt: skip


def measure_day_memory() -> Iterator[Figure]:
    """The memory of `bus-simulator backfill` of that weekday, with all its processes."""
    feeds = feeds_folder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if feeds is not None and (feeds / FEED).exists():
            network, read = feeds / FEED, "the feed"
        else:
            network, read = folder / "network", "a network folder"
            network.mkdir()
            write_network(synthetic_network(), network)
        end = WEDNESDAY + timedelta(days=1)
        span = ("--start", format_instant(WEDNESDAY), "--end", format_instant(end))
        options = ("--store", f"duckdb:{folder / STORE}", "--network", str(network), *span)
        peak_gb = greatest_memory([sys.executable, "-m", "bus_simulator", "backfill", *options], ROOT)
    note = f"the command `backfill`, which reads {read}; greatest sum of proportional set sizes"
    yield Figure(
        "memory of that weekday, all processes together",
        peak_gb, "GB", "target", MEMORY_GB, "at most", 1, note, row_id="day-memory",
    )  # fmt: skip


def measure_month() -> Iterator[Figure]:
    """The shipped network's month that `backfill --days 30` makes."""
    shipped = load_network(SHIPPED)
    with tempfile.TemporaryDirectory() as folder:
        done = filled(shipped, timedelta(days=30), Path(folder), jobs=1)
    what = f"{len(shipped.lines)} lines, 30 days, {done.rows / 1e6:.1f} M rows"
    yield Figure(
        "the shipped network, simulated and stored",
        done.rows / done.seconds / 1e3, "k rows/s", "an older simulator, generating alone",
        OLDER_ROWS_PER_S / 1e3, "at least", 5, what, row_id="rows",
    )  # fmt: skip
    yield Figure(
        "backfill of 30 days of the shipped network",
        done.seconds, "s", "raw ingest of the same rows into tables of texts", done.texts_s, "at most", 1,
        f"{what}; raw ingest into the store's own tables {done.codes_s:.2f} s", row_id="month",
    )  # fmt: skip


def whole_network() -> Network:
    """Madrid's network if the test feeds have it, else a synthetic one of its size."""
    folder = feeds_folder()
    if folder is None or not (folder / FEED).exists():
        return synthetic_network()
    return load_network(folder / FEED)


@dataclass(frozen=True, slots=True)
class Filled:
    """A span simulated and stored: seconds, rows, and seconds to ingest its rows alone.

    `texts_s` is for tables with ids as texts, which the store had at first, `codes_s` for the store's own.
    """

    seconds: float
    rows: int
    texts_s: float
    codes_s: float


def filled(network: Network, span: timedelta, folder: Path, *, jobs: int) -> Filled:
    """Simulate and store `span` of a network in `folder`, then ingest its rows alone."""
    run = Run(1, network.digest, "", MODEL_VERSION)
    began = time.perf_counter()
    with closing(DuckDBStore(folder / STORE)) as store:
        with closing(City(network, jobs=jobs, kept_days=0)) as city:
            windows = plan(store, WEDNESDAY, WEDNESDAY + span, newest_first=False)
            rows = sum(done.rows for done in fill(windows, model=city, store=store, run=run))
        seconds = time.perf_counter() - began
        texts_s = ingested(store, windows, folder / "texts.duckdb", TEXTS)
        codes_s = ingested(store, windows, folder / "codes.duckdb", CODES)
    return Filled(seconds, rows, texts_s, codes_s)


def ingested(store: DuckDBStore, windows: Sequence[Window], path: Path, types: Mapping[Kind, str]) -> float:
    """Seconds that plain DuckDB takes to insert the rows of `store` in the order in which it got them.

    Only the insertion and its transaction are timed, not reading, nor replacing texts by codes.
    """
    total = 0.0
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for stream, schema in SCHEMAS.items():
            columns = ", ".join(f'"{column.name}" {types[column.kind]}' for column in schema.columns)
            connection.execute(f"CREATE TABLE {stream} ({columns})")
        for window in windows:
            for stream in window.streams:
                for batch in store.scan(stream, start=window.start, end=window.end):
                    total += timed_insert(connection, stream, batch if types is TEXTS else coded(batch))
    return total


def timed_insert(connection: duckdb.DuckDBPyConnection, stream: Stream, batch: pa.Table) -> float:
    """Seconds to insert one batch in its own transaction."""
    connection.register("batch", batch)
    began = time.perf_counter()
    connection.execute(f"INSERT INTO {stream} SELECT * FROM batch")
    seconds = time.perf_counter() - began
    connection.unregister("batch")
    return seconds


def coded(batch: pa.Table) -> pa.Table:
    """The batch with the indices of its dictionaries in place of ids."""
    columns = [
        column.combine_chunks().indices if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    return pa.table(columns, names=batch.column_names)


def audited(network: Network, folder: Path) -> Figure | Unmeasured:
    """Seconds of `bus-simulator audit` over the store in `folder`."""
    what, feeds = "audit of that weekday", feeds_folder()
    if feeds is None or not (feeds / FEED).exists():
        needs = f"`BUS_SIMULATOR_TEST_FEEDS` names no folder with {FEED}"
        return Unmeasured(what, needs, row_id="audit")
    options = ("--store", f"duckdb:{folder / STORE}", "--network", str(feeds / FEED))
    command = [sys.executable, "-m", "bus_simulator", "audit", *options]
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    note = f"the command from its start, {len(network.lines)} lines read from the feed"
    return timed(what, seconds, "s", AUDIT_S, note, row_id="audit")
