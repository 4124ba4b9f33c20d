"""The positions of 2,745 buses in one answer: from the cache of a tick, and made anew."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.types import ASGIApp, Message

from benchmarks.figures import Figure, timed
from benchmarks.starting import KEY
from services.access.authentication import ApiKey
from services.app import create_app
from services.context import Context
from simulator.city import City
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Run
from tests.synthetic import synthetic_network

BUSES = 2_745
PEAK = datetime(2026, 11, 16, 7, 30, tzinfo=UTC)
TICK, TICKS, ASKED = timedelta(seconds=30), 20, 50
HEADERS = [(b"x-api-key", KEY.encode()), (b"x-group-name", b"benchmark")]


def measure() -> Iterator[Figure]:
    """CPU time of an answer that is kept, and of the first one after a tick."""
    network, run = synthetic_network(buses=BUSES), Run(1, "n" * 64, "", "2")
    end = PEAK + TICKS * TICK
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store,
        closing(City(network, jobs=2)) as city,
        closing(Clock(start=PEAK, paused=True)) as clock,
    ):
        batch = city.window(PEAK, end, [Stream.BUS_POSITION])[Stream.BUS_POSITION]
        store.write(Stream.BUS_POSITION, batch, covers=(PEAK, end), run=run)
        app = create_app(Context(store, network, clock, run, ApiKey.of(KEY), "0"))
        first_ms, kept_ms = zip(*asyncio.run(measured(app, clock)), strict=True)
    size = f"{BUSES:,} buses, {TICKS} ticks read from the file, median"
    yield timed(
        "positions of all buses, already answered in this tick", statistics.median(kept_ms), "ms of CPU", 3,
        size, row_id="all-kept",
    )  # fmt: skip
    yield timed(
        "positions of all buses, the first answer of a tick", statistics.median(first_ms), "ms of CPU", 60,
        size, row_id="all-first",
    )  # fmt: skip


async def measured(app: ASGIApp, clock: Clock) -> list[tuple[float, float]]:
    """For each tick the CPU time in ms of the first answer and, on average, of those after it."""
    found = []
    for _ in range(TICKS):
        first_ms = await asked_ms(app, 1)
        found.append((first_ms, await asked_ms(app, ASKED)))
        clock.step(TICK)
    return found


async def asked_ms(app: ASGIApp, times: int) -> float:
    """The CPU time of an answer in ms, on average."""
    began = time.process_time()
    for _ in range(times):
        await ask(app)
    return (time.process_time() - began) / times * 1000


async def ask(app: ASGIApp) -> None:
    """Request the newest positions. Raises AssertionError unless they come."""
    scope = {"type": "http", "method": "GET", "path": "/bus-position", "query_string": b"mode=latest"}

    async def receive() -> Message:
        raise AssertionError("a GET has no body")

    async def send(message: Message) -> None:
        assert message.get("status", 200) == 200, message

    await app({**scope, "headers": HEADERS}, receive, send)
