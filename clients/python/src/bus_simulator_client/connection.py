"""Requests over HTTP by httpx: credentials, errors, and retries of 429 and 503."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing, closing
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from bus_simulator_client.calls import Call, Query
from bus_simulator_client.downloads import partial_file, request, rewind_unless_continued
from bus_simulator_client.errors import ErrorAnswer, UnexpectedAnswer, error_answer, unreachable
from bus_simulator_client.retries import Retries, pause_s, retry_after_s

T = TypeVar("T")

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where the simulator is, and with which key and group to ask it."""

    url: str
    api_key: str
    group: str

    def __post_init__(self) -> None:
        """Raise `ValueError` for what can't be a URL or a header."""
        if urlsplit(self.url).scheme not in ("http", "https") or not self.host:
            raise ValueError(f"url must be like http://127.0.0.1:8080, not {self.url!r}")
        for name, value in (("api_key", self.api_key), ("group", self.group)):
            if not value.strip() or not value.isprintable() or not value.isascii():
                raise ValueError(f"{name} must be text of printable ASCII characters")

    @property
    def host(self) -> str:
        """The host's name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request."""
        return {"x-api-key": self.api_key, "x-group-name": self.group}

    @property
    def is_here(self) -> bool:
        """Whether the server is on this machine, which no proxy of the environment reaches."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class Connection:
    """Sends requests one after another."""

    def __init__(
        self,
        server: Server,
        retries: Retries,
        transport: httpx.BaseTransport | None,
        sleep: Callable[[float], None],
    ) -> None:
        """Connect with the first request."""
        self.server, self._retries, self._sleep = server, retries, sleep
        self.http = httpx.Client(
            base_url=server.url,
            headers=server.headers,
            timeout=PATIENCE_S,
            transport=transport,
            trust_env=not server.is_here,
        )

    def send(self, call: Call[T]) -> T:
        """Send a request and read its answer. Raises `BusSimulatorError`."""
        tried = 0
        while True:
            tried += 1
            try:
                response = self.http.get(call.path, params=call.query)
            except httpx.TransportError as error:
                raise unreachable(self.server.url, error) from error
            if response.is_success:
                return call.read(json_of(response))
            self._sleep(wait_or_raise(response, self._retries, tried))

    def download(self, path: str, query: Query, target: Path) -> None:
        """Write an answer into a file, over as many connections as it takes. Raises `BusSimulatorError`."""
        tried = 0
        with partial_file(target) as file:
            while True:
                tried += 1
                try:
                    response = self.http.send(request(self.http, path, query, file), stream=True)
                    with closing(response):
                        if response.is_success:
                            rewind_unless_continued(response, file)
                            for piece in response.iter_bytes():
                                file.write(piece)
                            return
                        response.read()
                    self._sleep(wait_or_raise(response, self._retries, tried))
                except httpx.TransportError as error:
                    if tried > self._retries.most:
                        raise unreachable(self.server.url, error) from error
                    self._sleep(pause_s(tried))


class AsyncConnection:
    """Sends requests, several at once if the caller likes."""

    def __init__(
        self,
        server: Server,
        retries: Retries,
        transport: httpx.AsyncBaseTransport | None,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Connect with the first request."""
        self.server, self._retries, self._sleep = server, retries, sleep
        self.http = httpx.AsyncClient(
            base_url=server.url,
            headers=server.headers,
            timeout=PATIENCE_S,
            transport=transport,
            trust_env=not server.is_here,
        )

    async def send(self, call: Call[T]) -> T:
        """Send a request and read its answer. Raises `BusSimulatorError`."""
        tried = 0
        while True:
            tried += 1
            try:
                response = await self.http.get(call.path, params=call.query)
            except httpx.TransportError as error:
                raise unreachable(self.server.url, error) from error
            if response.is_success:
                return call.read(json_of(response))
            await self._sleep(wait_or_raise(response, self._retries, tried))

    async def download(self, path: str, query: Query, target: Path) -> None:
        """Write an answer into a file, over as many connections as it takes. Raises `BusSimulatorError`."""
        tried = 0
        with partial_file(target) as file:
            while True:
                tried += 1
                try:
                    response = await self.http.send(request(self.http, path, query, file), stream=True)
                    async with aclosing(response):
                        if response.is_success:
                            rewind_unless_continued(response, file)
                            async for piece in response.aiter_bytes():
                                file.write(piece)
                            return
                        await response.aread()
                    await self._sleep(wait_or_raise(response, self._retries, tried))
                except httpx.TransportError as error:
                    if tried > self._retries.most:
                        raise unreachable(self.server.url, error) from error
                    await self._sleep(pause_s(tried))


def wait_or_raise(response: httpx.Response, retries: Retries, tried: int) -> float:
    """Return the seconds to wait before the next attempt. Raises `ErrorAnswer` if there shall be none."""
    error = refusal(response)
    wait_s = retries.wait_s(error, tried)
    if wait_s is None:
        raise error
    return wait_s


def refusal(response: httpx.Response) -> ErrorAnswer:
    """Return the error that an answer describes."""
    try:
        body = response.json()
    except ValueError:
        body = None
    wait_s = retry_after_s(response.headers.get("retry-after"))
    return error_answer(response.status_code, body, str(response.url), wait_s)


def json_of(response: httpx.Response) -> object:
    """Return an answer's JSON. Raises `UnexpectedAnswer`."""
    try:
        return response.json()
    except ValueError:
        raise UnexpectedAnswer(f"{response.url} did not answer with JSON. Is it a bus simulator?") from None
