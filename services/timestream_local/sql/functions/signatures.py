"""Signatures of functions: argument types, result type, and SQL for DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.typed_sql import Typed, coerced, coercible, instant_literal
from services.timestream_local.types import Kind, Type

V, B, I, L, D = Type.VARCHAR, Type.BOOLEAN, Type.INTEGER, Type.BIGINT, Type.DOUBLE  # noqa: E741
T, S = Type.TIMESTAMP, Type.INTERVAL
Call: TypeAlias = Callable[[str, Sequence[Typed]], Typed]
BLANKS = "E' \\t\\n\\r\\f\\x0b'"
"""The characters that `trim` and casts remove, as a text literal."""
MICROS = "make_timestamp({0} // 1000)"
DATE_OF_TEXT = f"CAST({MICROS.replace('{0}', 'ts_day({0})')} AS DATE)"
"""The date in a text, an error if it is none."""
SECONDS_TEXT = (
    f"strftime({MICROS}, '%Y-%m-%d{{sep}}%H:%M:%S.%f') || lpad(CAST({{0}} % 1000 AS VARCHAR), 3, '0')"
)
TIMESTAMP_SQL = f"({SECONDS_TEXT.replace('{sep}', ' ')})"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of a function. `{0}`, `{1}` … in `sql` are placeholders for the arguments."""

    takes: tuple[Kind, ...]
    gives: Kind
    sql: str


def not_negative(sql: str) -> str:
    """The SQL of a time that is an error if it is before 1970 when the query runs.

    AWS's page "Date / time functions" says "Any operation resulting in negative time" is an error. The check
    is a cast to an unsigned integer, which DuckDB refuses for a negative number.
    """
    return f"CAST(CAST({sql} AS UBIGINT) AS BIGINT)"


def called(name: str, signatures: Sequence[Signature], arguments: Sequence[Typed]) -> Typed:
    """A call by the first signature with exactly these types, else the first to which they are coercible."""
    types = tuple(argument.type for argument in arguments)
    exact = [each for each in signatures if each.takes == types]
    fitting = exact or [each for each in signatures if _accepts(each, types)]
    if not fitting:
        timed = [instant_literal(argument) or argument for argument in arguments]
        fitting = [each for each in signatures if _accepts(each, [argument.type for argument in timed])]
        arguments = timed if fitting else arguments
    if not fitting:
        found = ", ".join(kind.label for kind in types)
        known = " or ".join(f"{name}({', '.join(k.label for k in each.takes)})" for each in signatures)
        raise ValidationException(f"Unexpected parameters ({found}) for function {name}. Expected: {known}")
    signature = fitting[0]
    given = [coerced(a, kind).sql for a, kind in zip(arguments, signature.takes, strict=True)]
    return Typed(_filled(signature.sql, given), signature.gives)


def _accepts(signature: Signature, types: Sequence[Kind]) -> bool:
    """Whether arguments of these types can be passed to a signature."""
    return len(signature.takes) == len(types) and all(map(coercible, types, signature.takes))


def _filled(sql: str, arguments: Sequence[str]) -> str:
    """Replace the placeholders `{0}`, `{1}` … by arguments, which may contain the same texts."""
    for number in range(len(arguments)):
        sql = sql.replace(f"{{{number}}}", f"\x00{number}\x00")
    for number, argument in enumerate(arguments):
        sql = sql.replace(f"\x00{number}\x00", argument)
    return f"({sql})" if sql.startswith("CASE") else sql


def check_count(name: str, arguments: Sequence[Typed], least: int, most: int | None = None) -> None:
    """Raise `ValidationException` unless there are `least` to `most` arguments (default: `least`)."""
    if len(arguments) < least or len(arguments) > (most or least):
        raise ValidationException(f"Unexpected parameters for function {name}: {len(arguments)} of them")


def literal_of(name: str, argument: Typed) -> str:
    """The text of an argument that must be a text literal. Raises `ValidationException` for others."""
    if not isinstance(argument.value, str):
        raise ValidationException(f"{name} is only supported with a literal here")
    return argument.value
