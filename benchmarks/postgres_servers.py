"""PostgreSQL with several processes: two servers, a failover, all of Madrid by sharded feeders."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from benchmarks.answering import CONNECTIONS, LIMITS, SECONDS, WARM_UP_S, load
from benchmarks.figures import Figure, timed
from benchmarks.postgres import DAY, MONDAY, TICK, feeding
from benchmarks.starting import answers, started, until
from benchmarks.timestream_live import PEAK, fed, until_caught_up, watched, whole_network_file
from bus_simulator_testing.postgres import PostgresProcess
from services.feeders.backfill import write_streams
from services.feeders.feeder import FEEDERS
from services.inputs.load import Inputs, load_inputs
from services.times import HOUR, floor
from simulator.clock import Clock
from storage.postgres.store import PostgresStore
from storage.schema import Stream
from tests.postgres_server import primary_and_replica, url_of_writable, write_patiently

ROUNDS = 5
SHARDS = 2
TICKS, LOST_AFTER = 40, 20


def measure() -> Iterator[Figure]:
    """One server and two in turns; a primary killed while a feeder writes."""
    inputs = load_inputs(None, None, None)
    one, two = requests_per_s(inputs)
    yield Figure(
        "REST over PostgreSQL: two `serve` processes, a stop's latest count",
        two, "requests/s", "one such process", one, "at least", 1,
        f"{CONNECTIONS} connections to each, beside a live feeder; {os.cpu_count()} cores, which PostgreSQL, "
        f"the feeder and the clients share; best of {ROUNDS} rounds in turns", row_id="pg-serve",
    )  # fmt: skip
    gap_s, kept = failover(inputs)
    yield timed(
        "PostgreSQL: failover, from the kill of the primary until a feeder's tick is stored by its replica",
        gap_s, "s", 5,
        f"the replica is promoted at once; {kept:,} records of {TICKS} ticks written, none lost",
        row_id="pg-failover",
    )  # fmt: skip


def requests_per_s(inputs: Inputs) -> tuple[float, float]:
    """Requests per second of one server and of two over one database: the best of rounds in turns."""
    with PostgresProcess() as server, closing(PostgresStore(server.url)) as store:
        end = floor(Clock().now(), TICK)
        with closing(inputs.city(1)) as city:
            history = city.window(end - HOUR, end, list(Stream))
        write_streams(store, inputs.run, (end - HOUR, end), history)
        with ExitStack() as stack:
            stack.enter_context(feeding(store, server.url, live=True))
            ports = []
            for _ in range(2):
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                served = started(folder, *LIMITS[2:], command="serve", store=server.url)
                port, _ = stack.enter_context(served)
                until(partial(answers, port), "an answer")
                ports.append(port)
            rounds = [(rate_at(ports[:1]), rate_at(ports)) for _ in range(ROUNDS)]
    return max(one for one, _ in rounds), max(two for _, two in rounds)


def rate_at(ports: list[int]) -> float:
    """Requests answered per second by all servers together."""

    async def together(seconds: float) -> float:
        return sum(await asyncio.gather(*(load(port, seconds) for port in ports)))

    asyncio.run(together(WARM_UP_S))
    return asyncio.run(together(SECONDS))


def failover(inputs: Inputs) -> tuple[float, int]:
    """Seconds without a store while a feeder writes, and the records that are there afterwards.

    The primary waits for its replica before it acknowledges, so that no acknowledged record may be lost:
    RuntimeError if one is.
    """
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of every refused connection
    with ExitStack() as stack:
        primary, replica = stack.enter_context(primary_and_replica())
        url = url_of_writable(primary, replica)
        store = stack.enter_context(closing(PostgresStore(url)))
        city = stack.enter_context(closing(inputs.city(1)))
        gap_s, rows = 0.0, 0
        for number in range(TICKS):
            start = MONDAY + DAY / 3 + number * TICK
            batches = city.window(start, start + TICK, list(Stream))
            rows += sum(map(len, batches.values()))
            began = time.perf_counter()
            if number == LOST_AFTER:
                primary.stop("immediate")
                promoting = threading.Thread(target=replica.promote)
                promoting.start()
                stack.callback(promoting.join)
            for stream, batch in batches.items():
                write_patiently(store, stream, batch, covers=(start, start + TICK), run=inputs.run)
            gap_s = time.perf_counter() - began if number == LOST_AFTER else gap_s
        kept = sum(store.rows(stream) for stream in Stream)
        primary.start()  # for its removal
    if kept != rows:
        raise RuntimeError(f"{rows:,} records were written, {kept:,} are there")
    return gap_s, kept


def measure_live() -> Iterator[Figure]:
    """The whole network live, each feeder divided among `SHARDS` processes."""
    network = whole_network_file()
    with PostgresProcess() as server, tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        feeders = [
            stack.enter_context(
                fed(kind.name, network, Path(name), server.url, PEAK, shard=f"{number}/{SHARDS}")
            )
            for kind in FEEDERS
            for number in range(1, SHARDS + 1)
        ]
        until_caught_up(feeders)
        watching = Clock().now().timestamp()
        with closing(PostgresStore(server.url)) as store:
            rows, seconds, cores = watched(store, [each.process for each in feeders])
        kept = [lag for each in feeders for at, lag in each.lags() if at >= watching]
    yield Figure(
        f"PostgreSQL: the whole network live at 08:00, greatest lag of three feeders in {SHARDS} shards each",
        max(kept), "s", "a tick", 30, "at most", 1,
        f"{network.name}, {rows / seconds:.0f} records/s over {seconds:.0f} s; "
        f"the feeders take {cores:.2f} cores", row_id="pg-live",
    )  # fmt: skip
