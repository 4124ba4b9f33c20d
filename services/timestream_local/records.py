"""From a WriteRecords request to columns: what is refused whole, what is refused record by record.

A request that isn't well-formed is a ValidationException; a record that breaks a limit or lies outside the
retention is rejected alone, and the others are stored. Limits: AWS's page "Quotas" of Timestream.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from services.timestream_local.catalog import Table
from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import listed, mapped, optional_text, required
from services.timestream_local.types import GREATEST_BIGINT, LEAST_BIGINT, MINUTE_NS, Type, iso_text

MOST_RECORDS = 100
MOST_DIMENSIONS = 128
MOST_MEASURES = 256
"""Measure values of one MULTI record."""
LONGEST_NAME = 256
LONGEST_DIMENSION_NAME = 60
LONGEST_VALUE = 2048
LARGEST_SERIES = 2048
"""Bytes of all dimension names and values of a record."""
LARGEST_RECORD = 2048
FUTURE_NS = 15 * MINUTE_NS
UNITS_NS = {"SECONDS": 10**9, "MILLISECONDS": 10**6, "MICROSECONDS": 1_000, "NANOSECONDS": 1}
KINDS = ("DOUBLE", "BIGINT", "VARCHAR", "BOOLEAN", "TIMESTAMP", "MULTI")
RESERVED = frozenset({"time", "measure_name", "measure_value", "ts_non_existent_col"})
RESERVED_PREFIXES = ("ts_", "measure_value")

Value: TypeAlias = str | int | float | bool
Columns: TypeAlias = dict[str, list[Value | None]]


class Rejection(Exception):
    """One record is refused; `str()` is the reason."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What times a table takes now, in nanoseconds: [oldest, newest), and from where on memory takes them."""

    oldest: int
    newest: int
    memory: int
    store: str

    def refusal(self) -> str:
        """Why a record outside is rejected."""
        window = f"[{iso_text(max(self.oldest, 0))}, {iso_text(self.newest)})"
        return f"The record timestamp is outside the time range {window} of the {self.store}."


def bounds_of(table: Table, now: int | None, *, future: bool) -> Bounds:
    """The bounds of a table when it is `now` (None: nothing says when); without `future` none ahead."""
    if now is None:
        return Bounds(0, GREATEST_BIGINT, 0, "memory store")
    newest = now + FUTURE_NS if future else GREATEST_BIGINT
    memory = now - table.memory_ns
    if table.takes_old:
        return Bounds(now - table.retention_ns, newest, memory, "data ingestion window")
    return Bounds(memory, newest, memory, "memory store")


@dataclass(slots=True)
class Batch:
    """The good records of one request, as columns of one length, and the reasons of the rejected ones."""

    index: list[int] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    measure_name: list[str] = field(default_factory=list)
    version: list[int] = field(default_factory=list)
    dimensions: Columns = field(default_factory=dict)
    measures: Columns = field(default_factory=dict)
    kinds: dict[str, Type] = field(default_factory=dict)
    rejected: dict[int, tuple[str, int | None]] = field(default_factory=dict)

    def add(self, index: int, record: Record) -> None:
        """Take in a record as a row."""
        row = len(self.index)
        self.index.append(index)
        self.time.append(record.time)
        self.measure_name.append(record.measure_name)
        self.version.append(record.version)
        _set(self.dimensions, record.dimensions, row)
        _set(self.measures, record.measures, row)

    def close(self) -> None:
        """Bring all columns to one length."""
        rows = len(self.index)
        for values in (*self.dimensions.values(), *self.measures.values()):
            values.extend([None] * (rows - len(values)))


def _set(columns: Columns, values: Mapping[str, Value], row: int) -> None:
    for name, value in values.items():
        column = columns.get(name)
        if column is None:
            column = columns[name] = [None] * row
        elif len(column) < row:
            column.extend([None] * (row - len(column)))
        column.append(value)


@dataclass(frozen=True, slots=True)
class Record:
    """A record with its common attributes: time in nanoseconds, values typed."""

    time: int
    measure_name: str
    version: int
    dimensions: dict[str, str]
    measures: dict[str, Value]


def read_records(body: Mapping[str, Any], bounds: Bounds) -> Batch:
    """The records of a request. Raises `ValidationException` for what isn't well-formed."""
    records = required(body, "Records", list)
    if not 1 <= len(records) <= MOST_RECORDS:
        least = "less than or equal to 100" if records else "greater than or equal to 1"
        raise ValidationException(
            "1 validation error detected: Value at 'records' failed to satisfy constraint: "
            f"Member must have length {least}"
        )
    common = mapped(body, "CommonAttributes")
    reader = Reader(common, bounds)
    batch = Batch(kinds=reader.kinds)
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            raise ValidationException(f"Value at 'records.{index + 1}.member' is not a structure")
        try:
            batch.add(index, reader.read(record))
        except Rejection as rejection:
            batch.rejected[index] = (str(rejection), None)
    batch.close()
    return batch


class Reader:
    """Reads the records of one request, which share attributes. `kinds` are the measures' types."""

    def __init__(self, common: Mapping[str, Any], bounds: Bounds) -> None:
        self.kinds: dict[str, Type] = {}
        self._common, self._bounds = common, bounds
        self._dimensions, self._size = _dimensions(common)

    def read(self, record: Mapping[str, Any]) -> Record:
        """A record. Raises `Rejection` for this one, `ValidationException` for the request."""
        get, common = record.get, self._common.get
        unit_name = get("TimeUnit") or common("TimeUnit") or "MILLISECONDS"
        unit = UNITS_NS.get(unit_name) if isinstance(unit_name, str) else None
        if unit is None:
            raise _not_one_of("timeUnit", unit_name, UNITS_NS)
        time = _time(get("Time") or common("Time"), unit)
        measure_name = optional_text(get("MeasureName") or common("MeasureName"), "measureName")
        if not measure_name:
            raise ValidationException("Measure name is required: it can't be null or empty")
        own, size = _dimensions(record)
        if not own.keys().isdisjoint(self._dimensions):
            raise ValidationException("Dimensions in common attributes and in a record can't overlap")
        dimensions = {**self._dimensions, **own} if self._dimensions else own
        measures, measured = self._measures(record, unit)
        self._check(measure_name, dimensions, self._size + size, measured)
        if not self._bounds.oldest <= time < self._bounds.newest:
            raise Rejection(self._bounds.refusal())
        return Record(time, measure_name, self._version(record), dimensions, measures)

    def _check(self, name: str, dimensions: Mapping[str, str], series: int, measured: int) -> None:
        if not dimensions:
            raise ValidationException("At least one dimension is required")
        if len(dimensions) > MOST_DIMENSIONS:
            raise Rejection(f"The record has more than {MOST_DIMENSIONS} dimensions.")
        if len(name) > LONGEST_NAME:
            raise Rejection(f"The measure name is longer than {LONGEST_NAME} characters.")
        if series > LARGEST_SERIES:
            raise Rejection(f"The dimensions' names and values are larger than {LARGEST_SERIES} bytes.")
        if len(name) + series + measured > LARGEST_RECORD:
            raise Rejection(f"The record is larger than {LARGEST_RECORD} bytes.")

    def _version(self, record: Mapping[str, Any]) -> int:
        version = record.get("Version", self._common.get("Version"))
        if version is None:
            return 1
        if type(version) is not int or not 1 <= version <= GREATEST_BIGINT:
            raise ValidationException("Record version must be 1 or greater, a 64-bit integer")
        return version

    def _measures(self, record: Mapping[str, Any], unit: int) -> tuple[dict[str, Value], int]:
        """The measures by column, and their size in bytes."""
        common = self._common
        kind = record.get("MeasureValueType") or common.get("MeasureValueType") or "DOUBLE"
        several = [*listed(common, "MeasureValues"), *listed(record, "MeasureValues")]
        text = record.get("MeasureValue", common.get("MeasureValue"))
        if kind == "MULTI":
            if text is not None:
                raise ValidationException("MeasureValue is not for records of type MULTI")
            return self._multi(several, unit)
        if several:
            raise ValidationException("MeasureValues are only for records of type MULTI")
        if text is None:
            raise ValidationException("Measure value is required: it can't be null")
        if kind == "TIMESTAMP":
            raise ValidationException("TIMESTAMP is only for measure values of records of type MULTI")
        name = f"measure_value::{str(kind).lower()}"
        return {name: self._value(name, kind, text, unit)}, len(str(text))

    def _multi(self, several: Sequence[Any], unit: int) -> tuple[dict[str, Value], int]:
        if not several:
            raise ValidationException("A record of type MULTI needs MeasureValues")
        if len(several) > MOST_MEASURES:
            raise Rejection(f"The record has more than {MOST_MEASURES} measure values.")
        values: dict[str, Value] = {}
        size = 0
        for one in several:
            if not isinstance(one, dict):
                raise ValidationException("Measure values must be structures")
            name, kind, text = one.get("Name"), one.get("Type"), one.get("Value")
            if type(name) is not str or not name or text is None:
                raise ValidationException("Measure values need a Name and a Value")
            if name in values:
                raise ValidationException(f"Measure value names must be unique: {name}")
            if name not in self.kinds:
                _check_name(name, LONGEST_NAME)
            values[name] = self._value(name, kind, text, unit)
            size += len(name) + len(text) if text.isascii() else bytes_of(name) + bytes_of(text)
        return values, size

    def _value(self, name: str, kind: object, text: object, unit: int) -> Value:
        parse = _PARSERS.get(kind) if isinstance(kind, str) else None
        if parse is None or not isinstance(kind, str):
            raise _not_one_of("measureValueType", kind, KINDS)
        if type(text) is not str or not text:
            raise ValidationException(f"The value of {name} must be a string, not empty")
        if len(text) > LONGEST_VALUE:
            raise Rejection(f"The value of {name} is longer than {LONGEST_VALUE} characters.")
        known = self.kinds.get(name)
        if known is None:
            known = self.kinds[name] = Type(kind)
        if known != kind:
            raise Rejection(f"The measure {name} has another data type, {known.value}, in this request.")
        try:
            return parse(text, unit)
        except ValueError:
            message = f"The measure value '{text[:64]}' of {name} can not be parsed as {kind}."
            raise ValidationException(message) from None


def _dimensions(record: Mapping[str, Any]) -> tuple[dict[str, str], int]:
    """The dimensions of a record by name, and their size in bytes."""
    found: dict[str, str] = {}
    size = 0
    for one in listed(record, "Dimensions"):
        if not isinstance(one, dict):
            raise ValidationException("Dimensions must be structures")
        name, value = one.get("Name"), one.get("Value")
        if type(name) is not str or type(value) is not str or not name:
            raise ValidationException("Dimensions need a Name and a Value, both strings")
        if name in found:
            raise ValidationException(f"Dimensions must have unique names: {name}")
        kind = one.get("DimensionValueType", "VARCHAR")
        if kind != "VARCHAR":
            raise _not_one_of("dimensionValueType", kind, ("VARCHAR",))
        if not value:
            raise Rejection(f"The dimension {name} is empty.")
        _check_name(name, LONGEST_DIMENSION_NAME)
        found[name] = value
        size += len(name) + (len(value) if value.isascii() else bytes_of(value))
    return found, size


def bytes_of(text: str) -> int:
    """How long a text is in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def _check_name(name: str, longest: int) -> None:
    """Refuse names that columns can't have."""
    if len(name) > longest:
        raise Rejection(f"The name {name[:64]}… is longer than {longest} characters.")
    lower = name.lower()
    if lower in RESERVED or lower.startswith(RESERVED_PREFIXES) or ":" in name or '"' in name:
        raise ValidationException(f"Invalid name: {name[:64]} is reserved, or has characters it may not have")


def _time(text: object, unit: int) -> int:
    if type(text) is not str or not _TIME.fullmatch(text):
        raise ValidationException("Time must be a string of digits: the time since the epoch in TimeUnit")
    time = int(text) * unit
    if not 0 <= time <= GREATEST_BIGINT:
        raise Rejection("The record timestamp is outside the years 1970 to 2262.")
    return time


def _not_one_of(
    field_name: str, value: object, known: Sequence[str] | Mapping[str, int]
) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value '{str(value)[:64]}' at '{field_name}' failed to satisfy "
        f"constraint: Member must satisfy enum value set: [{', '.join(known)}]"
    )


_TIME = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


def _double(text: str, _unit: int) -> float:
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError(text)
    return value


def _bigint(text: str, _unit: int) -> int:
    value = int(text)
    if not (LEAST_BIGINT <= value <= GREATEST_BIGINT and _INTEGER.fullmatch(text)):
        raise ValueError(text)
    return value


def _varchar(text: str, _unit: int) -> str:
    return text


def _boolean(text: str, _unit: int) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _timestamp(text: str, unit: int) -> int:
    value = _bigint(text, unit) * unit
    if not 0 <= value <= GREATEST_BIGINT:
        raise ValueError(text)
    return value


_PARSERS: dict[str, Callable[[str, int], Value]] = {
    "DOUBLE": _double,
    "BIGINT": _bigint,
    "VARCHAR": _varchar,
    "BOOLEAN": _boolean,
    "TIMESTAMP": _timestamp,
}
