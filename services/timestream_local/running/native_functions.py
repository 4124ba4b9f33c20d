"""Functions in Python of the DuckDB connection, for what its SQL can't say. A function of NULL is NULL."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import accumulate
from typing import TypeAlias

import duckdb
from duckdb.func import SPECIAL

from services.timestream_local.running import series_functions as series
from services.timestream_local.value_texts import double_text

LONGS, DOUBLES = "BIGINT[]", "DOUBLE[]"
Result: TypeAlias = str | float | list[float] | list[float | None] | list[int | None] | None


@dataclass(frozen=True, slots=True)
class Native:
    """A function with the DuckDB types of its arguments and result."""

    function: Callable[..., Result]
    takes: tuple[str, ...]
    gives: str


def percentiles(values: Sequence[float], weights: Sequence[float], shares: Sequence[float]) -> list[float]:
    """The least values up to which lie these shares of all weights. Raises ValueError for a wrong share."""
    if any(not 0 <= share <= 1 for share in shares):
        raise ValueError("Percentile must be between 0 and 1")
    pairs = sorted(
        (v, w) for v, w in zip(values, weights, strict=True) if v is not None and w is not None and w > 0
    )
    reached = list(accumulate(weight for _, weight in pairs))
    if not pairs:
        return []
    last = len(pairs) - 1
    return [pairs[min(bisect_left(reached, share * reached[-1]), last)][0] for share in shares]


NATIVE: dict[str, Native] = {
    "ts_linear": Native(series.linear, (LONGS, DOUBLES, LONGS), DOUBLES),
    "ts_spline": Native(series.spline, (LONGS, DOUBLES, LONGS), DOUBLES),
    "ts_places_before": Native(series.places_before, (LONGS, LONGS), LONGS),
    "ts_places_at": Native(series.places_at, (LONGS, LONGS), LONGS),
    "ts_derivative": Native(series.derivative, (LONGS, DOUBLES, "BIGINT"), DOUBLES),
    "ts_integral": Native(series.integral, (LONGS, DOUBLES, "BIGINT"), "DOUBLE"),
    "ts_pearson": Native(series.pearson, (LONGS, DOUBLES, LONGS, DOUBLES), "DOUBLE"),
    "ts_spearman": Native(series.spearman, (LONGS, DOUBLES, LONGS, DOUBLES), "DOUBLE"),
    "ts_percentiles": Native(percentiles, (DOUBLES, DOUBLES, DOUBLES), DOUBLES),
    "ts_double_text": Native(double_text, ("DOUBLE",), "VARCHAR"),
}
"""By the names that compiled SQL uses; no query can name them."""


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a connection and its cursors."""
    for name, native in NATIVE.items():
        connection.create_function(
            name, _of_null(native.function), [*native.takes], native.gives, null_handling=SPECIAL
        )


def _of_null(function: Callable[..., Result]) -> Callable[..., Result]:
    """The function, None if one of its arguments is."""

    # DuckDB reads the number of parameters from the signature.
    @wraps(function)
    def call(*arguments: object) -> Result:
        return None if any(each is None for each in arguments) else function(*arguments)

    return call
