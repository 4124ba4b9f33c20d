"""The live hub over WebSocket, in plain ASGI: a handshake, then a reader and a writer for each client.

Credentials come in the query string or in headers. Missing or wrong ones are refused before the upgrade, with
REST's status and body. The query string is never logged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from services import logs
from services.access.authentication import (
    GROUP_HEADER,
    LONGEST_GROUP,
    Caller,
    Keys,
    check_group,
    credentials_in,
)
from services.errors import ServiceError, UnknownPath, clipped
from services.live.connection import SendNow, never_now
from services.live.hub import Hub
from services.live.messages import LONGEST_MESSAGE_BYTES, MOST_CONNECTIONS, too_many_connections
from services.live.outbox import Outbox
from services.web.access_log import SESSION_GROUP, headers_of
from services.web.handlers import error_response
from services.web.sign_in.callers import caller_of

SEND_NOW = "bus_simulator.send_now"
"""The name of an ASGI extension: a `SendNow` of the server, which spares waking a task for each client."""
PATHS = frozenset({"/production", "/ws"})
SWITCHING_PROTOCOLS, TOO_BIG = 101, 1009


@dataclass(frozen=True, slots=True)
class WebSockets:
    """ASGI middleware that serves WebSockets at `PATHS` and passes HTTP requests to `app`."""

    app: ASGIApp
    hub: Hub
    keys: Keys
    most_connections: int = MOST_CONNECTIONS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        offered = credentials(scope)
        await receive()  # websocket.connect
        try:
            caller = self._admitted(scope, offered)
        except ServiceError as error:
            log_connect(scope, offered, error.status, began)
            await error_response(error)(scope, receive, send)
            return
        log_connect(scope, offered, SWITCHING_PROTOCOLS, began)
        send_now: SendNow = scope.get("extensions", {}).get(SEND_NOW, never_now)
        subprotocol = next(iter(scope.get("subprotocols", ())), None)
        await serve(self.hub, caller, receive, send, send_now, subprotocol)

    def _admitted(self, scope: Scope, offered: Mapping[str, str]) -> Caller:
        """Return the caller of a handshake that may be accepted. Raises `ServiceError`.

        There must be no `await` between this and `Hub.connect`: two handshakes at once could both pass the
        check of the number of connections.
        """
        caller = caller_of(scope, offered, self.keys)
        if scope["path"] not in PATHS:
            raise UnknownPath
        check_group(caller)
        if self.hub.connections_of(caller.key_name) >= self.most_connections:
            raise too_many_connections(self.most_connections)
        return caller


def credentials(scope: Scope) -> Mapping[str, str]:
    """Return the headers, with key and group from the query string if they are there."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return headers_of(scope) | credentials_in({name: values[0] for name, values in query.items()})


def log_connect(scope: Scope, offered: Mapping[str, str], status: int, began: float) -> None:
    """Log a handshake as the access log does requests."""
    fields = {
        "group": scope.get(SESSION_GROUP) or offered.get(GROUP_HEADER, "").strip()[:LONGEST_GROUP],
        "method": "GET",
        "path": clipped(scope["path"]),
        "status": status,
        "ms": round((time.perf_counter() - began) * 1000, 2),
    }
    logs.access.info("websocket", extra={"fields": fields})


async def serve(
    hub: Hub, caller: Caller, receive: Receive, send: Send, send_now: SendNow, subprotocol: str | None = None
) -> None:
    """Serve a connected client until it or the server closes.

    The first `subprotocol` that a client offers is chosen: browsers end a connection if none is.
    """

    async def reply(text: str) -> None:
        await send({"type": "websocket.send", "text": text})

    writer = Writer(send, send_now)
    connection = hub.connect(caller.key_name, caller.group, reply, writer.something.set, writer.send_now)

    async def read() -> None:
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text") or ""  # a binary frame is not JSON
            if len(text.encode("utf-8", "surrogatepass")) > LONGEST_MESSAGE_BYTES:
                await send({"type": "websocket.close", "code": TOO_BIG})
                return
            await hub.receive(connection, text)

    try:
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        await first_of(read(), writer.write_from(connection.outbox))
    except OSError:
        pass  # the client is gone
    finally:
        hub.disconnect(connection)


class Writer:
    """Sends positions to a client: from its outbox, or at once while nothing from there is being sent."""

    def __init__(self, send: Send, send_now: SendNow) -> None:
        self._send, self._send_now = send, send_now
        self._is_sending = False
        self.something = asyncio.Event()

    def send_now(self, messages: tuple[str, ...]) -> bool:
        """See `SendNow`. While a message waits for the client to read, a newer one must not overtake it."""
        return not self._is_sending and self._send_now(messages)

    async def write_from(self, outbox: Outbox) -> None:
        """Send messages from the outbox, as fast as the client reads."""
        while True:
            await self.something.wait()
            self.something.clear()
            while (text := outbox.take()) is not None:
                self._is_sending = True
                await self._send({"type": "websocket.send", "text": text})
                self._is_sending = False


async def first_of(*jobs: Coroutine[Any, Any, None]) -> None:
    """Run coroutines concurrently until the first ends; cancel the others, and raise its exception."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
