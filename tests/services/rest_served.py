"""REST over an hour of data, asked in process and over a real socket."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import httpx
from starlette.types import ASGIApp

from services.access.authentication import ApiKey
from services.app import create_app
from services.context import Context, Snapshots
from services.feeders.backfill import fill, plan
from services.feeders.feeder import FEEDERS, Feeder
from services.processes.web_server import WebServer
from services.web.uvicorn_server import listen
from simulator.clock import Clock
from tests.services import http_api
from tests.services.fakes import HOUR, NOW, RUN, SECOND, FakeWall, FaultyStore, FormulaCity, network

KEY = {"x-api-key": "right", "x-group-name": "team-alpha"}
NO_KEY: dict[str, str] = {}
START = NOW - HOUR - 10 * SECOND
PATIENCE_S = 30


class Requester(Protocol):
    """A way to ask."""

    def __call__(self, path: str, headers: Mapping[str, str] = KEY, *, method: str = "GET") -> httpx.Response:
        """The answer."""


Expected: TypeAlias = tuple[int, dict[str, str]]
"""A status and a body."""


@dataclass(frozen=True)
class Served:
    """The context, and a way to ask it; behind a gateway some answers differ."""

    context: Context
    store: FaultyStore
    feeders: list[Feeder]
    ask: Requester
    by_gateway: bool = False

    def expected(self, method: str, path: str, headers: Mapping[str, str], here: Expected) -> Expected:
        """What is to be answered where the local server answers `here`."""
        return http_api.answer_of(method, path, headers, here) if self.by_gateway else here


def copy_to(path: Path) -> None:
    """A store's copy."""
    path.write_text("a copy", encoding="utf-8")


def parts(folder: Path) -> tuple[Context, FaultyStore, list[Feeder]]:
    """A context over an hour of data, its store and its feeders."""
    store = FaultyStore()
    clock = Clock(wall=FakeWall(NOW + HOUR))
    list(fill(plan(store, START, NOW, newest_first=False), model=FormulaCity(), store=store, run=RUN))
    feeders = [
        Feeder(kind, model=FormulaCity(), store=store, run=RUN, clock=clock, start=NOW) for kind in FEEDERS
    ]
    context = Context(
        store=store,
        network=network(),
        clock=clock,
        run=RUN,
        key=ApiKey.of("right"),
        version="1.2.3",
        feeders=feeders,
        snapshots=Snapshots(copy_to, ApiKey.of("local"), folder),
    )
    return context, store, feeders


def in_process(app: ASGIApp) -> Requester:
    """Asks an application."""

    def ask(path: str, headers: Mapping[str, str] = KEY, *, method: str = "GET") -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(request())

    return ask


@contextmanager
def by_asgi(context: Context) -> Iterator[Requester]:
    """In process."""
    yield in_process(create_app(context))


@contextmanager
def by_socket(context: Context) -> Iterator[Requester]:
    """Over a socket, of the server that `run` uses."""
    with (
        listening(context) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client,
    ):
        yield lambda path, headers=KEY, *, method="GET": client.request(method, path, headers=headers)


@contextmanager
def listening(context: Context) -> Iterator[int]:
    """The port of such a server, which runs in a thread."""
    server = WebServer(context).uvicorn
    with closing(listen("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def by_gateway(context: Context) -> Iterator[Requester]:
    """By events of API Gateway, of which the authorizer is asked first."""
    with closing(http_api.HttpApiOver(context)) as gateway:
        yield lambda path, headers=KEY, *, method="GET": gateway.ask(method, path, headers)


TRANSPORTS = {"asgi": by_asgi, "socket": by_socket}
GATEWAY = "gateway"
EVERYWHERE = TRANSPORTS | {GATEWAY: by_gateway}


def wait_until(condition: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
    """Wait for a condition of the server's, so long."""
    ends_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends_s, f"not so within {within_s} s"
        threading.Event().wait(0.01)
