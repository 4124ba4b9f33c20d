"""Signatures of functions: argument types, result type, and the SQL for DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.typed_sql import Typed, coerced, coercible
from services.timestream_local.types import Type

V, B, I, L, D = Type.VARCHAR, Type.BOOLEAN, Type.INTEGER, Type.BIGINT, Type.DOUBLE  # noqa: E741
T, S = Type.TIMESTAMP, Type.INTERVAL
Call: TypeAlias = Callable[[str, Sequence[Typed]], Typed]
BLANKS = "E' \\t\\n\\r\\f\\x0b'"
"""The characters that `trim` and casts remove, as a literal."""
MICROS = "make_timestamp({0} // 1000)"
SECONDS_TEXT = (
    f"strftime({MICROS}, '%Y-%m-%d{{sep}}%H:%M:%S.%f') || lpad(CAST({{0}} % 1000 AS VARCHAR), 3, '0')"
)
TIMESTAMP_SQL = f"({SECONDS_TEXT.replace('{sep}', ' ')})"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of a function; `{0}`, `{1}` … in `sql` stand for the arguments."""

    takes: tuple[Type, ...]
    gives: Type
    sql: str


def not_negative(sql: str) -> str:
    """A time that fails at run time if it lies before 1970.

    AWS's page "Date / time functions": "Any operation resulting in negative time" is an error. An unsigned
    integer can't be negative, so that DuckDB's cast to one is the check.
    """
    return f"CAST(CAST({sql} AS UBIGINT) AS BIGINT)"


def called(name: str, signatures: Sequence[Signature], arguments: Sequence[Typed]) -> Typed:
    """A call by the first signature of exactly these types, else the first to which they are coercible."""
    types = tuple(argument.type for argument in arguments)
    exact = [each for each in signatures if each.takes == types]
    fitting = exact or [each for each in signatures if _accepts(each, types)]
    if not fitting:
        found = ", ".join(kind.label for kind in types)
        known = " or ".join(f"{name}({', '.join(k.label for k in each.takes)})" for each in signatures)
        raise ValidationException(f"Unexpected parameters ({found}) for function {name}. Expected: {known}")
    signature = fitting[0]
    given = [coerced(a, kind).sql for a, kind in zip(arguments, signature.takes, strict=True)]
    return Typed(_filled(signature.sql, given), signature.gives)


def _accepts(signature: Signature, types: Sequence[Type]) -> bool:
    """Whether types are coercible to a signature's."""
    return len(signature.takes) == len(types) and all(map(coercible, types, signature.takes))


def _filled(sql: str, arguments: Sequence[str]) -> str:
    """Replace `{0}`, `{1}` …, also where an argument contains such a text itself."""
    for number in range(len(arguments)):
        sql = sql.replace(f"{{{number}}}", f"\x00{number}\x00")
    for number, argument in enumerate(arguments):
        sql = sql.replace(f"\x00{number}\x00", argument)
    return f"({sql})" if sql.startswith("CASE") else sql


def check_count(name: str, arguments: Sequence[Typed], least: int, most: int | None = None) -> None:
    """Raise `ValidationException` unless there are `least` to `most` arguments, or just `least`."""
    if len(arguments) < least or len(arguments) > (most or least):
        raise ValidationException(f"Unexpected parameters for function {name}: {len(arguments)} of them")


def literal_of(name: str, argument: Typed) -> str:
    """The text of an argument that must be a string literal."""
    if not isinstance(argument.value, str):
        raise ValidationException(f"{name} is only supported with a literal here")
    return argument.value
