"""The FastAPI application: what every request passes, in the order in which it is refused.

401, 404 for a path, 405, 400, 429; then the query itself, 404 for an id, 409, 503. Whatever else goes wrong
is 500, with the cause in the log only.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.access.authentication import GROUP_HEADER, KEY_HEADER, Caller, Keys, authenticate, check_group
from services.access.rate_limits import Meter
from services.agents.mcp_routes import MCP_HEADERS, add_mcp_routes
from services.context import Context
from services.errors import (
    MethodNotAllowed,
    ServiceError,
    Unauthorized,
    Unavailable,
    Unexpected,
    UnknownPath,
)
from services.queries.async_reader import Asking
from services.web import openapi
from services.web.access_log import AccessLog, headers_of
from services.web.clock_routes import add_clock_routes
from services.web.handlers import Ask, Exchange, Route, read_body, refusal
from services.web.metrics import Requests
from services.web.rest_routes import (
    CURSOR_HEADER,
    Data,
    add_health_route,
    add_network_routes,
    add_operations_routes,
)
from services.web.static_files import DOCS, MAP, add_pages
from services.web.websocket import WebSockets, credentials
from storage.errors import DependencyUnavailable

log = logging.getLogger("bus_simulator.rest")

Identify: TypeAlias = Callable[[Scope], Caller]
"""Who asks, of an ASGI scope. Raises `Unauthorized`."""


def create_app(context: Context) -> FastAPI:
    """The application over one context. It belongs to one event loop."""
    app = create_data_app(context, by_key(context.key))
    add_operations_routes(app, context, app.state.counted)
    if context.control is not None:
        add_clock_routes(app, context.control)
    if context.mcp_hosts is not None:
        add_mcp_routes(app, context, context.mcp_hosts)
    add_pages(app, {**MAP, **DOCS})
    return app


def create_data_app(context: Context, identify: Identify) -> FastAPI:
    """What answers behind a gateway, too: the streams, the network, and how everything is."""
    app = Application(context, identify)
    Data(context).add_to(app)
    add_network_routes(app, context)
    add_health_route(app, context)
    return app


def by_key(keys: Keys) -> Identify:
    """Callers are known by the key and the group that they show."""

    def identify(scope: Scope) -> Caller:
        offered = credentials(scope) if scope["type"] == "websocket" else headers_of(scope)
        return authenticate(offered, keys)

    return identify


class Application(FastAPI):
    """FastAPI with no more around its routes than they need: errors are all answered by the gate.

    `state.gate` is that, `state.counted` the requests.
    """

    def __init__(self, context: Context, identify: Identify) -> None:
        super().__init__(
            **openapi.ABOUT,
            version=context.version,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            lifespan=self._lived,
        )
        self._live, self._keys = context.live, context.key
        posts = context.control is not None or context.mcp_hosts is not None
        self._methods = ["GET", "POST"] if posts else ["GET"]
        self.state.gate = gate = Gate(context, identify)
        self.state.counted = Requests()
        self.state.open_while_served = []
        self.router.route_class = Route
        self.router.redirect_slashes = False
        self.router.default = gate.refuse_path

    @asynccontextmanager
    async def _lived(self, _app: FastAPI) -> AsyncIterator[None]:
        """What has to be open while the application is, is in `state.open_while_served`."""
        async with AsyncExitStack() as stack:
            for opened in self.state.open_while_served:
                await stack.enter_async_context(opened())
            yield

    def build_middleware_stack(self) -> ASGIApp:
        """What a request passes before its route."""
        logged = AccessLog(self._shared_with_browsers(), counted=self.state.counted)
        return logged if self._live is None else WebSockets(logged, self._live, self._keys)

    def _shared_with_browsers(self) -> ASGIApp:
        """The routes, open to pages of any origin. Who isn't a browser isn't told so."""
        cors = CORSMiddleware(
            self.router,
            allow_origins=["*"],
            allow_methods=self._methods,
            allow_headers=[KEY_HEADER, GROUP_HEADER, "content-type", *MCP_HEADERS],
            expose_headers=["retry-after", CURSOR_HEADER],
        )

        async def shared(scope: Scope, receive: Receive, send: Send) -> None:
            is_page = any(name == b"origin" for name, _ in scope.get("headers", ()))
            await (cors if is_page else self.router)(scope, receive, send)

        return shared


def methods_at(path: str, app: FastAPI) -> set[str]:
    """The methods of all routes with a path."""
    return {
        method
        for route in app.routes
        if isinstance(route, Route) and route.path == path
        for method in route.allowed
    }


class Gate:
    """Through which each request to a route goes: key, parameters, limits, then the question."""

    def __init__(self, context: Context, identify: Identify) -> None:
        self._identify = identify
        self._asking = Asking(context.store)
        self._meter = Meter(context.limits)
        self._now = context.now

    async def answer(self, request: Request, route: Route) -> Response:
        """The answer, whatever happens."""
        try:
            ask = await self._admitted(request, route)
            if isinstance(ask, Exchange):
                return await ask.answer()
            return await self._asking.ask(ask.answer, recent=ask.recent)
        except ServiceError as error:
            return route.refused(error, self._now())
        except DependencyUnavailable as error:
            log.error("the store can't be reached: %s", error)
            return route.refused(Unavailable(), self._now())
        except Exception:
            log.exception("request failed", extra={"fields": {"path": request.scope["path"]}})
            return route.refused(Unexpected(), self._now())

    async def _admitted(self, request: Request, route: Route) -> Ask | Exchange:
        """What is asked, once nothing speaks against asking it. Raises `ServiceError`."""
        caller = None if route.is_open else self._identify(request.scope)
        if request.scope["method"] not in route.allowed:
            raise MethodNotAllowed(methods_at(route.path, request.app))
        if caller is not None:
            check_group(caller)
        if route.takes_body:
            await read_body(request, route.longest_body)
        ask: Ask | Exchange = route.endpoint(request)
        if caller is not None:
            self._meter.count(caller.key_name)
        return ask

    async def refuse_path(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer where there is no route, or no WebSocket: first of all to who may not ask."""
        try:
            self._identify(scope)
            answer = refusal(UnknownPath())
        except Unauthorized as error:
            answer = refusal(error)
        await answer(scope, receive, send)
