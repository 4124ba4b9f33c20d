"""A client of a running simulator's HTTP and WebSocket APIs, as its users have them.

Failures raise `CheckFailed`, whose message never contains the key.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ValidationError
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from services.access.authentication import GROUP_HEADER, KEY_HEADER

TIMEOUT_S = 20.0
SHOWN_BYTES = 160
SWITCHING_PROTOCOLS = 101
DATA = "data: "

Model = TypeVar("Model", bound=BaseModel)


class CheckFailed(Exception):
    """A check of a simulator failed; the message says why."""


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a request for `path`."""

    path: str
    status: int
    content: bytes

    def expect(self, status: int) -> Response:
        """Return this response if it has that status. Raises `CheckFailed`."""
        if self.status != status:
            raise CheckFailed(f"{self.path}: status {self.status} instead of {status}: {self.shown}")
        return self

    def body(self, model: type[Model]) -> Model:
        """The body, validated as a model. Raises `CheckFailed`."""
        try:
            return model.model_validate_json(self.content, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise CheckFailed(
                f"{self.path}: the body is wrong: {where} {first['msg']}: {self.shown}"
            ) from None

    @property
    def shown(self) -> str:
        """The beginning of the body as text."""
        return self.content[:SHOWN_BYTES].decode("utf-8", "replace") or "(empty)"


@dataclass(frozen=True, slots=True, repr=False)
class ApiClient:
    """A simulator's addresses, and the key and group to use. `trace` gets a line per exchange."""

    api_url: str
    ws_url: str
    key: str
    group: str
    trace: Callable[[str], None] = lambda _line: None

    def request(
        self, path: str, headers: Mapping[str, str] | None = None, *, body: object | None = None
    ) -> Response:
        """GET `path`, or POST `body`, with the key and the group or with just `headers`.

        Raises `CheckFailed` where nothing answers.
        """
        url = urlsplit(self.api_url)
        if headers is None:
            headers = {KEY_HEADER: self.key, GROUP_HEADER: self.group}
        method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        try:
            with closing(kind(url.hostname or "", url.port, timeout=TIMEOUT_S)) as connection:
                connection.request(method, url.path.rstrip("/") + path, content, dict(headers))
                answered = connection.getresponse()
                answer = Response(path, answered.status, answered.read())
        except (OSError, http.client.HTTPException) as error:
            raise CheckFailed(f"no answer from {self.api_url}{path}: {error}") from None
        self.trace(f"{method} {path} → {answer.status} {answer.shown}")
        return answer

    def answers(self) -> bool:
        """Whether anything answers at the address of the REST API."""
        try:
            self.request("/health", {})
        except CheckFailed:
            return False
        return True

    def first_event(self, path: str) -> str:
        """The data of the first of a stream of Server-Sent Events. Raises `CheckFailed` if there is none."""
        url = urlsplit(self.api_url)
        headers = {KEY_HEADER: self.key, GROUP_HEADER: self.group}
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        try:
            with closing(kind(url.hostname or "", url.port, timeout=TIMEOUT_S)) as connection:
                connection.request("GET", url.path.rstrip("/") + path, None, headers)
                with connection.getresponse() as answered:
                    Response(path, answered.status, b"").expect(HTTPStatus.OK)
                    lines = (line.decode("utf-8", "replace").rstrip("\n") for line in answered)
                    data = next((line[len(DATA) :] for line in lines if line.startswith(DATA)), None)
        except (OSError, http.client.HTTPException) as error:
            raise CheckFailed(f"no answer from {self.api_url}{path}: {error}") from None
        if data is None:
            raise CheckFailed(f"{path}: ends without an event")
        self.trace(f"GET {path} → {data[:SHOWN_BYTES]}")
        return data

    @contextmanager
    def connected(self) -> Iterator[WebSocketClient]:
        """Open a WebSocket with the key and the group. Raises `CheckFailed`."""
        try:
            with connect(self._ws_target(self.key), open_timeout=TIMEOUT_S, proxy=None) as connection:
                yield WebSocketClient(connection, self.trace)
        except InvalidStatus as refused:
            raise CheckFailed(f"the right key is refused with {refused.response.status_code}") from None
        except (OSError, WebSocketException) as error:
            raise CheckFailed(f"no WebSocket at {self.ws_url}: {type(error).__name__}") from None

    def handshake(self, key: str) -> int:
        """The status of a WebSocket handshake with `key`. Raises `CheckFailed` where nothing answers."""
        try:
            with connect(self._ws_target(key), open_timeout=TIMEOUT_S, proxy=None):
                status = SWITCHING_PROTOCOLS
        except InvalidStatus as refused:
            status = refused.response.status_code
        except (OSError, WebSocketException) as error:
            raise CheckFailed(f"no WebSocket at {self.ws_url}: {type(error).__name__}") from None
        self.trace(f"WebSocket with {'another' if key else 'no'} key → {status}")
        return status

    def _ws_target(self, key: str) -> str:
        named = {"api_key": key, "group_name": self.group}
        return f"{self.ws_url}?{urlencode({name: value for name, value in named.items() if value})}"


@dataclass(frozen=True, slots=True)
class WebSocketClient:
    """An open WebSocket that speaks JSON."""

    connection: ClientConnection
    trace: Callable[[str], None]

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message."""
        self.connection.send(json.dumps(message))

    def receive(self) -> dict[str, object]:
        """Wait for the next message. Raises `CheckFailed` if none comes or it is not a JSON object."""
        try:
            text = self.connection.recv(TIMEOUT_S)
        except TimeoutError:
            raise CheckFailed(f"no message within {TIMEOUT_S:.0f} s") from None
        self.trace(f"WebSocket → {text!r:.{SHOWN_BYTES}}")
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise CheckFailed(f"a message is not a JSON object: {text!r:.{SHOWN_BYTES}}")
        return message
