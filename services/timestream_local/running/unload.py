"""UNLOAD: the result of a query as objects in S3, with a manifest and metadata.

The files are those of the developer guide's page "UNLOAD concepts": `results/`, with a folder for each value
of the partition columns, and beside it the manifest and the metadata of the query.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from services.timestream_local.errors import ValidationException
from services.timestream_local.running.object_store import ObjectStore
from services.timestream_local.running.result_pages import column_info
from services.timestream_local.sql.tokens.unload_statement import UnloadStatement
from services.timestream_local.types import Kind, Stored, Type
from services.timestream_local.value_texts import TEXTS

Row: TypeAlias = Sequence[Stored]
Columns: TypeAlias = Sequence[tuple[str, Kind]]
SUMMARY: Columns = (
    ("rows", Type.BIGINT),
    ("metadataFile", Type.VARCHAR),
    ("manifestFile", Type.VARCHAR),
)
"""The columns of UNLOAD's own result."""
ARROW: dict[Type, pa.DataType] = {
    Type.BOOLEAN: pa.bool_(),
    Type.INTEGER: pa.int32(),
    Type.BIGINT: pa.int64(),
    Type.DOUBLE: pa.float64(),
    Type.TIMESTAMP: pa.timestamp("ns"),
    Type.DATE: pa.date32(),
}
"""The types in Parquet; values of other types are written as text."""
NOT_UNLOADED = (Type.TIME, Type.UNKNOWN, Type.BINARY)


@dataclass(frozen=True, slots=True)
class Unload:
    """One UNLOAD to run: its statement, the types of its columns, and where it writes."""

    statement: UnloadStatement
    columns: Columns
    query_id: str
    objects: ObjectStore

    def run(self, rows: Iterable[Row]) -> Row:
        """Write all files; return the row of `SUMMARY`. Raises `ValidationException` if it isn't possible."""
        self._check()
        written = [self._write(folder, part) for folder, part in self._parts(rows).items()]
        total = sum(count for _, count in written)
        manifest = {
            "result_files": [each for each, _ in written],
            "query_metadata": {
                "content_length_in_bytes": sum(_size(each) for each, _ in written),
                "total_row_count": total,
                "result_format": self.statement.format,
                "result_version": "Amazon Timestream version 1.0.0",
            },
            "author": {"name": "Amazon Timestream", "manifest_file_version": "1.0"},
        }
        metadata = {
            "ColumnInfo": column_info(self.columns),
            "Author": {"Name": "Amazon Timestream", "MetadataFileVersion": "1.0"},
        }
        return total, self._put_json("metadata", metadata), self._put_json("manifest", manifest)

    def _check(self) -> None:
        for name, kind in self.columns:
            if not isinstance(kind, Type) or kind in NOT_UNLOADED:
                raise ValidationException(f"UNLOAD of {kind.label} is not supported (column {name})")
        if len({name for name, _ in self.columns}) < len(self.columns):
            raise ValidationException("The columns of UNLOAD must have different names")
        partition = self.statement.partitioned_by
        last = [name for name, _ in self.columns[len(self.columns) - len(partition) :]]
        if partition and (list(partition) != last or len(partition) == len(self.columns)):
            raise ValidationException("The columns of partitioned_by must be the last ones of the query")

    @property
    def _kept(self) -> int:
        """How many columns are written: those of partitions are in the folders' names."""
        return len(self.columns) - len(self.statement.partitioned_by)

    def _parts(self, rows: Iterable[Row]) -> dict[str, list[Row]]:
        """The rows by the folder they go to."""
        parts: dict[str, list[Row]] = {}
        for row in rows:
            parts.setdefault(self._folder(row), []).append(row[: self._kept])
        return parts

    def _folder(self, row: Row) -> str:
        names = self.columns[self._kept :]
        values = zip(names, row[self._kept :], strict=True)
        return "".join(f"{name}={quote(_text(kind, value), safe=' ')}/" for (name, kind), value in values)

    def _write(self, folder: str, rows: Sequence[Row]) -> tuple[dict[str, object], int]:
        """Write the file of a partition; return its entry in the manifest, and how many rows it has."""
        parquet = self.statement.format == "PARQUET"
        content = self._parquet(rows) if parquet else self._csv(rows)
        ending = ".parquet" if parquet else ".csv.gz" if self.statement.gzip else ".csv"
        name = f"results/{folder}{self.query_id}_{secrets.token_hex(8)}{ending}"
        url = self.objects.put(self.statement.bucket, self._key(name), content)
        size = {"content_length_in_bytes": len(content), "row_count": len(rows)}
        return {"url": url, "file_metadata": size}, len(rows)

    def _csv(self, rows: Sequence[Row]) -> bytes:
        text, statement = io.StringIO(), self.statement
        writer = csv.writer(
            text,
            delimiter=statement.delimiter,
            escapechar=statement.escape,
            doublequote=False,
            lineterminator="\n",
        )
        columns = self.columns[: self._kept]
        if statement.header:
            writer.writerow([name for name, _ in columns])
        writer.writerows([_text(kind, v) for (_, kind), v in zip(columns, row, strict=True)] for row in rows)
        content = text.getvalue().encode()
        return gzip.compress(content, mtime=0) if statement.gzip else content

    def _parquet(self, rows: Sequence[Row]) -> bytes:
        columns = self.columns[: self._kept]
        arrays = {name: _array(kind, [row[n] for row in rows]) for n, (name, kind) in enumerate(columns)}
        content = io.BytesIO()
        pq.write_table(pa.table(arrays), content, compression="gzip" if self.statement.gzip else "none")
        return content.getvalue()

    def _put_json(self, what: str, content: object) -> str:
        name = self._key(f"{self.query_id}_{what}.json")
        return self.objects.put(self.statement.bucket, name, json.dumps(content).encode())

    def _key(self, name: str) -> str:
        prefix = self.statement.prefix
        return f"{prefix}/{name}" if prefix else name


def _size(entry: dict[str, object]) -> int:
    found = entry["file_metadata"]
    return int(found["content_length_in_bytes"]) if isinstance(found, dict) else 0


def _text(kind: Kind, value: Stored) -> str:
    """A value as text, NULL as an empty one."""
    return "" if value is None or not isinstance(kind, Type) else TEXTS[kind](value)


def _array(kind: Kind, values: Sequence[Stored]) -> pa.Array:
    arrow = ARROW.get(kind) if isinstance(kind, Type) else None
    if arrow is not None:
        return pa.array(values, type=arrow)
    return pa.array([None if value is None else _text(kind, value) for value in values], type=pa.string())
