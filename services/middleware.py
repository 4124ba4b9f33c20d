"""What every request passes before it meets a route, as plain ASGI.

From the outside: the access log, CORS (Starlette's), the last resort for faults, authentication.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import logs
from services.auth import GROUP_HEADER, LONGEST_GROUP, ApiKey, authenticate
from services.errors import ServiceError, Unexpected
from services.schemas import error_answer

log = logging.getLogger("bus_simulator.rest")


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name, the first of those that come twice."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


async def send_error(error: ServiceError, send: Send, *, prefix: str = "") -> None:
    """Answer with an error's body; `prefix` "websocket." refuses a WebSocket's handshake."""
    answer = error_answer(error)
    content = json.dumps(answer.body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": f"{prefix}http.response.start", "status": answer.status, "headers": headers})
    await send({"type": f"{prefix}http.response.body", "body": content})


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Logs one line a request, without its query: there may be secrets in it."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            fields = access_fields(scope, status, time.perf_counter() - began)
            logs.access.info("request", extra={"fields": fields})


def access_fields(scope: Scope, status: int, seconds: float) -> Mapping[str, object]:
    """What the access log says of a request; status 0 means that the client got no answer."""
    group = headers_of(scope).get(GROUP_HEADER, "").strip()[:LONGEST_GROUP]
    return {
        "group": group,
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1000, 2),
    }


@dataclass(frozen=True, slots=True)
class LastResort:
    """Answers 500 to whatever goes wrong, with the cause in the log only."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            log.exception("request failed", extra={"fields": {"path": scope.get("path")}})
            if scope["type"] == "http" and not started:
                await send_error(Unexpected(), send)


@dataclass(frozen=True, slots=True)
class Authentication:
    """Lets requests with the key and a group pass, and everybody to the paths in `open_paths`."""

    app: ASGIApp
    key: ApiKey
    open_paths: Collection[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and scope["path"] not in self.open_paths:
            try:
                authenticate(headers_of(scope), self.key)
            except ServiceError as error:
                await send_error(error, send)
                return
        await self.app(scope, receive, send)
