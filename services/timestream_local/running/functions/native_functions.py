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

from services.timestream_local.running.functions import checksums
from services.timestream_local.running.functions import series_functions as series
from services.timestream_local.running.functions.zoned_times import zoned_ns
from services.timestream_local.value_texts import (
    day_ns,
    double_text,
    duration_ns,
    instant_ns,
    interval_text,
    iso_day_ns,
    iso_instant_ns,
    months_text,
    time_of_day_ns,
)

LONGS, DOUBLES = "BIGINT[]", "DOUBLE[]"
Result: TypeAlias = str | bytes | float | list[float] | list[float | None] | list[int | None] | None


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


def error(message: str) -> str:
    """Raise ValueError with a message. DuckDB's own `error` can't be within a TRY."""
    raise ValueError(message)


def hamming(one: str, other: str) -> int:
    """The number of places at which two texts differ. Raises ValueError if one is longer."""
    if len(one) != len(other):
        raise ValueError("The input strings to hamming_distance must have the same length")
    return sum(a != b for a, b in zip(one, other, strict=True))


MOST_COMPARED = 1_000_000
"""The most pairs of letters that `levenshtein_distance` compares."""


def levenshtein(one: str, other: str) -> int:
    """The least number of characters to insert, delete or replace to make one text of another.

    Raises ValueError for texts that are longer than Trino allows.
    """
    if len(one) * (len(other) - 1) > MOST_COMPARED:
        raise ValueError(
            f"levenshtein_distance is only for texts of at most {MOST_COMPARED} pairs of letters"
        )
    above = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for place, (wanted, corner) in enumerate(zip(other, above[:-1], strict=True), 1):
            line.append(min(above[place] + 1, line[-1] + 1, corner + (letter != wanted)))
        above = line
    return above[-1]


def reverse(text: str) -> str:
    """A text from its last character to its first."""
    return text[::-1]


def instant(text: str) -> int:
    """A text as a time. Raises ValueError if it is none."""
    return instant_ns(text, zoned=False)


def at_known(function: Callable[..., Sequence[float | None]]) -> Callable[..., list[float | None]]:
    """A function whose last argument are instants, with None at those that are NULL."""

    @wraps(function)
    def call(*arguments: Sequence[float | None]) -> list[float | None]:
        *series_of, instants = arguments
        found = iter(function(*series_of, [each for each in instants if each is not None]))
        return [None if each is None else next(found) for each in instants]

    return call


NATIVE: dict[str, Native] = {
    "ts_error": Native(error, ("VARCHAR",), "VARCHAR"),
    "ts_linear": Native(at_known(series.linear), (LONGS, DOUBLES, LONGS), DOUBLES),
    "ts_spline": Native(at_known(series.spline), (LONGS, DOUBLES, LONGS), DOUBLES),
    "ts_places_before": Native(at_known(series.places_before), (LONGS, LONGS), LONGS),
    "ts_places_at": Native(at_known(series.places_at), (LONGS, LONGS), LONGS),
    "ts_derivative": Native(series.derivative, (LONGS, DOUBLES, "BIGINT"), DOUBLES),
    "ts_integral": Native(series.integral, (LONGS, DOUBLES, "BIGINT"), "DOUBLE"),
    "ts_pearson": Native(series.pearson, (LONGS, DOUBLES, LONGS, DOUBLES), "DOUBLE"),
    "ts_spearman": Native(series.spearman, (LONGS, DOUBLES, LONGS, DOUBLES), "DOUBLE"),
    "ts_percentiles": Native(percentiles, (DOUBLES, DOUBLES, DOUBLES), DOUBLES),
    "ts_checksum_longs": Native(checksums.of_longs, (LONGS,), "BLOB"),
    "ts_checksum_doubles": Native(checksums.of_doubles, (DOUBLES,), "BLOB"),
    "ts_checksum_texts": Native(checksums.of_texts, ("VARCHAR[]",), "BLOB"),
    "ts_double_text": Native(double_text, ("DOUBLE",), "VARCHAR"),
    "ts_interval_text": Native(interval_text, ("BIGINT",), "VARCHAR"),
    "ts_months_text": Native(months_text, ("INTEGER",), "VARCHAR"),
    "ts_instant": Native(instant, ("VARCHAR",), "BIGINT"),
    "ts_day": Native(day_ns, ("VARCHAR",), "BIGINT"),
    "ts_time_of_day": Native(time_of_day_ns, ("VARCHAR",), "BIGINT"),
    "ts_duration": Native(duration_ns, ("VARCHAR",), "BIGINT"),
    "ts_iso_day": Native(iso_day_ns, ("VARCHAR",), "BIGINT"),
    "ts_iso_instant": Native(iso_instant_ns, ("VARCHAR",), "BIGINT"),
    "ts_zoned": Native(zoned_ns, ("BIGINT", "VARCHAR"), "BIGINT"),
    "ts_hamming": Native(hamming, ("VARCHAR", "VARCHAR"), "BIGINT"),
    "ts_levenshtein": Native(levenshtein, ("VARCHAR", "VARCHAR"), "BIGINT"),
    "ts_reverse": Native(reverse, ("VARCHAR",), "VARCHAR"),
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
