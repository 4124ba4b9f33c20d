"""A client for the simulator's REST API, with the standard library only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

ANSWER_S = 60.0


class Unreachable(ConnectionError):
    """The simulator doesn't answer."""


class Refused(AssertionError):
    """A response with another status than 200; a test can check `status` and `body`."""

    def __init__(self, asked: str, status: int, body: Any) -> None:
        super().__init__(f"{asked}: {status} {json.dumps(body)}")
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class Api:
    """The URL of the API, and the headers that its requests need."""

    url: str
    headers: Mapping[str, str]

    def get(self, path: str, query: Mapping[str, object]) -> Any:
        """Send a GET request and return the JSON body. Raises `Refused`, `Unreachable`."""
        asked = quote(path) + (f"?{urlencode(query)}" if query else "")
        return self._answer(Request(self.url + asked, headers=dict(self.headers)))  # noqa: S310 - our own URL

    def post(self, path: str, body: object) -> Any:
        """Post a JSON body and return the response's. Raises `Refused`, `Unreachable`."""
        content = json.dumps(body).encode()
        return self._answer(Request(self.url + path, content, dict(self.headers)))  # noqa: S310 - our own URL

    def _answer(self, request: Request) -> Any:
        try:
            with opener_for(request.host).open(request, timeout=ANSWER_S) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise Refused(request.selector, error.code, _body(error)) from None
        except (URLError, OSError, HTTPException) as error:
            raise Unreachable(f"no answer from {request.full_url}: {error}") from error


def opener_for(host: str) -> OpenerDirector:
    """Return what opens URLs of a host: for this machine without the environment's proxies."""
    name = urlsplit(f"//{host}").hostname or ""
    is_here = name == "localhost" or name == "::1" or name.startswith("127.")
    return build_opener(ProxyHandler({})) if is_here else build_opener()


def _body(error: HTTPError) -> Any:
    """Return the body of an error, as text if it isn't JSON."""
    text = error.read().decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
