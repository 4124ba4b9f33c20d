"""The WebSocket skin of the live hub, as plain ASGI: handshake, one reader and one writer a client.

Missing or wrong credentials are refused before the upgrade, with REST's body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from services.auth import GROUP_HEADER, KEY_HEADER, ApiKey, authenticate
from services.errors import ServiceError, TooManyRequests, UnknownPath
from services.live import Connection, Hub
from services.live_messages import LONGEST_MESSAGE_BYTES, refusal
from services.middleware import headers_of, send_error
from storage.schema import BusPosition

PATHS = frozenset({"/production", "/ws"})
MOST_CONNECTIONS = 100
"""Connections for each key."""
TOO_BIG = 1009


@dataclass(frozen=True, slots=True)
class WebSockets:
    """Serves the live hub at `PATHS` and hands everything else on to `app`."""

    app: ASGIApp
    hub: Hub
    key: ApiKey

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return
        await receive()  # websocket.connect
        try:
            if scope["path"] not in PATHS:
                raise UnknownPath
            authenticate(credentials(scope), self.key)
            if self.hub.connections_of(self.key.name) >= MOST_CONNECTIONS:
                raise TooManyRequests("Too many connections (limit 100)", retry_after_s=5)
        except ServiceError as error:
            await send_error(error, send, prefix="websocket.")
            return
        await self._serve(receive, send)
