"""Rows of PostgreSQL tables as Arrow tables and records, and back.

Tables travel as CSV, which Arrow writes and reads. PostgreSQL's binary format would save the server the
parsing, but Arrow has no writer for it, and one in Python would take several times as long.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from storage.arrow_schema import arrow_schema
from storage.batch import one_chunk
from storage.schema import SCHEMAS, Cell, Kind, Record, Stream, make_record

READ_TYPES: dict[Kind, pa.DataType] = {
    "id": pa.dictionary(pa.int32(), pa.string()),
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "time": pa.int64(),
}


def csv_of(stream: Stream, table: pa.Table) -> memoryview:
    """The rows of a batch as CSV: an empty text in quotes, NULL without."""
    columns = {}
    for column in SCHEMAS[stream].columns:
        array = one_chunk(table, column.name)
        columns[column.name] = _texts(array) if column.kind in ("id", "time") else array
    target = io.BytesIO()
    csv.write_csv(pa.table(columns), target, csv.WriteOptions(include_header=False))
    return target.getbuffer()


def _texts(array: pa.Array) -> pa.Array:
    """The values as texts. Each value is converted once, since many records have the same one."""
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    return coded.dictionary.cast(pa.string()).take(coded.indices)


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
