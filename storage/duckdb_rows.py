"""Rows of a store's DuckDB tables: reading them as records and coverage, inserting them from Arrow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from storage import duckdb_sql
from storage.arrow_schema import arrow_schema
from storage.batch import ordered
from storage.coverage import joined
from storage.duckdb_code_sql import DICTIONARY_OF, Dictionary
from storage.duckdb_codes import decoded, texts_of
from storage.duckdb_sql import SQL
from storage.instants import from_us, to_us
from storage.schema import SCHEMAS, Cell, Record, Stream, make_record
from storage.store import Covered, JournalEntry, Run

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from storage.duckdb_codes import Encoder, EntityIds

Codes: TypeAlias = Mapping[str, Sequence[int]]
"""The codes that columns may have."""

TIME_PLACES = {
    stream: tuple(place for place, column in enumerate(schema.columns) if column.kind == "time")
    for stream, schema in SCHEMAS.items()
}
CODE_PLACES = {
    (stream, dictionary): tuple(
        place for place, column in enumerate(schema.columns) if DICTIONARY_OF.get(column.name) is dictionary
    )
    for stream, schema in SCHEMAS.items()
    for dictionary in Dictionary
}


def records(
    cursor: duckdb.DuckDBPyConnection, stream: Stream, rows: Sequence[Sequence[Cell]], ids: EntityIds
) -> list[Record]:
    """The records of rows that a query of `StreamSql` has returned.

    The cursor must be in the transaction that has read the rows.
    """
    texts = {
        place: found
        for dictionary in Dictionary
        if (places := CODE_PLACES[stream, dictionary])
        for found in [_texts(cursor, dictionary, {row[place] for row in rows for place in places}, ids)]
        for place in places
    }
    return [make_record(stream, _cells(stream, row, texts)) for row in rows]


def _texts(
    cursor: duckdb.DuckDBPyConnection, dictionary: Dictionary, cells: Collection[Cell], ids: EntityIds
) -> Mapping[int, str]:
    """The texts of the codes in `cells`, by code."""
    codes = [cast("int", cell) for cell in cells if cell is not None]
    if dictionary is Dictionary.ENTITIES:
        return ids.texts(cursor, codes)
    return texts_of(cursor, dictionary, codes)


def _cells(stream: Stream, row: Sequence[Cell], texts: Mapping[int, Mapping[int, str]]) -> list[Cell]:
    cells = list(row)
    for place in TIME_PLACES[stream]:
        cells[place] = from_us(cast("int", cells[place]))
    for place, of_place in texts.items():
        code = cast("int | None", cells[place])
        cells[place] = None if code is None else of_place[code]
    return cells


def coverage(cursor: duckdb.DuckDBPyConnection) -> dict[Stream, list[Covered]]:
    """Read the coverage of each stream."""
    found: dict[Stream, list[Covered]] = {stream: [] for stream in Stream}
    for stream, start, end, *inputs in cursor.execute(duckdb_sql.SELECT_COVERAGE).fetchall():
        found[Stream(stream)].append(Covered(from_us(start), from_us(end), Run(*inputs)))
    return {stream: joined(stretches) for stream, stretches in found.items()}


def journal(cursor: duckdb.DuckDBPyConnection) -> list[JournalEntry]:
    """Read the journal."""
    rows = cursor.execute(duckdb_sql.SELECT_JOURNAL).fetchall()
    return [JournalEntry(number, from_us(takes_effect), text) for number, takes_effect, text in rows]


def put_entry(cursor: duckdb.DuckDBPyConnection, entry: JournalEntry) -> None:
    """Write an entry of the journal in place of the one with its number, if any."""
    cursor.execute(duckdb_sql.DELETE_ENTRY, {"number": entry.number})
    row = {"number": entry.number, "takes_effect": to_us(entry.takes_effect), "entry": entry.text}
    cursor.execute(duckdb_sql.INSERT_ENTRY, row)


def insert(cursor: duckdb.DuckDBPyConnection, stream: Stream, rows: pa.Table, encoder: Encoder) -> None:
    """Insert rows into a stream's table. `rows` has the stream's Arrow schema."""
    if len(rows):
        cursor.register("batch", encoder.encoded(cursor, stream, rows))
        cursor.execute(SQL[stream].insert)
        cursor.unregister("batch")


def scan(cursor: duckdb.DuckDBPyConnection, stream: Stream, start_us: int, end_us: int) -> pa.Table:
    """The rows of a stream in [start, end), ordered by (time, key), as the batches of `Store.scan` are.

    The cursor must be in a transaction.
    """
    return select(cursor, stream, start_us, end_us, codes={})


def select(
    cursor: duckdb.DuckDBPyConnection, stream: Stream, start_us: int, end_us: int, *, codes: Codes
) -> pa.Table:
    """The rows of `scan` that have one of `codes` in each of its columns."""
    sql = SQL[stream].scan + "".join(f' AND "{name}" IN (SELECT unnest(${name}))' for name in codes)
    bounds = {"start": start_us, "end": end_us}
    found = cursor.sql(sql, params={**bounds, **codes}).to_arrow_table()
    return _in_order(cursor, stream, found)


def _in_order(cursor: duckdb.DuckDBPyConnection, stream: Stream, coded: pa.Table) -> pa.Table:
    rows = decoded(cursor, stream, coded.combine_chunks()).cast(arrow_schema(stream))
    return ordered(stream, rows) if len(rows) else rows


def replace_covered(cursor: duckdb.DuckDBPyConnection, stream: Stream, whole: Covered) -> None:
    """Replace the stored coverage within the interval of `whole` by `whole`."""
    interval = {"stream": stream, "start": to_us(whole.start), "end": to_us(whole.end)}
    cursor.execute(duckdb_sql.DELETE_COVERED, interval)
    cursor.execute(duckdb_sql.INSERT_COVERED, {**interval, "run_id": whole.run.run_id})
