"""The scalar functions: for each name what it takes, what it gives, and DuckDB's words for it.

What isn't here is refused by name. Where DuckDB's function of that name differs from Trino's, its words say
Trino's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.timestream_local.errors import ValidationException
from services.timestream_local.typed import NUMBERS, WHOLE, Typed, coerced, coercible, common_type, whole
from services.timestream_local.values import (
    DAY_NS,
    HOUR_NS,
    MINUTE_NS,
    SECOND_NS,
    Type,
    duration_ns,
    instant_ns,
)

V, B, I, L, D = Type.VARCHAR, Type.BOOLEAN, Type.INTEGER, Type.BIGINT, Type.DOUBLE  # noqa: E741
T, S = Type.TIMESTAMP, Type.INTERVAL
Call: TypeAlias = Callable[[str, Sequence[Typed]], Typed]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to call a function: `sql` with `{0}`, `{1}` … for the arguments."""

    takes: tuple[Type, ...]
    gives: Type
    sql: str


FINITE = (
    "CASE WHEN isfinite({0}) THEN {0} "
    "WHEN {0} IS NOT NULL THEN error('Infinity and NaN are not supported') END"
)
MICROS = "make_timestamp({0} // 1000)"
BLANKS = "E' \\t\\n\\r\\f\\x0b'"
SECONDS_TEXT = (
    f"strftime({MICROS}, '%Y-%m-%d{{sep}}%H:%M:%S.%f') || lpad(CAST({{0}} % 1000 AS VARCHAR), 3, '0')"
)
TIMESTAMP_SQL = f"({SECONDS_TEXT.replace('{sep}', ' ')})"
WHOLE_ROUND = (
    "CASE WHEN {1} >= 0 THEN {0} WHEN {0} IS NOT NULL AND {1} IS NOT NULL "
    "THEN error('round of a whole number to tens or hundreds is not supported') END"
)
SUBSTR = (
    "CASE WHEN {1} = 0 OR {1} < -length({0}) THEN substr({0}, 1, {1} * 0) "
    "ELSE substr({0}, {1}, CAST(greatest({2}, 0) AS BIGINT)) END"
)


def not_negative(sql: str) -> str:
    """A time, or an error where it would be before 1970: "Any operation resulting in negative time" is one.

    (AWS's page "Date / time functions".)
    """
    return f"CAST(CAST({sql} AS UBIGINT) AS BIGINT)"


def _extract(part: str) -> list[Form]:
    return [
        Form((T,), L, f"CAST(extract({part} FROM {MICROS}) AS BIGINT)"),
        Form((Type.DATE,), L, f"CAST(extract({part} FROM {{0}}) AS BIGINT)"),
    ]


def _rounding(sql: str) -> list[Form]:
    return [Form((I,), I, "{0}"), Form((L,), L, "{0}"), Form((D,), D, sql)]


FORMS: dict[str, list[Form]] = {
    "length": [Form((V,), L, "length({0})")],
    "lower": [Form((V,), V, "lower({0})")],
    "upper": [Form((V,), V, "upper({0})")],
    "trim": [Form((V,), V, f"trim({{0}}, {BLANKS})")],
    "ltrim": [Form((V,), V, f"ltrim({{0}}, {BLANKS})")],
    "rtrim": [Form((V,), V, f"rtrim({{0}}, {BLANKS})")],
    "replace": [
        Form((V, V, V), V, "replace({0}, {1}, {2})"),
        Form((V, V), V, "replace({0}, {1}, '')"),
    ],
    "strpos": [Form((V, V), L, "strpos({0}, {1})")],
    "starts_with": [Form((V, V), B, "starts_with({0}, {1})")],
    "substr": [
        Form((V, L), V, SUBSTR.replace("{2}", "length({0})")),
        Form((V, L, L), V, SUBSTR),
    ],
    "abs": [Form((I,), I, "abs({0})"), Form((L,), L, "abs({0})"), Form((D,), D, "abs({0})")],
    "ceil": _rounding("ceil({0})"),
    "floor": _rounding("floor({0})"),
    "round": [
        *_rounding("round({0})"),
        Form((D, I), D, "round({0}, {1})"),
        Form((I, I), I, WHOLE_ROUND),
        Form((L, I), L, WHOLE_ROUND),
    ],
    "sign": [
        Form((I,), I, "CAST(sign({0}) AS INTEGER)"),
        Form((L,), L, "CAST(sign({0}) AS BIGINT)"),
        Form((D,), D, "CAST(sign({0}) AS DOUBLE)"),
    ],
    "sqrt": [Form((D,), D, FINITE.replace("{0}", "sqrt({0})"))],
    "power": [Form((D, D), D, FINITE.replace("{0}", "pow({0}, {1})"))],
    "to_milliseconds": [Form((T,), L, "({0} // 1000000)"), Form((S,), L, "({0} // 1000000)")],
    "to_nanoseconds": [Form((T,), L, "{0}"), Form((S,), L, "{0}")],
    "from_milliseconds": [Form((L,), T, not_negative("{0} * 1000000"))],
    "from_nanoseconds": [Form((L,), T, not_negative("{0}"))],
    "to_unixtime": [Form((T,), D, "({0} / 1e9)")],
    "to_iso8601": [
        Form((T,), V, f"({SECONDS_TEXT.replace('{sep}', 'T')} || 'Z')"),
        Form((Type.DATE,), V, "CAST({0} AS VARCHAR)"),
    ],
    "date": [
        Form((T,), Type.DATE, f"CAST({MICROS} AS DATE)"),
        Form((Type.DATE,), Type.DATE, "{0}"),
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
    "millisecond": [Form((T,), L, "({0} // 1000000 % 1000)")],
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
UNITS_NS = {
    "nanosecond": 1,
    "microsecond": 1_000,
    "millisecond": 1_000_000,
    "second": SECOND_NS,
    "minute": MINUTE_NS,
    "hour": HOUR_NS,
    "day": DAY_NS,
    "week": 7 * DAY_NS,
}
UNITS_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def call(name: str, arguments: Sequence[Typed]) -> Typed:
    """A call of a scalar function. `ValidationException` for one that isn't known, or other arguments."""
    name = ALIASES.get(name, name)
    special = SPECIAL.get(name)
    if special is not None:
        return special(name, arguments)
    forms = FORMS.get(name)
    if forms is None:
        raise ValidationException(f"The function {name} is not supported")
    return called(name, forms, arguments)


def called(name: str, forms: Sequence[Form], arguments: Sequence[Typed]) -> Typed:
    """The first form that takes the arguments as they are, else the first that they are coercible to."""
    types = tuple(argument.type for argument in arguments)
    fitting = [form for form in forms if form.takes == types] or [
        form for form in forms if len(form.takes) == len(types) and all(map(coercible, types, form.takes))
    ]
    if not fitting:
        shown = ", ".join(kind.shown for kind in types)
        known = " or ".join(f"{name}({', '.join(k.shown for k in form.takes)})" for form in forms)
        raise ValidationException(f"Unexpected parameters ({shown}) for function {name}. Expected: {known}")
    form = fitting[0]
    given = [coerced(a, kind).sql for a, kind in zip(arguments, form.takes, strict=True)]
    return Typed(_filled(form.sql, given), form.gives)


def _filled(sql: str, arguments: Sequence[str]) -> str:
    """`{0}` … replaced; arguments may have braces of their own."""
    for number in range(len(arguments)):
        sql = sql.replace(f"{{{number}}}", f"\x00{number}\x00")
    for number, argument in enumerate(arguments):
        sql = sql.replace(f"\x00{number}\x00", argument)
    return f"({sql})" if sql.startswith("CASE") else sql


def _count(name: str, arguments: Sequence[Typed], least: int, most: int | None = None) -> None:
    if len(arguments) < least or len(arguments) > (most or least):
        raise ValidationException(f"Unexpected parameters for function {name}: {len(arguments)} of them")


def _literal(name: str, argument: Typed) -> str:
    if not isinstance(argument.value, str):
        raise ValidationException(f"{name} is only supported with a literal here")
    return argument.value


def _coalesce(name: str, arguments: Sequence[Typed]) -> Typed:
    _count(name, arguments, 2, 1000)
    kind = common_type((a.type for a in arguments), name)
    return Typed(f"COALESCE({', '.join(coerced(a, kind).sql for a in arguments)})", kind)


def _extreme(name: str, arguments: Sequence[Typed]) -> Typed:
    """Trino's greatest and least are NULL where an argument is."""
    _count(name, arguments, 1, 100)
    kind = common_type((a.type for a in arguments), name)
    given = [coerced(a, kind).sql for a in arguments]
    missing = " OR ".join(f"{sql} IS NULL" for sql in given)
    return Typed(f"(CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(given)}) END)", kind)


def _nullif(name: str, arguments: Sequence[Typed]) -> Typed:
    _count(name, arguments, 2)
    kind = common_type((a.type for a in arguments), name)
    first, second = arguments
    compared = f"{coerced(first, kind).sql} = {coerced(second, kind).sql}"
    return Typed(f"(CASE WHEN {compared} THEN NULL ELSE {first.sql} END)", first.type)


def _concat(name: str, arguments: Sequence[Typed]) -> Typed:
    """Of VARCHARs; NULL where one is."""
    _count(name, arguments, 2, 100)
    for argument in arguments:
        if argument.type not in (V, Type.UNKNOWN):
            raise ValidationException(f"Unexpected parameters for {name}: {argument.type.shown}, not varchar")
    return Typed(f"({' || '.join(coerced(a, V).sql for a in arguments)})", V)


def _mod(name: str, arguments: Sequence[Typed]) -> Typed:
    _count(name, arguments, 2)
    return arithmetic("%", *arguments)


def _unit(name: str, argument: Typed, *of: Typed) -> str:
    """A unit of time that what it is applied to has: a date has no hours."""
    unit = _literal(name, argument).lower()
    if unit not in UNITS_NS and unit not in UNITS_MONTHS:
        raise ValidationException(f"'{unit}' is not a valid unit for {name}")
    if all(each.type is Type.DATE for each in of) and UNITS_NS.get(unit, DAY_NS) < DAY_NS:
        raise ValidationException(f"'{unit}' is not a valid DATE field")
    return unit


def _instant(name: str, argument: Typed) -> str:
    if not coercible(argument.type, T):
        raise ValidationException(f"Unexpected parameters for function {name}: {argument.type.shown}")
    return coerced(argument, T).sql


def _as(kind: Type, instant: str) -> Typed:
    """A time, as a DATE where it came of one."""
    if kind is not Type.DATE:
        return Typed(instant, T)
    return Typed(f"CAST({MICROS.replace('{0}', instant)} AS DATE)", kind)


def _date_trunc(name: str, arguments: Sequence[Typed]) -> Typed:
    _count(name, arguments, 2)
    unit, instant = _unit(name, *arguments), _instant(name, arguments[1])
    if unit in UNITS_MONTHS:
        begin = f"(epoch_us(date_trunc('{unit}', make_timestamp({instant} // 1000))) * 1000)"
        return _as(arguments[1].type, begin)
    # The epoch was a Thursday; weeks begin on Mondays.
    shift = f" + {3 * DAY_NS}" if unit == "week" else ""
    begin = f"{instant} - ({instant}{shift}) % {UNITS_NS[unit]}"
    return _as(arguments[1].type, not_negative(begin) if shift else f"({begin})")


def _date_add(name: str, arguments: Sequence[Typed]) -> Typed:
    _count(name, arguments, 3)
    unit, instant = _unit(name, arguments[0], arguments[2]), _instant(name, arguments[2])
    if arguments[1].type not in WHOLE:
        raise ValidationException(f"Unexpected parameters for {name}: the second must be a whole number")
    number = coerced(arguments[1], L).sql
    if unit in UNITS_NS:
        return _as(arguments[2].type, not_negative(f"{instant} + {number} * {UNITS_NS[unit]}"))
    return _as(arguments[2].type, plus_months(instant, f"({number} * {UNITS_MONTHS[unit]})").sql)


def plus_months(instant: str, months: str) -> Typed:
    """A time some months later; the day is the month's last where it lacks it."""
    moved = f"epoch_us(make_timestamp({instant} // 1000) + to_months(CAST({months} AS INTEGER)))"
    return Typed(not_negative(f"{moved} * 1000 + {instant} % 1000"), T)


def _date_diff(name: str, arguments: Sequence[Typed]) -> Typed:
    """Whole units from the first time to the second."""
    _count(name, arguments, 3)
    unit = _unit(name, *arguments)
    first, second = _instant(name, arguments[1]), _instant(name, arguments[2])
    if unit in UNITS_NS:
        return Typed(f"(({second} - {first}) // {UNITS_NS[unit]})", L)
    forth, back = _months_between(first, second), _months_between(second, first)
    months = f"(CASE WHEN {first} <= {second} THEN {forth} ELSE -{back} END)"
    return Typed(f"({months} // {UNITS_MONTHS[unit]})", L)


def _months_between(early: str, late: str) -> str:
    crossed = f"date_diff('month', make_timestamp({early} // 1000), make_timestamp({late} // 1000))"
    return f"({crossed} - CAST({plus_months(early, crossed).sql} > {late} AS BIGINT))"


def _bin(name: str, arguments: Sequence[Typed]) -> Typed:
    """A time rounded down to a whole multiple of a duration since the epoch."""
    _count(name, arguments, 2)
    instant, width = _instant(name, arguments[0]), arguments[1]
    if width.type is not S or not isinstance(width.value, int) or width.value <= 0:
        raise ValidationException("bin is only supported with a duration literal greater than zero")
    return Typed(f"({instant} - {instant} % {width.value})", T)


def _parsed_instant(name: str, arguments: Sequence[Typed]) -> Typed:
    _count(name, arguments, 1)
    try:
        return whole(instant_ns(_literal(name, arguments[0]), zoned=True), T)
    except ValueError as error:
        raise ValidationException(f"{name}: {error}") from None


def _parsed_duration(name: str, arguments: Sequence[Typed]) -> Typed:
    _count(name, arguments, 1)
    try:
        return whole(duration_ns(_literal(name, arguments[0])), S)
    except ValueError as error:
        raise ValidationException(f"{name}: {error}") from None


SPECIAL: dict[str, Call] = {
    "coalesce": _coalesce,
    "greatest": _extreme,
    "least": _extreme,
    "nullif": _nullif,
    "concat": _concat,
    "mod": _mod,
    "bin": _bin,
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "from_iso8601_timestamp": _parsed_instant,
    "parse_duration": _parsed_duration,
}


def arithmetic(operator: str, left: Typed, right: Typed) -> Typed:
    """`+ - * / %` of numbers, times and intervals, as Trino knows them."""
    if left.type in (*NUMBERS, Type.UNKNOWN) and right.type in (*NUMBERS, Type.UNKNOWN):
        return _numeric(operator, left, right)
    timed = _TIMES.get((operator, left.type, right.type))
    if timed is None:
        raise ValidationException(f"'{operator}' cannot be applied to {left.type.shown}, {right.type.shown}")
    return timed(left, right)


def _numeric(operator: str, left: Typed, right: Typed) -> Typed:
    kind = common_type((left.type, right.type), operator)
    first, second = coerced(left, kind).sql, coerced(right, kind).sql
    if kind is Type.UNKNOWN:
        return Typed("NULL", kind)
    if operator in "/%":
        return _division(operator, first, second, kind)
    return Typed(f"({first} {operator} {second})", kind)


def _division(operator: str, first: str, second: str, kind: Type) -> Typed:
    """Whole numbers divide to whole numbers, toward zero; by zero is an error (DuckDB says so, too)."""
    if kind is D:
        message = "a DOUBLE divided by zero (Infinity, NaN) is not supported"
        return Typed(
            f"(CASE WHEN {second} = 0 THEN error('{message}') ELSE {first} {operator} {second} END)", D
        )
    return Typed(f"({first} {'//' if operator == '/' else '%'} {second})", kind)


def _moved(sign: str) -> Callable[[Typed, Typed], Typed]:
    def move(left: Typed, right: Typed) -> Typed:
        moved = not_negative(f"{coerced(left, T).sql} {sign} {right.sql}")
        return Typed(moved, T, _sum(sign, left, right))

    return move


def _sum(sign: str, left: Typed, right: Typed) -> int | None:
    """The value where both are literals."""
    if not (isinstance(left.value, int) and isinstance(right.value, int)):
        return None
    return left.value + right.value * (1 if sign == "+" else -1)


def _shifted(sign: str) -> Callable[[Typed, Typed], Typed]:
    def shift(left: Typed, right: Typed) -> Typed:
        return Typed(f"({left.sql} {sign} {right.sql})", S, _sum(sign, left, right))

    return shift


def _swapped(function: Callable[[Typed, Typed], Typed]) -> Callable[[Typed, Typed], Typed]:
    return lambda left, right: function(right, left)


def _scaled(left: Typed, right: Typed) -> Typed:
    value = None
    if isinstance(left.value, int) and isinstance(right.value, int):
        value = left.value * right.value
    return Typed(f"({left.sql} * {coerced(right, L).sql})", S, value)


def _between(left: Typed, right: Typed) -> Typed:
    return Typed(f"({coerced(left, T).sql} - {coerced(right, T).sql})", S)


def _later(left: Typed, right: Typed) -> Typed:
    return plus_months(coerced(left, T).sql, right.sql)


def _earlier(left: Typed, right: Typed) -> Typed:
    return plus_months(coerced(left, T).sql, f"(-{right.sql})")


_TIMES: dict[tuple[str, Type, Type], Callable[[Typed, Typed], Typed]] = {
    ("+", T, S): _moved("+"),
    ("-", T, S): _moved("-"),
    ("+", S, T): _swapped(_moved("+")),
    ("-", T, T): _between,
    ("-", T, Type.DATE): _between,
    ("-", Type.DATE, T): _between,
    ("+", S, S): _shifted("+"),
    ("-", S, S): _shifted("-"),
    ("*", S, I): _scaled,
    ("*", S, L): _scaled,
    ("*", I, S): _swapped(_scaled),
    ("*", L, S): _swapped(_scaled),
    ("+", T, Type.MONTHS): _later,
    ("-", T, Type.MONTHS): _earlier,
}
