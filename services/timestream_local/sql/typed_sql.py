"""Compiled expressions: their SQL for DuckDB and their Trino type; literals, and conversions of types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.timestream_local.errors import ValidationException
from services.timestream_local.types import (
    GREATEST_BIGINT,
    ArrayType,
    Kind,
    RowType,
    TimeSeriesType,
    Type,
    physical,
)
from services.timestream_local.value_texts import instant_ns

NUMBERS = (Type.INTEGER, Type.BIGINT, Type.DOUBLE)
WHOLE = (Type.INTEGER, Type.BIGINT)
LONGEST_SQL = 400_000
MOST_DIGITS = 100
"""The most digits of a number in a query, including leading zeros."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A compiled expression. `sql` needs no parentheses around it, `value` is set only for a literal.

    `finite` says that a DOUBLE is never NaN, as none is in a table: then a comparison needs no check of it.
    `source` is the database and table of a column.
    """

    sql: str
    type: Kind
    value: str | int | float | bool | None = None
    finite: bool = False
    source: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if len(self.sql) > LONGEST_SQL:
            raise ValidationException("The query is too complex: an expression in it is nested too deeply")

    def named(self, sql: str) -> Typed:
        """The same value under the name that a query around it uses."""
        return Typed(sql, self.type, source=self.source)


NULL = Typed("NULL", Type.UNKNOWN)


def text_sql(text: str) -> str:
    """The SQL of a text literal. In DuckDB a doubled quote is the only escape."""
    if "\x00" in text:
        raise ValidationException("The character NUL is not supported in a query")
    return "'" + text.replace("'", "''") + "'"


def text(value: str) -> Typed:
    """A VARCHAR literal."""
    return Typed(text_sql(value), Type.VARCHAR, value)


def whole(value: int, kind: Kind) -> Typed:
    """An integer, timestamp or interval literal."""
    return Typed(f"CAST({value} AS {physical(kind)})", kind, value)


def digits_of(number: str, *, most: int = GREATEST_BIGINT) -> int:
    """The value of an integer's digits. Raises `ValidationException` if it is greater than `most`."""
    value = int(number[:MOST_DIGITS])
    if len(number) > MOST_DIGITS or value > most:
        raise ValidationException(f"Invalid numeric literal: {number[: MOST_DIGITS + 1]}")
    return value


def coercible(source: Kind, target: Kind) -> bool:
    """Whether Trino converts `source` to `target` implicitly."""
    if source in (target, Type.UNKNOWN):
        return True
    wider: dict[Kind, tuple[Kind, ...]] = {
        Type.INTEGER: (Type.BIGINT, Type.DOUBLE),
        Type.BIGINT: (Type.DOUBLE,),
        Type.DATE: (Type.TIMESTAMP,),
    }
    if isinstance(source, ArrayType) and isinstance(target, ArrayType):
        return _castable(source.element, target.element)
    if isinstance(source, RowType) and isinstance(target, RowType):
        pairs = zip(source.fields, target.fields, strict=False)
        return len(source.fields) == len(target.fields) and all(_castable(a.type, b.type) for a, b in pairs)
    if isinstance(source, TimeSeriesType) and isinstance(target, TimeSeriesType):
        return _castable(source.value, target.value)
    return target in wider.get(source, ())


def _castable(source: Kind, target: Kind) -> bool:
    """Whether an element is coercible, and a cast in DuckDB does it: a DATE isn't cast to nanoseconds."""
    return coercible(source, target) and (source is not Type.DATE or target is Type.DATE)


def coerced(typed: Typed, target: Kind) -> Typed:
    """An expression converted to a type to which it is coercible."""
    if typed.type == target:
        return typed
    if typed.type is Type.DATE:
        return Typed(f"(epoch_us(CAST({typed.sql} AS TIMESTAMP)) * 1000)", target)
    finite = typed.type in WHOLE
    return Typed(f"CAST({typed.sql} AS {physical(target)})", target, typed.value, finite)


def instant_literal(typed: Typed) -> Typed | None:
    """A text literal that is a time as a TIMESTAMP; None for anything else.

    Timestream reads a text as a time where one is due, as in `time > '2026-01-01'`.
    """
    if typed.type is not Type.VARCHAR or not isinstance(typed.value, str):
        return None
    try:
        return whole(instant_ns(typed.value, zoned=True), Type.TIMESTAMP)
    except ValueError:
        return None


def common_type(types: Iterable[Kind], where: str) -> Kind:
    """The type to which all of `types` are coercible. Raises `ValidationException` if there is none."""
    found: Kind = Type.UNKNOWN
    for kind in types:
        if coercible(found, kind):
            found = kind
        elif not coercible(kind, found):
            raise ValidationException(f"{where}: types {found.label} and {kind.label} don't go together")
    return found
