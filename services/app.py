"""The ASGI application: what every request passes, in the order in which it is refused.

401, 404 for a path, 405, 400, 429; then the query itself, 404 for an id, 503. Whatever else goes wrong is
500, with the cause in the log only. Everything is answered in one place, so that a request costs little.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services import metrics
from services.auth import GROUP_HEADER, KEY_HEADER, authenticate
from services.context import Context
from services.errors import BadRequest, MethodNotAllowed, ServiceError, Unavailable, Unexpected, UnknownPath
from services.limits import Meter
from services.middleware import headers_of, log_access
from services.pages import DOCS, MAP, page_routes
from services.recent import NotInMemory, Recent, Remembering
from services.requests import Answer, Ask, Headers, Request, Route, Routes, refusal
from services.rest import Data, network_routes, operations_routes
from services.websocket import WebSockets
from storage.errors import StoreUnavailable

log = logging.getLogger("bus_simulator.rest")

CORS: Headers = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after, x-next-cursor"),
)
PREFLIGHT = Answer(
    200,
    b"OK",
    b"text/plain; charset=utf-8",
    (
        (b"access-control-allow-methods", b"GET"),
        (b"access-control-allow-headers", f"{KEY_HEADER}, {GROUP_HEADER}, content-type".encode()),
        (b"access-control-max-age", b"600"),
    ),
)


def create_app(context: Context) -> ASGIApp:
    """The application over one context."""
    rest = Rest(context)
    return rest if context.live is None else WebSockets(rest, context.live, context.key)


class Rest:
    """REST as an ASGI application. It belongs to one event loop."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.counted = metrics.Requests()
        self._meter = Meter(context.limits)
        self._recent = Recent(context.store) if isinstance(context.store, Remembering) else None
        self.routes = Routes(
            (
                *Data(context).routes(),
                *network_routes(context),
                *operations_routes(context, self.counted),
                *page_routes({**MAP, **DOCS}),
            )
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, log and count one request; status 0 in the log means that the client got no answer."""
        began, status = time.perf_counter(), 0
        headers = headers_of(scope)
        found = self.routes.find(scope["path"])
        try:
            answer = await self._answered(scope, headers, found)
            if isinstance(answer, Answer):
                await answer.send(send, CORS)
                status = answer.status
            else:
                await answer(scope, receive, send)
                status = answer.status_code
        except Exception:
            log.exception("request failed", extra={"fields": {"path": scope["path"]}})
        finally:
            seconds = time.perf_counter() - began
            log_access(scope, headers, status, seconds)
            self.counted.count(found[0].template if found else metrics.NO_ROUTE, status, seconds)

    async def _answered(
        self, scope: Scope, headers: dict[str, str], found: tuple[Route, list[str]] | None
    ) -> Answer | Response:
        """The answer, whatever happens."""
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            return PREFLIGHT
        try:
            return await self._asked(self._admitted(scope, headers, found))
        except ServiceError as error:
            return refusal(error)
        except StoreUnavailable as error:
            log.error("the store can't be reached: %s", error)
            return refusal(Unavailable())
        except Exception:
            log.exception("request failed", extra={"fields": {"path": scope["path"]}})
            return refusal(Unexpected())

    def _admitted(self, scope: Scope, headers: dict[str, str], found: tuple[Route, list[str]] | None) -> Ask:
        """What is asked, once nothing speaks against asking it. Raises `ServiceError`."""
        if found is None:
            self._refuse_path(headers)
        caller = None if found[0].is_open else authenticate(headers, self._context.key)
        if scope["method"] != "GET":
            raise MethodNotAllowed
        route, values = found
        ask = route.handler(Request(scope, values))
        if caller is not None:
            self._meter.count(caller.key_name)
        return ask

    def _refuse_path(self, headers: dict[str, str]) -> NoReturn:
        """Refuse who may not ask, then the path: whatever is wrong beyond that doesn't matter."""
        with suppress(BadRequest):
            authenticate(headers, self._context.key)
        raise UnknownPath

    async def _asked(self, ask: Ask) -> Answer | Response:
        """The answer from memory if it is there; else a thread asks the store."""
        if ask.recent and self._recent is not None:
            try:
                return ask.answer(self._recent)
            except NotInMemory:
                pass
        return await run_in_threadpool(ask.answer, self._context.store)
