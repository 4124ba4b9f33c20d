"""Opening a DuckDB file as a store, and translating DuckDB's errors to those of `storage.errors`.

A file that isn't a store, or has another schema version, is refused before anything is written to it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from storage.duckdb_sql import (
    COLUMNS,
    CREATE_ALL,
    CREATE_JOURNAL,
    EXPECTED_COLUMNS,
    INSERT_META,
    SELECT_META,
    TABLES,
)
from storage.errors import StoreError, StoreHeld, StoreInvalid, StoreUnavailable

FORMAT = "bus-simulator"
SCHEMA_VERSION = 2
MAGIC = slice(8, 12)
SNAPSHOT_HINT = "choose another --store, or read a copy of it: `bus-simulator snapshot -o FILE`"
OTHER_HINT = "choose another --store"


def open_database(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the store at `path`, and create it and its parent folders if missing.

    Raises `StoreHeld` if a process (also this one) has it open, `StoreInvalid` if the file is damaged, isn't
    a store or has another schema version, `StoreUnavailable` if it can't be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        exists = path.exists()
        if exists:
            _check_header(path)
    except OSError as error:
        raise StoreUnavailable(f"{path} can't be opened: {error.strerror}") from error
    with opening(path):
        if exists:
            # Opened for writing, DuckDB may change a file before it is known to be a store.
            with duckdb.connect(path, read_only=True) as probe:
                exists = recognise(probe, path)
        # DuckDB shares a file between connections of a process if their settings are equal. With a unique
        # setting it refuses the second one, as it does for another process.
        connection = duckdb.connect(path, config={"custom_user_agent": secrets.token_hex(8)})
        try:
            connection.execute("SET GLOBAL TimeZone = 'UTC'")
            if exists:
                connection.execute(CREATE_JOURNAL)  # files of earlier versions have no journal
            else:
                _create(connection)
        except duckdb.Error:
            connection.close()
            raise
    return connection


def recognise(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Return True for a store, False for a database without tables. Raise `StoreInvalid` for others."""
    tables = {name for (name,) in connection.execute(TABLES).fetchall()}
    if not tables:
        return False
    foreign = f"{path} is a DuckDB database of another program; {OTHER_HINT}"
    columns = set(connection.execute(COLUMNS).fetchall())
    if {name for table, name, _ in columns if table == "store_meta"} != {"format", "schema_version"}:
        raise StoreInvalid(foreign)
    meta = connection.execute(SELECT_META).fetchall()
    if len(meta) != 1 or meta[0][0] != FORMAT:
        raise StoreInvalid(foreign)
    _check_version(path, meta[0][1])
    if EXPECTED_COLUMNS - columns:
        raise StoreInvalid(f"{path} lacks tables or columns of a store; {OTHER_HINT}")
    return True


def _check_version(path: Path, version: int) -> None:
    if version > SCHEMA_VERSION:
        raise StoreInvalid(
            f"{path} has schema version {version}, this program knows {SCHEMA_VERSION}: "
            f"a newer bus-simulator made it; upgrade, or {OTHER_HINT}"
        )
    if version < SCHEMA_VERSION:
        raise StoreInvalid(
            f"{path} has schema version {version}, this program needs {SCHEMA_VERSION}: an older "
            f"bus-simulator made it; {OTHER_HINT}, or remove it and run `bus-simulator backfill` again"
        )


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(MAGIC.stop)
    if header[MAGIC] != b"DUCK":
        what = "is not a DuckDB database;" if header else "is empty: remove it, or"
        raise StoreInvalid(f"{path} {what} {OTHER_HINT}")


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.begin()
    for statement in CREATE_ALL:
        connection.execute(statement)
    connection.execute(INSERT_META, {"format": FORMAT, "version": SCHEMA_VERSION})
    connection.commit()


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Raise DuckDB's errors as the store's while a file is opened."""
    try:
        yield
    except duckdb.Error as error:
        text = str(error)
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", text)
        if holder:
            message = f"{path} is held by process {holder[2]} ({holder[1]}); {SNAPSHOT_HINT}"
            raise StoreHeld(message) from error
        if "same database file" in text:
            raise StoreHeld(f"{path} is open already in this process") from error
        if re.search(r"Cannot open file|Could not (set lock|write)|No space left", text):
            raise StoreUnavailable(f"{path} can't be opened: {_first_line(error)}") from error
        raise StoreInvalid(
            f"{path} is damaged or not readable: {_first_line(error)}; {OTHER_HINT}"
        ) from error


def translated(path: Path, error: duckdb.Error) -> StoreError:
    """Return the `StoreError` for an error of DuckDB in an open store."""
    text = str(error)
    if re.search(r"No space left|File too large|Could not write|quota", text, re.IGNORECASE):
        return StoreUnavailable(f"{path}: no room to write; nothing of this was kept: {_first_line(error)}")
    if re.search(r"[Cc]orrupt|checksum|deserializ", text):
        return StoreInvalid(f"{path} is damaged: {_first_line(error)}")
    return StoreUnavailable(f"{path}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
