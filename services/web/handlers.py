"""Handlers of REST requests, the FastAPI route that runs them, and JSON in and out.

A handler checks a request's parameters and returns a query; the gate runs the query after it has counted the
request against the key's limits, so that bad requests don't use them up.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, TypeAlias
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.access.authentication import Caller
from services.errors import BadRequest, ServiceError
from services.queries.bodies import Body, describe_error, record_body
from simulator.network import Network
from storage.schema import Record
from storage.store import Reader

JSON = "application/json"
LATEST_QUERY = b"mode=latest"
"""The query string of almost all requests."""
LONGEST_QUERY = 32_768
LONGEST_BODY = 4096
MOST_PARAMETERS = 100
LISTS = frozenset(("line_id", "stop_id", "line_ids", "streams", "monitoringref", "lineref", "vehicleref"))
"""Parameters (in lower case) that can be repeated, or have several values with commas between them."""
PARSED = "bus_simulator.query"
"""The key under which a scope caches the result of `query_parameters`."""
HEAD = frozenset(("HEAD",))
OPEN: Mapping[str, Any] = {"security": []}
"""The OpenAPI field of a route that needs no key. Such a route has no limits either."""


class BodyTooLong(BadRequest):
    """The request's body is longer than its route allows."""


ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_bytes(body: Body) -> bytes:
    """Write a body as JSON in UTF-8."""
    return ENCODE(body).encode("utf-8", "replace")


def json_response(body: Body, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON body."""
    return Response(json_bytes(body), status, headers, JSON)


def error_response(error: ServiceError) -> Response:
    """Return the response of an error: status, body and headers."""
    found = describe_error(error)
    return json_response(found.body, found.status, found.headers)


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """A response that reads the store; `recent` says that memory may hold what it reads."""

    respond: Callable[[Reader], Response]
    recent: bool = False


class ReadyResponse(Response):
    """A response that can be sent any number of times."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it. The headers are copied, since middleware adds to those of one request."""
        headers = self.raw_headers.copy()
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class LatestResponse:
    """Finds an entity's latest record by `find`, and serialises it unless it is the one found last."""

    __slots__ = ("_find", "_last", "_network")

    def __init__(self, find: Callable[[Reader], Record], network: Network) -> None:
        self._find, self._network = find, network
        self._last: tuple[Record, Response] | None = None

    def __call__(self, store: Reader) -> Response:
        """Return the response. Raises what `find` does. Safe to call from several threads."""
        record, last = self._find(store), self._last
        # A store's memory has the same object until a tick replaces it.
        if last is not None and last[0] is record:
            return last[1]
        response = ReadyResponse(json_bytes(record_body(record, self._network)), media_type=JSON)
        self._last = record, response
        return response


@dataclass(frozen=True, slots=True)
class AsyncResponse:
    """A response that reads no store, or more than once: the gate awaits it."""

    respond: Callable[[], Awaitable[Response]]


Handler: TypeAlias = Callable[[Request], StoreQuery | AsyncResponse]


Identify: TypeAlias = Callable[[Scope], Caller]
"""The caller of an ASGI scope. Raises `Unauthorized`."""


def query_parameters(request: Request) -> Mapping[str, str]:
    """Return the query's parameters, parsed once per request.

    Of a repeated parameter the last counts; a repeated parameter of `LISTS` becomes one list with commas.
    Raises `BadRequest` if there are too many or the query is too long.
    """
    found: Mapping[str, str] | None = request.scope.get(PARSED)
    if found is None:
        found = request.scope[PARSED] = _parsed(request.scope["query_string"])
    return found


def _parsed(text: bytes) -> Mapping[str, str]:
    if text == LATEST_QUERY:
        return {"mode": "latest"}
    if len(text) > LONGEST_QUERY:
        raise BadRequest(f"Query too long: at most {LONGEST_QUERY} bytes")
    try:
        pairs = parse_qsl(text.decode("latin-1"), True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise BadRequest(f"Too many query parameters: at most {MOST_PARAMETERS}") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found and name.lower() in LISTS else value
    return found


async def read_body(request: Request, longest: int) -> None:
    """Read the body into `request.state.body`. Raises `BadRequest` if it is too long or incomplete."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > longest:
                raise BodyTooLong(f"Body too long: at most {longest} bytes")
    except ClientDisconnect:
        raise BadRequest("Body incomplete") from None
    request.state.body = bytes(body)


def json_object(request: Request) -> Mapping[str, object]:
    """Parse the body, which `read_body` has read, as a JSON object. Raises `BadRequest`."""
    try:
        found = json.loads(request.state.body)
    except (ValueError, RecursionError):
        raise BadRequest("Invalid JSON") from None
    if not isinstance(found, dict):
        raise BadRequest("Invalid JSON")
    return found


NO_BODIES: dict[str, None] = {"response_model": None, "responses": None}


def undescribed() -> None:
    """Stands for a handler whose signature FastAPI need not look at."""


class Route(APIRoute):
    """A route whose endpoint is a `Handler`, run by the application's gate.

    FastAPI's own handling would check the parameters before the key, and takes twice as long. Where GET is,
    HEAD is too. `parameters` are the names that the query may have, as OpenAPI describes them, None for any.
    `hint_of_methods` says how to allow a method that the path doesn't have. FastAPI makes models of all
    bodies, which serving doesn't need and which takes four fifths of the time to make an application, only by
    `describe`.
    """

    longest_body: ClassVar[int] = LONGEST_BODY

    def __init__(self, path: str, endpoint: Handler, **named: Any) -> None:
        super().__init__(path, undescribed, **named | {"name": endpoint.__name__} | NO_BODIES)
        self.describe = partial(super().__init__, path, endpoint, **named)
        self.endpoint = endpoint
        described = self.openapi_extra or {}
        self.is_open = described.get("security") == []
        self.allowed = frozenset(self.methods or ()) | (
            HEAD if "GET" in (self.methods or ()) else frozenset()
        )
        self.takes_body = "POST" in self.allowed
        of_query = (each["name"] for each in described.get("parameters", ()) if each["in"] == "query")
        self.parameters = frozenset(of_query) if self.include_in_schema else None
        self.hint_of_methods = ""

    def caller(self, scope: Scope, identify: Identify) -> Caller | None:
        """The caller of a request; None if the route is open. Raises `Unauthorized`."""
        return None if self.is_open else identify(scope)

    def refused(self, error: ServiceError, _now: datetime) -> Response:
        """Return the response of an error in this route's format."""
        return error_response(error)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request to this path, with any method."""
        answer: Response = await scope["app"].state.gate.answer(Request(scope, receive), self)
        await answer(scope, receive, send)
