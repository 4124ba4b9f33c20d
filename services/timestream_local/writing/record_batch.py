"""The parsed records of one WriteRecords request: the valid ones as columns, and the rejected ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from services.timestream_local.catalog import Table
from services.timestream_local.types import GREATEST_BIGINT, MINUTE_NS, Type
from services.timestream_local.value_texts import iso_text

FUTURE_NS = 15 * MINUTE_NS

Value: TypeAlias = str | int | float | bool
Columns: TypeAlias = dict[str, list[Value | None]]


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """The times of records that a table accepts, [oldest, newest), in nanoseconds since the epoch.

    Records at or after `memory` belong to the memory store, older ones to the magnetic store. `store` names
    the bounds in error messages.
    """

    oldest: int
    newest: int
    memory: int
    store: str

    def refusal(self) -> str:
        """The reason for which a record outside of the bounds is rejected."""
        window = f"[{iso_text(max(self.oldest, 0))}, {iso_text(self.newest)})"
        return f"The record timestamp is outside the time range {window} of the {self.store}."


def time_bounds(table: Table, now: int | None, *, future: bool) -> TimeBounds:
    """The bounds of a table at `now`, in nanoseconds since the epoch. Without `now` any time is accepted.

    With `future`, records later than 15 minutes from now are refused. It is false if the newest data define
    `now`, since newer data then move it forward.
    """
    if now is None:
        return TimeBounds(0, GREATEST_BIGINT, 0, "memory store")
    newest = now + FUTURE_NS if future else GREATEST_BIGINT
    memory = now - table.memory_ns
    if table.accepts_old_records:
        return TimeBounds(now - table.retention_ns, newest, memory, "data ingestion window")
    return TimeBounds(memory, newest, memory, "memory store")


class Rejection(NamedTuple):
    """Why a record is rejected, and the version of the stored record if that is the reason."""

    reason: str
    existing_version: int | None = None


@dataclass(slots=True)
class Batch:
    """The valid records of one request as columns of one row each, and the rejected ones.

    `index` is the index of each row's record in the request. `rejected` maps the index of a rejected record
    to why. `kinds` are the types of the measures.
    """

    index: list[int] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    measure_name: list[str] = field(default_factory=list)
    version: list[int] = field(default_factory=list)
    dimensions: Columns = field(default_factory=dict)
    measures: Columns = field(default_factory=dict)
    kinds: dict[str, Type] = field(default_factory=dict)
    rejected: dict[int, Rejection] = field(default_factory=dict)

    def add(self, index: int, record: ParsedRecord) -> None:
        """Append a valid record as a row."""
        row = len(self.index)
        self.index.append(index)
        self.time.append(record.time)
        self.measure_name.append(record.measure_name)
        self.version.append(record.version)
        _set(self.dimensions, record.dimensions, row)
        _set(self.measures, record.measures, row)

    def close(self) -> None:
        """Make all columns equally long, filled with NULL."""
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
class ParsedRecord:
    """A record with its common attributes; the time is in nanoseconds since the epoch."""

    time: int
    measure_name: str
    version: int
    dimensions: dict[str, str]
    measures: dict[str, Value]
