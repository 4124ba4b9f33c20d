"""PostgreSQL: a day of the shipped network against raw COPY, and queries beside a feeder; a real server."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event

import psycopg
import pyarrow as pa

from benchmarks.answering import STEP
from benchmarks.figures import Figure, timed
from bus_simulator_testing.postgres import PostgresProcess
from services.feeders.backfill import write_streams
from services.inputs.load import Inputs, load_inputs
from services.times import HOUR
from simulator.clock import Clock
from storage.postgres import rows, sql
from storage.postgres.store import PostgresStore
from storage.schema import Stream

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(seconds=30)
CLIENTS, QUESTIONS, FIRST = 4, 2_000, 20
"""Each client's first queries open connections and have the server read its catalog; they aren't measured."""
PATIENCE_S = 120.0
PAUSE_S = 0.4
"""The pause of the feeder after a tick, which takes some 0.1 s: it is live at about 60 times real time."""


def measure() -> Iterator[Figure]:
    """Write a day and compare it with COPY alone; then ask for records while a feeder writes."""
    inputs = load_inputs(None, None, None)
    with PostgresProcess() as server, closing(inputs.city(1)) as city:
        day = city.window(MONDAY, MONDAY + DAY, list(Stream))
        with closing(PostgresStore(server.url)) as store:
            copied_s = copied(server.url, day)
            written_s = written(store, inputs, day)
            yield day_written(day, written_s, copied_s)
            for question in ("latest", "at"):
                yield asked_beside_a_feeder(store, inputs, server.url, question)


def day_written(day: Mapping[Stream, pa.Table], written_s: float, copied_s: float) -> Figure:
    """The row of the day that was written."""
    return Figure(
        "PostgreSQL: a day of the shipped network, stored as backfill stores it",
        written_s, "s", "raw binary COPY into tables without indexes", copied_s, "at most", 2,
        f"{sum(map(len, day.values())):,} rows of all streams, with indexes, coverage and newest records; "
        "simulated before", row_id="pg-write",
    )  # fmt: skip


def written(store: PostgresStore, inputs: Inputs, day: Mapping[Stream, pa.Table]) -> float:
    """Seconds to store the day."""
    began = time.perf_counter()
    write_streams(store, inputs.run, (MONDAY, MONDAY + DAY), day)
    return time.perf_counter() - began


def copied(url: str, day: Mapping[Stream, pa.Table]) -> float:
    """Seconds to make the bytes of the day's rows and COPY them, a transaction for each stream."""
    total = 0.0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA raw; SET search_path = raw, public")
        for stream, table in day.items():
            connection.execute(f"CREATE TABLE {stream} (LIKE bus_simulator.{stream})".encode())
            began = time.perf_counter()
            with connection.cursor() as cursor, cursor.copy(sql.copy_in(stream, stream).encode()) as copy:
                for piece in rows.binary_of(stream, table):
                    copy.write(piece)
            total += time.perf_counter() - began
    return total


def asked_beside_a_feeder(store: PostgresStore, inputs: Inputs, url: str, question: str) -> Figure:
    """The row of a kind of query by several clients at once, while a feeder writes ticks."""
    with feeding(store, url) as ticks, ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(asked, store, inputs, question, number) for number in range(CLIENTS)]
        times_ms = sorted(time_ms for each in asking for time_ms in each.result())
        written_ticks = ticks.value
    what = {"latest": "an entity's newest record", "at": "an entity's record at or before an instant"}[
        question
    ]
    return timed(
        f"PostgreSQL: {what}, p99", times_ms[int(0.99 * len(times_ms))], "ms", 5,
        f"{CLIENTS} clients at once in one process, beside that of a live feeder that wrote {written_ticks} "
        f"ticks meanwhile; {len(times_ms):,} queries, after {FIRST} of each client; "
        f"median {statistics.median(times_ms):.1f} ms",
        row_id=f"pg-{question}",
    )  # fmt: skip


@contextmanager
def feeding(store: PostgresStore, url: str, *, live: bool = False) -> Iterator[Synchronized[int]]:
    """A process that writes tick after tick, or each when it is due (`live`); the number of its ticks."""
    first = max(held.end for held in store.coverage(Stream.BUS_POSITION))
    spawned = multiprocessing.get_context("spawn")
    ticks, begun, stopped = spawned.Value("i", 0), spawned.Event(), spawned.Event()
    process = spawned.Process(target=feed, args=(url, first, ticks, begun, stopped, live))
    process.start()
    try:
        if not begun.wait(PATIENCE_S):
            raise TimeoutError("the feeder never began")
        yield ticks
    finally:
        stopped.set()
        process.join()


def feed(
    url: str, tick: datetime, ticks: Synchronized[int], begun: Event, stopped: Event, live: bool
) -> None:
    """Write ticks until `stopped`, and note the first one in `begun`."""
    inputs = load_inputs(None, None, None)
    with closing(PostgresStore(url)) as store, closing(inputs.city(1)) as city:
        while not stopped.is_set():
            for stream, table in city.window(tick, tick + TICK, list(Stream)).items():
                store.write(stream, table, covers=(tick, tick + TICK), run=inputs.run)
            tick += TICK
            ticks.value += 1
            begun.set()
            stopped.wait((tick - Clock().now()).total_seconds() if live else PAUSE_S)


def asked(store: PostgresStore, inputs: Inputs, question: str, client: int) -> list[float]:
    """Milliseconds of each of a client's queries, each for another bus and instant."""
    buses = [str(bus.bus_id) for line in inputs.network.lines for bus in line.buses]
    times_ms = []
    for number in range(-FIRST, QUESTIONS):
        bus = buses[(client + number * STEP) % len(buses)]
        instant = MONDAY + 8 * HOUR + timedelta(seconds=(number * STEP) % 36_000)
        began = time.perf_counter()
        if question == "latest":
            found = store.latest(Stream.BUS_POSITION, bus, now=MONDAY + 2 * DAY)
        else:
            found = store.at(Stream.BUS_POSITION, bus, time=instant)
        times_ms.append((time.perf_counter() - began) * 1000)
        assert found is not None, bus
    return times_ms[FIRST:]
