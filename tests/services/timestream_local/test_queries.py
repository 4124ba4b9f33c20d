"""Slow queries are interrupted, open queries are kept and closed, and now is wall time without data."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from services.timestream_local.errors import QueryExecutionException, ThrottlingException, ValidationException
from services.timestream_local.running.queries import MOST_OPEN, QueryRunner
from services.timestream_local.running.query_timeouts import QueryTimeouts
from services.timestream_local.running.result_pages import QueryBody
from services.timestream_local.server import opened
from services.timestream_local.state import EndpointState
from tests.services.timestream_local.samples import Local, local, scalars

pytestmark = pytest.mark.integration

PATIENCE_S = 30
NUMBERS = f"WITH v(x) AS (VALUES {', '.join(f'({n})' for n in range(300))}) "
ENDLESS = f"{NUMBERS} SELECT sum(a.x * b.x + c.x * d.x) FROM v a, v b, v c, v d"
THEN_ENDLESS = (
    f"{NUMBERS} SELECT a.x FROM v a, v b WHERE b.x < 10 UNION ALL "
    "SELECT a.x FROM v a, v b, v c, v d WHERE a.x * b.x + c.x * d.x < 0"
)
"""A query that returns 3,000 rows at once, then none for hours."""
FEW = "SELECT x FROM (VALUES (1), (2), (3)) AS v(x) ORDER BY x"


@contextmanager
def queries_of(folder: Path, longest_s: float) -> Iterator[tuple[QueryRunner, EndpointState]]:
    with local(folder, longest_query_s=longest_s) as endpoint:
        yield endpoint.state.queries, endpoint.state


def rows_of(answer: QueryBody) -> list[object]:
    return [scalars(row)[0] for row in answer["Rows"]]


def until(condition: Callable[[], object]) -> None:
    """Wait until the condition is true."""
    for _ in range(PATIENCE_S * 100):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("the condition never became true")


def test_a_slow_query_is_interrupted_and_the_next_one_runs(tmp_path: Path) -> None:
    with queries_of(tmp_path, 0.05) as (queries, state):
        for sql in (ENDLESS, THEN_ENDLESS):
            with pytest.raises(ThrottlingException, match="took too long"):
                queries.run(sql, state.query_instant, None)
        assert rows_of(queries.run("SELECT 1", state.query_instant, None)) == ["1"]


def test_a_slow_later_page_is_interrupted_and_ends_its_query(tmp_path: Path) -> None:
    with queries_of(tmp_path, 0.05) as (queries, state):
        token = queries.run(THEN_ENDLESS, state.query_instant, 2)["NextToken"]
        with pytest.raises(ThrottlingException, match="took too long"):
            queries.resume(THEN_ENDLESS, token, None)
        with pytest.raises(ValidationException, match="pagination token"):
            queries.resume(THEN_ENDLESS, token, None)


def test_cancelling_a_query_interrupts_its_running_page(tmp_path: Path) -> None:
    with queries_of(tmp_path, 600) as (queries, state), ThreadPoolExecutor(1) as pool:
        first = queries.run(THEN_ENDLESS, state.query_instant, 2)
        page = pool.submit(queries.resume, THEN_ENDLESS, first["NextToken"], None)
        until(lambda: first["QueryId"] in queries.running)
        queries.cancel(first["QueryId"])
        with pytest.raises(QueryExecutionException, match="cancelled"):
            page.result(PATIENCE_S)
        with pytest.raises(ValidationException, match="pagination token"):
            queries.resume(THEN_ENDLESS, first["NextToken"], None)


def test_a_query_in_use_stays_open_while_many_others_start(tmp_path: Path) -> None:
    with queries_of(tmp_path, 600) as (queries, state):
        asked = queries.run(FEW, state.query_instant, 1)
        left = queries.run(FEW, state.query_instant, 1)
        for _ in range(MOST_OPEN - 2):
            queries.run(FEW, state.query_instant, 1)
        second = queries.resume(FEW, asked["NextToken"], 1)
        queries.run(FEW, state.query_instant, 1)
        third = queries.resume(FEW, second["NextToken"], 1)
        assert [rows_of(page) for page in (asked, second, third)] == [["1"], ["2"], ["3"]]
        with pytest.raises(ValidationException, match="pagination token"):
            queries.resume(FEW, left["NextToken"], 1)


def test_a_query_with_a_running_page_is_not_closed_to_make_room(tmp_path: Path) -> None:
    with queries_of(tmp_path, 600) as (queries, state), ThreadPoolExecutor(1) as pool:
        first = queries.run(THEN_ENDLESS, state.query_instant, 2)
        page = pool.submit(queries.resume, THEN_ENDLESS, first["NextToken"], None)
        until(lambda: first["QueryId"] in queries.running)
        for _ in range(MOST_OPEN + 1):
            queries.run(FEW, state.query_instant, 1)
        assert not page.done()
        assert queries.open_count == MOST_OPEN
        queries.cancel(first["QueryId"])
        assert isinstance(page.exception(PATIENCE_S), QueryExecutionException)


def test_closing_the_endpoint_interrupts_running_queries(tmp_path: Path) -> None:
    with opened(tmp_path / "timestream.duckdb", "wall") as state:
        running = state.pool.submit(state.queries.run, ENDLESS, state.query_instant, None)
        until(lambda: state.queries.running)
    assert isinstance(running.exception(0), ThrottlingException)


def test_a_query_that_ends_in_time_is_never_interrupted() -> None:
    ended: list[str] = []
    with closing(QueryTimeouts(0.05, step_s=0.01)) as timeouts:
        with timeouts.limit("first", lambda: ended.append("done")):
            assert not ended
        with timeouts.limit("second", lambda: ended.append("late")):
            until(lambda: len(ended) > 1)
        timeouts.interrupt("second")
        timeouts.interrupt_all()
    assert set(ended) == {"late"}


def test_now_is_wall_time_while_there_is_no_data(tmp_path: Path) -> None:
    with opened(tmp_path / "timestream.duckdb", "data") as state:
        endpoint = Local(state)
        asyncio.run(endpoint.call("CreateDatabase", DatabaseName="city"))
        asyncio.run(endpoint.call("CreateTable", DatabaseName="city", TableName="stops"))
        assert endpoint.rows("SELECT count(*) FROM city.stops WHERE time > ago(1h)") == [("0",)]
        assert endpoint.rows("SELECT now()") == [("2026-03-02 08:30:00.000000000",)]
