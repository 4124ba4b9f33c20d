"""WebSocket clients with one interface: through ASGI in process, and over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from services.context import Context
from services.processes.web_server import WebServer
from services.web.uvicorn.server import listen

GOOD = "/production?api_key=right&group_name=team-alpha"
PATIENCE_S = 20.0
Headers: TypeAlias = Sequence[tuple[str, str]]


class Refused(Exception):
    """The handshake was refused, with a status, a body and headers."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, json.loads(body), headers


class Closed(Exception):
    """The server closed the connection with a code."""

    @property
    def code(self) -> int:
        return int(self.args[0])


class Client(Protocol):
    """A connected client."""

    async def send(self, message: str | bytes) -> None:
        """Send a text or a binary message."""

    async def receive(self) -> Any:
        """The next message's JSON. Raises `Closed`."""


Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[Client]]
"""Connects a client to a path with query and headers. Raises `Refused`."""


def path(key: str | None = "right", group: str | None = "team-alpha", *, at: str = "/production") -> str:
    named = {"api_key": key, "group_name": group}
    query = urlencode({name: value for name, value in named.items() if value is not None})
    return f"{at}?{query}" if query else at


class AsgiClient:
    """A client of an ASGI application in process."""

    def __init__(self, app: ASGIApp, target: str, headers: Headers) -> None:
        self._in: asyncio.Queue[Message] = asyncio.Queue()
        self._out: asyncio.Queue[Message] = asyncio.Queue()
        self._in.put_nowait({"type": "websocket.connect"})
        route, _, query = target.partition("?")
        scope = {
            "type": "websocket",
            "path": route,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
            "extensions": {"websocket.http.response": {}},
        }
        self.task = asyncio.ensure_future(app(scope, self._in.get, self._out.put))

    async def shake_hands(self) -> None:
        answer = await self._next()
        if answer["type"] != "websocket.accept":
            assert answer["type"] == "websocket.http.response.start"
            body = (await self._next())["body"]
            await self.task
            headers = {name.decode(): value.decode() for name, value in answer["headers"]}
            raise Refused(answer["status"], body, headers)

    async def send(self, message: str | bytes) -> None:
        kind = "text" if isinstance(message, str) else "bytes"
        await self._in.put({"type": "websocket.receive", kind: message})

    async def receive(self) -> Any:
        answer = await self._next()
        if answer["type"] == "websocket.close":
            raise Closed(answer["code"])
        return json.loads(answer["text"])

    async def close(self) -> None:
        await self._in.put({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self.task, PATIENCE_S)

    async def _next(self) -> Message:
        return await asyncio.wait_for(self._out.get(), PATIENCE_S)


@asynccontextmanager
async def asgi(context: Context) -> AsyncIterator[Connect]:
    """Clients of an application without a network."""
    from services.app import create_app

    app = create_app(context)

    @asynccontextmanager
    async def connected(target: str = GOOD, headers: Headers = ()) -> AsyncIterator[Client]:
        client = AsgiClient(app, target, headers)
        await client.shake_hands()
        try:
            yield client
        finally:
            await client.close()

    yield connected


class SocketClient:
    """A client of the websockets package."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: str | bytes) -> None:
        await self.connection.send(message)

    async def receive(self) -> Any:
        try:
            return json.loads(await asyncio.wait_for(self.connection.recv(), PATIENCE_S))
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from closed


@asynccontextmanager
async def serving(context: Context, **options: Any) -> AsyncIterator[int]:
    """A server on a free port; `options` are uvicorn's."""
    listener = listen("127.0.0.1", 0)
    server = WebServer(context).uvicorn
    for name, value in options.items():
        setattr(server.config, name, value)
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def socket(context: Context) -> AsyncIterator[Connect]:
    """Clients of a server over a real socket."""
    async with serving(context) as port:

        @asynccontextmanager
        async def connected(target: str = GOOD, headers: Headers = ()) -> AsyncIterator[Client]:
            try:
                url = f"ws://127.0.0.1:{port}{target}"
                async with connect(url, additional_headers=headers, compression=None) as connection:
                    yield SocketClient(connection)
            except InvalidStatus as refused:
                answer = refused.response
                headers_ = {name.lower(): value for name, value in answer.headers.raw_items()}
                raise Refused(answer.status_code, bytes(answer.body or b""), headers_) from refused

        yield connected


TRANSPORTS = {"asgi": asgi, "socket": socket}
