"""The REST API over an hour of data, requested in process, over a socket, and through API Gateway events."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

import httpx
from starlette.types import ASGIApp

from services.access.authentication import ApiKey
from services.app import create_app
from services.context import Context, Snapshots
from services.feeders.backfill import fill, plan
from services.feeders.feeder import FEEDERS, Feeder, FeederKind, FeederStatus, State
from services.feeds.emt.own_port import EmtPort
from services.processes.web_server import WebServer
from services.web.uvicorn.server import listen
from simulator.clock import Clock
from tests.services import http_api
from tests.services.fakes import HOUR, NOW, RUN, SECOND, FakeWall, FaultyStore, FormulaCity, network

KEY = {"x-api-key": "right", "x-group-name": "team-alpha"}
NO_KEY: dict[str, str] = {}
START = NOW - HOUR - 10 * SECOND
PATIENCE_S = 30


class Requester(Protocol):
    """Sends requests."""

    def __call__(self, path: str, headers: Mapping[str, str] = KEY, *, method: str = "GET") -> httpx.Response:
        """Return the response."""


Expected: TypeAlias = tuple[int, dict[str, str]]
"""A status and a body."""


@dataclass(frozen=True)
class Served:
    """A served context and how to send it requests; behind API Gateway some responses differ."""

    context: Context
    store: FaultyStore
    feeders: list[IdleFeeder]
    ask: Requester
    by_gateway: bool = False

    def expected(self, method: str, path: str, headers: Mapping[str, str], here: Expected) -> Expected:
        """The response expected where the local server responds with `here`."""
        return http_api.answer_of(method, path, headers, here) if self.by_gateway else here


def copy_to(path: Path) -> None:
    """Write a stand-in for a copy of the store."""
    path.write_text("a copy", encoding="utf-8")


@dataclass
class IdleFeeder:
    """A feeder at `NOW` that doesn't run; a test sets the state that it reports."""

    feeder: Feeder
    state: State = "stopped"

    @property
    def kind(self) -> FeederKind:
        return self.feeder.kind

    def status(self, now: datetime) -> FeederStatus:
        return replace(self.feeder.status(now), state=self.state)


def parts(folder: Path) -> tuple[Context, FaultyStore, list[IdleFeeder]]:
    """Return a context over an hour of data, its store and its feeders."""
    store = FaultyStore()
    clock = Clock(wall=FakeWall(NOW + HOUR))
    list(fill(plan(store, START, NOW, newest_first=False), model=FormulaCity(), store=store, run=RUN))
    feeders = [
        IdleFeeder(Feeder(kind, model=FormulaCity(), store=store, run=RUN, clock=clock, start=NOW))
        for kind in FEEDERS
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
    """Send requests to an ASGI application."""

    def ask(path: str, headers: Mapping[str, str] = KEY, *, method: str = "GET") -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(request())

    return ask


@contextmanager
def by_asgi(context: Context) -> Iterator[Requester]:
    """Serve in process."""
    yield in_process(create_app(context))


@contextmanager
def by_socket(context: Context) -> Iterator[Requester]:
    """Serve over a socket, with the server that `run` uses."""
    with (
        listening(context) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client,
    ):
        yield lambda path, headers=KEY, *, method="GET": client.request(method, path, headers=headers)


@contextmanager
def listening(context: Context, emt: EmtPort | None = None) -> Iterator[int]:
    """Run a server in a thread; yield its port."""
    server = WebServer(context, emt).uvicorn
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
    """Serve through events of API Gateway, with its authorizer."""
    with closing(http_api.HttpApiOver(context)) as gateway:
        yield lambda path, headers=KEY, *, method="GET": gateway.ask(method, path, headers)


TRANSPORTS = {"asgi": by_asgi, "socket": by_socket}
GATEWAY = "gateway"
EVERYWHERE = TRANSPORTS | {GATEWAY: by_gateway}


def wait_until(condition: Callable[[], bool], *, within_s: float = PATIENCE_S) -> None:
    """Wait until a condition holds that the server brings about."""
    ends_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends_s, f"not so within {within_s} s"
        threading.Event().wait(0.01)
