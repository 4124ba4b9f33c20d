"""A REST request in two steps, and the routes of FastAPI that take them.

A handler checks a request's parameters and returns what is to be asked; asking comes later, because limits
are counted in between.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeAlias
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.errors import BadRequest, ServiceError
from services.queries.bodies import Body, describe_error
from storage.store import Reader

JSON = "application/json"
LONGEST_QUERY = 32_768
LONGEST_BODY = 4096
MOST_PARAMETERS = 100
OPEN: Mapping[str, Any] = {"security": []}
"""Says in OpenAPI that a route needs no key; such a route has no limit either."""


class BodyTooLong(BadRequest):
    """A request's body is longer than its route takes."""


ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_response(body: Body, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A body as JSON."""
    return Response(ENCODE(body).encode("utf-8", "replace"), status, headers, JSON)


def error_response(error: ServiceError) -> Response:
    """An error as its answer."""
    found = describe_error(error)
    return json_response(found.body, found.status, found.headers)


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """A request's answer, made by reading the store; `recent` says that memory may hold what it reads."""

    respond: Callable[[Reader], Response]
    recent: bool = False


@dataclass(frozen=True, slots=True)
class AsyncResponse:
    """A request's answer that needs no store, or more than one read of it: awaited by the gate."""

    respond: Callable[[], Awaitable[Response]]


Handler: TypeAlias = Callable[[Request], StoreQuery | AsyncResponse]


def query_parameters(request: Request) -> Mapping[str, str]:
    """The parameters, the last of those that come twice. Raises `BadRequest` for too many or too long."""
    text: bytes = request.scope["query_string"]
    if text == b"mode=latest":
        return {"mode": "latest"}
    if len(text) > LONGEST_QUERY:
        raise BadRequest(f"Query too long: at most {LONGEST_QUERY} bytes")
    try:
        pairs = parse_qsl(text.decode("latin-1"), True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise BadRequest(f"Too many query parameters: at most {MOST_PARAMETERS}") from None
    return dict(pairs)


async def read_body(request: Request, longest: int) -> None:
    """Take in the body, for `json_object`. Raises `BadRequest` for one that is too long or breaks off."""
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
    """The JSON object that is the request's body. Raises `BadRequest`."""
    try:
        found = json.loads(request.state.body)
    except (ValueError, RecursionError):
        raise BadRequest("Invalid JSON") from None
    if not isinstance(found, dict):
        raise BadRequest("Invalid JSON")
    return found


class Route(APIRoute):
    """A route whose endpoint is a `Handler`. How it is answered is up to the application's `gate`.

    FastAPI's own handling would check the parameters before the key, and takes twice as long.
    """

    longest_body: ClassVar[int] = LONGEST_BODY

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.is_open = (self.openapi_extra or {}).get("security") == []
        self.allowed = frozenset(self.methods or ())
        self.takes_body = "POST" in self.allowed

    def refused(self, error: ServiceError, _now: datetime) -> Response:
        """How this route writes an error."""
        return error_response(error)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to this path."""
        answer: Response = await scope["app"].state.gate.answer(Request(scope, receive), self)
        await answer(scope, receive, send)
