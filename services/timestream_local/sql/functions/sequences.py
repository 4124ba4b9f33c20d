"""`sequence`: arrays of whole numbers, dates or times at equal distances, both ends included."""

from __future__ import annotations

from collections.abc import Sequence

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.signatures import MICROS, L, S, T, check_count
from services.timestream_local.sql.functions.times import plus_months
from services.timestream_local.sql.typed_sql import WHOLE, Typed, coerced, coercible, instant_literal
from services.timestream_local.types import DAY_NS, ArrayType, Kind, Type, physical

BACKWARD = "sequence stop value should be greater than or equal to start value if step is positive"
LONGEST = 10_000
"""The most elements, as in Trino."""


def sequence(name: str, arguments: Sequence[Typed]) -> Typed:
    """`sequence(first, last)` of numbers or dates, or `sequence(first, last, step)`."""
    check_count(name, arguments, 2, 3)
    if all(each.type in (*WHOLE, Type.UNKNOWN) for each in arguments):
        first, last, *more = (coerced(each, L).sql for each in arguments)
        return _steps(first, last, more[0] if more else f"(CASE WHEN {first} <= {last} THEN 1 ELSE -1 END)")
    ends = [instant_literal(each) or each for each in arguments[:2]]
    if not all(coercible(each.type, T) for each in ends):
        raise _unexpected(name, arguments)
    kind = Type.DATE if all(each.type is Type.DATE for each in ends) else T
    first, last = (coerced(each, T).sql for each in ends)
    if len(arguments) == 2:
        if kind is T:
            raise _unexpected(name, arguments)
        default = f"(CASE WHEN {first} <= {last} THEN {DAY_NS} ELSE -{DAY_NS} END)"
        return _of_kind(_steps(first, last, default), kind)
    step = arguments[2]
    if step.type is S:
        return _of_kind(_steps(first, last, _whole_days(step.sql) if kind is Type.DATE else step.sql), kind)
    if step.type is not Type.MONTHS:
        raise _unexpected(name, arguments)
    return _of_kind(_months(first, last, step.sql), kind)


def _unexpected(name: str, arguments: Sequence[Typed]) -> ValidationException:
    found = ", ".join(each.type.label for each in arguments)
    return ValidationException(f"Unexpected parameters ({found}) for function {name}")


def _steps(first: str, last: str, step: str) -> Typed:
    kind = ArrayType(L)
    wrong = _error(BACKWARD, kind)
    return Typed(
        f"(CASE WHEN {step} = 0 OR ({last} - {first}) // {step} < 0 THEN {wrong} "
        f"WHEN ({last} - {first}) // {step} >= {LONGEST} THEN {_too_long(kind)} "
        f"ELSE generate_series({first}, {last}, {step}) END)",
        kind,
    )


def _whole_days(step: str) -> str:
    message = "sequence step must be a day interval if start and end values are dates"
    return f"(CASE WHEN {step} % {DAY_NS} <> 0 THEN {_error(message, L)} ELSE {step} END)"


def _months(first: str, last: str, step: str) -> Typed:
    """Times some months apart; days that a month lacks become its last one."""
    kind = ArrayType(L)
    span = f"date_diff('month', {MICROS.replace('{0}', first)}, {MICROS.replace('{0}', last)})"
    count = f"(({span}) // {step})"
    nth = plus_months(first, f"(i * {step})").sql
    inside = f"list_filter(list_transform(range({count} + 1), lambda i: {nth}), lambda t: t <= {last})"
    return Typed(
        f"(CASE WHEN {step} <= 0 THEN {_error('sequence step must be positive', kind)} "
        f"WHEN {count} >= {LONGEST} THEN {_too_long(kind)} ELSE {inside} END)",
        kind,
    )


def _of_kind(instants: Typed, kind: Kind) -> Typed:
    if kind is Type.DATE:
        date = f"CAST({MICROS.replace('{0}', 't')} AS DATE)"
        return Typed(f"list_transform({instants.sql}, lambda t: {date})", ArrayType(kind))
    return Typed(instants.sql, ArrayType(kind), instants.value)


def _too_long(kind: Kind) -> str:
    return _error(f"result of sequence function must not have more than {LONGEST} entries", kind)


def _error(message: str, kind: Kind) -> str:
    return f"CAST(ts_error('{message}') AS {physical(kind)})"
