"""Queries that take too long are ended; without data, time goes by the wall."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from pathlib import Path

import pytest

from services.timestream_local.deadlines import Deadlines
from services.timestream_local.errors import ThrottlingException
from services.timestream_local.queries import Queries
from services.timestream_local.server import opened
from tests.services.timestream_local.samples import Local, local

PATIENCE_S = 30
ENDLESS = (
    f"WITH v(x) AS (VALUES {', '.join(f'({n})' for n in range(300))}) "
    "SELECT sum(a.x * b.x + c.x * d.x) FROM v a, v b, v c, v d"
)


def test_a_query_that_takes_too_long_is_ended_and_the_next_one_answered(tmp_path: Path) -> None:
    with local(tmp_path) as endpoint:
        parts = endpoint.parts
        connection = parts.queries._connection
        with closing(Queries(connection, parts.catalog, longest_s=0.05)) as queries:
            with pytest.raises(ThrottlingException, match="took too long"):
                queries.run(ENDLESS, parts.asked_at, None)
            assert queries.run("SELECT 1", parts.asked_at, None)["Rows"]


def test_what_is_done_in_time_is_never_ended() -> None:
    ended: list[str] = []
    late = threading.Event()

    def end() -> None:
        ended.append("late")
        late.set()

    with closing(Deadlines(0.05, step_s=0.01)) as deadlines:
        with deadlines.around(lambda: ended.append("done")):
            assert not ended
        with deadlines.around(end):
            assert late.wait(PATIENCE_S)
    assert ended == ["late"]


def test_where_data_say_the_time_and_there_are_none_it_is_wall_time(tmp_path: Path) -> None:
    with opened(tmp_path / "timestream.duckdb", "data") as parts:
        endpoint = Local(parts)
        asyncio.run(endpoint.call("CreateDatabase", DatabaseName="city"))
        asyncio.run(endpoint.call("CreateTable", DatabaseName="city", TableName="stops"))
        assert endpoint.rows("SELECT count(*) FROM city.stops WHERE time > ago(1h)") == [("0",)]
        assert endpoint.rows("SELECT now()") == [("2026-03-02 08:30:00.000000000",)]
