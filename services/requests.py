"""A REST request and its answer as values, and the routes between them: plain ASGI, because each µs counts.

A handler checks a request's parameters and returns what is to be asked; asking comes later, because limits
are counted in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import Scope, Send

from services.errors import BadRequest, ServiceError
from services.queries import Reader
from services.schemas import Body, error_answer

JSON = b"application/json"
LONGEST_QUERY = 32_768
MOST_PARAMETERS = 100

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, ready to be sent."""

    status: int
    content: bytes
    media_type: bytes = JSON
    headers: Headers = ()

    async def send(self, send: Send, further: Headers) -> None:
        """Send it with further headers."""
        length = str(len(self.content)).encode()
        fixed = ((b"content-type", self.media_type), (b"content-length", length))
        headers = [*fixed, *self.headers, *further]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})


def json_answer(body: Body, status: int = 200, headers: Headers = ()) -> Answer:
    """A body as JSON."""
    return Answer(status, ENCODE(body).encode("utf-8", "replace"), JSON, headers)


def refusal(error: ServiceError) -> Answer:
    """An error as its answer."""
    found = error_answer(error)
    headers = tuple((name.lower().encode(), value.encode()) for name, value in found.headers.items())
    return json_answer(dict(found.body), found.status, headers)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request comes to: one question to a store. `recent` says that it may be in memory."""

    answer: Callable[[Reader], Answer | Response]
    recent: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a route: the values in its path, and the rest as ASGI has it."""

    scope: Scope
    values: Sequence[str]

    def query(self) -> Mapping[str, str]:
        """The parameters, the last of those that come twice. Raises `BadRequest` for too many or too long."""
        text: bytes = self.scope["query_string"]
        if text == b"mode=latest":
            return {"mode": "latest"}
        if len(text) > LONGEST_QUERY:
            raise BadRequest(f"Query too long: at most {LONGEST_QUERY} bytes")
        try:
            pairs = parse_qsl(text.decode("latin-1"), True, max_num_fields=MOST_PARAMETERS)
        except ValueError:
            raise BadRequest(f"Too many query parameters: at most {MOST_PARAMETERS}") from None
        return dict(pairs)


Handler: TypeAlias = Callable[[Request], Ask]


@dataclass(frozen=True, slots=True)
class Route:
    """A path with places for values like `/lines/{line_id}`. An open one needs no key and has no limit."""

    template: str
    handler: Handler
    is_open: bool = False


class Routes:
    """Routes by path. Where two fit, that with more of its path fixed is meant."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.all = tuple(routes)
        self._of_length: dict[int, list[tuple[Route, list[str]]]] = {}
        for route in sorted(routes, key=lambda route: route.template.count("{")):
            parts = route.template.split("/")
            self._of_length.setdefault(len(parts), []).append((route, parts))

    def find(self, path: str) -> tuple[Route, list[str]] | None:
        """The route of a path and the values in it. No value is empty."""
        given = path.split("/")
        for route, parts in self._of_length.get(len(given), ()):
            values = _values(parts, given)
            if values is not None:
                return route, values
        return None


def _values(parts: Sequence[str], given: Sequence[str]) -> list[str] | None:
    values = []
    for part, value in zip(parts, given, strict=True):
        if part[:1] == "{":
            if not value:
                return None
            values.append(value)
        elif part != value:
            return None
    return values
