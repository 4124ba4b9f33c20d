"""Queries: REST's latest value against a trivial FastAPI route, and an instant within 30 days of data.

The program runs with its feeders, access log, authentication and limits. It and the trivial application are
processes served by the same uvicorn and measured in turns, so that a busy machine slows both.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from benchmarks.figures import Figure, timed
from benchmarks.starting import KEY, answers, program, until
from services.queries import stream_queries
from services.queries.bodies import PeopleCountBody
from services.times import HOUR
from services.web.uvicorn.server import listen
from simulator.city import City
from simulator.network import Network
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Run
from tests.synthetic import synthetic_network

SECONDS, ROUNDS, CONNECTIONS = 2.0, 5, 16
WARM_UP_S = 0.5
PATIENCE_S = 60
PATH = "/people-count/S001?mode=latest"
DAYS, PROBES = 30, 2_000
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
STEP = 2_654_435_761
"""Knuth's multiplier: visits stops and instants in a scattered order."""

LIMITS = ("--backfill", "0", "--rate-limit", "1000000", "--daily-limit", "1000000000")
"""Limits that are on and never reached."""


def measure_latest() -> Iterator[Figure]:
    """REST's latest value against the trivial route."""
    ours, trivial = requests_per_s()
    yield Figure(
        "REST, a stop's latest count, with authentication and limits",
        ours, "requests/s", "a trivial FastAPI route with a response model, same uvicorn", trivial,
        "at least", 1.5, f"{CONNECTIONS} connections kept open, best of {ROUNDS} rounds of {SECONDS:.0f} s",
        row_id="rest",
    )  # fmt: skip


def measure_at() -> Iterator[Figure]:
    """A stop's count at or before any instant of 30 days."""
    network = synthetic_network()
    with tempfile.TemporaryDirectory() as folder, closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store:
        rows = month_of_counts(store, network)
        times_ms = sorted(probed(store, network))
    yield timed(
        "at or before any moment of 30 days of the whole network, p99",
        times_ms[int(0.99 * len(times_ms))], "ms", 10,
        f"{rows / 1e6:.0f} M people counts of {len(network.stops):,} stops, one simulated weekday stored as "
        f"{DAYS} days; {PROBES:,} queries, each for another stop and instant; "
        f"median {statistics.median(times_ms):.1f} ms", row_id="at",
    )  # fmt: skip


def requests_per_s() -> tuple[float, float]:
    """Requests per second of the program and of the trivial application: the best of rounds in turns."""
    with tempfile.TemporaryDirectory() as folder, program(folder, *LIMITS) as ours, served() as trivial:
        until(lambda: answers(ours), "an answer")
        rounds = [(rate_at(ours), rate_at(trivial)) for _ in range(ROUNDS)]
    return max(rate for rate, _ in rounds), max(rate for _, rate in rounds)


def trivial_app() -> ASGIApp:
    """A FastAPI application that does the least for such an answer."""
    app = FastAPI()

    @app.get("/people-count/{stop_id}")
    async def people_count(stop_id: str, mode: str) -> PeopleCountBody:  # noqa: ARG001 - parsed, as ours
        return PeopleCountBody(stop_id=stop_id, time="2026-03-02T07:30:00Z", count=6, line_ids="L1,L6")

    return app


@contextmanager
def served() -> Iterator[int]:
    """Serve the trivial application in a process; yield its port."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(PATIENCE_S):
            raise TimeoutError(f"no server within {PATIENCE_S} s")
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def serve(parent: Connection) -> None:
    """Send the port, then serve until killed."""
    config = uvicorn.Config(
        trivial_app(), lifespan="off", log_config=None, access_log=False, server_header=False
    )
    with listen("127.0.0.1", 0) as listener:
        parent.send(listener.getsockname()[1])
        uvicorn.Server(config).run(sockets=[listener])


def rate_at(port: int) -> float:
    """Requests answered per second."""
    asyncio.run(load(port, WARM_UP_S))
    return asyncio.run(load(port, SECONDS))


async def load(port: int, seconds: float) -> float:
    """Requests answered per second on all connections; each sends its next request after the answer."""
    loop = asyncio.get_running_loop()
    clients = [(await loop.create_connection(Asker, "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for client in clients:
        client.ask()
    await asyncio.sleep(seconds)
    answered, passed = sum(client.answers for client in clients), time.perf_counter() - began
    for client in clients:
        client.close()
    return answered / passed


class Asker(asyncio.Protocol):
    """A connection that sends a request as soon as the last is answered. Any status but 200 is an error."""

    REQUEST = (
        f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {KEY}\r\nx-group-name: benchmark\r\n\r\n"
    ).encode()

    def __init__(self) -> None:
        self.answers = 0
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self) -> None:
        """Send a request."""
        self._transport.write(self.REQUEST)

    def close(self) -> None:
        """Close the connection."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Count an answer once its JSON is complete, and send the next request."""
        self._seen += data
        if not self._seen.endswith(b"}"):
            return
        assert self._seen.startswith(b"HTTP/1.1 200"), self._seen
        self.answers += 1
        self._seen = b""
        self.ask()


def month_of_counts(store: DuckDBStore, network: Network) -> int:
    """Store a simulated weekday's people counts as each of 30 days, by time; return the number of rows."""
    hours = [MONDAY + number * HOUR for number in range(24)]
    with closing(City(network, jobs=2)) as city:
        counts = [
            city.window(hour, hour + HOUR, [Stream.PEOPLE_COUNT])[Stream.PEOPLE_COUNT] for hour in hours
        ]
    run = Run(1, network.digest, "", "benchmark")
    for day in range(DAYS):
        for hour, batch in zip(hours, counts, strict=True):
            later = timedelta(days=day)
            covers = (hour + later, hour + later + HOUR)
            store.write(Stream.PEOPLE_COUNT, shifted(batch, later), covers=covers, run=run)
    return DAYS * sum(len(batch) for batch in counts)


def shifted(batch: pa.Table, shift: timedelta) -> pa.Table:
    """The same rows, later by a time span."""
    times = pc.add(batch["time"], pa.scalar(shift, pa.duration("ms"))).cast(batch.schema.field("time").type)
    return batch.set_column(batch.schema.get_field_index("time"), batch.schema.field("time"), times)


def probed(store: DuckDBStore, network: Network) -> Sequence[float]:
    """Milliseconds of each query."""
    times_ms = []
    for number in range(PROBES):
        stop = network.stops[number * STEP % len(network.stops)]
        time_asked = MONDAY + timedelta(seconds=number * STEP % (DAYS * 86_400))
        began = time.perf_counter()
        stream_queries.people_count(store, network, stop_id=stop.stop_id, time=time_asked, now=time_asked)
        times_ms.append((time.perf_counter() - began) * 1000)
    return times_ms
