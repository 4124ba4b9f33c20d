"""The simulator's API over HTTP, with what comes with Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

ANSWER_S = 60.0


class Unreachable(ConnectionError):
    """Nobody answers there."""


class Refused(AssertionError):
    """An answer other than 200, which a test may have expected: see `status` and `body`."""

    def __init__(self, asked: str, status: int, body: Any) -> None:
        super().__init__(f"{asked}: {status} {json.dumps(body)}")
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is, and the headers that it wants."""

    url: str
    headers: Mapping[str, str]

    def get(self, path: str, query: Mapping[str, object]) -> Any:
        """The JSON body. Raises `Refused`, `Unreachable`."""
        asked = quote(path) + (f"?{urlencode(query)}" if query else "")
        return self._answer(Request(self.url + asked, headers=dict(self.headers)))  # noqa: S310 - our own URL

    def post(self, path: str, body: object) -> Any:
        """The JSON body that answers this one. Raises `Refused`, `Unreachable`."""
        content = json.dumps(body).encode()
        return self._answer(Request(self.url + path, content, dict(self.headers)))  # noqa: S310 - our own URL

    def _answer(self, request: Request) -> Any:
        try:
            with urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310 - our own URL
                return json.load(answer)
        except HTTPError as error:
            raise Refused(request.selector, error.code, _body(error)) from None
        except (URLError, OSError, HTTPException) as error:
            raise Unreachable(f"no answer from {request.full_url}: {error}") from error


def _body(error: HTTPError) -> Any:
    """The body of a refusal, as text where it isn't JSON."""
    text = error.read().decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
