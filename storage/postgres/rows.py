"""Rows of PostgreSQL tables as Arrow tables and records, and back.

Rows go to the server in the binary format of COPY, which it needn't parse: NumPy makes the bytes of columns
of fixed width, Arrow joins them with ids. They come back as CSV, which Arrow reads.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from storage.arrow_schema import arrow_schema
from storage.batch import one_chunk
from storage.schema import SCHEMAS, Cell, Column, Kind, Record, Stream, make_record

READ_TYPES: dict[Kind, pa.DataType] = {
    "id": pa.dictionary(pa.int32(), pa.string()),
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "time": pa.int64(),
}


BEGINNING = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
"""What COPY's binary format has before all rows, and after them."""
EPOCH_US = 946_684_800_000_000
"""The beginning of 2000, from which PostgreSQL counts the µs of an instant."""
NUMBERS: Mapping[Kind, tuple[str, str]] = {
    "int": (">i8", ">q"),
    "float": (">f8", ">d"),
    "bool": ("u1", ">?"),
    "time": (">i8", ">q"),
}
"""How COPY has numbers: for NumPy, and for `struct`."""
ROWS_AT_ONCE = 1 << 20
"""The most rows whose bytes are made at once: an Arrow array has less than 2 GB of them."""


def binary_of(stream: Stream, table: pa.Table) -> Iterator[bytes | pa.Buffer]:
    """The rows of a batch in the binary format of COPY, in pieces."""
    yield BEGINNING
    for first in range(0, len(table), ROWS_AT_ONCE):
        yield _binary(stream, table.slice(first, ROWS_AT_ONCE).combine_chunks())
    yield END


def _binary(stream: Stream, table: pa.Table) -> pa.Buffer:
    """The bytes of some rows: for each the number of its fields, then each field's length and content."""
    parts: list[pa.Array] = []
    columns = SCHEMAS[stream].columns
    counts = np.full(len(table), len(columns), ">i2")
    fixed: list[tuple[str, npt.NDArray[Any] | int]] = [(">i2", counts)]
    for column in columns:
        array = one_chunk(table, column.name)
        if column.kind in NUMBERS and not column.nullable:
            typed, _ = NUMBERS[column.kind]
            fixed += [(">i4", np.dtype(typed).itemsize), (typed, _numbers(column, array))]
        else:
            parts += [*_side_by_side(fixed, len(table)), _each_encoded(column, array)]
            fixed = []
    parts += _side_by_side(fixed, len(table))
    return pc.binary_join_element_wise(*parts, b"").buffers()[2]


def _numbers(column: Column, array: pa.Array) -> npt.NDArray[Any]:
    """A column without NULL as NumPy's array; instants in PostgreSQL's µs."""
    is_time = column.kind == "time"
    values: npt.NDArray[Any] = (array.view(pa.int64()) if is_time else array).to_numpy(zero_copy_only=False)
    return values * 1000 - EPOCH_US if is_time else values


def _side_by_side(fixed: Sequence[tuple[str, npt.NDArray[Any] | int]], rows: int) -> Iterator[pa.Array]:
    """For each row the bytes of its values in columns of fixed width; nothing without such columns."""
    if not fixed:
        return
    record = np.empty(rows, [(f"f{number}", typed) for number, (typed, _) in enumerate(fixed)])
    for number, (_, values) in enumerate(fixed):
        record[f"f{number}"] = values
    offsets = np.arange(rows + 1, dtype=np.int32) * record.itemsize
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(record)]
    yield pa.BinaryArray.from_buffers(pa.binary(), rows, buffers)


def _each_encoded(column: Column, array: pa.Array) -> pa.Array:
    """The fields of a column of ids, texts or with NULL. Each distinct value is encoded once."""
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    fields = [_field(column, value) for value in (*coded.dictionary.to_pylist(), None)]
    return pa.array(fields, pa.binary()).take(coded.indices.fill_null(len(fields) - 1))


def _field(column: Column, value: Any) -> bytes:
    """The length and content of a value that isn't an instant."""
    if value is None:
        return struct.pack(">i", -1)
    content = value.encode() if isinstance(value, str) else struct.pack(NUMBERS[column.kind][1], value)
    return struct.pack(">i", len(content)) + content


def table_of(stream: Stream, text: bytes) -> pa.Table:
    """The table of rows as `postgres_sql.copy_out` returns them."""
    schema = arrow_schema(stream)
    if not text:
        return schema.empty_table()
    kinds = {column.name: READ_TYPES[column.kind] for column in SCHEMAS[stream].columns}
    rows = csv.read_csv(
        io.BytesIO(text),
        csv.ReadOptions(column_names=list(kinds), use_threads=False, block_size=len(text)),
        convert_options=csv.ConvertOptions(
            column_types=kinds,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
        ),
    )
    return rows.cast(schema).unify_dictionaries()


def newest_columns(stream: Stream, table: pa.Table) -> Sequence[list[Any]]:
    """The last row of each entity of an ordered table, as a list of values for each column."""
    codes = one_chunk(table, SCHEMAS[stream].entity).indices.to_numpy()
    # The first of each in the reversed rows is its last.
    _, first = np.unique(codes[::-1], return_index=True)
    last = table.take(pa.array(len(codes) - 1 - first))
    return [last.column(name).to_pylist() for name in SCHEMAS[stream].names]


def record(stream: Stream, row: Iterable[Any]) -> Record:
    """A record of a row that a query returned."""
    return make_record(stream, map(_cell, row))


def _cell(value: Any) -> Cell:
    cell: Cell = value.astimezone(UTC) if isinstance(value, datetime) else value
    return cell
