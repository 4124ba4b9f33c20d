"""Writing records into a table of rows, as upserts by version.

Two records are the same if time, dimensions and measure name are equal. A record with a higher version
replaces the stored one; with the same version and values it changes nothing; otherwise it is rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from services.timestream_local.catalog import SINGLE_MEASURES, Column, Role, Table
from services.timestream_local.types import Type, physical
from services.timestream_local.writing.recent_records import RecentRecords
from services.timestream_local.writing.record_batch import Batch, Columns, Rejection

ARROW = {
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
}
SAME_VERSION = (
    "A record already exists with the same time, dimensions, measure name, and record version. A higher "
    "record version must be specified in order to update the measure value. Specifying record version is "
    "supported by the latest SDKs."
)
LOWER_VERSION = (
    "The record version {version} is lower than the existing version {existing}. A higher version is "
    "required to update the measure value."
)
MOST_COLUMNS: dict[Role, int] = {"dimension": 128, "measure": 1024}
"""The most columns of a table, from Timestream's page "Quotas"."""
MOST_NAMES = 8192
"""The most measure names of a table, from the same page."""
TOO_MANY = "The table has {most} columns of the role {role}, the most that AWS allows."
OTHER_TYPE = "The column {name} exists with another data type or role: {role}, {type}."


@dataclass(slots=True)
class Rows:
    """The records of several requests for one table, as columns of equal length.

    `origin` is the batch of each row, and the record's index in the batch's request.
    """

    batches: Sequence[Batch]
    origin: list[tuple[Batch, int]]
    time: list[int]
    measure_name: list[str]
    version: list[int]
    dimensions: Columns
    measures: Columns

    @classmethod
    def of(cls, batches: Sequence[Batch]) -> Rows:
        """The rows of these batches, in their order."""
        return cls(
            batches,
            [(batch, index) for batch in batches for index in batch.index],
            [time for batch in batches for time in batch.time],
            [name for batch in batches for name in batch.measure_name],
            [version for batch in batches for version in batch.version],
            _joined([(batch.dimensions, len(batch.index)) for batch in batches]),
            _joined([(batch.measures, len(batch.index)) for batch in batches]),
        )

    def reject(self, row: int, reason: str, existing: int | None = None) -> None:
        """Reject the record of a row, in the batch of its request."""
        batch, index = self.origin[row]
        batch.rejected[index] = Rejection(reason, existing)

    def waiting(self) -> list[int]:
        """The indices of the rows that aren't rejected."""
        return [row for row, (batch, index) in enumerate(self.origin) if index not in batch.rejected]


def _joined(parts: Sequence[tuple[Columns, int]]) -> Columns:
    """Concatenate columns by name, NULL for the rows of a part that lacks the column."""
    names = {name: None for columns, _ in parts for name in columns}
    joined: Columns = {}
    for name in names:
        joined[name] = column = []
        for columns, rows in parts:
            column.extend(columns.get(name) or [None] * rows)
    return joined


def add_missing_columns(table: Table, rows: Rows, *, strict: bool = False) -> tuple[Column, ...]:
    """The columns that a table lacks for these rows.

    Rejects the rows whose values have another type or role than the table's column. Where two requests bring
    the same new name with different types, the first one decides, and the other's rows are rejected. So are
    rows whose columns would exceed AWS's quotas, if they are `strict`.
    """
    known = {column.name: column for column in table.columns}
    new: list[Column] = []

    def fit(batch: Batch, wanted: Column, values: Sequence[object]) -> None:
        column = known.get(wanted.name)
        if column is None and strict and _is_full(known.values(), wanted.role):
            _reject(batch, values, TOO_MANY.format(most=MOST_COLUMNS[wanted.role], role=wanted.role))
            return
        if column is None:
            column = known[wanted.name] = wanted
            new.append(wanted)
        if (column.role, column.type) != (wanted.role, wanted.type):
            _reject_column(batch, column, values)

    for batch in rows.batches:
        for name, values in batch.dimensions.items():
            fit(batch, Column(name, "dimension", Type.VARCHAR, f"c{len(known)}"), values)
        for name, values in batch.measures.items():
            kind = SINGLE_MEASURES.get(name) or batch.kinds[name]
            fit(batch, Column(name, "measure", kind, f"c{len(known)}"), values)
    return tuple(new)


def reject_names(rows: Rows, known: set[str]) -> None:
    """Reject rows with a new measure name once `known` has the most of a table; add the others to it."""
    for row in rows.waiting():
        name = rows.measure_name[row]
        if name not in known and len(known) >= MOST_NAMES:
            rows.reject(row, f"The table has {MOST_NAMES} measure names, the most that AWS allows.")
        else:
            known.add(name)


def _reject_column(batch: Batch, column: Column, values: Sequence[object]) -> None:
    """Reject the rows of a request that have a value in a column of another type or role."""
    reason = OTHER_TYPE.format(name=column.name, role=column.role, type=column.type.value)
    _reject(batch, values, reason)


def _is_full(columns: Iterable[Column], role: Role) -> bool:
    return sum(column.role == role for column in columns) >= MOST_COLUMNS[role]


def _reject(batch: Batch, values: Sequence[object], reason: str) -> None:
    """Reject the rows of a request that have a value in a column."""
    for index, value in zip(batch.index, values, strict=True):
        if value is not None:
            batch.rejected[index] = Rejection(reason)


def write_rows(cursor: duckdb.DuckDBPyConnection, table: Table, rows: Rows, recent: RecentRecords) -> None:
    """Write the rows that aren't rejected, inside the current transaction, and note them in `recent`.

    Requests that are committed together may hold the same record several times. One SQL statement sees the
    table as it was before, so that two versions of a record in it would both be inserted. So the rows go in
    rounds without duplicates, each of which sees what the one before has written.
    """
    identities = _identities(table, rows)
    names = tuple(column.name for column in table.dimensions)
    for unique in _rounds(identities, rows.waiting()):
        times = [rows.time[row] for row in unique]
        hashes = [hash(identities[row]) for row in unique]
        is_new = recent.lack(names, min(times), hashes)
        _write_unique(cursor, table, rows, unique, is_new=is_new)
        recent.add(names, max(times), hashes)


def _identities(table: Table, rows: Rows) -> list[tuple[object, ...]]:
    """The time, measure name and dimensions of each row."""
    missing = [None] * len(rows.time)
    dimensions = [rows.dimensions.get(column.name, missing) for column in table.dimensions]
    return list(zip(rows.time, rows.measure_name, *dimensions, strict=True))


def _rounds(identities: Sequence[tuple[object, ...]], waiting: Sequence[int]) -> Iterator[list[int]]:
    """Split rows into rounds without duplicates: first occurrences, second occurrences, and so on."""
    while waiting:
        seen: dict[tuple[object, ...], int] = {}
        for row in waiting:
            seen.setdefault(identities[row], row)
        yield list(seen.values())
        if len(seen) == len(waiting):
            return
        first = set(seen.values())
        waiting = [row for row in waiting if row not in first]


def _write_unique(
    cursor: duckdb.DuckDBPyConnection, table: Table, rows: Rows, unique: Sequence[int], *, is_new: bool
) -> None:
    """Write rows without duplicates. `is_new`: the table holds none of them."""
    incoming = _arrow(table, rows, unique)
    if is_new:
        # A registered table would be a view, a third of the cost. The columns are the file's, in its order.
        cursor.from_arrow(incoming.drop_columns(["row"])).insert_into(table.physical_name)
        return
    cursor.register("incoming", incoming)
    try:
        dropped, replaced = _compare(cursor, table, rows, unique)
        if replaced:
            cursor.execute(
                f"DELETE FROM {table.physical_name} AS d USING incoming AS n "
                f"WHERE list_contains(?, n.row) AND {_same_record(table)}",
                [replaced],
            )
        kept = "WHERE NOT list_contains(?, row)" if dropped else ""
        names = ", ".join(incoming.column_names[1:])
        cursor.execute(
            f"INSERT INTO {table.physical_name} ({names}) SELECT {names} FROM incoming {kept}",
            [dropped] if dropped else [],
        )
    finally:
        cursor.unregister("incoming")


def _arrow(table: Table, rows: Rows, unique: Sequence[int]) -> pa.Table:
    """The rows in Arrow: `row`, `time`, `measure_name`, `version`, then the table's columns in order."""
    everything = len(unique) == len(rows.origin)
    names, arrays = ["row"], [pa.array(unique, pa.int64())]

    def add(name: str, values: Sequence[object], kind: pa.DataType) -> None:
        chosen = values if everything else [values[row] for row in unique]
        names.append(name)
        arrays.append(pa.array(chosen, kind))

    add("time", rows.time, pa.int64())
    add("measure_name", rows.measure_name, pa.string())
    add("version", rows.version, pa.int64())
    for column in table.columns:
        values = (rows.dimensions if column.role == "dimension" else rows.measures).get(column.name)
        if values is not None:
            add(column.physical_name, values, ARROW[physical(column.type)])
        else:
            names.append(column.physical_name)
            arrays.append(pa.nulls(len(unique), ARROW[physical(column.type)]))
    return pa.table(arrays, names)


def _compare(
    cursor: duckdb.DuckDBPyConnection, table: Table, rows: Rows, unique: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Compare rows with the stored records of the same identity.

    Return the rows not to insert (rejected, or equal to what is stored), and those that replace an older
    version. Rows without a stored record are in neither.
    """
    same = " AND ".join(_equal(column) for column in table.measures) or "true"
    times = [rows.time[row] for row in unique]
    found = cursor.execute(
        f"SELECT n.row, d.version, {same} FROM incoming AS n JOIN {table.physical_name} AS d "
        f"ON {_same_record(table)} WHERE d.time BETWEEN ? AND ?",
        [min(times), max(times)],
    ).fetchall()
    dropped, replaced = [], []
    for row, existing, unchanged in found:
        version = rows.version[row]
        if version > existing:
            replaced.append(row)
            continue
        dropped.append(row)
        if version < existing:
            rows.reject(row, LOWER_VERSION.format(version=version, existing=existing), existing)
        elif not unchanged:
            rows.reject(row, SAME_VERSION, existing)
    return dropped, replaced


def _same_record(table: Table) -> str:
    """The condition that row `d` of a table and row `n` of `incoming` have the same identity."""
    return " AND ".join(
        ("d.time = n.time", "d.measure_name = n.measure_name", *map(_equal, table.dimensions))
    )


def _equal(column: Column) -> str:
    """The condition that `d` and `n` agree in a column. A column that a record lacks is NULL, and counts."""
    return f"d.{column.physical_name} IS NOT DISTINCT FROM n.{column.physical_name}"
