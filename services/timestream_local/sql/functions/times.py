"""The functions that truncate, move, compare and parse times."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.timestream_local.errors import InvalidText, ValidationException
from services.timestream_local.sql.functions.formats import ZONE_AT_END, joda_format, mysql_format, parsed
from services.timestream_local.sql.functions.signatures import (
    MICROS,
    Call,
    D,
    L,
    S,
    T,
    V,
    check_count,
    literal_of,
    not_negative,
)
from services.timestream_local.sql.functions.zones import at_zone
from services.timestream_local.sql.typed_sql import (
    WHOLE,
    Typed,
    coerced,
    coercible,
    instant_literal,
    text_sql,
    whole,
)
from services.timestream_local.types import DAY_NS, UNITS_NS, Kind, Type
from services.timestream_local.value_texts import duration_ns, iso_day_ns, iso_instant_ns

FIXED_NS = UNITS_NS | {"week": 7 * DAY_NS}
UNITS_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _unit(name: str, argument: Typed, *of: Typed) -> str:
    """The unit of time in an argument, which must be valid for the types in `of`: a date has no hours."""
    unit = literal_of(name, argument).lower()
    if unit not in FIXED_NS and unit not in UNITS_MONTHS:
        raise ValidationException(f"'{unit}' is not a valid unit for {name}")
    if all(each.type is Type.DATE for each in of) and FIXED_NS.get(unit, DAY_NS) < DAY_NS:
        raise ValidationException(f"'{unit}' is not a valid DATE field")
    if any(each.type is Type.TIME for each in of) and FIXED_NS.get(unit, DAY_NS) >= DAY_NS:
        raise ValidationException(f"'{unit}' is not a valid TIME field")
    return unit


def _instant(name: str, argument: Typed) -> str:
    argument = instant_literal(argument) or argument
    if not coercible(argument.type, T):
        raise ValidationException(f"Unexpected parameters for function {name}: {argument.type.label}")
    return coerced(argument, T).sql


def _as(kind: Kind, instant: str) -> Typed:
    """A time in nanoseconds as a DATE if `kind` is one, else as a TIMESTAMP."""
    if kind is not Type.DATE:
        return Typed(instant, T)
    return Typed(f"CAST({MICROS.replace('{0}', instant)} AS DATE)", kind)


def _date_trunc(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    unit = _unit(name, *arguments)
    if arguments[1].type is Type.TIME:
        return Typed(f"({arguments[1].sql} - {arguments[1].sql} % {FIXED_NS[unit]})", Type.TIME)
    instant = _instant(name, arguments[1])
    if unit in UNITS_MONTHS:
        begin = f"(epoch_us(date_trunc('{unit}', make_timestamp({instant} // 1000))) * 1000)"
        return _as(arguments[1].type, begin)
    # The epoch was a Thursday; weeks begin on Mondays.
    shift = f" + {3 * DAY_NS}" if unit == "week" else ""
    begin = f"{instant} - ({instant}{shift}) % {FIXED_NS[unit]}"
    return _as(arguments[1].type, not_negative(begin) if shift else f"({begin})")


def _date_add(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 3)
    unit = _unit(name, arguments[0], arguments[2])
    if arguments[1].type not in (*WHOLE, Type.UNKNOWN):
        raise ValidationException(f"Unexpected parameters for {name}: the second must be a whole number")
    number = coerced(arguments[1], L).sql
    if arguments[2].type is Type.TIME:
        moved = f"({arguments[2].sql} + {number} * {FIXED_NS[unit]} % {DAY_NS} + {DAY_NS})"
        return Typed(f"({moved} % {DAY_NS})", Type.TIME)
    instant = _instant(name, arguments[2])
    if unit in FIXED_NS:
        return _as(arguments[2].type, not_negative(f"{instant} + {number} * {FIXED_NS[unit]}"))
    return _as(arguments[2].type, plus_months(instant, f"({number} * {UNITS_MONTHS[unit]})").sql)


def plus_months(instant: str, months: str) -> Typed:
    """A time some months later. In a month without its day it is the month's last day."""
    moved = f"epoch_us(make_timestamp({instant} // 1000) + to_months(CAST({months} AS INTEGER)))"
    return Typed(not_negative(f"{moved} * 1000 + {instant} % 1000"), T)


def _date_diff(name: str, arguments: Sequence[Typed]) -> Typed:
    """date_diff: the number of whole units from the first time to the second."""
    check_count(name, arguments, 3)
    unit = _unit(name, *arguments)
    if arguments[1].type is Type.TIME and arguments[2].type is Type.TIME:
        return Typed(f"(({arguments[2].sql} - {arguments[1].sql}) // {FIXED_NS[unit]})", L)
    first, second = _instant(name, arguments[1]), _instant(name, arguments[2])
    if unit in FIXED_NS:
        return Typed(f"(({second} - {first}) // {FIXED_NS[unit]})", L)
    forth, back = _months_between(first, second), _months_between(second, first)
    months = f"(CASE WHEN {first} <= {second} THEN {forth} ELSE -{back} END)"
    return Typed(f"({months} // {UNITS_MONTHS[unit]})", L)


def _months_between(early: str, late: str) -> str:
    crossed = f"date_diff('month', make_timestamp({early} // 1000), make_timestamp({late} // 1000))"
    return f"({crossed} - CAST({plus_months(early, crossed).sql} > {late} AS BIGINT))"


def _bin(name: str, arguments: Sequence[Typed]) -> Typed:
    """bin: a time rounded down to a multiple of a duration since the epoch."""
    check_count(name, arguments, 2)
    instant, width = _instant(name, arguments[0]), arguments[1]
    if width.type is Type.MONTHS:
        raise ValidationException(
            "bin by months or years is not supported, since their lengths differ: "
            "write date_trunc('month', time)"
        )
    if not coercible(width.type, S) or (isinstance(width.value, int) and width.value <= 0):
        raise ValidationException("bin is only supported with a duration greater than zero, such as 15m")
    step = str(width.value) if isinstance(width.value, int) else _positive(coerced(width, S).sql)
    return Typed(f"({instant} - {instant} % {step})", T)


def _positive(duration: str) -> str:
    """A duration in nanoseconds that is an error if it isn't positive when the query runs."""
    message = "bin needs a duration greater than zero"
    return f"(CASE WHEN {duration} <= 0 THEN CAST(ts_error('{message}') AS BIGINT) ELSE {duration} END)"


def _parsed(parse: Callable[[str], int], native: str, kind: Type) -> Call:
    """A function that reads a text as an interval or a time; `native` is the name of `parse` in DuckDB."""

    def call(name: str, arguments: Sequence[Typed]) -> Typed:
        check_count(name, arguments, 1)
        (argument,) = arguments
        if isinstance(argument.value, str):
            try:
                found = whole(parse(argument.value), kind if kind is S else T)
                return _as(kind, found.sql) if kind is Type.DATE else found
            except ValueError as error:
                raise InvalidText(f"{name}: {error}") from None
        if not coercible(argument.type, V):
            raise ValidationException(f"Unexpected parameters ({argument.type.label}) for function {name}")
        sql = f"{native}({coerced(argument, V).sql})"
        return _as(kind, sql) if kind is Type.DATE else Typed(sql, kind)

    return call


def _date_format(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    instant = _instant(name, arguments[0])
    pattern = text_sql(mysql_format(name, arguments[1]))
    return Typed(f"strftime({MICROS.replace('{0}', instant)}, {pattern})", V)


def _from_unixtime(name: str, arguments: Sequence[Typed]) -> Typed:
    """from_unixtime: an instant, or the local time of a zone then."""
    check_count(name, arguments, 1, 2)
    if not coercible(arguments[0].type, D):
        raise ValidationException(f"Unexpected parameters for function {name}: {arguments[0].type.label}")
    milliseconds = f"CAST(round({coerced(arguments[0], D).sql} * 1000) AS BIGINT)"
    instant = not_negative(f"{milliseconds} * 1000000")
    return at_zone(instant, arguments[1]) if len(arguments) > 1 else Typed(instant, T)


def _date_parse(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    if not coercible(arguments[0].type, V):
        raise ValidationException(f"Unexpected parameters for function {name}: {arguments[0].type.label}")
    found = parsed(coerced(arguments[0], V).sql, mysql_format(name, arguments[1]), from_1970=True)
    return Typed(not_negative(f"epoch_us({found}) * 1000"), T)


def _format_datetime(name: str, arguments: Sequence[Typed]) -> Typed:
    check_count(name, arguments, 2)
    instant, pattern = _instant(name, arguments[0]), joda_format(name, arguments[1])
    return Typed(f"strftime({MICROS.replace('{0}', instant)}, {text_sql(pattern.written)})", V)


def _parse_datetime(name: str, arguments: Sequence[Typed]) -> Typed:
    """parse_datetime: a zone is only supported as the last part of the text.

    AWS's page "Date / time functions" has an example that parses a time of 1968, which no column may hold.
    """
    check_count(name, arguments, 2)
    if not coercible(arguments[0].type, V):
        raise ValidationException(f"Unexpected parameters for function {name}: {arguments[0].type.label}")
    found, pattern = coerced(arguments[0], V).sql, joda_format(name, arguments[1])
    if pattern.read is None:
        raise ValidationException(f"{name}: a zone is only supported at the end of a format")
    local = f"regexp_replace({found}, '{ZONE_AT_END}', '')" if pattern.zoned else found
    instant = f"epoch_us({parsed(local, pattern.read)}) * 1000"
    if pattern.zoned:
        instant = f"ts_zoned({instant}, regexp_extract({found}, '{ZONE_AT_END}', 1))"
    return Typed(f"({instant})", T)


TIME_FUNCTIONS: dict[str, Call] = {
    "bin": _bin,
    "date_trunc": _date_trunc,
    "date_add": _date_add,
    "date_diff": _date_diff,
    "date_format": _date_format,
    "date_parse": _date_parse,
    "format_datetime": _format_datetime,
    "parse_datetime": _parse_datetime,
    "from_unixtime": _from_unixtime,
    "from_iso8601_date": _parsed(iso_day_ns, "ts_iso_day", Type.DATE),
    "from_iso8601_timestamp": _parsed(iso_instant_ns, "ts_iso_instant", T),
    "parse_duration": _parsed(duration_ns, "ts_duration", S),
}
