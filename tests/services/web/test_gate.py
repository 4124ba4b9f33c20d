"""Latest values requested again: the same bytes, a new record after each tick, every check of the caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from services.access.rate_limits import Limits
from services.app import create_app
from services.context import Context
from services.feeders.backfill import fill, plan
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore
from storage.errors import StoreUnavailable
from storage.store import Store
from tests.services.fakes import HOUR, MINUTE, NOW, RUN, FakeWall, FormulaCity
from tests.services.rest_served import KEY, NO_KEY, in_process, parts

pytestmark = pytest.mark.integration

PATHS = ("/people-count/S001", "/sensors/bus/B001", "/bus-position/B001", "/bus-position/line/L1")
PEOPLE = f"{PATHS[0]}?mode=latest"


def written(store: Store, start: datetime, end: datetime) -> None:
    list(fill(plan(store, start, end, newest_first=False), model=FormulaCity(), store=store, run=RUN))


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """Three minutes of data in a store that keeps the latest records in memory, one of them still ahead."""
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as store:
        written(store, NOW - 2 * MINUTE, NOW + MINUTE)
        yield replace(parts(tmp_path)[0], store=store)


@pytest.mark.parametrize("path", PATHS)
def test_the_second_response_is_the_first_and_that_of_another_query(context: Context, path: str) -> None:
    ask = in_process(create_app(replace(context, clock=Clock(wall=FakeWall(NOW + HOUR), start=NOW + MINUTE))))
    first, again = ask(f"{path}?mode=latest"), ask(f"{path}?mode=latest")
    other = ask(f"{path}?mode=latest&timestamp=ignored")
    assert (first.status_code, first.headers) == (200, again.headers)
    assert first.content == again.content == other.content


def test_after_a_tick_the_new_record_is_the_answer(context: Context) -> None:
    clock = Clock(wall=FakeWall(NOW + HOUR), start=NOW + MINUTE)
    ask = in_process(create_app(replace(context, clock=clock)))
    counts = [ask(PEOPLE).json()["count"], ask(PEOPLE).json()["count"]]
    written(context.store, NOW + MINUTE, NOW + 2 * MINUTE)
    clock.step(MINUTE)
    counts += [ask(PEOPLE).json()["count"], ask(PEOPLE).json()["count"]]
    assert counts == [31, 31, 32, 32]


def test_headers_for_pages_stay_with_the_request_of_the_page(context: Context) -> None:
    ask = in_process(create_app(context))
    plain = [ask(PEOPLE).headers, ask(PEOPLE).headers]
    page = ask(PEOPLE, KEY | {"origin": "http://elsewhere"}).headers
    assert page["access-control-allow-origin"] == "*"
    assert ask(PEOPLE).headers == plain[0] == plain[1]
    assert "access-control-allow-origin" not in plain[0]


def test_the_caller_is_checked_again(context: Context) -> None:
    ask = in_process(create_app(replace(context, limits=Limits(rate_per_s=0, per_day=3))))
    statuses = [ask(PEOPLE).status_code, ask(PEOPLE, NO_KEY).status_code]
    statuses += [ask(PEOPLE, KEY | {"x-group-name": "g" * 65}).status_code]
    statuses += [ask(PEOPLE, method="POST").status_code]
    statuses += [ask(PEOPLE).status_code for _ in range(3)]
    assert statuses == [200, 401, 400, 405, 200, 200, 429]


def test_a_store_that_fails_later_is_noticed(tmp_path: Path) -> None:
    context, store, _ = parts(tmp_path)
    ask = in_process(create_app(context))
    assert ask(PEOPLE).status_code == 200
    store.failing = StoreUnavailable("gone")
    assert ask(PEOPLE).status_code == 503
