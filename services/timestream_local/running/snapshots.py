"""What queries see where a write becomes visible only some time later, as on AWS.

Before each commit of records a read transaction is opened, which keeps seeing the file as it was before. A
query uses the oldest one whose commit is not old enough yet.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

import duckdb

from services.timestream_local.catalog import Catalog
from services.timestream_local.types import Stored

STEPS = 20
"""How many snapshots cover the delay at most: a write may become visible a twentieth of it later."""
CURSORS = 3
"""How many failing queries a snapshot outlives."""


@dataclass(slots=True)
class Snapshot:
    """The catalog and the file before a commit at `ends_s`. Only the thread with `lock` uses its cursors.

    An error ends a cursor's transaction. So there are several.
    """

    catalog: Catalog
    cursors: list[duckdb.DuckDBPyConnection]
    ends_s: float
    queries: int = 0
    expired: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """The cursor that reads."""
        return self.cursors[-1]

    def rows(self, sql: str) -> list[tuple[Stored, ...]]:
        """All rows of a query in DuckDB's SQL."""
        try:
            return self.cursor.execute(sql).fetchall()
        except duckdb.Error:
            self.cursors.pop().close()
            raise

    def close_unused(self) -> None:
        """Close an expired snapshot that no query uses."""
        if self.expired and not self.queries:
            for cursor in self.cursors:
                cursor.close()


class Snapshots:
    """Keeps what queries see until `delay_s` after each commit; nothing with a delay of zero."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        delay_s: float,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._connection, self._catalog = connection, catalog
        self._delay_s, self._now_s = delay_s, now_s
        self._kept: deque[Snapshot] = deque()
        self._lock = threading.Lock()

    @property
    def delayed(self) -> bool:
        """Whether writes become visible late."""
        return bool(self._delay_s)

    def take(self) -> None:
        """Keep the present state, just before records are committed."""
        if not self._delay_s:
            return
        now_s = self._now_s()
        with self._lock:
            self._drop(now_s - self._delay_s)
            if self._kept and now_s < self._kept[-1].ends_s + self._delay_s / STEPS:
                return
            cursors = [self._begun() for _ in range(CURSORS)]
            self._kept.append(Snapshot(self._catalog.copy(), cursors, now_s))

    def _begun(self) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        cursor.begin()
        cursor.execute("SELECT format FROM meta").fetchall()  # the transaction begins with its first read
        return cursor

    @contextmanager
    def visible(self) -> Iterator[Snapshot | None]:
        """What a query may see, for the time of the block; None for the present state."""
        with self._lock:
            self._drop(self._now_s() - self._delay_s)
            found = next((each for each in self._kept if each.cursors), None)
            if found is not None:
                found.queries += 1
        if found is None:
            yield None
            return
        try:
            with found.lock:
                yield found
        finally:
            with self._lock:
                found.queries -= 1
                found.close_unused()

    def clear(self) -> None:
        """Make everything visible."""
        with self._lock:
            self._drop(math.inf)

    def _drop(self, until_s: float) -> None:
        while self._kept and self._kept[0].ends_s <= until_s:
            old = self._kept.popleft()
            old.expired = True
            old.close_unused()
