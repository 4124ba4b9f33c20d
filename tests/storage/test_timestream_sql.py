"""The SQL of the Timestream backend, compared with a snapshot, and its quoting of values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import TokenType

from storage import timestream_sql
from storage.cursor import Position
from storage.schema import SCHEMAS, Stream
from storage.timestream_sql import Queries, at_or_after_ms, at_or_before_ms, instant
from tests.examples import examples
from tests.storage.records import NOON

START, END = 1_772_452_800_000, 1_772_456_400_000
SNAPSHOT = Path(__file__).parent.parent / "golden" / "timestream.sql"
QUERIES = Queries("bus_simulator")


def after(stream: Stream, value: str = "A") -> Position:
    return Position(START * 1000, (value,) * len(SCHEMAS[stream].key))


def statements(key: str = "K1", queries: Queries = QUERIES) -> list[str]:
    """All queries of the backend, with `key` as the value of every text parameter."""
    found = [
        timestream_sql.PING,
        queries.progress(),
        queries.notices(start_ms=START, end_ms=END),
        queries.of_line(key, start_ms=START, end_ms=END),
    ]
    for stream in Stream:
        found += [
            queries.newest(stream, key, start_ms=START, end_ms=END),
            queries.page(
                stream, key, by=SCHEMAS[stream].entity, start_ms=START, end_ms=END, after=None, limit=11
            ),
            queries.page(
                stream,
                key,
                by=SCHEMAS[stream].entity,
                start_ms=START,
                end_ms=END,
                after=after(stream, value=key),
                limit=1001,
            ),
            queries.scan(stream, start_ms=START, end_ms=END),
            queries.rows(stream),
            queries.hours(stream, start_ms=START, end_ms=END),
        ]
    return found


def test_the_queries_equal_the_snapshot() -> None:
    """To change a query on purpose, write the compared text into the snapshot."""
    assert "\n".join(f"{statement};" for statement in statements()) + "\n" == SNAPSHOT.read_text()


def test_visits_are_found_by_stop_and_newest_first_for_each_line() -> None:
    found = QUERIES.newest_of_each(
        Stream.STOP_VISIT, "S001", by="stop_id", per="line_id", start_ms=START, end_ms=END
    )
    newest = '"time" DESC, "bus_id" DESC, "line_id" DESC, "stop_id" DESC'
    assert found == (
        f'SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY "line_id" ORDER BY {newest}) AS place '
        'FROM "bus_simulator"."stop_visit" WHERE "stop_id" = \'S001\' '
        f"AND time >= from_milliseconds({START}) AND time <= from_milliseconds({END})) AS ranked "
        'WHERE place = 1 ORDER BY "line_id"'
    )


def shape(statement: str) -> list[tuple[TokenType, str]]:
    """The types and texts of a statement's tokens, without the content of text literals."""
    tokens = sqlglot.tokenize(statement, read="presto")
    return [(t.token_type, "" if t.token_type is TokenType.STRING else t.text) for t in tokens]


def texts(statement: str) -> set[str]:
    """The contents of a statement's text literals."""
    tokens = sqlglot.tokenize(statement, read="presto")
    return {token.text for token in tokens if token.token_type is TokenType.STRING}


@pytest.mark.integration
@examples(100, quick=10)
@given(st.text(max_size=40))
@example("' OR 1=1 --")
@example("'; DROP TABLE bus_position; --")
@example("''")
@example("\\' OR ''='")
@example("a'\"`--/* */;\n\0")
def test_no_value_escapes_its_quotes(value: str) -> None:
    for statement, plain in zip(statements(value), statements(), strict=True):
        assert shape(statement) == shape(plain)
        fixed = texts(plain) - {"K1"}
        assert texts(statement) == (fixed | {value} if "K1" in texts(plain) else fixed)


@pytest.mark.integration
@settings(deadline=None)
@given(st.text(min_size=1, max_size=40))
@example('x" OR "y')
def test_no_database_name_escapes_its_quotes(name: str) -> None:
    for statement, plain in zip(statements(queries=Queries(name)), statements(), strict=True):
        kinds = [kind for kind, _ in shape(plain)]
        assert [kind for kind, _ in shape(statement)] == kinds
        assert sum(text == name for _, text in shape(statement)) >= ("FROM" in plain)


@pytest.mark.parametrize("time", ["0001-01-01T00:00Z", "1969-12-31T00:00Z", "9999-12-31T23:59:59.999Z"])
def test_instants_out_of_range_are_clamped(time: str) -> None:
    ms = at_or_before_ms(datetime.fromisoformat(time))
    assert instant(ms) in ("from_milliseconds(0)", "from_milliseconds(7258118400000)")


@pytest.mark.parametrize("rounded", [at_or_before_ms, at_or_after_ms])
def test_whole_milliseconds_are_not_rounded(rounded: Callable[[datetime], int]) -> None:
    assert rounded(NOON) == START


def test_bounds_between_milliseconds_are_rounded_inwards() -> None:
    between = NOON + timedelta(microseconds=1)
    assert (at_or_before_ms(between), at_or_after_ms(between)) == (START, START + 1)
