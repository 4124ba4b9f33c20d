"""Ways to call a function: what it takes, what it gives, DuckDB's words for it."""

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
"""What is trimmed, as a literal."""
MICROS = "make_timestamp({0} // 1000)"
SECONDS_TEXT = (
    f"strftime({MICROS}, '%Y-%m-%d{{sep}}%H:%M:%S.%f') || lpad(CAST({{0}} % 1000 AS VARCHAR), 3, '0')"
)
TIMESTAMP_SQL = f"({SECONDS_TEXT.replace('{sep}', ' ')})"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to call a function: `sql` with `{0}`, `{1}` … for the arguments."""

    takes: tuple[Type, ...]
    gives: Type
    sql: str


def not_negative(sql: str) -> str:
    """A time, or an error where it would be before 1970: "Any operation resulting in negative time" is one.

    (AWS's page "Date / time functions".)
    """
    return f"CAST(CAST({sql} AS UBIGINT) AS BIGINT)"


def called(name: str, forms: Sequence[Form], arguments: Sequence[Typed]) -> Typed:
    """The first form that takes the arguments as they are, else the first that they are coercible to."""
    types = tuple(argument.type for argument in arguments)
    fitting = [form for form in forms if form.takes == types] or [
        form for form in forms if len(form.takes) == len(types) and all(map(coercible, types, form.takes))
    ]
    if not fitting:
        shown = ", ".join(kind.label for kind in types)
        known = " or ".join(f"{name}({', '.join(k.label for k in form.takes)})" for form in forms)
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


def check_count(name: str, arguments: Sequence[Typed], least: int, most: int | None = None) -> None:
    """Refuse another number of arguments than from `least` to `most` (without it: than `least`)."""
    if len(arguments) < least or len(arguments) > (most or least):
        raise ValidationException(f"Unexpected parameters for function {name}: {len(arguments)} of them")


def literal_of(name: str, argument: Typed) -> str:
    """The text of an argument that has to be a literal."""
    if not isinstance(argument.value, str):
        raise ValidationException(f"{name} is only supported with a literal here")
    return argument.value
