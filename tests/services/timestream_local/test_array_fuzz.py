"""Functions on random arrays and time series give what plain Python gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from services.timestream_local.types import SECOND_NS
from tests.examples import examples
from tests.services.timestream_local.samples import START_NS, Local, local

pytestmark = pytest.mark.integration

Numbers: TypeAlias = list[int | None]
FEW = examples(40, suppress=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
ARRAYS = st.lists(st.one_of(st.none(), st.integers(-4, 4)), max_size=6)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with local(tmp_path_factory.mktemp("arrays")) as found:
        yield found


def known(numbers: Numbers) -> list[int]:
    return [n for n in numbers if n is not None]


def distinct(numbers: Numbers) -> Numbers:
    return list(dict.fromkeys(numbers))


FUNCTIONS: dict[str, Callable[[Numbers, Numbers], object]] = {
    "cardinality(a)": lambda a, _b: len(a),
    "array_distinct(a)": lambda a, _b: distinct(a),
    "array_union(a, b)": lambda a, b: distinct([*a, *b]),
    "array_intersect(a, b)": lambda a, b: [n for n in distinct(a) if n in b],
    "array_except(a, b)": lambda a, b: [n for n in distinct(a) if n not in b],
    "array_remove(a, 1)": lambda a, _b: [n for n in a if n != 1],
    "array_position(a, 2)": lambda a, _b: a.index(2) + 1 if 2 in a else 0,
    "array_sort(a)": lambda a, _b: [*sorted(known(a)), *[None] * (len(a) - len(known(a)))],
    "array_max(a)": lambda a, _b: max(known(a)) if a and None not in a else None,
    "contains(a, 3)": lambda a, _b: True if 3 in a else None if None in a else False,
    "reverse(a)": lambda a, _b: a[::-1],
    "a || b": lambda a, b: [*a, *b],
    "slice(a, 2, 2)": lambda a, _b: a[1:3],
    "slice(a, -2, 2)": lambda a, _b: a[-2:] if len(a) >= 2 else [],
    "element_at(a, -1)": lambda a, _b: a[-1] if a else None,
    "filter(a, x -> x > 0)": lambda a, _b: [n for n in known(a) if n > 0],
    "transform(a, x -> x * x)": lambda a, _b: [None if n is None else n * n for n in a],
    "reduce(a, 0, (s, x) -> s + coalesce(x, 10), s -> -s)": lambda a, _b: (
        -sum(10 if n is None else n for n in a)
    ),
    "array_join(a, '/')": lambda a, _b: "/".join(map(str, known(a))),
}


def written(numbers: Numbers) -> str:
    listed = ", ".join("NULL" if n is None else str(n) for n in numbers)
    return f"CAST(ARRAY[{listed}] AS array(bigint))"


def shown(value: object) -> str | None:
    if isinstance(value, list):
        return f"[{', '.join('NULL' if n is None else str(n) for n in value)}]"
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@FEW
@given(a=ARRAYS, b=ARRAYS)
def test_functions_on_arrays_match_python(endpoint: Local, a: Numbers, b: Numbers) -> None:
    source = f"FROM (SELECT {written(a)} AS a, {written(b)} AS b) AS t"
    assert endpoint.rows(f"SELECT {', '.join(FUNCTIONS)} {source}") == [
        tuple(shown(function(a, b)) for function in FUNCTIONS.values())
    ]


@FEW
@given(
    points=st.dictionaries(st.integers(0, 60), st.integers(-50, 50), min_size=2, max_size=8),
    second=st.integers(0, 60),
)
def test_series_match_python(endpoint: Local, points: dict[int, int], second: int) -> None:
    ordered = sorted(points.items())
    rows = ", ".join(f"(from_nanoseconds({START_NS + t * SECOND_NS}), {v})" for t, v in points.items())
    series = f"(SELECT create_time_series(time, v) AS s FROM (VALUES {rows}) AS p(time, v)) AS x"
    at = f"from_nanoseconds({START_NS + second * SECOND_NS})"
    found = f"interpolate_linear(s, {at}), interpolate_locf(s, {at}), integral_trapezoidal(s)"
    sql = f"SELECT {found} FROM {series}"
    ((linear, before, area),) = endpoint.rows(sql)
    earlier, later = [p for p in ordered if p[0] <= second], [p for p in ordered if p[0] >= second]
    assert before == (None if not earlier else f"{earlier[-1][1]}.0")
    if not earlier or not later:
        assert linear is None
    else:
        (t0, v0), (t1, v1) = earlier[-1], later[0]
        share = (second - t0) / (t1 - t0) if t1 > t0 else 0.0
        assert float(str(linear)) == pytest.approx(v0 + share * (v1 - v0))
    areas = ((t1 - t0) * (v0 + v1) / 2 for (t0, v0), (t1, v1) in pairwise(ordered))
    assert float(str(area)) == pytest.approx(sum(areas))
