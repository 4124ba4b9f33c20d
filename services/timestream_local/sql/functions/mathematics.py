"""The mathematical functions and those on bits: their signatures."""

from __future__ import annotations

from services.timestream_local.sql.functions.signatures import B, D, I, L, Signature, V
from services.timestream_local.types import ArrayType

TENS = "CAST(pow(10::DOUBLE, -{1}) AS HUGEINT)"
WHOLE_ROUND = (
    "CASE WHEN {1} >= 0 THEN {0} WHEN {1} < -18 THEN 0 "
    f"ELSE CAST(({{0}}::HUGEINT + sign({{0}}) * ({TENS} // 2)) // {TENS} * {TENS} AS {{kind}}) END"
)
"""A whole number rounded to tens or hundreds, halves away from zero."""
TRUNCATE = (
    "CASE WHEN {1} > 15 THEN {0} WHEN {1} < -308 THEN {0} * 0 "
    "ELSE trunc({0} * pow(10, {1})) / pow(10, {1}) END"
)
DIGITS = "'0123456789abcdefghijklmnopqrstuvwxyz'"
RADIX = "WHEN {1} NOT BETWEEN 2 AND 36 THEN CAST(ts_error('Radix must be between 2 and 36') AS {kind}) "
FROM_BASE = (
    f"CASE WHEN {{0}} IS NULL OR {{1}} IS NULL THEN NULL {RADIX.replace('{kind}', 'BIGINT')}"
    "WHEN NOT regexp_full_match(lower({0}), '-?[0-9a-z]+') OR len(list_filter("
    f"string_split(ltrim(lower({{0}}), '-'), ''), lambda c: strpos({DIGITS}, c) > {{1}})) > 0 "
    "THEN CAST(ts_error('Not a valid base-' || {1} || ' number: ' || {0}) AS BIGINT) "
    "ELSE CAST(list_reduce(list_prepend(0::HUGEINT, list_transform(string_split(ltrim(lower({0}), '-'), ''), "
    f"lambda c: CAST(strpos({DIGITS}, c) - 1 AS HUGEINT))), lambda a, d: a * {{1}} + d) "
    "AS BIGINT) * (CASE WHEN starts_with({0}, '-') THEN -1 ELSE 1 END) END"
)
TO_BASE = (
    f"CASE WHEN {{0}} IS NULL OR {{1}} IS NULL THEN NULL {RADIX.replace('{kind}', 'VARCHAR')}"
    "ELSE (CASE WHEN {0} < 0 THEN '-' ELSE '' END) || lower(to_base(abs({0}), CAST({1} AS INTEGER))) END"
)
WIDTH_BUCKET = (
    "CASE WHEN {3} <= 0 THEN CAST(ts_error('bucketCount must be greater than 0') AS BIGINT) "
    "WHEN {1} = {2} THEN CAST(ts_error('bounds cannot equal each other') AS BIGINT) "
    "WHEN {1} < {2} AND {0} < {1} THEN 0 WHEN {1} < {2} AND {0} >= {2} THEN {3} + 1 "
    "WHEN {1} > {2} AND {0} > {1} THEN 0 WHEN {1} > {2} AND {0} <= {2} THEN {3} + 1 "
    "ELSE CAST(floor({3} * abs({0} - {1}) / abs({2} - {1})) AS BIGINT) + 1 END"
)
WIDTH_BUCKET_OF_BINS = (
    "CASE WHEN len({1}) = 0 THEN CAST(ts_error('Bins cannot be an empty array') AS BIGINT) "
    "WHEN {0} IS NULL OR {1} IS NULL THEN NULL "
    "ELSE CAST(len(list_filter({1}, lambda edge: edge <= {0})) AS BIGINT) END"
)
BIT_COUNT = (
    "CASE WHEN {1} NOT BETWEEN 2 AND 64 THEN CAST(ts_error('Bits must be between 2 and 64') AS BIGINT) "
    "WHEN {0} NOT BETWEEN -(1::HUGEINT << ({1} - 1)) AND (1::HUGEINT << ({1} - 1)) - 1 "
    "THEN CAST(ts_error('Number must be representable with the bits specified. ' || {0} || "
    "' can not be represented with ' || {1} || ' bits') AS BIGINT) "
    "ELSE CAST(bit_count({0}::HUGEINT & ((1::HUGEINT << {1}) - 1)) AS BIGINT) END"
)


RANDOM_BELOW = (
    "CASE WHEN {0} <= 0 THEN CAST(ts_error('bound must be positive') AS BIGINT) "
    "ELSE CAST(floor(random() * {0}) AS BIGINT) END"
)
RANDOM_BETWEEN = (
    "CASE WHEN {0} >= {1} THEN CAST(ts_error('upper bound must be greater than lower bound') AS BIGINT) "
    "ELSE CAST({0} + floor(random() * ({1} - {0})) AS BIGINT) END"
)
CBRT = "CASE WHEN pow(round(cbrt({0})), 3) = {0} THEN round(cbrt({0})) ELSE cbrt({0}) END"
"""Java's cube root of a cube is exact; DuckDB's is not."""


def rounding(sql: str) -> list[Signature]:
    """A function that leaves whole numbers as they are; `sql` is that of a DOUBLE."""
    return [Signature((I,), I, "{0}"), Signature((L,), L, "{0}"), Signature((D,), D, sql)]


def _of_double(name: str) -> list[Signature]:
    return [Signature((D,), D, f"{name}({{0}})")]


MATHEMATICS: dict[str, list[Signature]] = {
    "abs": [Signature((I,), I, "abs({0})"), Signature((L,), L, "abs({0})"), Signature((D,), D, "abs({0})")],
    "ceil": rounding("ceil({0})"),
    "floor": rounding("floor({0})"),
    "round": [
        *rounding("round({0})"),
        Signature((D, I), D, "round({0}, {1})"),
        Signature((I, I), I, WHOLE_ROUND.replace("{kind}", "INTEGER")),
        Signature((L, I), L, WHOLE_ROUND.replace("{kind}", "BIGINT")),
    ],
    "truncate": [*rounding("trunc({0})"), Signature((D, I), D, TRUNCATE)],
    "sign": [
        Signature((I,), I, "CAST(sign({0}) AS INTEGER)"),
        Signature((L,), L, "CAST(sign({0}) AS BIGINT)"),
        Signature((D,), D, "CASE WHEN isnan({0}) THEN {0} ELSE CAST(sign({0}) AS DOUBLE) END"),
    ],
    **{name: _of_double(name) for name in ("sqrt", "exp", "ln", "log2", "log10")},
    **{name: _of_double(name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "cosh", "tanh")},
    "cbrt": [Signature((D,), D, CBRT)],
    "log": [Signature((D, D), D, "(ln({1}) / ln({0}))")],
    "power": [Signature((D, D), D, "pow({0}, {1})")],
    "atan2": [Signature((D, D), D, "atan2({0}, {1})")],
    "degrees": _of_double("degrees"),
    "radians": _of_double("radians"),
    "e": [Signature((), D, "exp(1.0::DOUBLE)")],
    "pi": [Signature((), D, "pi()")],
    "infinity": [Signature((), D, "CAST('Infinity' AS DOUBLE)")],
    "nan": [Signature((), D, "CAST('NaN' AS DOUBLE)")],
    "random": [
        Signature((), D, "random()"),
        Signature((L,), L, RANDOM_BELOW),
        Signature((L, L), L, RANDOM_BETWEEN),
    ],
    "is_finite": [Signature((D,), B, "isfinite({0})")],
    "is_infinite": [Signature((D,), B, "isinf({0})")],
    "is_nan": [Signature((D,), B, "isnan({0})")],
    "width_bucket": [
        Signature((D, D, D, L), L, WIDTH_BUCKET),
        Signature((D, ArrayType(D)), L, WIDTH_BUCKET_OF_BINS),
    ],
    "from_base": [Signature((V, L), L, FROM_BASE)],
    "to_base": [Signature((L, L), V, TO_BASE)],
    "bit_count": [Signature((L, L), L, BIT_COUNT)],
    "bitwise_and": [Signature((L, L), L, "({0} & {1})")],
    "bitwise_or": [Signature((L, L), L, "({0} | {1})")],
    "bitwise_xor": [Signature((L, L), L, "xor({0}, {1})")],
    "bitwise_not": [Signature((L,), L, "(~{0})")],
}
