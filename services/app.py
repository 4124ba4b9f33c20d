"""The FastAPI application: REST, WebSocket, MCP, map and documents over one context."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.access.authentication import GROUP_HEADER, KEY_HEADER
from services.agents.mcp_routes import MCP_HEADERS, add_mcp_routes
from services.context import Context
from services.feeds.emt.login import EMT_HEADERS
from services.feeds.emt.routes import PREFIX as EMT
from services.feeds.emt.routes import add_emt_routes
from services.feeds.gtfs_realtime.realtime_routes import add_realtime_routes
from services.feeds.gtfs_static.feed_routes import add_static_feed_route
from services.feeds.siri.cancelled_journeys import cancelled_journeys
from services.feeds.siri.routes import add_siri_routes
from services.feeds.unknown_feed_paths import answer_unknown_feed_paths
from services.tracing import shared_provider, telemetry_of
from services.transit.trip_links import TripLinks
from services.web import openapi
from services.web.access_log import AccessLog, headers_of
from services.web.clock_routes import add_clock_control, add_clock_route
from services.web.export_routes import add_export_routes
from services.web.formats.record_pages import CURSOR_HEADER
from services.web.gate import Gate, by_key
from services.web.handlers import Identify, Route
from services.web.intervention_routes import add_cost_route, add_intervention_control, add_journal_route
from services.web.live.live_routes import add_live_route
from services.web.metrics import RequestCounts
from services.web.rest_routes import (
    StreamRoutes,
    add_health_route,
    add_network_routes,
    add_operations_routes,
)
from services.web.sign_in.session_routes import add_session_routes
from services.web.static_files import DOCS, MAP, add_pages
from services.web.transit.arrival_routes import add_arrival_routes
from services.web.transit.shape_routes import add_shape_routes
from services.web.transit.visit_routes import add_visit_routes
from services.web.websocket import WebSockets


def without_body(send: Send) -> Send:
    """Send a response to HEAD: the headers of GET, and no body."""

    async def headers_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return headers_only


def create_app(context: Context) -> FastAPI:
    """Return the whole application over one context. It belongs to one event loop."""
    app = create_data_app(context, by_key(context.key), TripLinks(context.network, context.scenario_at_start))
    add_operations_routes(app, context, app.state.counted)
    if context.control is not None:
        add_clock_control(app, context.control)
    add_journal_route(app, context)
    if context.costs is not None:
        add_cost_route(app, context.costs)
    if context.interventions is not None:
        add_intervention_control(app, context, context.interventions)
    if context.mcp_hosts is not None:
        add_mcp_routes(app, context, context.mcp_hosts)
    add_live_route(app, context)
    add_static_feed_route(app, context)
    realtime = add_realtime_routes(app, context)
    add_export_routes(app, context)
    add_session_routes(app, context)
    add_pages(app, DOCS)
    add_pages(app, MAP, None if context.map_tiles is None else context.map_tiles.origin)
    add_siri_routes(app, context, lambda: cancelled_journeys(realtime()))
    add_emt_routes(app, context)
    answer_unknown_feed_paths(app, is_open=context.open_feeds)
    return app


def create_data_app(context: Context, identify: Identify, links: TripLinks | None = None) -> FastAPI:
    """Return the part that runs behind API Gateway too: streams, network, health and clock.

    With `links` trips have their ids in the GTFS feeds.
    """
    app = Application(context, identify)
    StreamRoutes(context).add_to(app)
    add_visit_routes(app, context)
    add_arrival_routes(app, context, links)
    add_shape_routes(app, context)
    add_network_routes(app, context)
    add_health_route(app, context)
    add_clock_route(app, context.clock)
    return app


class Application(FastAPI):
    """FastAPI with only the middleware that its routes need; `services.web.gate` answers all errors.

    `state.gate` is the gate, `state.counted` the counts of requests, `state.open_while_served` the
    asynchronous context managers to keep open while the application runs.
    """

    def __init__(self, context: Context, identify: Identify) -> None:
        super().__init__(
            **openapi.ABOUT,
            version=context.version,
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            telemetry=telemetry_of(shared_provider()),
            lifespan=self._lived,
        )
        self._live, self._keys = context.live, context.key
        posts = context.control is not None or context.mcp_hosts is not None
        self._methods = ["GET", "HEAD", *(["POST"] if posts else [])]
        self._methods += [] if context.interventions is None else ["DELETE"]
        self.state.gate = gate = Gate(context, identify)
        self.state.counted = RequestCounts()
        self.state.open_while_served = []
        self.router.route_class = Route
        self.router.redirect_slashes = False
        self.router.default = gate.refuse_path

    def openapi(self) -> dict[str, Any]:
        """Return FastAPI's description of the routes."""
        if self.openapi_schema is None:
            for route in self.routes:
                if isinstance(route, Route) and route.include_in_schema:
                    route.describe()
        return super().openapi()

    @asynccontextmanager
    async def _lived(self, _app: FastAPI) -> AsyncIterator[None]:
        """Keep the context managers in `state.open_while_served` open while the application runs."""
        async with AsyncExitStack() as stack:
            for opened in self.state.open_while_served:
                await stack.enter_async_context(opened())
            yield

    def build_middleware_stack(self) -> ASGIApp:
        """Return routes inside CORS, access log and WebSockets."""
        logged = AccessLog(self._shared_with_browsers(), counted=self.state.counted)
        return logged if self._live is None else WebSockets(logged, self._live, self._keys)

    def _shared_with_browsers(self) -> ASGIApp:
        """Return the routes with CORS for all origins; requests without an Origin header bypass it."""
        cors = CORSMiddleware(
            self._answer,
            allow_origins=["*"],
            allow_methods=self._methods,
            allow_headers=[KEY_HEADER, GROUP_HEADER, "content-type", "if-none-match", *MCP_HEADERS],
            expose_headers=["retry-after", "etag", CURSOR_HEADER],
        )

        emt = CORSMiddleware(
            self._answer,
            allow_origins=["*"],
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=[*EMT_HEADERS, "content-type"],
            expose_headers=["retry-after"],
        )

        async def shared(scope: Scope, receive: Receive, send: Send) -> None:
            is_page = scope["type"] == "http" and "origin" in headers_of(scope)
            if not is_page:
                await self._answer(scope, receive, send)
                return
            await (emt if scope["path"].startswith(f"{EMT}/") else cors)(scope, receive, send)

        return shared

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once what was answered before, and route all other requests."""
        gate: Gate = self.state.gate
        if scope["type"] == "http" and scope["method"] == "HEAD":
            send = without_body(send)
        answer = await gate.answer_again(scope) if scope["type"] == "http" else None
        await (self.router if answer is None else answer)(scope, receive, send)
