"""Rows of a store's DuckDB tables: reading them as records and coverage, inserting them from Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from storage import duckdb_sql
from storage.coverage import joined
from storage.duckdb_sql import SQL
from storage.instants import from_us, to_us
from storage.schema import SCHEMAS, Cell, Record, Stream, make_record
from storage.store import Covered, Run

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

TIME_PLACES = {
    stream: tuple(place for place, column in enumerate(schema.columns) if column.kind == "time")
    for stream, schema in SCHEMAS.items()
}


def record(stream: Stream, row: Sequence[Cell]) -> Record:
    """The record of a row of a stream's table. In `row` times are integers, µs since the epoch."""
    cells = list(row)
    for place in TIME_PLACES[stream]:
        cells[place] = from_us(cast("int", cells[place]))
    return make_record(stream, cells)


def coverage(cursor: duckdb.DuckDBPyConnection) -> dict[Stream, list[Covered]]:
    """Read the coverage of each stream."""
    found: dict[Stream, list[Covered]] = {stream: [] for stream in Stream}
    for stream, start, end, *inputs in cursor.execute(duckdb_sql.SELECT_COVERAGE).fetchall():
        found[Stream(stream)].append(Covered(from_us(start), from_us(end), Run(*inputs)))
    return {stream: joined(stretches) for stream, stretches in found.items()}


def insert(cursor: duckdb.DuckDBPyConnection, stream: Stream, rows: pa.Table) -> None:
    """Insert rows into a stream's table. `rows` has the stream's Arrow schema."""
    if len(rows):
        cursor.register("batch", rows)
        cursor.execute(SQL[stream].insert)
        cursor.unregister("batch")


def replace_covered(cursor: duckdb.DuckDBPyConnection, stream: Stream, whole: Covered) -> None:
    """Replace the stored coverage within the interval of `whole` by `whole`."""
    interval = {"stream": stream, "start": to_us(whole.start), "end": to_us(whole.end)}
    cursor.execute(duckdb_sql.DELETE_COVERED, interval)
    cursor.execute(duckdb_sql.INSERT_COVERED, {**interval, "run_id": whole.run.run_id})
