"""The endpoint's DuckDB file: the catalog, and a table of rows for each Timestream table.

DuckDB is configured so that a query can't access other files, load extensions or change settings.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

from services.timestream_local.catalog import Catalog, Column, Database, Table
from services.timestream_local.scheduled.definition import ScheduledQuery
from services.timestream_local.types import JsonObject, Type, physical
from storage.errors import StoreHeld, StoreInvalid, StoreUnavailable

Cursor: TypeAlias = duckdb.DuckDBPyConnection
FORMAT, VERSION = "bus-simulator timestream-local", 1
Settings: TypeAlias = dict[str, str | bool | int | float | list[str]]
LOCKED_DOWN: Settings = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_community_extensions": "false",
    "error_on_division_by_zero": "true",
    # Late materialization finds the newest row by a join of the table with itself, which is slower here.
    "late_materialization_max_rows": 0,
}
CREATE = """
CREATE TABLE meta (format VARCHAR, version INTEGER);
CREATE SEQUENCE table_ids;
CREATE TABLE databases (name VARCHAR, kms_key VARCHAR, created DOUBLE, updated DOUBLE);
CREATE TABLE tables (id INTEGER, database VARCHAR, name VARCHAR, memory_hours INTEGER,
  magnetic_days INTEGER, magnetic VARCHAR, schema VARCHAR, created DOUBLE, updated DOUBLE);
CREATE TABLE columns (table_id INTEGER, position INTEGER, name VARCHAR, role VARCHAR, type VARCHAR,
  place VARCHAR);
CREATE TABLE tags (arn VARCHAR, key VARCHAR, value VARCHAR);
"""
CREATE_LATER = """
CREATE TABLE IF NOT EXISTS scheduled_queries (arn VARCHAR, document VARCHAR);
CREATE TABLE IF NOT EXISTS load_tasks (id VARCHAR, document VARCHAR);
"""
"""What files of earlier releases lack."""


def open_database(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the file at `path`, and create it if missing.

    Raises `StoreHeld` if a process has it open, `StoreInvalid` if it is another program's or damaged, and
    `StoreUnavailable` if it can't be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A query uses half of the cores, which leaves the others to writes and other queries.
        threads = max((os.cpu_count() or 1) // 2, 1)
        own: Settings = {"threads": threads, "custom_user_agent": secrets.token_hex(8)}
        connection = duckdb.connect(path, config=LOCKED_DOWN | own)
    except OSError as error:
        raise StoreUnavailable(f"{path} can't be opened: {error.strerror}") from error
    except duckdb.Error as error:
        raise _refusal(path, error) from error
    try:
        _recognise(connection, path)
        connection.execute(CREATE_LATER)
        connection.execute("SET lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection


def _refusal(path: Path, error: duckdb.Error) -> StoreUnavailable | StoreInvalid:
    text = str(error).partition("\n")[0]
    if "lock on file" in text or "same database file" in text:
        return StoreHeld(f"{path} is held by another process: {text}")
    if "annot open file" in text or "No space left" in text:
        return StoreUnavailable(f"{path} can't be opened: {text}")
    return StoreInvalid(f"{path} is not a DuckDB database, or damaged: {text}; choose another --store")


def _recognise(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        connection.begin()
        connection.execute(CREATE)
        connection.execute("INSERT INTO meta VALUES (?, ?)", [FORMAT, VERSION])
        connection.commit()
        return
    meta = connection.execute("SELECT format, version FROM meta").fetchall() if "meta" in tables else []
    if meta != [(FORMAT, VERSION)]:
        raise StoreInvalid(
            f"{path} is a database of another program or version; choose another --store: "
            "the endpoint needs its own file"
        )


def load(cursor: Cursor) -> Catalog:
    """Read the catalog from the file."""
    catalog = Catalog()
    for name, kms_key, created, updated in cursor.execute("FROM databases").fetchall():
        catalog.databases[name] = Database(name, kms_key, created, updated)
    columns: dict[int, list[Column]] = {}
    listed = "SELECT table_id, name, role, type, place FROM columns ORDER BY table_id, position"
    for table_id, name, role, kind, physical_name in cursor.execute(listed).fetchall():
        columns.setdefault(table_id, []).append(Column(name, role, Type(kind), physical_name))
    for row in cursor.execute("FROM tables").fetchall():
        number, database, name, hours, days, magnetic, schema, created, updated = row
        table = Table(
            number,
            database,
            name,
            hours,
            days,
            json.loads(magnetic),
            json.loads(schema),
            created,
            updated,
            tuple(columns.get(number, ())),
        )
        catalog.tables[table.database, table.name] = table
    for arn, document in cursor.execute("FROM scheduled_queries").fetchall():
        catalog.scheduled[arn] = ScheduledQuery(**_fields(json.loads(document)))
    for arn, key, value in cursor.execute("FROM tags").fetchall():
        catalog.tags.setdefault(arn, {})[key] = value
    return catalog


def save_database(cursor: Cursor, database: Database) -> None:
    """Write a new or changed database."""
    cursor.execute("DELETE FROM databases WHERE name = ?", [database.name])
    values = [database.name, database.kms_key, database.created, database.updated]
    cursor.execute("INSERT INTO databases VALUES (?, ?, ?, ?)", values)


def drop_database(cursor: Cursor, name: str) -> None:
    """Delete a database from the catalog's tables."""
    cursor.execute("DELETE FROM databases WHERE name = ?", [name])


def next_table_id(cursor: Cursor) -> int:
    """A number that no table has had, not even a deleted one."""
    (number,) = cursor.execute("SELECT nextval('table_ids')").fetchall()[0]
    return int(number)


def create_rows(cursor: Cursor, table: Table) -> None:
    """Create the DuckDB table for a table's rows. `time` is nanoseconds since the epoch."""
    cursor.execute(
        f"CREATE TABLE {table.physical_name} "
        "(time BIGINT NOT NULL, measure_name VARCHAR NOT NULL, version BIGINT NOT NULL)"
    )


def save_table(cursor: Cursor, table: Table) -> None:
    """Write the properties of a new or changed table."""
    cursor.execute("DELETE FROM tables WHERE id = ?", [table.id])
    described = [json.dumps(dict(table.magnetic)), json.dumps(dict(table.schema))]
    values = [table.id, table.database, table.name, table.memory_hours, table.magnetic_days]
    cursor.execute(
        "INSERT INTO tables VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [*values, *described, table.created, table.updated],
    )


def drop_table(cursor: Cursor, table: Table) -> None:
    """Delete a table with its rows and columns."""
    cursor.execute(f"DROP TABLE {table.physical_name}")
    cursor.execute("DELETE FROM tables WHERE id = ?", [table.id])
    cursor.execute("DELETE FROM columns WHERE table_id = ?", [table.id])


def add_columns(cursor: Cursor, table: Table, columns: tuple[Column, ...]) -> None:
    """Add columns to a table."""
    for position, column in enumerate(columns, len(table.columns)):
        definition = f"{column.physical_name} {physical(column.type)}"
        cursor.execute(f"ALTER TABLE {table.physical_name} ADD COLUMN {definition}")
        values = [table.id, position, column.name, column.role, column.type.value, column.physical_name]
        cursor.execute("INSERT INTO columns VALUES (?, ?, ?, ?, ?, ?)", values)


def _fields(document: dict[str, Any]) -> dict[str, Any]:
    """A document's members as those of a scheduled query, whose failed runs are a tuple."""
    return document | {"failed": tuple(document["failed"])}


def save_scheduled(cursor: Cursor, query: ScheduledQuery) -> None:
    """Write a new or changed scheduled query."""
    drop_scheduled(cursor, query.arn)
    cursor.execute("INSERT INTO scheduled_queries VALUES (?, ?)", [query.arn, json.dumps(asdict(query))])


def drop_scheduled(cursor: Cursor, arn: str) -> None:
    """Delete a scheduled query."""
    cursor.execute("DELETE FROM scheduled_queries WHERE arn = ?", [arn])


def load_tasks(cursor: Cursor) -> list[dict[str, Any]]:
    """The documents of all batch load tasks."""
    return [json.loads(text) for (text,) in cursor.execute("SELECT document FROM load_tasks").fetchall()]


def save_load_task(cursor: Cursor, task_id: str, document: JsonObject) -> None:
    """Write a new or changed batch load task."""
    cursor.execute("DELETE FROM load_tasks WHERE id = ?", [task_id])
    cursor.execute("INSERT INTO load_tasks VALUES (?, ?)", [task_id, json.dumps(document)])


def save_tags(cursor: Cursor, arn: str, tags: dict[str, str]) -> None:
    """Replace the tags of one resource."""
    cursor.execute("DELETE FROM tags WHERE arn = ?", [arn])
    for key, value in tags.items():
        cursor.execute("INSERT INTO tags VALUES (?, ?, ?)", [arn, key, value])
