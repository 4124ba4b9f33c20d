"""Rows of a stream's Arrow table, read as records. Lambda functions import this: it imports no Arrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from storage.instants import from_us
from storage.schema import RECORD_TYPES, SCHEMAS, Cell, Column, Record, Stream, make_record

if TYPE_CHECKING:
    import pyarrow as pa

    from storage.cursor import Position

AnyRecord = TypeVar("AnyRecord", bound=Record)


def records_of(rows: pa.Table, kind: type[AnyRecord]) -> list[AnyRecord]:
    """The rows of a table with the schema of the stream whose records are of `kind`, in their order."""
    stream = next(stream for stream, known in RECORD_TYPES.items() if known is kind)
    columns = [_values(rows, column) for column in SCHEMAS[stream].columns]
    make: Callable[..., AnyRecord] = kind
    return [make(*cells) for cells in zip(*columns, strict=True)]


def record_at(rows: pa.Table, stream: Stream, row: int) -> Record:
    """One row of a stream's table as a record. For one row this is three times as fast as `records_of`."""
    cells = (rows.column(column.name)[row] for column in SCHEMAS[stream].columns)
    return make_record(stream, map(_value, SCHEMAS[stream].columns, cells))


def after_position(stream: Stream, rows: pa.Table, after: Position | None) -> pa.Table:
    """The rows after a position; `rows` begin at its time at the earliest, and are ordered by (time, key)."""
    if after is None:
        return rows
    keys = zip(*(rows.column(name).to_pylist() for name in SCHEMAS[stream].key), strict=True)
    times = (ms * 1000 for ms in rows.column("time").cast("int64").to_pylist())
    place = ((time, key) > (after.time_us, after.key) for time, key in zip(times, keys, strict=True))
    return rows.slice(next((row for row, is_after in enumerate(place) if is_after), len(rows)))


def _value(column: Column, scalar: pa.Scalar) -> Cell:
    cell: Cell = from_us(scalar.value * 1000) if column.kind == "time" else scalar.as_py()
    return cell


def _values(rows: pa.Table, column: Column) -> Sequence[Cell]:
    """The values of a column; times are in UTC.

    Whole arrays of numbers, and the few distinct ids and times, are converted: several times as fast as
    Arrow's conversion of each value.
    """
    array = rows.column(column.name).combine_chunks()
    if column.kind == "time":
        times: list[int] = array.cast("int64").to_pylist()
        instants = {ms: from_us(ms * 1000) for ms in set(times)}
        return [instants[ms] for ms in times]
    if column.kind == "id" and hasattr(array, "dictionary"):
        texts: list[Cell] = [*array.dictionary.to_pylist(), None]
        return [texts[index] for index in array.indices.fill_null(-1).to_pylist()]
    values: list[Cell] = array.to_pylist() if array.null_count else array.to_numpy(False).tolist()
    return values
