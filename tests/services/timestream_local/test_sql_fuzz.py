"""Queries made up by Hypothesis give what plain Python over the same rows gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cmp_to_key
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from services.timestream_local.types import MINUTE_NS, timestamp_text
from tests.examples import examples
from tests.services.timestream_local.samples import START_NS, Local, local, multi

pytestmark = pytest.mark.integration

Value: TypeAlias = int | str | bool | None
Row: TypeAlias = dict[str, Value]
Test: TypeAlias = tuple[str, Callable[[Row], bool | None]]

COLUMNS = ("stop", "n", "m", "note", "busy")
ROWS: list[Row] = [
    {
        "stop": f"S{i % 4}",
        "time": START_NS + i * 7 * MINUTE_NS // 3,
        "n": None if i % 5 == 3 else (i * 37) % 11 - 5,
        "m": (i * 17) % 7 - 3,
        "note": None if i % 4 == 1 else "abAñ"[i % 4] * (i % 3 + 1),
        "busy": None if i % 6 == 5 else i % 2 == 0,
    }
    for i in range(24)
]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with local(tmp_path_factory.mktemp("fuzz")) as endpoint:
        asyncio.run(fill(endpoint))
        yield endpoint


async def fill(endpoint: Local) -> None:
    place = {"DatabaseName": "city", "TableName": "rows"}
    await endpoint.call("CreateDatabase", DatabaseName="city")
    await endpoint.call("CreateTable", **place)
    records = []
    for row in ROWS:
        kinds = {"n": "BIGINT", "m": "BIGINT", "note": "VARCHAR", "busy": "BOOLEAN"}
        measures = [(k, kind, str(row[k])) for k, kind in kinds.items() if row[k] is not None]
        assert isinstance(row["time"], int)
        records.append(multi({"stop": str(row["stop"])}, row["time"], measures))
    await endpoint.call("WriteRecords", **place, Records=records)


def compared(sign: str, left: Value, right: Value) -> bool | None:
    """SQL's comparison: NULL with anything is NULL; text by its bytes in UTF-8."""
    if left is None or right is None:
        return None
    a, b = (v.encode() if isinstance(v, str) else v for v in (left, right))
    results = {"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}  # type: ignore[operator]
    return results[sign]


def both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def inverted(value: bool | None) -> bool | None:
    return None if value is None else not value


def written(value: Value) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


@st.composite
def simple_tests(draw: st.DrawFn) -> Test:
    column = draw(st.sampled_from(["n", "m", "note", "stop"]))
    texts = st.sampled_from(["a", "bb", "A", "ñ", "S1", "S2"])
    value: Value = draw(texts) if column in ("note", "stop") else draw(st.integers(-6, 6))
    sign = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]))
    kind = draw(st.sampled_from(["compare", "null", "in", "between"]))
    if kind == "null":
        return f"{column} IS NULL", lambda row: row[column] is None
    if kind == "in":
        sql = f"{column} IN ({written(value)}, NULL)"
        return sql, lambda row: True if compared("=", row[column], value) else None
    if kind == "between":
        sql = f"{column} BETWEEN {written(value)} AND {written(value)}"
        return sql, lambda row: compared("=", row[column], value)
    return f"{column} {sign} {written(value)}", lambda row: compared(sign, row[column], value)


def joined(pair: tuple[Test, Test]) -> Test:
    (a, first), (b, second) = pair
    return f"({a} AND {b})", lambda row: both(first(row), second(row))


def either(pair: tuple[Test, Test]) -> Test:
    (a, first), (b, second) = pair
    return f"({a} OR {b})", lambda row: inverted(both(inverted(first(row)), inverted(second(row))))


def negated(test: Test) -> Test:
    sql, first = test
    return f"NOT ({sql})", lambda row: inverted(first(row))


TESTS = st.recursive(
    simple_tests(),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(joined), st.tuples(inner, inner).map(either), inner.map(negated)
    ),
    max_leaves=5,
)


@dataclass(frozen=True)
class Sorting:
    column: str
    descending: bool
    nulls_first: bool | None

    @property
    def sql(self) -> str:
        way = " DESC" if self.descending else ""
        nulls = "" if self.nulls_first is None else f" NULLS {'FIRST' if self.nulls_first else 'LAST'}"
        return f"{self.column}{way}{nulls}"

    def compare(self, a: Row, b: Row) -> int:
        left, right = a[self.column], b[self.column]
        if left is None or right is None:
            order = (left is None) - (right is None)
            return -order if self.nulls_first else order
        order = bool(compared(">", left, right)) - bool(compared("<", left, right))
        return -order if self.descending else order


SORTINGS = st.lists(
    st.builds(
        Sorting,
        st.sampled_from(COLUMNS),
        st.booleans(),
        st.sampled_from([None, True, False]),
    ),
    max_size=3,
)
RELAXED = examples(150, suppress=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def shown(value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower()


@RELAXED
@given(test=TESTS, sortings=SORTINGS, limit=st.integers(0, 30))
def test_where_order_by_and_limit(city: Local, test: Test, sortings: list[Sorting], limit: int) -> None:
    chosen = [row for row in ROWS if test[1](row) is True]
    keys = [*sortings, Sorting("time", descending=False, nulls_first=None)]
    for key in reversed(keys):
        chosen.sort(key=cmp_to_key(key.compare))
    order = ", ".join(key.sql for key in keys)
    sql = f"SELECT {', '.join(COLUMNS)} FROM city.rows WHERE {test[0]} ORDER BY {order} LIMIT {limit}"
    assert city.rows(sql) == [tuple(shown(row[c]) for c in COLUMNS) for row in chosen[:limit]]


def moment(row: Row) -> int:
    time = row["time"]
    assert isinstance(time, int)
    return time


def numbers(rows: list[Row], column: str) -> list[int]:
    return [value for row in rows if isinstance(value := row[column], int)]


def binned(row: Row, minutes: int) -> str:
    return timestamp_text(moment(row) // (minutes * MINUTE_NS) * minutes * MINUTE_NS)


AGGREGATES: dict[str, Callable[[list[Row]], Value]] = {
    "count(*)": len,
    "count(n)": lambda rows: len(numbers(rows, "n")),
    "count(DISTINCT n)": lambda rows: len(set(numbers(rows, "n"))),
    "sum(n)": lambda rows: sum(numbers(rows, "n")) if numbers(rows, "n") else None,
    "min(n)": lambda rows: min(numbers(rows, "n"), default=None),
    "max(m)": lambda rows: max(numbers(rows, "m"), default=None),
    "sum(n * m)": lambda rows: (
        sum(r["n"] * r["m"] for r in rows if r["n"] is not None)  # type: ignore[operator, misc]
        if numbers(rows, "n")
        else None
    ),
    "sum(m / 2)": lambda rows: sum(int(m / 2) for m in numbers(rows, "m")),
    "sum(m % 2)": lambda rows: sum(m - 2 * int(m / 2) for m in numbers(rows, "m")),
    "max_by(m, time)": lambda rows: max(rows, key=moment)["m"],
    "count_if(busy)": lambda rows: sum(row["busy"] is True for row in rows),
}
GROUPS: dict[str, Callable[[Row], Value]] = {
    "stop": lambda row: row["stop"],
    "busy": lambda row: row["busy"],
    "note": lambda row: row["note"],
    "m": lambda row: row["m"],
    "bin(time, 5m)": lambda row: binned(row, 5),
    "bin(time, 15m)": lambda row: binned(row, 15),
    "bin(time, 60m)": lambda row: binned(row, 60),
}


@RELAXED
@given(
    test=TESTS,
    group=st.lists(st.sampled_from(sorted(GROUPS)), min_size=1, max_size=2, unique=True),
    aggregates=st.lists(st.sampled_from(sorted(AGGREGATES)), min_size=1, max_size=3, unique=True),
)
def test_group_by_and_aggregates(city: Local, test: Test, group: list[str], aggregates: list[str]) -> None:
    grouped: dict[tuple[Value, ...], list[Row]] = {}
    for row in ROWS:
        if test[1](row) is True:
            grouped.setdefault(tuple(GROUPS[g](row) for g in group), []).append(row)
    expected = [
        tuple(shown(v) for v in (*key, *(AGGREGATES[a](rows) for a in aggregates)))
        for key, rows in grouped.items()
    ]
    keys = ", ".join(group)
    sql = f"SELECT {keys}, {', '.join(aggregates)} FROM city.rows WHERE {test[0]} GROUP BY {keys}"
    got = city.rows(sql)
    assert sorted(got, key=repr) == sorted(expected, key=repr)


@RELAXED
@given(column=st.sampled_from(["n", "m"]), sorting=st.booleans(), partition=st.sampled_from(["stop", "busy"]))
def test_row_number_and_lag(city: Local, column: str, sorting: bool, partition: str) -> None:
    expected = []
    for value in {row[partition] for row in ROWS}:
        mine = sorted((row for row in ROWS if row[partition] == value), key=moment, reverse=sorting)
        for place, row in enumerate(mine):
            before = mine[place - 1][column] if place else None
            expected.append((timestamp_text(moment(row)), str(place + 1), shown(before)))
    over = f"OVER (PARTITION BY {partition} ORDER BY time{' DESC' if sorting else ''})"
    sql = f"SELECT time, row_number() {over}, lag({column}) {over} FROM city.rows"
    assert sorted(city.rows(sql), key=repr) == sorted(expected, key=repr)
