"""The connection to one DuckDB file: concurrent reads, transactions, reopening after a fatal error.

Closing waits for running reads. DuckDB's errors are raised as those of `storage.errors`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from storage.duckdb_file import open_database, translated
from storage.errors import StoreError, StoreUnavailable

MB = 2**20
BASE_MB, PER_CPU_MB, PER_BATCH = 32, 16, 8
"""Memory that DuckDB may use: a base, more for each CPU, and `PER_BATCH` times the largest batch written.

DuckDB's default is 80 % of the machine's memory, which its cache of the file's blocks fills: a running city
grew by 10 MB for each simulated day, as fast as its file. Evicted blocks are read again from the page cache.
"""
READERS_GRACE_S = 5.0
"""How long closing waits for running reads at most."""


def memory_mb(batch_bytes: int) -> int:
    """The memory in MB that DuckDB may use where the largest batch has this size as an Arrow table."""
    return BASE_MB + PER_CPU_MB * (os.cpu_count() or 1) + PER_BATCH * batch_bytes // MB


class DuckDBConnection:
    """A connection to the file at `path`, which is created if missing.

    `load` is called with a cursor each time the file is opened, to read what the caller keeps in memory.
    Raises the errors of `open_database` and of `load`.
    """

    def __init__(self, path: Path, load: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
        self.path = path
        self.write_lock = threading.RLock()
        """Held while writing. Reentrant, since a write may read and reopen the file."""
        self._load = load
        self._largest_batch = 0
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._closed = self._broken = False
        # Running reads are counted, so that closing can wait for them.
        self._readers = 0
        self._reader_left = threading.Condition()
        self._open()

    @property
    def is_usable(self) -> bool:
        """Whether the connection is open, and no fatal error occurred since the file was opened."""
        return not (self._closed or self._broken)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor for the block. Raises `StoreUnavailable` once the connection is closed."""
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
        """A cursor for the block, in a transaction that is committed at its end.

        After an exception the cursor is closed without a commit, which rolls the transaction back.
        """
        with self.reading() as cursor:
            cursor.begin()
            yield cursor
            cursor.commit()

    def make_room(self, batch_bytes: int) -> None:
        """Raise DuckDB's memory limit if no batch was as large. Call it under the write lock."""
        if memory_mb(batch_bytes) > memory_mb(self._largest_batch):
            self._largest_batch = batch_bytes
            with self.reading() as cursor:
                self._limit_memory(cursor)

    def _limit_memory(self, cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute(f"SET GLOBAL memory_limit = '{memory_mb(self._largest_batch)}MiB'")

    def close(self) -> None:
        """Close the file after the running write, and after running reads or `READERS_GRACE_S`."""
        with self.write_lock:
            with self._reader_left:
                self._closed = True
            self._disconnect()

    def _open(self) -> None:
        self._connection = open_database(self.path)
        self._broken = False
        try:
            with self.reading() as cursor:
                self._limit_memory(cursor)
                self._load(cursor)
        except StoreError:
            self._broken = True
            self._drop()
            raise

    def _reopen(self) -> None:
        """Open the file again if the connection had a fatal error."""
        if self._broken and not self._closed:
            with self.write_lock:
                # Another thread may have reopened it while this one waited for the lock.
                if self._broken:
                    self._disconnect()
                    self._open()

    def _disconnect(self) -> None:
        with self._reader_left:
            self._reader_left.wait_for(lambda: not self._readers, READERS_GRACE_S)
            self._drop()

    def _drop(self) -> None:
        """Close DuckDB's connection and delete the reference to it."""
        # A closed store may stay referenced until the interpreter ends, since FastAPI caches endpoints, which
        # refer to the store. DuckDB's binding reports a leak for each connection object that is alive then.
        if self._connection is not None:
            self._connection.close()
            self._connection = None
