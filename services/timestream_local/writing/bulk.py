"""Rows of whole tables straight into the file, without requests: history, a hundred times faster.

The result is what WriteRecords stores for the same rows. Only this process may have the file open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from services.timestream_local import database
from services.timestream_local.catalog import Column, Table
from services.timestream_local.types import Type, physical
from services.timestream_local.writing.upserts import ARROW

if TYPE_CHECKING:
    from services.timestream_local.writing.writer import Writer

NS_A_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table and measure name. `time` is in milliseconds; the other columns are dimensions or
    measures, whose types are in `kinds`. `window` is [start, end) in milliseconds.
    """

    rows: pa.Table
    dimensions: Collection[str]
    kinds: Mapping[str, Type]
    measure_name: str
    window: tuple[int, int]


def insert(writer: Writer, key: tuple[str, str], rows: Rows) -> None:
    """Replace what a table holds in the window by rows, in one commit; return after it."""
    if not len(rows.rows):
        return

    def add_columns(cursor: database.Cursor) -> Table:
        table = writer.catalog.table(*key)
        columns = missing_columns(table, rows)
        database.add_columns(cursor, table, columns)
        return table.with_columns(columns)

    def keep(table: Table) -> None:
        writer.catalog.tables[key] = table

    def replace(cursor: database.Cursor) -> int:
        table = writer.catalog.table(*key)
        incoming = physical_rows(table, rows)
        window = [edge * NS_A_MS for edge in rows.window]
        cursor.execute(f"DELETE FROM {table.physical_name} WHERE time >= ? AND time < ?", window)
        cursor.register("incoming", incoming)
        try:
            names = ", ".join(incoming.column_names)
            cursor.execute(f"INSERT INTO {table.physical_name} ({names}) SELECT {names} FROM incoming")
        finally:
            cursor.unregister("incoming")
        return int(pc.max(incoming.column("time")).as_py())

    writer.change(add_columns, keep).result()
    writer.change(replace, lambda newest: writer.note_newest(key, newest)).result()


def missing_columns(table: Table, rows: Rows) -> tuple[Column, ...]:
    """The columns that a table needs for rows and doesn't have; none for a column without a value."""
    known = {column.name for column in table.columns}
    names = [name for name in rows.rows.column_names if name != "time" and name not in known]
    used = [name for name in names if _values(rows.rows, name).null_count < len(rows.rows)]
    return tuple(
        Column(
            name,
            "dimension" if name in rows.dimensions else "measure",
            rows.kinds[name],
            f"c{len(known) + number}",
        )
        for number, name in enumerate(used)
    )


def physical_rows(table: Table, rows: Rows) -> pa.Table:
    """Rows with the columns of the file."""
    count = len(rows.rows)
    times = pc.multiply(_values(rows.rows, "time"), NS_A_MS)
    columns = {
        "time": times,
        "measure_name": pa.repeat(rows.measure_name, count),
        "version": pa.repeat(1, count),
    }
    for column in table.columns:
        if column.name in rows.rows.column_names:
            values = _values(rows.rows, column.name)
            if column.type is Type.TIMESTAMP:
                values = pc.multiply(values, NS_A_MS)
            columns[column.physical_name] = values.cast(ARROW[physical(column.type)])
    return pa.table(columns)


def _values(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """A column: times as milliseconds, ids as texts, an empty text as NULL, as no record can hold one."""
    values = rows.column(name)
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64())
    if pa.types.is_dictionary(values.type) or pa.types.is_string(values.type):
        texts = values.cast(pa.string())
        return pc.if_else(pc.equal(texts, ""), None, texts)
    return values
