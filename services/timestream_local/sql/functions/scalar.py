"""The scalar functions: their signatures, with SQL that gives the same result in DuckDB as in Trino.

A function that isn't listed here is refused by name.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.arithmetic import arithmetic
from services.timestream_local.sql.functions.arrays import ARRAYS, or_array
from services.timestream_local.sql.functions.mathematics import MATHEMATICS
from services.timestream_local.sql.functions.patterns import PATTERNS
from services.timestream_local.sql.functions.sequences import sequence
from services.timestream_local.sql.functions.series import SERIES
from services.timestream_local.sql.functions.signatures import (
    DATE_OF_TEXT,
    MICROS,
    SECONDS_TEXT,
    Call,
    D,
    L,
    S,
    Signature,
    T,
    V,
    called,
    check_count,
    not_negative,
)
from services.timestream_local.sql.functions.texts import TEXTS
from services.timestream_local.sql.functions.times import TIME_FUNCTIONS
from services.timestream_local.sql.predicates import compare
from services.timestream_local.sql.typed_sql import WHOLE, Typed, coerced, common_type, text, whole
from services.timestream_local.types import DAY_NS, GREATEST_BIGINT, HOUR_NS, MINUTE_NS, SECOND_NS, Type


def _extract(part: str) -> list[Signature]:
    return [
        Signature((T,), L, f"CAST(extract({part} FROM {MICROS}) AS BIGINT)"),
        Signature((Type.DATE,), L, f"CAST(extract({part} FROM {{0}}) AS BIGINT)"),
    ]


def _of_day(unit_ns: int, most: int) -> list[Signature]:
    """A part of the time of day, or of an interval."""
    sql = f"({{0}} // {unit_ns} % {most})"
    return [Signature((kind,), L, sql) for kind in (T, Type.TIME, S)]


SINCE_EPOCH: dict[str, tuple[int, list[Signature]]] = {
    "from_milliseconds": (1_000_000, [Signature((L,), T, not_negative("{0} * 1000000"))]),
    "from_nanoseconds": (1, [Signature((L,), T, not_negative("{0}"))]),
}
"""Functions that make a TIMESTAMP of a number, the number's unit in ns, and their signature."""
SIGNATURES: dict[str, list[Signature]] = {
    **MATHEMATICS,
    **TEXTS,
    "to_milliseconds": [Signature((T,), L, "({0} // 1000000)"), Signature((S,), L, "({0} // 1000000)")],
    "to_nanoseconds": [Signature((T,), L, "{0}"), Signature((S,), L, "{0}")],
    "last_day_of_month": [
        Signature((T,), Type.DATE, f"last_day({MICROS})"),
        Signature((Type.DATE,), Type.DATE, "last_day({0})"),
    ],
    "current_timezone": [Signature((), V, "'UTC'")],
    "to_unixtime": [Signature((T,), D, "({0} // 1000 / 1e6 + {0} % 1000 / 1e9)")],
    "to_iso8601": [
        Signature((T,), V, f"({SECONDS_TEXT.replace('{sep}', 'T')} || 'Z')"),
        Signature((Type.DATE,), V, "CAST({0} AS VARCHAR)"),
    ],
    "date": [
        Signature((V,), Type.DATE, DATE_OF_TEXT),
        Signature((T,), Type.DATE, f"CAST({MICROS} AS DATE)"),
        Signature((Type.DATE,), Type.DATE, "{0}"),
    ],
    "year": [*_extract("year"), Signature((Type.MONTHS,), L, "CAST({0} // 12 AS BIGINT)")],
    "quarter": _extract("quarter"),
    "month": [*_extract("month"), Signature((Type.MONTHS,), L, "CAST({0} % 12 AS BIGINT)")],
    "week": _extract("week"),
    "year_of_week": _extract("isoyear"),
    "day": [*_extract("day"), Signature((S,), L, f"({{0}} // {DAY_NS})")],
    "day_of_week": _extract("isodow"),
    "day_of_year": _extract("doy"),
    "hour": _of_day(HOUR_NS, 24),
    "minute": _of_day(MINUTE_NS, 60),
    "second": _of_day(SECOND_NS, 60),
    "millisecond": _of_day(1_000_000, 1000),
    "nanosecond": _of_day(1, SECOND_NS),
}
ALIASES = {
    "ceiling": "ceil",
    "position": "strpos",
    "pow": "power",
    "rand": "random",
    "substring": "substr",
    "day_of_month": "day",
    "dow": "day_of_week",
    "doy": "day_of_year",
    "week_of_year": "week",
    "yow": "year_of_week",
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


def _since_epoch(name: str, arguments: Sequence[Typed]) -> Typed:
    """A TIMESTAMP of a number. That of a literal is one too, so that DuckDB has less to plan."""
    unit_ns, signatures = SINCE_EPOCH[name]
    if len(arguments) == 1 and arguments[0].type in WHOLE:
        value = arguments[0].value
        if isinstance(value, int) and 0 <= value * unit_ns <= GREATEST_BIGINT:
            return whole(value * unit_ns, T)
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
    same = compare("=", coerced(first, kind), coerced(second, kind)).sql
    return Typed(f"(CASE WHEN {same} THEN NULL ELSE {first.sql} END)", first.type)


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


def _reverse(name: str, arguments: Sequence[Typed]) -> Typed:
    return called(name, [Signature((V,), V, "ts_reverse({0})")], arguments)


def _typeof(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 1)
    return text(arguments[0].type.label)


SPECIAL: dict[str, Call] = {
    **TIME_FUNCTIONS,
    **ARRAYS,
    **PATTERNS,
    **SERIES,
    **dict.fromkeys(SINCE_EPOCH, _since_epoch),
    "sequence": sequence,
    "coalesce": _coalesce,
    "greatest": _extreme,
    "least": _extreme,
    "nullif": _nullif,
    "concat": or_array("concat", _concat),
    "reverse": or_array("reverse", _reverse),
    "mod": _mod,
    "typeof": _typeof,
}
