"""Parsing the records of a WriteRecords request.

A malformed record fails the whole request with a ValidationException. A record that exceeds a limit or lies
outside the retention is rejected alone, and the others are stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import listed, mapped, optional_text, required
from services.timestream_local.types import GREATEST_BIGINT, JsonObject, JsonValue, Type
from services.timestream_local.writing.record_batch import Batch, ParsedRecord, Rejection, TimeBounds, Value
from services.timestream_local.writing.record_fields import (
    LARGEST_RECORD,
    LARGEST_SERIES,
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_DIMENSIONS,
    MOST_MEASURES,
    UNITS_NS,
    RecordRejected,
    bytes_of,
    check_name,
    dimensions_of,
    not_one_of,
)
from services.timestream_local.writing.record_values import PARSERS
from services.timestream_local.writing.uniform_records import uniform_batch

MOST_RECORDS = 100
_TIME = re.compile(r"-?[0-9]{1,19}", re.ASCII)
KINDS = ("DOUBLE", "BIGINT", "VARCHAR", "BOOLEAN", "TIMESTAMP", "MULTI")


def parse_records(body: JsonObject, bounds: TimeBounds, required_dimensions: Sequence[str] = ()) -> Batch:
    """Parse the records of a request's body. Raise `ValidationException` if one is malformed.

    Records without one of `required_dimensions` are rejected.
    """
    records = required(body, "Records", list)
    if not 1 <= len(records) <= MOST_RECORDS:
        least = "less than or equal to 100" if records else "greater than or equal to 1"
        raise ValidationException(
            "1 validation error detected: Value at 'records' failed to satisfy constraint: "
            f"Member must have length {least}"
        )
    common = mapped(body, "CommonAttributes")
    alike = uniform_batch(body, records, bounds, required_dimensions)
    if alike is not None:
        return alike
    try:
        parser = RecordParser(common, bounds, required_dimensions)
    except RecordRejected as rejected:  # a common attribute is wrong in each record
        return Batch(rejected=dict.fromkeys(range(len(records)), Rejection(str(rejected))))
    batch = Batch(kinds=parser.kinds)
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            raise ValidationException(f"Value at 'records.{index + 1}.member' is not a structure")
        try:
            batch.add(index, parser.parse(record))
        except RecordRejected as rejected:
            batch.rejected[index] = Rejection(str(rejected))
    batch.close()
    return batch


class RecordParser:
    """Parses the records of one request with common attributes. `kinds` collects the types of measures."""

    def __init__(self, common: JsonObject, bounds: TimeBounds, required_dimensions: Sequence[str]) -> None:
        self.kinds: dict[str, Type] = {}
        self._required = required_dimensions
        self._common, self._bounds = common, bounds
        self._dimensions, self._size = dimensions_of(common)

    def parse(self, record: JsonObject) -> ParsedRecord:
        """Parse a record. Raise `RecordRejected` to reject it, `ValidationException` to fail the request."""
        get, common = record.get, self._common.get
        unit_name = get("TimeUnit") or common("TimeUnit") or "MILLISECONDS"
        unit = UNITS_NS.get(unit_name) if isinstance(unit_name, str) else None
        if unit is None:
            raise not_one_of("timeUnit", unit_name, UNITS_NS)
        time = _time(get("Time") or common("Time"), unit)
        measure_name = optional_text(get("MeasureName") or common("MeasureName"), "measureName")
        if not measure_name:
            raise ValidationException("Measure name is required: it can't be null or empty")
        own, size = dimensions_of(record)
        if not own.keys().isdisjoint(self._dimensions):
            raise ValidationException("Dimensions in common attributes and in a record can't overlap")
        dimensions = {**self._dimensions, **own} if self._dimensions else own
        measures, measured = self._measures(record, unit)
        self._check(measure_name, dimensions, self._size + size, measured)
        if not self._bounds.oldest <= time < self._bounds.newest:
            raise RecordRejected(self._bounds.refusal())
        return ParsedRecord(time, measure_name, self._version(record), dimensions, measures)

    def _check(self, name: str, dimensions: Mapping[str, str], series: int, measured: int) -> None:
        if not dimensions:
            raise ValidationException("At least one dimension is required")
        if len(dimensions) > MOST_DIMENSIONS:
            raise RecordRejected(f"The record has more than {MOST_DIMENSIONS} dimensions.")
        for missing in self._required:
            if missing not in dimensions:
                raise RecordRejected(f"The record lacks the dimension {missing} of the partition key.")
        named = bytes_of(name)
        if named > LONGEST_NAME:
            raise RecordRejected(f"The measure name is longer than {LONGEST_NAME} bytes.")
        if series > LARGEST_SERIES:
            raise RecordRejected(f"The dimensions' names and values are larger than {LARGEST_SERIES} bytes.")
        if named + series + measured > LARGEST_RECORD:
            raise RecordRejected(f"The record is larger than {LARGEST_RECORD} bytes.")

    def _version(self, record: JsonObject) -> int:
        version = record.get("Version", self._common.get("Version"))
        if version is None:
            return 1
        if type(version) is not int or not 1 <= version <= GREATEST_BIGINT:
            raise ValidationException("Record version must be 1 or greater, a 64-bit integer")
        return version

    def _measures(self, record: JsonObject, unit: int) -> tuple[dict[str, Value], int]:
        """Return the measures by column, and their size in bytes."""
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
        return {name: self._value(name, kind, text, unit)}, bytes_of(str(text))

    def _multi(self, several: Sequence[JsonValue], unit: int) -> tuple[dict[str, Value], int]:
        if not several:
            raise ValidationException("A record of type MULTI needs MeasureValues")
        if len(several) > MOST_MEASURES:
            raise RecordRejected(f"The record has more than {MOST_MEASURES} measure values.")
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
                check_name(name, LONGEST_NAME)
            values[name] = self._value(name, kind, text, unit)
            written = str(text)  # `_value` accepts only strings
            size += bytes_of(name) + bytes_of(written)
        return values, size

    def _value(self, name: str, kind: object, text: object, unit: int) -> Value:
        parse = PARSERS.get(kind) if isinstance(kind, str) else None
        if parse is None or not isinstance(kind, str):
            raise not_one_of("measureValueType", kind, KINDS)
        if type(text) is not str or not text:
            raise ValidationException(f"The value of {name} must be a string, not empty")
        if bytes_of(text) > LONGEST_VALUE:
            raise RecordRejected(f"The value of {name} is longer than {LONGEST_VALUE} bytes.")
        known = self.kinds.get(name)
        if known is None:
            known = self.kinds[name] = Type(kind)
        if known != kind:
            raise RecordRejected(f"The measure {name} has another data type, {known.value}, in this request.")
        try:
            return parse(text, unit)
        except ValueError:
            message = f"The measure value '{text[:64]}' of {name} can not be parsed as {kind}."
            raise ValidationException(message) from None


def _time(text: object, unit: int) -> int:
    if type(text) is not str or not _TIME.fullmatch(text):
        raise ValidationException("Time must be a string of digits: the time since the epoch in TimeUnit")
    time = int(text) * unit
    if not 0 <= time <= GREATEST_BIGINT:
        raise RecordRejected("The record timestamp is outside the years 1970 to 2262.")
    return time
