"""What every way in needs: a request's headers, and the access log. Plain ASGI."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import logs
from services.access.authentication import GROUP_HEADER, LONGEST_GROUP
from services.errors import clipped
from services.web.metrics import NO_ROUTE, Requests

log = logging.getLogger("bus_simulator.rest")

BY_NAME = "bus_simulator.headers"
"""Where a scope keeps what `headers_of` has read."""


def headers_of(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name, the first of those that come twice. Read once a request."""
    found: dict[str, str] | None = scope.get(BY_NAME)
    if found is None:
        found = {name.decode("latin-1"): text_of(value) for name, value in reversed(scope["headers"])}
        scope[BY_NAME] = found
    return found


def text_of(value: bytes) -> str:
    """A header's text: curl and programs send UTF-8, browsers Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


class AccessLog:
    """Logs and counts each request when it is answered."""

    def __init__(self, app: ASGIApp, *, counted: Requests) -> None:
        self._app, self._counted = app, counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
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
            log_access(scope, headers_of(scope), status, seconds)
            self._counted.count(scope["route"].path if "route" in scope else NO_ROUTE, status, seconds)


def log_access(scope: Scope, headers: Mapping[str, str], status: int, seconds: float) -> None:
    """Log one line for a request, without its query: there may be secrets in it.

    Status 0 means that the client got no answer.
    """
    if not logs.access.isEnabledFor(logging.INFO):
        return
    fields = {
        "group": headers.get(GROUP_HEADER, "").strip()[:LONGEST_GROUP],
        "method": scope["method"],
        "path": clipped(scope["path"]),
        "status": status,
        "ms": round(seconds * 1000, 2),
    }
    # Made directly: looking for the calling line, as info() does, takes longer than answering.
    record = logging.LogRecord(logs.access.name, logging.INFO, "", 0, "request", (), None)
    record.fields = fields
    logs.access.handle(record)
