"""WebSocket fan-out: CPU of the server process for each million positions, against uvicorn sending texts.

Server and clients are processes of their own. The floor is uvicorn with an application that sends ready texts
to each client in turn; ours serialises every position, and sends a message per bus or an array per tick.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, TypeAlias

import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from benchmarks.figures import Figure
from services.access.authentication import ApiKey
from services.live.hub import Hub
from services.queries.bodies import bus_position_text
from services.web.uvicorn.server import listen
from services.web.uvicorn.websocket import SERVER_OPTIONS, LiveProtocol
from services.web.websocket import WebSockets
from simulator.load_network import load_network
from simulator.network import Network
from storage.schema import BusPosition, Stream

CLIENTS, BUSES, TICKS = 1_000, 10, 20
KEY = "benchmark-key"
PATIENCE_S = 60
SHIPPED = Path(__file__).parent.parent / "data" / "lines.yaml"
MONDAY = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)

Kind: TypeAlias = Literal["floor", "single", "batch"]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
SUBSCRIBE = '{"action":"subscribe","line_ids":["L1"],"batch":%s}'


def measure() -> Iterator[Figure]:
    """Positions sent one by one and as arrays, each against the ready texts."""
    floor = cpu_s_per_million("floor", CLIENTS)
    rows = (("single", "one message per bus", 1.0, "ws"), ("batch", "one array per tick", 0.2, "ws-batch"))
    for kind, how, wanted, row_id in rows:
        yield Figure(
            f"WebSocket fan-out, {CLIENTS:,} clients, {how}",
            cpu_s_per_million("batch" if kind == "batch" else "single", CLIENTS),
            "CPU-s per million positions", "uvicorn sending ready texts", floor, "at most", wanted,
            f"{BUSES} buses, {TICKS} ticks, all received", row_id=row_id,
        )  # fmt: skip


def cpu_s_per_million(kind: Kind, connections: int) -> float:
    """CPU seconds of the server per million positions that clients received."""
    with child(serve, kind, connections) as server:
        port: int = server.recv()
        with child(receive, kind, port, connections) as clients:
            clients.recv()  # all clients are connected
            server.send("go")
            cpu_s, sent_bytes = server.recv()
            clients.send(sent_bytes)
            clients.recv()  # everything is received
    return float(cpu_s) / (connections * BUSES * TICKS) * 1e6


@contextmanager
def child(job: Callable[..., None], *arguments: object) -> Iterator[Connection]:
    """Run a job in a process; yield the pipe to it. The process is killed on exit."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=job, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Patient(ours)  # type: ignore[misc]
    finally:
        process.kill()
        process.join()


@dataclass(frozen=True, slots=True)
class Patient:
    """An end of a pipe whose reads time out."""

    pipe: Connection

    def recv(self) -> Any:
        """The next object from the other side. TimeoutError if none comes."""
        if not self.pipe.poll(PATIENCE_S):
            raise TimeoutError(f"nothing heard for {PATIENCE_S} s")
        return self.pipe.recv()

    def send(self, what: object) -> None:
        """Send an object to the other side."""
        self.pipe.send(what)


def serve(parent: Connection, kind: Kind, connections: int) -> None:
    """The server process: listen, wait for the start, send, and report its CPU time."""
    listener = listen("127.0.0.1", 0)
    application, send_all, options = floor() if kind == "floor" else ours()
    config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False, **options)

    async def run() -> None:
        serving = asyncio.ensure_future(uvicorn.Server(config).serve(sockets=[listener]))
        parent.send(listener.getsockname()[1])
        await asyncio.to_thread(parent.recv)
        began = time.process_time()
        await send_all()
        parent.send((time.process_time() - began, size(kind) * connections * TICKS))
        await serving

    asyncio.run(run())


def floor() -> tuple[Application, Callable[[], Awaitable[None]], dict[str, Any]]:
    """The floor, plain ASGI: the texts of a tick, serialised once, sent to each client in turn."""
    sends: list[Send] = []
    texts = [position_text(position) for position in positions(MONDAY)]

    async def application(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        sends.append(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def send_all() -> None:
        for _ in range(TICKS):
            for text in texts:
                for send in sends:
                    await send({"type": "websocket.send", "text": text})
            await asyncio.sleep(PAUSE_S)

    return application, send_all, {"ws_ping_interval": None}


PAUSE_S = 0.05
"""Pause between ticks, in which the clients' process reads what was sent."""


def ours() -> tuple[Application, Callable[[], Awaitable[None]], dict[str, Any]]:
    """The live hub with its own protocol class and a higher limit of connections per key."""

    async def no_snapshot(_stream: Stream, _line_ids: Sequence[str]) -> Sequence[BusPosition]:
        return ()

    hub = Hub({"L1": [position.bus_id for position in positions(MONDAY)]}, no_snapshot, position_text)
    nothing_else = Response(status_code=404)
    application = WebSockets(nothing_else, hub, ApiKey.of(KEY), most_connections=CLIENTS)

    async def send_all() -> None:
        for tick in range(TICKS):
            hub.publish(positions(MONDAY + tick * timedelta(seconds=30)))
            await asyncio.sleep(PAUSE_S)

    return application, send_all, {"ws": LiveProtocol, **SERVER_OPTIONS, "ws_ping_interval": None}


@cache
def shipped() -> Network:
    """The network of the positions, from which capacities and bearings are taken."""
    return load_network(SHIPPED)


def position_text(position: BusPosition) -> str:
    """A position as it is sent."""
    return bus_position_text(position, shipped())


def positions(time: datetime) -> list[BusPosition]:
    """A line's tick with positions of equal length."""
    return [
        BusPosition(time, f"B{n:03d}", "L1", 40.416912, -3.703512, 27, "S001", 120.5, 18.3, 0, "trip")
        for n in range(BUSES)
    ]


def size(kind: Kind) -> int:
    """Bytes of a tick's frames for one client."""
    texts = [position_text(position) for position in positions(MONDAY)]
    if kind == "batch":
        texts = [f"[{','.join(texts)}]"]
    return sum(len(text) + (2 if len(text) < 126 else 4) for text in texts)


def receive(parent: Connection, kind: Kind, port: int, connections: int) -> None:
    """The clients' process: connect all, report it, then read until everything sent has arrived."""
    asyncio.run(receive_all(parent, kind, port, connections))


async def receive_all(parent: Connection, kind: Kind, port: int, connections: int) -> None:
    """See `receive`."""
    count = Count()
    for _ in range(connections):
        await asyncio.get_running_loop().create_connection(
            partial(CountingClient, kind, count), "127.0.0.1", port
        )
    await count.until(lambda: count.ready == connections)
    parent.send("ready")
    expected = await asyncio.to_thread(parent.recv)
    await count.until(lambda: count.size == expected)
    parent.send("done")


class Count:
    """Counts the bytes that all clients have received."""

    def __init__(self) -> None:
        self.ready = self.size = 0

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition. TimeoutError if it isn't met in time."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.01)


class CountingClient(asyncio.Protocol):
    """A minimal WebSocket client: it shakes hands, subscribes, and counts bytes."""

    def __init__(self, kind: Kind, count: Count) -> None:
        self._kind, self._count = kind, count
        self._greeting: bytes | None = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Request the upgrade."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /production?api_key={KEY}&group_name=b HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Count bytes after the answer to the subscription: from there on they are positions."""
        if self._greeting is None:
            self._count.size += len(data)
            return
        upgraded = b"\r\n\r\n" in self._greeting
        self._greeting += data
        if not upgraded and b"\r\n\r\n" in self._greeting and self._kind != "floor":
            self._transport.write(masked(SUBSCRIBE % ("true" if self._kind == "batch" else "false")))
        if b"\r\n\r\n" in self._greeting if self._kind == "floor" else b"subscribed" in self._greeting:
            self._greeting = None
            self._count.ready += 1


def masked(text: str) -> bytes:
    """A short text as a client's frame, with a mask of zeros."""
    return bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text.encode()
