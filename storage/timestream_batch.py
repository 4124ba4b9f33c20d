"""Conversion of Arrow tables to WriteRecords requests, and of rows of queries to Arrow tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from storage.arrow_schema import ARROW_TYPES, arrow_schema
from storage.batch import one_chunk
from storage.schema import SCHEMAS, Column, Kind, Stream
from storage.timestream_rows import Row
from storage.timestream_writer import MOST_RECORDS

if TYPE_CHECKING:
    from types_boto3_timestream_write.literals import MeasureValueTypeType
    from types_boto3_timestream_write.type_defs import RecordTypeDef

ROWS_AT_ONCE = 10_000
MEASURE_TYPES: dict[Kind, MeasureValueTypeType] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP",
}


class MeasureValue(NamedTuple):
    """A measure: the name of its column, and its type in Timestream."""

    name: str
    type: MeasureValueTypeType


@dataclass(frozen=True, slots=True)
class Chunk:
    """The records of one request, and their common attributes."""

    common: RecordTypeDef
    records: Sequence[RecordTypeDef]


def chunks(stream: Stream, table: pa.Table) -> Iterator[Chunk]:
    """Convert a stream's rows to requests. `table` has its Arrow schema, with one chunk per column."""
    schema = SCHEMAS[stream]
    key = [column for column in schema.columns if column.name in schema.key]
    measures = [
        MeasureValue(c.name, MEASURE_TYPES[c.kind]) for c in schema.columns[1:] if c.name not in schema.key
    ]
    for first in range(0, len(table), ROWS_AT_ONCE):
        part = table.slice(first, ROWS_AT_ONCE)
        texts = {column.name: _texts(part, column) for column in schema.columns}
        for begin in range(0, len(part), MOST_RECORDS):
            cells = {name: values[begin : begin + MOST_RECORDS] for name, values in texts.items()}
            yield _chunk(cells, [column.name for column in key], measures)


def _chunk(cells: dict[str, list[str]], key: Sequence[str], measures: Sequence[MeasureValue]) -> Chunk:
    """A request with the rows of `cells`, texts by column. Values that all rows share go into `common`."""
    times = cells["time"]
    records: list[RecordTypeDef] = [
        {
            "MeasureValues": [
                {"Name": name, "Value": value, "Type": kind}
                for (name, kind), value in zip(measures, values, strict=True)
                if value
            ]
        }
        for values in zip(*(cells[name] for name, _ in measures), strict=True)
    ]
    common: RecordTypeDef = {}
    if times[0] == times[-1]:
        common["Time"] = times[0]
    else:
        for record, time in zip(records, times, strict=True):
            record["Time"] = time
    shared = [name for name in key if len(set(cells[name])) == 1]
    own = [name for name in key if name not in shared]
    if shared:
        common["Dimensions"] = [{"Name": name, "Value": cells[name][0]} for name in shared]
    if own:
        for record, values in zip(records, zip(*(cells[name] for name in own), strict=True), strict=True):
            record["Dimensions"] = [
                {"Name": name, "Value": value} for name, value in zip(own, values, strict=True)
            ]
    return Chunk(common, records)


def _texts(table: pa.Table, column: Column) -> list[str]:
    """The values of a column as text; times as ms since the epoch, NULL as the empty text."""
    array = one_chunk(table, column.name)
    if column.kind == "time":
        array = array.view(pa.int64())
    texts: list[str] = pc.fill_null(array.cast(pa.string()), "").to_pylist()
    return texts


def table_of(stream: Stream, rows: Sequence[Row]) -> pa.Table:
    """Convert rows of a stream's columns to a table with its Arrow schema, ordered by (time, key)."""
    schema = SCHEMAS[stream]
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema.columns)
    arrays = [_array(column, values) for column, values in zip(schema.columns, columns, strict=True)]
    table = pa.table(arrays, names=schema.names)
    order = [(name, "ascending") for name in ("time", *schema.key)]
    return table.sort_by(order).cast(arrow_schema(stream)).combine_chunks()


def _array(column: Column, values: Sequence[str | None]) -> pa.Array:
    """Texts as an array of the column's type, ids as strings. NULL is an empty text if not nullable."""
    texts = pa.array(values, pa.string())
    if column.kind in ("id", "text"):
        return texts if column.nullable else pc.fill_null(texts, "")
    if column.kind == "time":
        naive = texts.cast(pa.timestamp("ns")).cast(pa.timestamp("ms"))
        return naive.view(pa.int64()).view(ARROW_TYPES["time"])
    return texts.cast(ARROW_TYPES[column.kind])
