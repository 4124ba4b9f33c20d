"""A stream as a file: Parquet, CSV, JSON lines, Arrow's IPC stream, piece by piece.

Memory holds `WINDOW` of the stream at a time. The same records give the same bytes. Texts are made column by
column in Arrow: instants and ids, of which there are few different ones, once for each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, ipc, parquet

from services.times import floor
from storage.arrow_schema import arrow_schema
from storage.coverage import overlapping
from storage.schema import SCHEMAS, Column, Stream
from storage.store import Store

WINDOW = timedelta(minutes=15)
MOST_ROWS = 50_000
"""Rows that become text at a time."""
PIECE = 256 * 1024
"""Bytes of a piece, at least; the last one may be shorter."""

NEARLY_UNIQUE = ("latitude", "longitude", "distance_to_next_stop")
"""Columns with nearly as many values as rows, of which a dictionary would only take time."""


class TableWriter(Protocol):
    """Writes tables of a stream into a sink."""

    def write_table(self, table: pa.Table) -> None:
        """Append a table."""

    def close(self) -> None:
        """Write what is left."""


class Sink:
    """A file-like object that keeps what is written until it is taken."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def write(self, data: bytes | pa.Buffer) -> int:
        """Keep data."""
        part = bytes(data)
        self._parts.append(part)
        self.size += len(part)
        return len(part)

    def flush(self) -> None:
        """Do nothing: `take` empties it."""

    def take(self) -> bytes:
        """Return everything kept, and forget it."""
        found = b"".join(self._parts)
        self._parts, self.size = [], 0
        return found


class JsonLines:
    """Writes one JSON object a line; times as in the API."""

    def __init__(self, sink: Sink, stream: Stream) -> None:
        self._sink, self._columns = sink, SCHEMAS[stream].columns

    def write_table(self, table: pa.Table) -> None:
        """Append a table."""
        parts: list[pa.Array | pa.Scalar] = []
        for number, column in enumerate(self._columns):
            parts += [pa.scalar(f'{"," if number else "{"}"{column.name}":'), json_texts(table, column)]
        lines = pc.binary_join_element_wise(*parts, pa.scalar("}\n"), "")
        for chunk in lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]:
            self._sink.write("".join(chunk.to_pylist()).encode())

    def close(self) -> None:
        """Do nothing: every line is written at once."""


class CsvRows:
    """Writes a header and rows; times as in the API, NULL empty."""

    def __init__(self, sink: Sink, stream: Stream) -> None:
        self._columns = SCHEMAS[stream].columns
        schema = self._texts(arrow_schema(stream).empty_table()).schema
        self._writer = csv.CSVWriter(
            pa.PythonFile(sink, "w"), schema, write_options=csv.WriteOptions(quoting_style="needed")
        )

    def write_table(self, table: pa.Table) -> None:
        """Append a table."""
        self._writer.write_table(self._texts(table))

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def _texts(self, table: pa.Table) -> pa.Table:
        cells = [plain_texts(table, column) for column in self._columns]
        return pa.table(cells, names=[column.name for column in self._columns])


def parquet_writer(sink: Sink, stream: Stream) -> TableWriter:
    """A Parquet writer without what takes half of its time: needless dictionaries, and bounds of ids."""
    repeated = [column.name for column in SCHEMAS[stream].columns if column.name not in NEARLY_UNIQUE]
    writer: TableWriter = parquet.ParquetWriter(
        pa.PythonFile(sink, "w"),
        arrow_schema(stream),
        compression="zstd",
        use_dictionary=repeated,
        write_statistics=["time"],
    )
    return writer


WRITERS: Mapping[str, Callable[[Sink, Stream], TableWriter]] = {
    "parquet": parquet_writer,
    "csv": CsvRows,
    "jsonl": JsonLines,
    "arrow": lambda sink, stream: ipc.new_stream(pa.PythonFile(sink, "w"), arrow_schema(stream)),
}

Pieces: TypeAlias = Iterator[bytes]


def file_pieces(store: Store, stream: Stream, start: datetime, end: datetime, form: str) -> Pieces:
    """Yield a stream's covered records in [start, end) as a file. Raises `StoreError` as the store does."""
    sink = Sink()
    with ExitStack() as stack:
        writer = WRITERS[form](sink, stream)
        stack.callback(writer.close)
        for table in tables(store, stream, start, end):
            writer.write_table(table)
            if sink.size >= PIECE:
                yield sink.take()
        stack.pop_all()
        writer.close()
    yield sink.take()


def tables(store: Store, stream: Stream, start: datetime, end: datetime) -> Iterator[pa.Table]:
    """Yield the records in [start, end), at most `WINDOW` and `MOST_ROWS` at a time."""
    for stretch in overlapping(store.coverage(stream), start, end):
        begin, last = max(stretch.start, start), min(stretch.end, end)
        while begin < last:
            until = min(floor(begin, WINDOW) + WINDOW, last)
            for table in store.scan(stream, start=begin, end=until):
                for first in range(0, len(table), MOST_ROWS):
                    yield table.slice(first, MOST_ROWS)
            begin = until


def plain_texts(table: pa.Table, column: Column) -> pa.ChunkedArray:
    """A column's cells, with ids and times as text."""
    cells = table.column(column.name)
    if column.kind == "time":
        return by_distinct(cells, time_texts)
    return cells.cast(pa.string()) if column.kind == "id" else cells


def json_texts(table: pa.Table, column: Column) -> pa.ChunkedArray:
    """A column's cells as JSON."""
    cells = table.column(column.name)
    if column.kind == "time":
        return by_distinct(cells, lambda times: quoted(time_texts(times)))
    if column.kind in ("id", "text"):
        return by_distinct(cells, quoted)
    return pc.fill_null(cells.cast(pa.string()), "null")


def by_distinct(cells: pa.ChunkedArray, texts_of: Callable[[pa.Array], pa.Array]) -> pa.ChunkedArray:
    """The texts of cells, made once for each distinct one; NULL becomes what `texts_of` makes of it."""
    encoded = cells.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode(null_encoding="encode")
    texts = pa.DictionaryArray.from_arrays(encoded.indices, texts_of(encoded.dictionary))
    return pa.chunked_array([pc.fill_null(texts.cast(pa.string()), "null")])


def time_texts(times: pa.Array) -> pa.Array:
    """Instants as the API writes them: milliseconds only where not zero."""
    stamps = pc.strftime(times, format="%Y-%m-%dT%H:%M:%SZ")
    return pc.replace_substring(stamps, ".000Z", "Z", max_replacements=1)


def quoted(texts: pa.Array) -> pa.Array:
    """Texts as JSON, NULL as null."""
    return pa.array([json.dumps(text, ensure_ascii=False) for text in texts.to_pylist()], pa.string())
