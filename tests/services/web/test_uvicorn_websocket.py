"""WebSockets over a real socket: silent clients, clients that don't read, the end of the server."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from services.live.hub import Hub
from services.web.uvicorn import websocket as uvicorn_websocket
from services.web.uvicorn.server import GRACE_S
from services.web.uvicorn.websocket import LiveProtocol
from tests.services.fakes import SECOND
from tests.services.live_city import TICK, ConnectionWatch, city_context, hub_of, tick
from tests.services.live_clients import GOOD, PATIENCE_S, serving

pytestmark = pytest.mark.integration

SUBSCRIBE = '{"action":"subscribe","line_ids":["L1"]}'
BOTH = [("B001", "L1"), ("B002", "L1")]


HANDSHAKE = (
    f"GET {GOOD} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()


def url(port: int) -> str:
    return f"ws://127.0.0.1:{port}{GOOD}"


def protocols(monkeypatch: pytest.MonkeyPatch, **attributes: Any) -> list[LiveProtocol]:
    """Set attributes of all protocols that servers create; yield those protocols."""
    made: list[LiveProtocol] = []

    class Watched(LiveProtocol):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    for name, value in attributes.items():
        setattr(Watched, name, value)
    monkeypatch.setattr(uvicorn_websocket, "LiveProtocol", Watched)
    return made


@asynccontextmanager
async def deaf(port: int, *, said: str = SUBSCRIBE) -> AsyncIterator[sockets.socket]:
    """Connect a client that sends something and never reads, with a small receive buffer."""
    loop = asyncio.get_running_loop()
    with sockets.socket() as client:
        client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, HANDSHAKE)
        while not (await asyncio.wait_for(loop.sock_recv(client, 512), PATIENCE_S)).endswith(b"\r\n\r\n"):
            pass
        await loop.sock_sendall(client, bytes((0x81, 0x80 | len(said), 0, 0, 0, 0)) + said.encode())
        yield client


def test_a_client_that_answers_pings_stays_and_a_silent_one_is_closed_with_1001(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    protocols(monkeypatch, silence_s=0.3)
    monkeypatch.setitem(uvicorn_websocket.SERVER_OPTIONS, "ws_ping_interval", 0.05)

    async def main() -> None:
        watch = ConnectionWatch()
        context = city_context(observer=watch)
        async with serving(context) as port, connect(url(port)) as good:
            async with deaf(port):
                await watch.until(lambda: hub_of(context).connections == 2)
                await watch.until(lambda: hub_of(context).connections == 1)
            silent = await asyncio.open_connection("127.0.0.1", port)
            silent[1].write(HANDSHAKE)
            heard = await silent[0].read()
            assert heard.endswith(b"\x88\x0f\x03\xe9nothing heard")
            silent[1].close()
            await good.send('{"action":"ping"}')
            assert json.loads(await good.recv()) == {"type": "pong"}

    asyncio.run(main())


def test_the_timeouts_are_the_contracts() -> None:
    options = uvicorn_websocket.SERVER_OPTIONS
    assert (options["ws_ping_interval"], options["ws_ping_timeout"], LiveProtocol.silence_s) == (
        30,
        None,
        600,
    )


def test_a_hundred_clients_that_never_read_delay_nobody_and_use_little_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = protocols(monkeypatch)
    watch = ConnectionWatch()
    context = city_context(observer=watch)
    hub = hub_of(context)

    async def main() -> None:
        async with serving(context) as port, AsyncExitStack() as stack:
            for _ in range(99):
                await stack.enter_async_context(deaf(port))
            reader = await stack.enter_async_context(connect(url(port)))
            await reader.send(SUBSCRIBE)
            for _ in range(3):
                await reader.recv()
            await watch.until(lambda: len(hub.subscribers_of("L1")) == 100)
            for number in range(1, 2001):
                time = TICK + number * 30 * SECOND
                hub.publish(tick(time, *BOTH))
                for _ in BOTH:
                    heard = json.loads(await asyncio.wait_for(reader.recv(), PATIENCE_S))
                    assert heard["time"] == time.strftime("%Y-%m-%dT%H:%M:%SZ")
            unsent = [each.transport.get_write_buffer_size() for each in made]
            assert max(unsent) > 0
            assert max(unsent) <= LiveProtocol.most_unsent + 512
            assert all(len(each.outbox) <= 2 for each in hub.subscribers_of("L1"))
        await watch.until(lambda: hub.connections == 0)

    asyncio.run(main())


def test_endless_pings_of_a_client_that_never_reads_use_little_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = protocols(monkeypatch)
    ping = bytes((0x89, 0x80 | 125, 0, 0, 0, 0)) + bytes(125)

    async def main() -> None:
        async with serving(city_context()) as port, deaf(port) as client:
            loop = asyncio.get_running_loop()
            for _ in range(400):
                await asyncio.wait_for(loop.sock_sendall(client, ping * 100), PATIENCE_S)
            assert made[0].transport.get_write_buffer_size() <= LiveProtocol.most_unsent + 300_000

    asyncio.run(main())


def test_the_server_ends_quickly_and_closes_with_1012(monkeypatch: pytest.MonkeyPatch) -> None:
    protocols(monkeypatch, linger_s=0.1)
    watch = ConnectionWatch()
    context = city_context(observer=watch)
    hub = hub_of(context)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            async with serving(context) as port:
                reader = await stack.enter_async_context(connect(url(port)))
                for _ in range(3):
                    await stack.enter_async_context(deaf(port))
                await watch.until(lambda: len(hub.subscribers_of("L1")) == 3)
                await fill(hub)
                began = asyncio.get_running_loop().time()
            assert asyncio.get_running_loop().time() - began < GRACE_S / 2
            with pytest.raises(ConnectionClosed) as closed:
                await reader.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        assert hub.connections == 0

    asyncio.run(main())


async def fill(hub: Hub) -> None:
    """Publish until the buffers of every client are full."""
    for number in range(1, 3001):
        hub.publish(tick(TICK + number * 30 * SECOND, *BOTH))
        await asyncio.sleep(0)
    assert all(len(each.outbox) for each in hub.subscribers_of("L1"))


def test_a_request_line_that_is_too_long_gets_a_response() -> None:
    async def main() -> None:
        async with serving(city_context()) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HANDSHAKE.replace(b"group_name=", b"group_name=" + b"x" * 20_000))
            assert (await asyncio.wait_for(reader.read(), PATIENCE_S)).startswith(b"HTTP/1.1 4")
            writer.close()

    asyncio.run(main())


def test_a_broken_frame_or_text_closes_that_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        watch = ConnectionWatch()
        context = city_context(observer=watch)
        async with serving(context) as port, connect(url(port)) as good:
            for frame, code in ((b"\xff\xff" * 9, 1002), (b"\x81\x82\0\0\0\0\xff\xff", 1007)):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(HANDSHAKE)
                await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
                writer.write(frame)
                heard = await asyncio.wait_for(reader.read(), PATIENCE_S)
                assert (heard[0], heard[2:4]) == (0x88, code.to_bytes(2, "big"))
                writer.close()
            await good.send('{"action":"ping"}')
            assert json.loads(await good.recv()) == {"type": "pong"}
            await watch.until(lambda: hub_of(context).connections == 1)

    asyncio.run(main())
