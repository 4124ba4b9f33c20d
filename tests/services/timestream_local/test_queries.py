"""Queries that take too long are ended; without data, time goes by the wall."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.timestream_local.errors import QueryExecutionException, ThrottlingException, ValidationException
from services.timestream_local.queries import MOST_OPEN, Queries
from services.timestream_local.query_timeouts import Deadlines
from services.timestream_local.server import opened
from services.timestream_local.state import Parts
from tests.services.timestream_local.samples import Local, local, scalars

PATIENCE_S = 30
NUMBERS = f"WITH v(x) AS (VALUES {', '.join(f'({n})' for n in range(300))}) "
ENDLESS = f"{NUMBERS} SELECT sum(a.x * b.x + c.x * d.x) FROM v a, v b, v c, v d"
THEN_ENDLESS = (
    f"{NUMBERS} SELECT a.x FROM v a, v b WHERE b.x < 10 UNION ALL "
    "SELECT a.x FROM v a, v b, v c, v d WHERE a.x * b.x + c.x * d.x < 0"
)
"""3,000 rows at once, and then none for hours."""
FEW = "SELECT x FROM (VALUES (1), (2), (3)) AS v(x) ORDER BY x"


@contextmanager
def queries_of(folder: Path, longest_s: float) -> Iterator[tuple[Queries, Parts]]:
    with local(folder) as endpoint:
        parts = endpoint.parts
        with closing(Queries(parts.queries._connection, parts.catalog, longest_s=longest_s)) as queries:
            yield queries, parts


def rows_of(answer: dict[str, Any]) -> list[str]:
    return [scalars(row)[0] for row in answer["Rows"]]


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    for _ in range(PATIENCE_S * 100):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to be")


def test_a_query_that_takes_too_long_is_ended_and_the_next_one_answered(tmp_path: Path) -> None:
    with queries_of(tmp_path, 0.05) as (queries, parts):
        for sql in (ENDLESS, THEN_ENDLESS):
            with pytest.raises(ThrottlingException, match="took too long"):
                queries.run(sql, parts.asked_at, None)
        assert rows_of(queries.run("SELECT 1", parts.asked_at, None)) == ["1"]


def test_a_later_page_that_takes_too_long_is_ended_and_never_taken_for_the_last(tmp_path: Path) -> None:
    with queries_of(tmp_path, 0.05) as (queries, parts):
        token = queries.run(THEN_ENDLESS, parts.asked_at, 2)["NextToken"]
        with pytest.raises(ThrottlingException, match="took too long"):
            queries.resume(THEN_ENDLESS, token, None)
        with pytest.raises(ValidationException, match="pagination token"):
            queries.resume(THEN_ENDLESS, token, None)


def test_a_page_under_way_is_given_up_when_its_query_is_cancelled(tmp_path: Path) -> None:
    with queries_of(tmp_path, 600) as (queries, parts), ThreadPoolExecutor(1) as pool:
        first = queries.run(THEN_ENDLESS, parts.asked_at, 2)
        page = pool.submit(queries.resume, THEN_ENDLESS, first["NextToken"], None)
        until(queries._open[first["QueryId"]].lock.locked)
        queries.cancel(first["QueryId"])
        with pytest.raises(QueryExecutionException, match="cancelled"):
            page.result(PATIENCE_S)
        with pytest.raises(ValidationException, match="pagination token"):
            queries.resume(THEN_ENDLESS, first["NextToken"], None)


def test_whose_pages_are_asked_for_stays_open_however_many_others_come(tmp_path: Path) -> None:
    with queries_of(tmp_path, 600) as (queries, parts):
        asked = queries.run(FEW, parts.asked_at, 1)
        left = queries.run(FEW, parts.asked_at, 1)
        for _ in range(MOST_OPEN - 2):
            queries.run(FEW, parts.asked_at, 1)
        second = queries.resume(FEW, asked["NextToken"], 1)
        queries.run(FEW, parts.asked_at, 1)
        third = queries.resume(FEW, second["NextToken"], 1)
        assert [rows_of(page) for page in (asked, second, third)] == [["1"], ["2"], ["3"]]
        with pytest.raises(ValidationException, match="pagination token"):
            queries.resume(FEW, left["NextToken"], 1)


def test_a_page_under_way_is_never_the_one_that_makes_room(tmp_path: Path) -> None:
    with queries_of(tmp_path, 600) as (queries, parts), ThreadPoolExecutor(1) as pool:
        first = queries.run(THEN_ENDLESS, parts.asked_at, 2)
        page = pool.submit(queries.resume, THEN_ENDLESS, first["NextToken"], None)
        until(queries._open[first["QueryId"]].lock.locked)
        for _ in range(MOST_OPEN + 1):
            queries.run(FEW, parts.asked_at, 1)
        assert not page.done()
        assert len(queries._open) == MOST_OPEN
        queries.cancel(first["QueryId"])
        assert isinstance(page.exception(PATIENCE_S), QueryExecutionException)


def test_an_endpoint_that_ends_waits_for_no_query(tmp_path: Path) -> None:
    with opened(tmp_path / "timestream.duckdb", "wall") as parts:
        running = parts.pool.submit(parts.queries.run, ENDLESS, parts.asked_at, None)
        until(lambda: parts.queries._deadlines._ends)
    assert isinstance(running.exception(0), ThrottlingException)


def test_what_is_done_in_time_is_never_ended() -> None:
    ended: list[str] = []
    with closing(Deadlines(0.05, step_s=0.01)) as deadlines:
        with deadlines.around("first", lambda: ended.append("done")):
            assert not ended
        with deadlines.around("second", lambda: ended.append("late")):
            until(lambda: len(ended) > 1)
        deadlines.end("second")
        deadlines.hurry()
    assert set(ended) == {"late"}


def test_where_data_say_the_time_and_there_are_none_it_is_wall_time(tmp_path: Path) -> None:
    with opened(tmp_path / "timestream.duckdb", "data") as parts:
        endpoint = Local(parts)
        asyncio.run(endpoint.call("CreateDatabase", DatabaseName="city"))
        asyncio.run(endpoint.call("CreateTable", DatabaseName="city", TableName="stops"))
        assert endpoint.rows("SELECT count(*) FROM city.stops WHERE time > ago(1h)") == [("0",)]
        assert endpoint.rows("SELECT now()") == [("2026-03-02 08:30:00.000000000",)]
