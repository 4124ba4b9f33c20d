"""Conversion of rows of Timestream's queries, whose values are texts or NULL, to records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.schema import SCHEMAS, Cell, Column, Kind, Record, Stream, make_record

Row = Sequence[str | None]
"""The values of a row, in the order of the requested columns."""

MICROSECONDS = len("2026-03-02 12:00:00.000000")


def time_of(value: str) -> datetime:
    """The UTC instant of a Timestream timestamp, `2026-03-02 12:00:00.000000000`."""
    return datetime.fromisoformat(value[:MICROSECONDS]).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hour:
    """A UTC hour from `start` on: its number of records, and the times of its oldest and newest."""

    start: datetime
    records: int
    oldest: datetime
    newest: datetime


def hour(row: Row) -> Hour:
    """Convert a row of the query of hours."""
    start, records, oldest, newest = (value or "" for value in row)
    return Hour(time_of(start), int(records), time_of(oldest), time_of(newest))


READERS: dict[Kind, Callable[[str], Cell]] = {
    "id": str,
    "text": str,
    "int": int,
    "float": float,
    "bool": lambda value: value == "true",
    "time": time_of,
}


def record(stream: Stream, row: Row) -> Record:
    """Convert a row of a stream's columns to a record."""
    return make_record(stream, map(_value, SCHEMAS[stream].columns, row))


def _value(column: Column, value: str | None) -> Cell:
    # Timestream can't store an empty text: NULL in a column that isn't nullable stands for it.
    if value is None:
        return None if column.nullable else ""
    return READERS[column.kind](value)
