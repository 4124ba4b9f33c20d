"""The fields of a record: their limits, their names, and the dimensions.

The limits are from Timestream's page "Quotas".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import listed
from services.timestream_local.types import JsonObject

MOST_DIMENSIONS = 128
MOST_MEASURES = 256
"""The most measure values of one MULTI record."""
LONGEST_NAME = 256
LONGEST_DIMENSION_NAME = 60
LONGEST_VALUE = 2048
LARGEST_SERIES = 2048
"""The most bytes of all dimension names and values of a record."""
LARGEST_RECORD = 2048
UNITS_NS = {"SECONDS": 10**9, "MILLISECONDS": 10**6, "MICROSECONDS": 1_000, "NANOSECONDS": 1}
RESERVED = frozenset({"time", "measure_value", "ts_non_existent_col"})
RESERVED_PREFIXES = ("ts_", "measure_name")
"""Names, and beginnings of names, that columns may not have; other cases of them are allowed."""


class RecordRejected(Exception):
    """One record of a request is rejected; `str()` of the error is the reason."""


def dimensions_of(record: JsonObject) -> tuple[dict[str, str], int]:
    """Return the dimensions of a record by name, and their size in bytes."""
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
            raise not_one_of("dimensionValueType", kind, ("VARCHAR",))
        if not value:
            raise RecordRejected(f"The dimension {name} is empty.")
        check_name(name, LONGEST_DIMENSION_NAME)
        found[name] = value
        size += bytes_of(name) + bytes_of(value)
    return found, size


def bytes_of(text: str) -> int:
    """The length of a text in bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def check_name(name: str, longest: int) -> None:
    """Raise `RecordRejected` or `ValidationException` for an invalid name of a column."""
    if bytes_of(name) > longest:
        raise RecordRejected(f"The name {name[:64]}… is longer than {longest} bytes.")
    if name in RESERVED or name.startswith(RESERVED_PREFIXES) or ":" in name or '"' in name:
        raise ValidationException(f"Invalid name: {name[:64]} is reserved, or has characters it may not have")


def not_one_of(
    field_name: str, value: object, known: Sequence[str] | Mapping[str, int]
) -> ValidationException:
    """The error that a value is none of those known."""
    return ValidationException(
        f"1 validation error detected: Value '{str(value)[:64]}' at '{field_name}' failed to satisfy "
        f"constraint: Member must satisfy enum value set: [{', '.join(known)}]"
    )
