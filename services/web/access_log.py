"""The headers of an ASGI scope, and the access log of HTTP requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import logs
from services.access.authentication import GROUP_HEADER, LONGEST_GROUP, Caller
from services.errors import clipped
from services.web.metrics import NO_ROUTE, RequestCounts

log = logging.getLogger("bus_simulator.rest")

REQUEST_ID = "x-request-id"
BY_NAME = "bus_simulator.headers"
"""The key under which a scope caches the result of `headers_of`."""
CALLER = "bus_simulator.caller"
"""The key under which a scope has the `Caller` of a request that was admitted."""
SESSION_GROUP = "bus_simulator.session_group"
"""The key under which a scope has the group of a caller with a session, which sends no group name."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers by lower-case name; of a repeated header the first. Decoded once per request."""
    found: dict[str, str] | None = scope.get(BY_NAME)
    if found is None:
        found = {name.decode("latin-1"): text_of(value) for name, value in reversed(scope["headers"])}
        scope[BY_NAME] = found
    return found


def text_of(value: bytes) -> str:
    """Decode a header's value: curl and programs send UTF-8, browsers Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


class AccessLog:
    """ASGI middleware that logs and counts each HTTP request once its response is sent."""

    def __init__(self, app: ASGIApp, *, counted: RequestCounts) -> None:
        self._app, self._counted = app, counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            log.exception("request failed", extra={"fields": {"path": scope["path"]}})
        finally:
            seconds = time.perf_counter() - began
            route = scope["route"].path if "route" in scope else NO_ROUTE
            caller: Caller | None = scope.get(CALLER)
            self._counted.count(route, status, seconds, None if caller is None else caller.group)
            try:
                await asyncio.sleep(0)  # the response leaves at the end of this round of the event loop
            finally:
                log_access(scope, headers_of(scope), status, seconds)


def log_access(scope: Scope, headers: Mapping[str, str], status: int, seconds: float) -> None:
    """Log one line for a request, without its query string, which may hold the key.

    `status` is 0 if the client got no response.
    """
    if not logs.access.isEnabledFor(logging.INFO):
        return
    caller: Caller | None = scope.get(CALLER)
    named = headers.get(GROUP_HEADER, "").strip() or ("" if caller is None else caller.group)
    fields = {
        "group": scope.get(SESSION_GROUP) or named[:LONGEST_GROUP],
        "method": scope["method"],
        "path": clipped(scope["path"]),
        "status": status,
        "ms": round(seconds * 1000, 2),
    }
    if request_id := headers.get(REQUEST_ID, ""):  # a gateway's, whose own log lacks the group
        fields["request_id"] = clipped(request_id)
    logs.access.handle(logs.access_record(fields))
