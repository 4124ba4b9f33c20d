"""Streams as files: Parquet, CSV, JSON lines. Memory holds one table of the stream at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from storage.arrow_schema import arrow_schema
from storage.schema import SCHEMAS, Stream


def write_tables(path: Path, form: str, stream: Stream, tables: Iterable[pa.Table]) -> int:
    """Write a stream's tables as `parquet`, `csv` or `jsonl`; the number of rows."""
    write = {"parquet": write_parquet, "csv": write_csv, "jsonl": write_jsonl}[form]
    return write(path, stream, tables)


def write_parquet(path: Path, stream: Stream, tables: Iterable[pa.Table]) -> int:
    """Parquet with the stream's own schema, zstd."""
    with parquet.ParquetWriter(path, arrow_schema(stream), compression="zstd") as writer:
        return _counted(tables, writer.write_table)


def write_csv(path: Path, stream: Stream, tables: Iterable[pa.Table]) -> int:
    """CSV with a header; times as in the API, NULL empty."""
    schema = as_text(arrow_schema(stream).empty_table(), stream).schema
    options = csv.WriteOptions(quoting_style="needed")
    with csv.CSVWriter(path, schema, write_options=options) as writer:
        return _counted(tables, lambda table: writer.write_table(as_text(table, stream)))


def write_jsonl(path: Path, stream: Stream, tables: Iterable[pa.Table]) -> int:
    """One JSON object a line; times as in the API."""
    with path.open("w", encoding="utf-8") as file:

        def write(table: pa.Table) -> None:
            for row in as_text(table, stream).to_pylist():
                file.write(json.dumps(row, ensure_ascii=False) + "\n")

        return _counted(tables, write)


def as_text(table: pa.Table, stream: Stream) -> pa.Table:
    """The table with times as the API writes them (milliseconds only where not zero) and ids as text."""
    columns: list[Any] = []
    for column in SCHEMAS[stream].columns:
        cells = table.column(column.name)
        if column.kind == "time":
            stamps = pc.strftime(cells, format="%Y-%m-%dT%H:%M:%SZ")
            cells = pc.replace_substring(stamps, ".000Z", "Z", max_replacements=1)
        columns.append(cells.cast(pa.string()) if column.kind == "id" else cells)
    return pa.table(columns, names=SCHEMAS[stream].names)


def _counted(tables: Iterable[pa.Table], write: Any) -> int:
    rows = 0
    for table in tables:
        write(table)
        rows += len(table)
    return rows
