"""The connection to one DuckDB file: cursors for many readers, transactions, a new start after a fatal error.

Closing waits for the reads in hand. DuckDB's errors come out as those of `storage.errors`.
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
"""How long closing waits for reads in hand."""


class DuckDBConnection:
    """The file at `path`, open, made where there is none. See `open_database` for what it may raise.

    `load` is called with a cursor whenever the file has been opened; what it raises, opening raises.
    """

    def __init__(self, path: Path, load: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
        self.path = path
        self.write_lock = threading.RLock()
        """To be held by who writes, so that there is one."""
        self._load = load
        self._closed = self._broken = False
        self._readers = 0
        self._reader_left = threading.Condition()
        self._open()

    @property
    def is_usable(self) -> bool:
        """Whether the connection isn't closed, and has had no fatal error since the file was opened."""
        return not (self._closed or self._broken)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor. Raises `StoreUnavailable` where the connection is closed."""
        self._reopen()
        with self._reader_left:
            if self._closed:
                raise StoreUnavailable(f"{self.path} is closed")
            cursor = self._connection.cursor()
            self._readers += 1
        try:
            yield cursor
        except duckdb.Error as error:
            # After a fatal error DuckDB refuses everything until the file is opened anew.
            self._broken = self._broken or isinstance(error, duckdb.FatalException)
            raise translated(self.path, error) from error
        finally:
            cursor.close()
            with self._reader_left:
                self._readers -= 1
                self._reader_left.notify_all()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction, committed at the end; an error or a closed cursor rolls it back."""
        with self.reading() as cursor:
            cursor.begin()
            yield cursor
            cursor.commit()

    def close(self) -> None:
        """Close it once nobody writes or reads any more, or those who read have had their time."""
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
            self._connection.close()
            raise

    def _reopen(self) -> None:
        """Open the file anew where a fatal error has made the connection useless."""
        if self._broken and not self._closed:
            with self.write_lock:
                if self._broken:
                    self._disconnect()
                    self._open()

    def _disconnect(self) -> None:
        with self._reader_left:
            self._reader_left.wait_for(lambda: not self._readers, READERS_GRACE_S)
            self._connection.close()
