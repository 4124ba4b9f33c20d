"""Copying a DuckDB file consistently while it is in use."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import StoreUnavailable

if TYPE_CHECKING:
    import duckdb

    from storage.duckdb_connection import DuckDBConnection


def copy_database(database: DuckDBConnection, path: Path) -> None:
    """Copy into the new file `path`, and create its parent folders. Leaves no partial copy after a failure.

    Raises FileExistsError if `path` exists, `StoreUnavailable` if it can't be written.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with database.reading() as cursor:
            _copy(cursor, partial)
        # Fails if another process has created the file since; `replace` would overwrite it.
        path.touch(exist_ok=False)
        partial.replace(path)
    except OSError as error:
        raise StoreUnavailable(f"{path} can't be written: {error.strerror}") from error
    finally:
        _remove(partial, partial.with_name(partial.name + ".wal"))


def _copy(cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
    alias = f"copy_{secrets.token_hex(4)}"
    ((name,),) = cursor.execute("SELECT current_database()").fetchall()
    source = '"' + name.replace('"', '""') + '"'
    cursor.execute(f"ATTACH $path AS {alias}", {"path": str(path)})
    try:
        cursor.execute(f"COPY FROM DATABASE {source} TO {alias}")
    finally:
        cursor.execute(f"DETACH {alias}")


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
