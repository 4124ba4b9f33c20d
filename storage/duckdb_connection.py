"""The connection to one DuckDB file: cursors for many readers, transactions, reopening after a fatal error.

Closing waits for running reads. DuckDB's errors are raised as those of `storage.errors`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from storage.duckdb_file import open_database, translated
from storage.errors import StoreError, StoreUnavailable

READERS_GRACE_S = 5.0
"""How long closing waits for running reads."""


class DuckDBConnection:
    """The file at `path`, opened, and created if missing. Raises what `open_database` does.

    `load` is called with a cursor each time the file is opened; opening raises what `load` raises.
    """

    def __init__(self, path: Path, load: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
        self.path = path
        self.write_lock = threading.RLock()
        """Held while writing, so that there is one writer."""
        self._load = load
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._closed = self._broken = False
        self._readers = 0
        self._reader_left = threading.Condition()
        self._open()

    @property
    def is_usable(self) -> bool:
        """Whether the connection is open, and had no fatal error since the file was opened."""
        return not (self._closed or self._broken)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor. Raises `StoreUnavailable` once the connection is closed."""
        self._reopen()
        with self._reader_left:
            if self._closed or self._connection is None:
                raise StoreUnavailable(f"{self.path} is closed")
            cursor = self._connection.cursor()
            self._readers += 1
        try:
            yield cursor
        except duckdb.Error as error:
            # After a fatal error DuckDB refuses everything until the file is opened again.
            self._broken = self._broken or isinstance(error, duckdb.FatalException)
            raise translated(self.path, error) from error
        finally:
            cursor.close()
            with self._reader_left:
                self._readers -= 1
                self._reader_left.notify_all()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction, which the block's end commits and an exception rolls back."""
        with self.reading() as cursor:
            cursor.begin()
            yield cursor
            cursor.commit()

    def close(self) -> None:
        """Close when the running write and reads have ended; after `READERS_GRACE_S` at the latest."""
        with self.write_lock:
            with self._reader_left:
                self._closed = True
            self._disconnect()

    def _open(self) -> None:
        self._connection = open_database(self.path)
        self._broken = False
        try:
            with self.reading() as cursor:
                self._load(cursor)
        except StoreError:
            self._broken = True
            self._drop()
            raise

    def _reopen(self) -> None:
        """Open the file again if a fatal error has made the connection useless."""
        if self._broken and not self._closed:
            with self.write_lock:
                if self._broken:
                    self._disconnect()
                    self._open()

    def _disconnect(self) -> None:
        with self._reader_left:
            self._reader_left.wait_for(lambda: not self._readers, READERS_GRACE_S)
            self._drop()

    def _drop(self) -> None:
        """Close DuckDB's connection and forget it.

        A closed store may stay referenced until the interpreter ends: FastAPI caches endpoints, and ours know
        the store. A connection object that is alive then makes DuckDB's binding report leaks.
        """
        if self._connection is not None:
            self._connection.close()
            self._connection = None
