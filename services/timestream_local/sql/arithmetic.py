"""The operators `+ - * / %` for numbers, times and intervals, by Trino's rules."""

from __future__ import annotations

from collections.abc import Callable

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.signatures import MICROS, D, I, L, S, T, not_negative
from services.timestream_local.sql.functions.times import plus_months
from services.timestream_local.sql.typed_sql import NUMBERS, Typed, coerced, common_type
from services.timestream_local.types import DAY_NS, Kind, Type, physical


def arithmetic(operator: str, left: Typed, right: Typed) -> Typed:
    """`left operator right`. Raises `ValidationException` if the operator isn't defined for the types."""
    if left.type in (*NUMBERS, Type.UNKNOWN) and right.type in (*NUMBERS, Type.UNKNOWN):
        return _numeric(operator, left, right)
    timed = _TIMES.get((operator, left.type, right.type))
    if timed is None:
        raise ValidationException(f"'{operator}' cannot be applied to {left.type.label}, {right.type.label}")
    return timed(left, right)


def _numeric(operator: str, left: Typed, right: Typed) -> Typed:
    kind = common_type((left.type, right.type), operator)
    first, second = coerced(left, kind).sql, coerced(right, kind).sql
    if kind is Type.UNKNOWN:
        return Typed("NULL", kind)
    if operator in "/%":
        return _division(operator, first, second, kind)
    return Typed(f"({first} {operator} {second})", kind)


def _division(operator: str, first: str, second: str, kind: Kind) -> Typed:
    """Division or remainder. Integers are divided toward zero; for a divisor of zero DuckDB raises an error.

    A DOUBLE divided by zero is Infinity or NaN.
    """
    if kind is D:
        return Typed(f"({first} {operator} {second})", D)
    return Typed(f"({first} {'//' if operator == '/' else '%'} {second})", kind)


def _moved(sign: str) -> Callable[[Typed, Typed], Typed]:
    def move(left: Typed, right: Typed) -> Typed:
        moved = not_negative(f"{coerced(left, T).sql} {sign} {right.sql}")
        return Typed(moved, T, _sum(sign, left, right))

    return move


def _sum(sign: str, left: Typed, right: Typed) -> int | None:
    """The value of a sum or difference of literals, else None."""
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


def _rescaled(operator: str) -> Callable[[Typed, Typed], Typed]:
    """An interval times or divided by a number, rounded to nanoseconds or months."""

    def scale(left: Typed, right: Typed) -> Typed:
        number = coerced(right, D).sql
        return Typed(f"CAST(round({left.sql} {operator} {number}) AS {physical(left.type)})", left.type)

    return scale


def _of_day(sign: str) -> Callable[[Typed, Typed], Typed]:
    """A time of day some time later or earlier, which goes on after midnight."""

    def move(left: Typed, right: Typed) -> Typed:
        moved = f"(({left.sql} {sign} {right.sql} % {DAY_NS}) % {DAY_NS} + {DAY_NS}) % {DAY_NS}"
        return Typed(f"({moved})", Type.TIME)

    return move


def _months_shifted(sign: str) -> Callable[[Typed, Typed], Typed]:
    return lambda left, right: Typed(f"({left.sql} {sign} {right.sql})", Type.MONTHS)


def _months_scaled(left: Typed, right: Typed) -> Typed:
    return Typed(f"CAST({left.sql} * {coerced(right, L).sql} AS INTEGER)", Type.MONTHS)


def _between(left: Typed, right: Typed) -> Typed:
    return Typed(f"({coerced(left, T).sql} - {coerced(right, T).sql})", S)


def _date_moved(sign: str) -> Callable[[Typed, Typed], Typed]:
    def move(left: Typed, right: Typed) -> Typed:
        moved = not_negative(f"{coerced(left, T).sql} {sign} {right.sql}")
        message = "Cannot add hour, minutes or seconds to a date"
        return Typed(
            f"(CASE WHEN {right.sql} % {DAY_NS} = 0 THEN {_date(moved)} "
            f"WHEN {right.sql} IS NOT NULL THEN CAST(ts_error('{message}') AS DATE) END)",
            Type.DATE,
        )

    return move


def _date(instant: str) -> str:
    return f"CAST({MICROS.replace('{0}', instant)} AS DATE)"


def _date_later(left: Typed, right: Typed) -> Typed:
    return Typed(_date(_later(left, right).sql), Type.DATE)


def _date_earlier(left: Typed, right: Typed) -> Typed:
    return Typed(_date(_earlier(left, right).sql), Type.DATE)


def _later(left: Typed, right: Typed) -> Typed:
    return plus_months(coerced(left, T).sql, right.sql)


def _earlier(left: Typed, right: Typed) -> Typed:
    return plus_months(coerced(left, T).sql, f"(-{right.sql})")


M = Type.MONTHS
_TIMES: dict[tuple[str, Kind, Kind], Callable[[Typed, Typed], Typed]] = {
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
    ("-", Type.DATE, Type.DATE): _between,
    ("+", Type.DATE, S): _date_moved("+"),
    ("-", Type.DATE, S): _date_moved("-"),
    ("+", S, Type.DATE): _swapped(_date_moved("+")),
    ("+", Type.DATE, Type.MONTHS): _date_later,
    ("-", Type.DATE, Type.MONTHS): _date_earlier,
    ("*", S, D): _rescaled("*"),
    ("*", D, S): _swapped(_rescaled("*")),
    ("/", S, I): _rescaled("/"),
    ("/", S, L): _rescaled("/"),
    ("/", S, D): _rescaled("/"),
    ("+", M, M): _months_shifted("+"),
    ("-", M, M): _months_shifted("-"),
    ("*", M, I): _months_scaled,
    ("*", M, L): _months_scaled,
    ("*", I, M): _swapped(_months_scaled),
    ("*", L, M): _swapped(_months_scaled),
    ("+", M, T): _swapped(_later),
    ("+", M, Type.DATE): _swapped(_date_later),
    ("+", Type.TIME, S): _of_day("+"),
    ("-", Type.TIME, S): _of_day("-"),
    ("+", S, Type.TIME): _swapped(_of_day("+")),
    ("-", Type.TIME, Type.TIME): lambda left, right: Typed(f"({left.sql} - {right.sql})", S),
}
