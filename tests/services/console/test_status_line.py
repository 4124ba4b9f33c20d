"""The status line's text and measurements."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.access.authentication import ApiKey
from services.console.status_line import Status, StatusSource, status_text
from services.context import Context
from services.feeders.feeder import FEEDERS, FeederKind, FeederStatus, State
from services.logs import TerminalHandler
from services.web.metrics import RequestCounts
from simulator.clock import Clock
from simulator.progress import Progress
from storage.duckdb_store import DuckDBStore
from tests.services.fakes import NOW, RUN, FakeWall, network

SUMMER = datetime(2026, 7, 1, 6, 10, 35, tzinfo=UTC)
WIDE = 500


def feeder(name: str, lag_s: float, state: State = "running") -> FeederStatus:
    return FeederStatus(name, SUMMER, timedelta(seconds=lag_s), timedelta(minutes=1), state)


def status(
    *,
    rate: float = 60.0,
    feeders: tuple[FeederStatus, ...] = (feeder("sensors", 0), feeder("bus-position", 31.5)),
    clients: int = 3,
    last_problem: str | None = None,
) -> Status:
    return Status(SUMMER, rate, feeders, 12.34, clients, last_problem)


def test_it_says_time_speed_lag_requests_clients_and_the_last_problem() -> None:
    time = "Wed 2026-07-01 08:10:35 Madrid"
    assert status_text(status(), WIDE) == (
        f"{time} | 60x | lag 31 s | 12.3 requests/s | 3 WebSocket clients | no problems"
    )
    problem = status(clients=1, last_problem="08:09:12 WARNING sensors waits for the store: no room")
    assert status_text(problem, WIDE).endswith(
        " | 1 WebSocket client | last problem 08:09:12 WARNING sensors waits for the store: no room"
    )


def test_it_says_how_much_of_a_new_service_day_is_simulated() -> None:
    new_day = replace(status(), work=Progress("simulating 2026-07-02", 1200, 2070, "line-days"))
    assert " | lag 31 s | simulating 2026-07-02: 1,200 of 2,070 line-days | " in status_text(new_day, WIDE)


@pytest.mark.parametrize(
    ("rate", "said"), [(0.0, "paused"), (1.0, "1x"), (2.5, "2.5x"), (300.0, "300x"), (math.inf, "max speed")]
)
def test_the_speed_is_a_factor_or_paused_or_max(rate: float, said: str) -> None:
    assert status_text(status(rate=rate), WIDE).split(" | ")[1] == said


def test_feeders_that_do_not_run_are_named() -> None:
    feeders = (feeder("people-count", 0), feeder("sensors", 90, "waiting for the store"))
    said = status_text(status(feeders=feeders), WIDE)
    assert said.split(" | ")[2] == "lag 90 s, sensors waiting for the store"
    assert "lag" not in status_text(status(feeders=()), WIDE)


@pytest.mark.parametrize("columns", [0, 1, 20, 79, 119])
def test_it_never_breaks_the_line(columns: int) -> None:
    text = status_text(status(last_problem="x" * 300), columns)
    assert len(text) == max(columns, 1)
    assert text.endswith("…")


class MonitoredFeeder:
    """A feeder that counts calls of `status`."""

    kind: FeederKind = FEEDERS[0]

    def __init__(self) -> None:
        self.asked = 0

    def status(self, now: datetime) -> FeederStatus:
        self.asked += 1
        return FeederStatus(
            "people-count", now, timedelta(seconds=self.asked), timedelta(minutes=1), "running"
        )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as opened:
        yield opened


def test_requests_are_counted_per_refresh_and_feeders_read_at_every_fifth(
    store: DuckDBStore,
) -> None:
    fed, requests, handler = MonitoredFeeder(), RequestCounts(), TerminalHandler()
    clock = Clock(wall=FakeWall(NOW))
    context = Context(store, network(), clock, RUN, ApiKey.of("right"), "1.2.3", feeders=[fed])
    measure = StatusSource(context, requests, handler)
    assert measure().requests_per_s == 0
    for _ in range(5):
        requests.count("/health", 200, 0.01)
    handler.last_problem = "08:09:12 ERROR no room"
    found = measure()
    assert found.requests_per_s > 0
    assert found.last_problem == "08:09:12 ERROR no room"
    assert (found.clients, found.rate, found.now) == (0, 1.0, NOW)
    assert [measure().requests_per_s for _ in range(3)] == [0, 0, 0]
    assert fed.asked == 1
    assert measure().feeders[0].lag == timedelta(seconds=2)
