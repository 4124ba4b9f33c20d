"""Queries that differ in values only share a compiled statement, and return what each would on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from services.timestream_local.errors import ValidationException
from services.timestream_local.running.query_templates import LONGEST_SQL, MOST_SHAPES, QueryTemplates
from services.timestream_local.types import DAY_NS, MINUTE_NS
from tests.examples import examples
from tests.services.timestream_local.samples import NOW_NS, START_NS, Local, Record, fill, local
from tests.services.timestream_local.test_sql_fuzz import COLUMNS, ROWS, Row, compared, shown
from tests.services.timestream_local.test_sql_fuzz import fill as fill_rows

pytestmark = pytest.mark.integration

NEWEST = (
    """SELECT * FROM "city"."stops" WHERE "stop_id" = '{}' AND time >= from_milliseconds({}) """
    "ORDER BY time DESC LIMIT 1"
)
START_MS = START_NS // 1_000_000
SAME = [
    NEWEST,
    "SELECT people FROM city.stops WHERE stop_id='{}' AND time>=from_milliseconds({})",
    "SELECT people FROM city.stops WHERE (stop_id <> '{}' OR NOT time < from_nanoseconds({}))",
    "SELECT max(people) FROM city.stops WHERE note > '{}' AND time BETWEEN from_milliseconds({}) "
    "AND from_milliseconds(1900000000000) GROUP BY stop_id HAVING count(*) > 0",
    "WITH s AS (SELECT * FROM city.stops WHERE stop_id = '{}') SELECT s.people, n.name FROM s "
    "LEFT JOIN city.names AS n ON n.stop_id = s.stop_id WHERE s.time > from_milliseconds({})",
    "SELECT people FROM (SELECT * FROM city.stops WHERE stop_id = '{}' AND time > from_milliseconds({})) "
    "UNION SELECT 1",
]
OWN = [
    "SELECT stop_id = '{}' FROM city.stops",
    "SELECT stop_id = '{}' FROM city.stops GROUP BY stop_id = '{}'",
    "SELECT CASE WHEN stop_id = '{}' THEN 1 END FROM city.stops",
    "SELECT 1 FROM city.stops HAVING max(stop_id) = '{}'",
    "SELECT people FROM city.stops WHERE lower(stop_id) = '{}'",
    "SELECT people FROM city.stops WHERE time > from_milliseconds({}) + 1m AND time > now()",
    "SELECT people FROM city.stops WHERE stop_id = '{}' AND time > ago(1d)",
    "SELECT people FROM city.stops WHERE stop_id = '{}' AND current_date > DATE '2026-01-01'",
    "SELECT people FROM city.stops WHERE stop_id = '{}' 'x'",
    "SELECT people FROM city.stops WHERE stop_id = 'x' || '= ''{}'",
    "SELECT people FROM city.stops WHERE 'S001' = '{}'",
    "SELECT people FROM city.stops WHERE stop_id = 'S001' -- = '{}'",
    "SELECT people FROM city.stops WHERE stop_id IN (SELECT stop_id FROM city.names WHERE name = '{}')",
    "SELECT count(*) FILTER (WHERE stop_id = '{}') FROM city.stops",
    "SELECT (SELECT max(name) FROM city.names WHERE name = '{}') FROM city.stops",
    "SELECT people FROM city.stops WHERE time >= '{}'",
    "SELECT people FROM city.stops WHERE people = '{}'",
    "SELECT people FROM city.stops WHERE time > to_from_milliseconds({})",
    "SHOW TABLES LIKE '{}'",
    "UNLOAD (SELECT 1) TO 's3://b' WITH (format='{}')",
]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with local(tmp_path_factory.mktemp("templates")) as endpoint:
        asyncio.run(fill(endpoint))
        asyncio.run(fill_rows(endpoint, make=False))
        yield endpoint


@pytest.fixture
def templates(city: Local) -> Iterator[QueryTemplates]:
    with duckdb.connect() as connection:
        yield QueryTemplates(connection, city.state.catalog)


def now(*_databases: str) -> int:
    return NOW_NS


def alone(city: Local, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query that has no template, since it is too long for one."""
    return city.rows(sql + " " * LONGEST_SQL)


@pytest.mark.parametrize("shape", SAME)
def test_a_shape_that_comes_again_is_compiled_once(
    city: Local, templates: QueryTemplates, shape: str
) -> None:
    first = shape.format("S001", START_MS)
    assert templates.filled(first, now) is None
    made, other = templates.filled(first, now), templates.filled(shape.format("it''s", START_MS + 7), now)
    assert made is not None
    assert other is not None
    assert other.statement is made.statement
    assert {"S001", "it's"} == {made.parameters["v0"], other.parameters["v0"]}
    for values in (("S001", START_MS), ("S002", START_MS + 60_000), ("", 0), ("ñ%_", START_MS), ("''", 9)):
        sql = shape.format(*values)
        assert city.rows(sql) == alone(city, sql)


@pytest.mark.parametrize("shape", OWN)
def test_a_shape_whose_values_may_matter_otherwise_has_no_template(
    templates: QueryTemplates, shape: str
) -> None:
    for value in ("1772436600000", "17", "18"):
        assert templates.filled(shape.format(*[value] * shape.count("{}")), now) is None


@pytest.mark.parametrize("value", ["a\\", "a\nb", "x" * 201, "a\tb"])
def test_an_unusual_text_is_part_of_the_shape(templates: QueryTemplates, value: str) -> None:
    sql = f"SELECT people FROM city.stops WHERE stop_id = '{value}'"
    templates.filled(sql, now)
    found = templates.filled(sql, now)
    assert found is not None
    assert found.parameters.keys() == {f"t{found.compiled.tables[0].id}"}


def test_other_literals_are_part_of_the_shape(city: Local) -> None:
    sql = "SELECT stop_id FROM city.stops WHERE stop_id >= 'S001' AND people > {} ORDER BY 1 LIMIT {}"
    for _ in range(3):
        assert city.rows(sql.format(-9, 1)) == [("S001",)]
        assert city.rows(sql.format(-9, 3)) == [("S001",), ("S001",), ("S002",)]
        assert city.rows(sql.format(6, 3)) == [("S001",)]


def test_a_value_out_of_range_gives_the_same_error(city: Local) -> None:
    for _ in range(3):
        city.rows(NEWEST.format("S001", START_MS))
    with pytest.raises(ValidationException, match="numeric literal"):
        city.rows(NEWEST.format("S001", "9" * 19))
    with pytest.raises(ValidationException, match="NUL"):
        city.rows(NEWEST.format("S\x00", START_MS))


def test_a_template_is_of_the_current_tables(tmp_path: Path) -> None:
    with local(tmp_path) as endpoint:
        asyncio.run(_check_current_tables(endpoint))


async def _check_current_tables(endpoint: Local) -> None:
    await fill(endpoint)
    sql = "SELECT * FROM city.stops WHERE stop_id = 'S001' ORDER BY time"
    before = [endpoint.query(sql) for _ in range(3)][-1]
    assert len(before["Rows"]) == 2
    place = {"DatabaseName": "city", "TableName": "stops"}
    new: Record = {
        "Dimensions": [{"Name": "stop_id", "Value": "S001"}],
        "MeasureName": "later",
        "MeasureValue": "1",
        "Time": str(START_NS),
        "TimeUnit": "NANOSECONDS",
    }
    await endpoint.call("WriteRecords", **place, Records=[new])
    after = endpoint.query(sql)
    assert len(after["Rows"]) == 3
    assert len(after["ColumnInfo"]) == len(before["ColumnInfo"]) + 1
    for _ in range(3):
        assert len(endpoint.query(sql)["Rows"]) == 3
    await endpoint.call("DeleteTable", **place)
    with pytest.raises(ValidationException, match="does not exist"):
        endpoint.query(sql)
    await endpoint.call("CreateTable", **place)
    await endpoint.call("WriteRecords", **place, Records=[new])
    assert len(endpoint.query(sql)["Rows"]) == 1


def test_the_retention_of_a_template_moves_with_time(tmp_path: Path) -> None:
    with local(tmp_path) as endpoint:
        asyncio.run(fill(endpoint))
        sql = "SELECT * FROM city.stops WHERE stop_id = 'S001'"
        (retention,) = {t.retention_ns for t in endpoint.state.catalog.tables_of("city")}
        for _ in range(3):
            assert len(endpoint.rows(sql)) == 2
        later = Local(endpoint.state, START_NS + retention + MINUTE_NS // 2)
        assert len(later.rows(sql)) == 1
        assert len(Local(endpoint.state, START_NS + retention + DAY_NS).rows(sql)) == 0


def test_the_number_of_templates_is_bounded(templates: QueryTemplates) -> None:
    queries = [f"SELECT {number} FROM city.stops WHERE stop_id = 'S001'" for number in range(MOST_SHAPES + 1)]
    for sql in queries * 2:
        assert templates.filled(sql, now) is None


CONDITIONS = st.lists(
    st.tuples(
        st.sampled_from(["note", "stop", "time"]),
        st.sampled_from(["=", "<>", "<", "<=", ">", ">="]),
        st.sampled_from(["AND ", "AND NOT ", "OR ", "OR NOT "]),
    ),
    min_size=1,
    max_size=4,
)
TEXTS = st.sampled_from(["a", "bb", "A", "ñ", "S1", "S2", "it's", "", "''", "= '1'"])
TIMES = st.integers(0, 60).map(lambda minutes: START_NS + minutes * MINUTE_NS)
VALUES = st.lists(st.tuples(TEXTS, TIMES), min_size=4, max_size=4)


@examples(100, suppress=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(conditions=CONDITIONS, first=VALUES, second=VALUES)
def test_values_filled_in_match_python(
    city: Local,
    conditions: list[tuple[str, str, str]],
    first: list[tuple[str, int]],
    second: list[tuple[str, int]],
) -> None:
    for values in (first, first, second):
        found = city.rows(written(conditions, values))
        assert found == [tuple(shown(r[c]) for c in COLUMNS) for r in ROWS if chosen(conditions, values, r)]


def written(conditions: list[tuple[str, str, str]], values: list[tuple[str, int]]) -> str:
    """The query; its words AND and OR are applied from left to right."""
    sql = "stop <> ''"
    for (column, sign, word), (text, time) in zip(conditions, values, strict=False):
        doubled = text.replace("'", "''")
        value = f"from_nanoseconds({time})" if column == "time" else f"'{doubled}'"
        sql = f"({sql} {word}{column} {sign} {value})"
    return f"SELECT {', '.join(COLUMNS)} FROM city.rows WHERE {sql} ORDER BY time"


def chosen(conditions: list[tuple[str, str, str]], values: list[tuple[str, int]], row: Row) -> bool | None:
    """Whether a row meets the query's conditions."""
    result: bool | None = True
    for (column, sign, word), (text, time) in zip(conditions, values, strict=False):
        met = compared(sign, row[column], time if column == "time" else text)
        if "NOT" in word:
            met = None if met is None else not met
        pair = (result, met)
        if word.startswith("AND"):
            result = False if False in pair else None if None in pair else True
        else:
            result = True if True in pair else None if None in pair else False
    return result
