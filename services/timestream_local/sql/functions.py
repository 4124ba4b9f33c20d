"""The scalar functions: their signatures, with SQL that gives the same result in DuckDB as in Trino.

A function that isn't listed here is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.arithmetic import arithmetic
from services.timestream_local.sql.signatures import (
    BLANKS,
    MICROS,
    SECONDS_TEXT,
    B,
    Call,
    D,
    I,
    L,
    S,
    Signature,
    T,
    V,
    called,
    check_count,
    not_negative,
)
from services.timestream_local.sql.time_functions import TIME_FUNCTIONS
from services.timestream_local.sql.typed_sql import Typed, coerced, common_type
from services.timestream_local.types import Type

FINITE = (
    "CASE WHEN isfinite({0}) THEN {0} "
    "WHEN {0} IS NOT NULL THEN error('Infinity and NaN are not supported') END"
)
WHOLE_ROUND = (
    "CASE WHEN {1} >= 0 THEN {0} WHEN {0} IS NOT NULL AND {1} IS NOT NULL "
    "THEN error('round of a whole number to tens or hundreds is not supported') END"
)
SUBSTR = (
    "CASE WHEN {2} IS NULL THEN NULL WHEN {1} = 0 OR {1} < -length({0}) THEN substr({0}, 1, {1} * 0) "
    "ELSE substr({0}, {1}, CAST(greatest({2}, 0) AS BIGINT)) END"
)
REPLACE = (
    "CASE WHEN {1} = '' AND {2} <> '' AND {0} IS NOT NULL "
    "THEN error('replace of an empty text is not supported') ELSE replace({0}, {1}, {2}) END"
)


def _extract(part: str) -> list[Signature]:
    return [
        Signature((T,), L, f"CAST(extract({part} FROM {MICROS}) AS BIGINT)"),
        Signature((Type.DATE,), L, f"CAST(extract({part} FROM {{0}}) AS BIGINT)"),
    ]


def _rounding(sql: str) -> list[Signature]:
    return [Signature((I,), I, "{0}"), Signature((L,), L, "{0}"), Signature((D,), D, sql)]


SIGNATURES: dict[str, list[Signature]] = {
    "length": [Signature((V,), L, "length({0})")],
    "lower": [Signature((V,), V, "lower({0})")],
    "upper": [Signature((V,), V, "upper({0})")],
    "trim": [Signature((V,), V, f"trim({{0}}, {BLANKS})")],
    "ltrim": [Signature((V,), V, f"ltrim({{0}}, {BLANKS})")],
    "rtrim": [Signature((V,), V, f"rtrim({{0}}, {BLANKS})")],
    "replace": [
        Signature((V, V, V), V, REPLACE),
        Signature((V, V), V, "replace({0}, {1}, '')"),
    ],
    "strpos": [Signature((V, V), L, "strpos({0}, {1})")],
    "starts_with": [Signature((V, V), B, "starts_with({0}, {1})")],
    "substr": [
        Signature((V, L), V, SUBSTR.replace("{2}", "length({0})")),
        Signature((V, L, L), V, SUBSTR),
    ],
    "abs": [Signature((I,), I, "abs({0})"), Signature((L,), L, "abs({0})"), Signature((D,), D, "abs({0})")],
    "ceil": _rounding("ceil({0})"),
    "floor": _rounding("floor({0})"),
    "round": [
        *_rounding("round({0})"),
        Signature((D, I), D, "round({0}, {1})"),
        Signature((I, I), I, WHOLE_ROUND),
        Signature((L, I), L, WHOLE_ROUND),
    ],
    "sign": [
        Signature((I,), I, "CAST(sign({0}) AS INTEGER)"),
        Signature((L,), L, "CAST(sign({0}) AS BIGINT)"),
        Signature((D,), D, "CAST(sign({0}) AS DOUBLE)"),
    ],
    "sqrt": [Signature((D,), D, FINITE.replace("{0}", "sqrt({0})"))],
    "power": [Signature((D, D), D, FINITE.replace("{0}", "pow({0}, {1})"))],
    "to_milliseconds": [Signature((T,), L, "({0} // 1000000)"), Signature((S,), L, "({0} // 1000000)")],
    "to_nanoseconds": [Signature((T,), L, "{0}"), Signature((S,), L, "{0}")],
    "from_milliseconds": [Signature((L,), T, not_negative("{0} * 1000000"))],
    "from_nanoseconds": [Signature((L,), T, not_negative("{0}"))],
    "to_unixtime": [Signature((T,), D, "({0} / 1e9)")],
    "to_iso8601": [
        Signature((T,), V, f"({SECONDS_TEXT.replace('{sep}', 'T')} || 'Z')"),
        Signature((Type.DATE,), V, "CAST({0} AS VARCHAR)"),
    ],
    "date": [
        Signature((T,), Type.DATE, f"CAST({MICROS} AS DATE)"),
        Signature((Type.DATE,), Type.DATE, "{0}"),
    ],
    "year": _extract("year"),
    "quarter": _extract("quarter"),
    "month": _extract("month"),
    "week": _extract("week"),
    "day": _extract("day"),
    "day_of_week": _extract("isodow"),
    "day_of_year": _extract("doy"),
    "hour": _extract("hour")[:1],
    "minute": _extract("minute")[:1],
    "second": _extract("second")[:1],
    "millisecond": [Signature((T,), L, "({0} // 1000000 % 1000)")],
}
ALIASES = {
    "ceiling": "ceil",
    "pow": "power",
    "substring": "substr",
    "day_of_month": "day",
    "dow": "day_of_week",
    "doy": "day_of_year",
    "week_of_year": "week",
}


def call(name: str, arguments: Sequence[Typed]) -> Typed:
    """A call of a scalar function. Raises `ValidationException` if no signature fits name and arguments."""
    name = ALIASES.get(name, name)
    special = SPECIAL.get(name)
    if special is not None:
        return special(name, arguments)
    signatures = SIGNATURES.get(name)
    if signatures is None:
        raise ValidationException(f"The function {name} is not supported")
    return called(name, signatures, arguments)


def _coalesce(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2, 1000)
    kind = common_type((a.type for a in arguments), name)
    return Typed(f"COALESCE({', '.join(coerced(a, kind).sql for a in arguments)})", kind)


def _extreme(name: str, arguments: Sequence[Typed]) -> Typed:
    """`greatest` or `least`. In Trino they are NULL if an argument is, in DuckDB only if all are."""
    check_count(name, arguments, 1, 100)
    kind = common_type((a.type for a in arguments), name)
    given = [coerced(a, kind).sql for a in arguments]
    missing = " OR ".join(f"{sql} IS NULL" for sql in given)
    return Typed(f"(CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(given)}) END)", kind)


def _nullif(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    kind = common_type((a.type for a in arguments), name)
    first, second = arguments
    compared = f"{coerced(first, kind).sql} = {coerced(second, kind).sql}"
    return Typed(f"(CASE WHEN {compared} THEN NULL ELSE {first.sql} END)", first.type)


def _concat(name: str, arguments: Sequence[Typed]) -> Typed:
    """`concat` of texts. In Trino it is NULL if an argument is, as `||` is in DuckDB."""
    check_count(name, arguments, 2, 100)
    for argument in arguments:
        if argument.type not in (V, Type.UNKNOWN):
            raise ValidationException(f"Unexpected parameters for {name}: {argument.type.label}, not varchar")
    return Typed(f"({' || '.join(coerced(a, V).sql for a in arguments)})", V)


def _mod(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    return arithmetic("%", *arguments)


SPECIAL: dict[str, Call] = TIME_FUNCTIONS | {
    "coalesce": _coalesce,
    "greatest": _extreme,
    "least": _extreme,
    "nullif": _nullif,
    "concat": _concat,
    "mod": _mod,
}
