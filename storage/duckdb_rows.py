"""Rows of a store's DuckDB tables: read as records and coverage, written from Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from storage import duckdb_sql
from storage.coverage import joined
from storage.duckdb_sql import SQL
from storage.instants import from_us, to_us
from storage.schema import RECORD_TYPES, SCHEMAS, Record, Stream
from storage.store import Covered, Run

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

TIME_PLACES = {
    stream: tuple(place for place, column in enumerate(schema.columns) if column.kind == "time")
    for stream, schema in SCHEMAS.items()
}


def record(stream: Stream, row: Sequence[Any]) -> Record:
    """A row of a stream's table, whose times are µs since the epoch, as a record."""
    values = list(row)
    for place in TIME_PLACES[stream]:
        values[place] = from_us(values[place])
    return RECORD_TYPES[stream](*values)


def coverage(cursor: duckdb.DuckDBPyConnection) -> dict[Stream, list[Covered]]:
    """The coverage of each stream."""
    found: dict[Stream, list[Covered]] = {stream: [] for stream in Stream}
    for stream, start, end, *inputs in cursor.execute(duckdb_sql.SELECT_COVERAGE).fetchall():
        found[Stream(stream)].append(Covered(from_us(start), from_us(end), Run(*inputs)))
    return {stream: joined(stretches) for stream, stretches in found.items()}


def insert(cursor: duckdb.DuckDBPyConnection, stream: Stream, rows: pa.Table) -> None:
    """Insert a stream's rows."""
    if len(rows):
        cursor.register("batch", rows)
        cursor.execute(SQL[stream].insert)
        cursor.unregister("batch")


def replace_covered(cursor: duckdb.DuckDBPyConnection, stream: Stream, whole: Covered) -> None:
    """Replace the stored stretches within `whole` by it."""
    interval = {"stream": stream, "start": to_us(whole.start), "end": to_us(whole.end)}
    cursor.execute(duckdb_sql.DELETE_COVERED, interval)
    cursor.execute(duckdb_sql.INSERT_COVERED, {**interval, "run_id": whole.run.run_id})
