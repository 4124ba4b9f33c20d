"""The types of JSON bodies and of the query language.

In DuckDB a TIMESTAMP is an integer, nanoseconds since the epoch, a TIME one in nanoseconds since midnight, an
INTERVAL_DAY_TO_SECOND one in nanoseconds, and an INTERVAL_YEAR_TO_MONTH one in months. All times are in UTC.
An array is a list, a row a struct with the fields `f1`, `f2` …, and a time series a list of such structs of a
time and a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple, TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = Mapping[str, JsonValue]
Scalar: TypeAlias = str | int | float | bool | bytes | date
Stored: TypeAlias = "Scalar | Sequence[Stored] | Mapping[str, Stored] | None"
"""A value in a row of DuckDB."""

LEAST_INT, GREATEST_INT = -(2**31), 2**31 - 1
LEAST_BIGINT, GREATEST_BIGINT = -(2**63), 2**63 - 1
SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
UNITS_NS = {
    "nanosecond": 1,
    "microsecond": 1_000,
    "millisecond": 1_000_000,
    "second": SECOND_NS,
    "minute": MINUTE_NS,
    "hour": HOUR_NS,
    "day": DAY_NS,
}
SHORT = {
    "ns": "nanosecond",
    "us": "microsecond",
    "ms": "millisecond",
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
}
DURATIONS_NS = UNITS_NS | {short: UNITS_NS[unit] for short, unit in SHORT.items()}
"""The units of duration literals such as `15m`, in nanoseconds."""
DURATIONS_NS["week"] = 7 * DAY_NS
DURATIONS_MONTHS = {"month": 1, "year": 12, "y": 12}
"""The units of duration literals such as `3month`, in months."""


class Type(StrEnum):
    """A scalar type of the query language. Its value is its name in the API's `ScalarType`."""

    VARCHAR = "VARCHAR"
    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"
    TIMESTAMP = "TIMESTAMP"
    DATE = "DATE"
    TIME = "TIME"
    BINARY = "VARBINARY"
    INTERVAL = "INTERVAL_DAY_TO_SECOND"
    MONTHS = "INTERVAL_YEAR_TO_MONTH"
    UNKNOWN = "UNKNOWN"

    @property
    def label(self) -> str:
        """The type's name in error messages."""
        return self.value.lower().replace("_", " ")


class Field(NamedTuple):
    """A field of a row; its name is None if it has none."""

    name: str | None
    type: Kind


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array of values of one type."""

    element: Kind

    @property
    def label(self) -> str:
        """The type's name in error messages."""
        return f"array({self.element.label})"


@dataclass(frozen=True, slots=True)
class RowType:
    """A row: values of several types."""

    fields: tuple[Field, ...]

    @property
    def label(self) -> str:
        """The type's name in error messages."""
        named = ((f"{each.name} " if each.name else "") + each.type.label for each in self.fields)
        return f"row({', '.join(named)})"


@dataclass(frozen=True, slots=True)
class TimeSeriesType:
    """A time series: values of one type, each with its time."""

    value: Kind

    @property
    def label(self) -> str:
        """The type's name in error messages."""
        return f"timeseries({self.value.label})"

    @property
    def point(self) -> RowType:
        """The type of a point."""
        return RowType((Field("time", Type.TIMESTAMP), Field("value", self.value)))


Kind: TypeAlias = Type | ArrayType | RowType | TimeSeriesType
"""Any type of the query language."""

_PHYSICAL = {
    Type.TIMESTAMP: "BIGINT",
    Type.TIME: "BIGINT",
    Type.BINARY: "BLOB",
    Type.INTERVAL: "BIGINT",
    Type.MONTHS: "INTEGER",
    Type.UNKNOWN: "INTEGER",
}
"""The DuckDB types whose names differ from Trino's."""


def physical(kind: Kind) -> str:
    """The DuckDB type in which values of a type are stored."""
    if isinstance(kind, ArrayType):
        return f"{physical(kind.element)}[]"
    if isinstance(kind, TimeSeriesType):
        return f"{physical(kind.point)}[]"
    if isinstance(kind, RowType):
        fields = (f"f{n} {physical(each.type)}" for n, each in enumerate(kind.fields, 1))
        return f"STRUCT({', '.join(fields)})"
    return _PHYSICAL.get(kind, kind.value)
