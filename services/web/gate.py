"""The checks that every request passes before its route reads the store, in the order of their errors.

401, 404 for a path, 405, 400, 429; then the route's own 400, 404 for an id, 409, 503. Any other exception is
500, with the cause in the log only.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.access.authentication import Caller, Keys, check_group
from services.access.rate_limits import Meter, RequestMeter
from services.context import Context
from services.errors import MethodNotAllowed, ServiceError, Unauthorized, Unavailable, Unexpected, UnknownPath
from services.queries import parameters
from services.queries.async_reader import AsyncReader
from services.web.access_log import CALLER, headers_of
from services.web.formats.local_times import in_zone
from services.web.formats.tagged_response import TaggedResponse
from services.web.handlers import (
    LATEST_QUERY,
    AsyncResponse,
    Identify,
    Route,
    StoreQuery,
    error_response,
    query_parameters,
    read_body,
)
from services.web.sign_in.callers import caller_of
from services.web.websocket import credentials
from storage.errors import DependencyUnavailable

log = logging.getLogger("bus_simulator.rest")

KEYLESS = ("/.well-known/", "/favicon.ico")
"""Unknown paths that are 404 without a key, too."""
LIVE_PATH = "/live"
"""Where credentials may be in the query string, as the WebSocket's: EventSource sends no headers."""


def by_key(keys: Keys) -> Identify:
    """Identify callers by the key and the group name that they send, or by a browser's session."""

    def identify(scope: Scope) -> Caller:
        in_query = scope["type"] == "websocket" or scope["path"] == LIVE_PATH
        offered = credentials(scope) if in_query else headers_of(scope)
        return caller_of(scope, offered, keys)

    return identify


def methods_at(path: str, app: FastAPI) -> set[str]:
    """The methods of all routes with this path."""
    return {
        method
        for route in app.routes
        if isinstance(route, Route) and route.path == path
        for method in route.allowed
    }


def checked_zone(request: Request, known: Collection[str]) -> ZoneInfo | None:
    """Return the zone that the query names, None for UTC. Raises `BadRequest` for an unknown parameter."""
    query = query_parameters(request)
    parameters.check_known(query, known)
    return parameters.time_zone(query)


def paths_below(path: str, app: FastAPI) -> str:
    """Name the described paths that share the most with an unknown one; empty if none shares anything."""
    wanted = path.strip("/").split("/")
    known = [route.path for route in app.routes if isinstance(route, Route) and route.include_in_schema]
    shared = {template: _shared_parts(wanted, template.strip("/").split("/")) for template in known}
    most = max(shared.values(), default=0)
    return f"The API has {', '.join(sorted(t for t in shared if shared[t] == most))}" if most else ""


def _shared_parts(parts: Sequence[str], template: Sequence[str]) -> int:
    same = (
        part == known or (known.startswith("{") and part != "")
        for part, known in zip(parts, template, strict=False)
    )
    return len(list(takewhile(bool, same)))


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A route, and the query that its handler made of a request."""

    route: Route
    query: StoreQuery


class PreparedRequests:
    """The queries of requests for latest values that were answered with 200, by path.

    What a handler makes of such a request depends on its path alone. There are at most as many as the network
    has entities, since others aren't answered with 200. It belongs to one event loop.
    """

    def __init__(self) -> None:
        self._by_path: dict[str, PreparedRequest] = {}

    def of(self, scope: Scope) -> PreparedRequest | None:
        """What is prepared for a GET request, None if that is nothing."""
        if scope["query_string"] != LATEST_QUERY or scope["method"] != "GET":
            return None
        return self._by_path.get(scope["path"])

    def keep(self, scope: Scope, route: Route, query: StoreQuery) -> None:
        """Keep the query of a request that was answered with 200, if others can use it."""
        if query.recent and scope["query_string"] == LATEST_QUERY and scope["method"] == "GET":
            self._by_path[scope["path"]] = PreparedRequest(route, query)


class Gate:
    """Answers requests to routes: checks key, method, parameters and limits, then reads the store."""

    def __init__(self, context: Context, identify: Identify) -> None:
        self._identify = identify
        self._reader = AsyncReader(context.store)
        self._prepared = PreparedRequests()
        self.meter: RequestMeter = context.meter or Meter(context.limits)
        self._now = context.now
        self.unknown_below: dict[str, Route] = {}
        """Routes that answer unknown paths, by how these begin in lower case."""

    async def answer(self, request: Request, route: Route) -> Response:
        """Return the route's answer, or the body of the error that stopped it."""
        try:
            query, zone = await self._admitted(request, route)
            if isinstance(query, AsyncResponse):
                response = await query.respond()
            else:
                response = await self._reader.read(query.respond, recent=query.recent)
        except Exception as error:  # noqa: BLE001 - `_refused` logs it
            return self._refused(error, request.scope, route)
        if isinstance(query, StoreQuery) and not route.is_open:
            self._prepared.keep(request.scope, route, query)
        if zone is None:
            return response
        return response.in_zone(zone) if isinstance(response, TaggedResponse) else in_zone(response, zone)

    async def answer_again(self, scope: Scope) -> Response | None:
        """Return the response to a request for a latest value, None unless one to this path was answered.

        Checks only what depends on the caller. Routing, and making the query again, would take three times as
        long as all the rest.
        """
        prepared = self._prepared.of(scope)
        if prepared is None:
            return None
        scope["route"] = prepared.route
        try:
            caller = self._identify(scope)
            check_group(caller)
            scope[CALLER] = caller
            self.meter.count(caller)
            return await self._reader.read(prepared.query.respond, recent=True)
        except Exception as error:  # noqa: BLE001 - `_refused` logs it
            return self._refused(error, scope, prepared.route)

    def _refused(self, error: Exception, scope: Scope, route: Route) -> Response:
        """Return the body of an error that stopped a request, and log those that aren't the caller's."""
        if isinstance(error, ServiceError):
            refusal = error
        elif isinstance(error, DependencyUnavailable):
            log.error("the store can't be reached: %s", error)
            refusal = Unavailable()
        else:
            log.error("request failed", exc_info=error, extra={"fields": {"path": scope["path"]}})
            refusal = Unexpected()
        return route.refused(refusal, self._now())

    async def _admitted(
        self, request: Request, route: Route
    ) -> tuple[StoreQuery | AsyncResponse, ZoneInfo | None]:
        """Return the route's query and the answer's time zone, once every check has passed.

        Raises `ServiceError`.
        """
        caller = route.caller(request.scope, self._identify)
        if request.scope["method"] not in route.allowed:
            raise MethodNotAllowed(methods_at(route.path, request.app), hint=route.hint_of_methods)
        if caller is not None:
            check_group(caller)
            request.scope[CALLER] = caller
        if route.takes_body:
            await read_body(request, route.longest_body)
        zone = None if route.parameters is None else checked_zone(request, route.parameters)
        query: StoreQuery | AsyncResponse = route.endpoint(request)
        if caller is not None:
            self.meter.count(caller)
        return query, zone

    async def refuse_path(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 for a path without a route or WebSocket, but 401 to a caller without a valid key.

        Browsers and MCP clients ask for `KEYLESS` paths by themselves and take a 401 there for a login.
        """
        path = scope["path"].lower()
        below = next((route for begin, route in self.unknown_below.items() if path.startswith(begin)), None)
        if below is not None:
            await below.handle(scope, receive, send)
            return
        try:
            if not scope["path"].startswith(KEYLESS):
                self._identify(scope)
            answer = error_response(UnknownPath(hint=paths_below(scope["path"], scope["app"])))
        except Unauthorized as error:
            answer = error_response(error)
        await answer(scope, receive, send)
