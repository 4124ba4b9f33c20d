"""The records of one WriteRecords request, parsed: those to store as columns, and the rejected ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from services.timestream_local.catalog import Table
from services.timestream_local.types import GREATEST_BIGINT, MINUTE_NS, Type, iso_text

FUTURE_NS = 15 * MINUTE_NS

Value: TypeAlias = str | int | float | bool
Columns: TypeAlias = dict[str, list[Value | None]]


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """The times that a table accepts now, in nanoseconds: [oldest, newest).

    Records from `memory` on go into the memory store, older ones into the magnetic store.
    """

    oldest: int
    newest: int
    memory: int
    store: str

    def refusal(self) -> str:
        """The reason for rejecting a record outside of the bounds."""
        window = f"[{iso_text(max(self.oldest, 0))}, {iso_text(self.newest)})"
        return f"The record timestamp is outside the time range {window} of the {self.store}."


def time_bounds(table: Table, now: int | None, *, future: bool) -> TimeBounds:
    """The bounds of a table at `now`; None, for a database without data, accepts any time.

    Without `future` the future isn't bounded: where the data say what time it is, newer data move it on.
    """
    if now is None:
        return TimeBounds(0, GREATEST_BIGINT, 0, "memory store")
    newest = now + FUTURE_NS if future else GREATEST_BIGINT
    memory = now - table.memory_ns
    if table.takes_old:
        return TimeBounds(now - table.retention_ns, newest, memory, "data ingestion window")
    return TimeBounds(memory, newest, memory, "memory store")


@dataclass(slots=True)
class Batch:
    """The valid records of one request as columns, and the rejected ones.

    `index` holds each row's place in the request. `rejected` maps such a place to the reason, and to the
    stored version where that is the reason. `kinds` are the types of the measures.
    """

    index: list[int] = field(default_factory=list)
    time: list[int] = field(default_factory=list)
    measure_name: list[str] = field(default_factory=list)
    version: list[int] = field(default_factory=list)
    dimensions: Columns = field(default_factory=dict)
    measures: Columns = field(default_factory=dict)
    kinds: dict[str, Type] = field(default_factory=dict)
    rejected: dict[int, tuple[str, int | None]] = field(default_factory=dict)

    def add(self, index: int, record: ParsedRecord) -> None:
        """Append a record as a row."""
        row = len(self.index)
        self.index.append(index)
        self.time.append(record.time)
        self.measure_name.append(record.measure_name)
        self.version.append(record.version)
        _set(self.dimensions, record.dimensions, row)
        _set(self.measures, record.measures, row)

    def close(self) -> None:
        """Pad all columns with NULL to one length."""
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
    """A record, its common attributes included: time in nanoseconds, values of their types."""

    time: int
    measure_name: str
    version: int
    dimensions: dict[str, str]
    measures: dict[str, Value]
