"""The one thread that writes to the file. A request is answered after its commit.

Requests that wait at the same time are committed in one transaction, so that they share its cost: a commit
waits for the disk, and takes longer than the rows of most requests.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import duckdb

from services.timestream_local import database
from services.timestream_local.catalog import Catalog, Table
from services.timestream_local.errors import AwsError, InternalServerException
from services.timestream_local.writing.recent_records import RecentRecords
from services.timestream_local.writing.record_batch import Batch
from services.timestream_local.writing.upserts import Rows, add_missing_columns, reject_names, write_rows

log = logging.getLogger("bus_simulator.timestream")

Result = TypeVar("Result")
Change = Callable[[duckdb.DuckDBPyConnection], Result]
MOST_REQUESTS = 256
"""Requests in one commit."""
GATHER_S = 0.004
"""How long a commit waits for each of the writers that the last one has served."""


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Write:
    """A request's valid records that wait to be written into a table."""

    table: tuple[str, str]
    batch: Batch
    done: Future[None]


Job: TypeAlias = "Write | Callable[[], None] | None"
"""A write, a change, or None to end."""


class Writer:
    """Writes into the file that `connection` holds, and updates `catalog` and `newest` after each commit.

    `strict` writers hold AWS's quotas on columns. `before_commit` is called before records are committed, and
    `after_tables` after tables were created or deleted.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        *,
        strict: bool = False,
        before_commit: Callable[[], None] = nothing,
        after_tables: Callable[[], None] = nothing,
    ) -> None:
        self.catalog, self._strict = catalog, strict
        self._before_commit, self._after_tables = before_commit, after_tables
        self._cursor = connection.cursor()
        self._names: dict[tuple[str, str], set[str]] = {}
        self._newest = newest_of(self._cursor, catalog.tables.values())
        self._recent: dict[tuple[str, str], RecentRecords] = {}
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._served = 0
        self._thread = threading.Thread(target=self._run, name="timestream-writer", daemon=True)
        self._thread.start()

    def newest(self, databases: Collection[str]) -> int | None:
        """The newest time stored in these databases (all, if none is named), in ns; None without records."""
        wanted = {name.lower() for name in databases}
        known = list(self._newest.items())
        times = [time for (name, _), time in known if not wanted or name.lower() in wanted]
        return max(times, default=None)

    def forget(self, table: tuple[str, str]) -> None:
        """Forget what is known of a deleted table's records."""
        self._newest.pop(table, None)
        self._recent.pop(table, None)
        self._names.pop(table, None)

    def note_newest(self, table: tuple[str, str], time: int) -> None:
        """Note the time, in ns, of the newest of the records that a `change` has stored."""
        self._recent.pop(table, None)
        self._newest[table] = max(self._newest.get(table, 0), time)

    def write(self, table: tuple[str, str], batch: Batch) -> Future[None]:
        """Write a batch. When the future is done it is committed, and `batch.rejected` is complete."""
        done: Future[None] = Future()
        self._jobs.put(Write(table, batch, done))
        return done

    def write_with(
        self,
        table: tuple[str, str],
        batches: Sequence[Batch],
        change: Change[Result],
        keep: Callable[[Result], None],
    ) -> Future[Result]:
        """Write batches and then run `change`, both in one transaction; after the commit call `keep`.

        When `change` is called, the batches' `rejected` are complete.
        """
        done: Future[Result] = Future()

        def work() -> Result:
            answer = self._commit({table: batches} if batches else {}, change)
            keep(answer)
            return answer

        self._jobs.put(lambda: settle(done, work))
        return done

    def change(self, change: Change[Result], keep: Callable[[Result], None]) -> Future[Result]:
        """Run `change` in a transaction of its own; after the commit call `keep` to update the catalog."""
        done: Future[Result] = Future()

        def work() -> Result:
            known = set(self.catalog.tables)
            answer = self._in_transaction(change)
            keep(answer)
            if known != set(self.catalog.tables):
                self._after_tables()
            return answer

        def job() -> None:
            settle(done, work)

        self._jobs.put(job)
        return done

    def close(self) -> None:
        """Finish the waiting jobs, then end the thread."""
        self._jobs.put(None)
        self._thread.join()
        self._cursor.close()

    def _run(self) -> None:
        while True:
            jobs = self._waiting()
            writes: list[Write] = []
            for job in jobs:
                if isinstance(job, Write):
                    writes.append(job)
                    continue
                self._write_all(writes)
                writes = []
                if job is None:
                    return
                job()
            self._write_all(writes)

    def _waiting(self) -> list[Job]:
        """Wait for a job; return it and all others that wait by then, at most `MOST_REQUESTS`.

        Writers that were served together come back together. The first ones wait a little for the others,
        since a commit for each would cost more.
        """
        beside = not self._jobs.empty()
        jobs = [self._jobs.get()]
        while len(jobs) < MOST_REQUESTS:
            expected = self._served + (len(jobs) if beside else 0)
            patience = GATHER_S if len(jobs) < expected else 0.0
            try:
                jobs.append(self._jobs.get(block=patience > 0, timeout=patience or None))
            except queue.Empty:
                break
        self._served = sum(isinstance(job, Write) for job in jobs)
        return jobs

    def _write_all(self, writes: Sequence[Write]) -> None:
        """Commit writes together. If that fails, commit each alone, so that only the faulty one fails."""
        if not writes:
            return
        batches: dict[tuple[str, str], list[Batch]] = {}
        for write in writes:
            batches.setdefault(write.table, []).append(write.batch)
        try:
            self._commit(batches, lambda _cursor: None)
        except Exception as error:  # noqa: BLE001 - the thread must go on; the request gets the error
            if len(writes) > 1:
                for write in writes:
                    self._write_all([write])
                return
            writes[0].done.set_exception(_as_aws_error(error))
            return
        for write in writes:
            write.done.set_result(None)

    def _commit(self, batches: Mapping[tuple[str, str], Sequence[Batch]], change: Change[Result]) -> Result:
        """Write batches by table, and run `change`, in one transaction; return its result."""
        rows = {key: Rows.of(of_table) for key, of_table in batches.items()}
        self._before_commit()
        for key, of_table in rows.items():
            # Columns first, in transactions of their own: the catalog must never lag behind the file.
            self._add_columns(self.catalog.table(*key), of_table)
            if self._strict:
                reject_names(of_table, self.measure_names(*key))

        def both(cursor: duckdb.DuckDBPyConnection) -> Result:
            self._write_rows(cursor, rows)
            return change(cursor)

        answer = self._in_transaction(both)
        for key, of_table in rows.items():
            stored = of_table.waiting()
            if stored:
                self._newest[key] = max(self._newest.get(key, 0), *(of_table.time[row] for row in stored))
        return answer

    def _add_columns(self, table: Table, rows: Rows) -> None:
        columns = add_missing_columns(table, rows, strict=self._strict)
        if columns:
            self._in_transaction(lambda cursor: database.add_columns(cursor, table, columns))
            self.catalog.tables[table.database, table.name] = table.with_columns(columns)

    def measure_names(self, database: str, table: str) -> set[str]:
        """The measure names in a table."""
        key = database, table
        if key not in self._names:
            listed = f"SELECT DISTINCT measure_name FROM {self.catalog.table(*key).physical_name}"
            self._names[key] = {name for (name,) in self._cursor.execute(listed).fetchall()}
        return self._names[key]

    def _write_rows(self, cursor: duckdb.DuckDBPyConnection, rows: dict[tuple[str, str], Rows]) -> None:
        for key, of_table in rows.items():
            recent = self._recent.setdefault(key, RecentRecords(self._newest.get(key, -1) + 1))
            write_rows(cursor, self.catalog.table(*key), of_table, recent)

    def _in_transaction(self, change: Change[Result]) -> Result:
        self._cursor.begin()
        try:
            answer = change(self._cursor)
        except BaseException:
            self._cursor.rollback()
            raise
        self._cursor.commit()
        return answer


def settle(done: Future[Result], work: Callable[[], Result]) -> None:
    """Put the result of `work`, or its exception, into a future."""
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 - the future passes it on
        done.set_exception(_as_aws_error(error))


def newest_of(cursor: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> dict[tuple[str, str], int]:
    """The newest time stored in each table that isn't empty."""
    found = {}
    for table in tables:
        (newest,) = cursor.execute(f"SELECT max(time) FROM {table.physical_name}").fetchall()[0]
        if newest is not None:
            found[table.database, table.name] = newest
    return found


def _as_aws_error(error: Exception) -> AwsError:
    if isinstance(error, AwsError):
        return error
    log.error("write failed", exc_info=error)
    text = str(error).partition("\n")[0]
    return InternalServerException(f"The write failed, and nothing of it was kept: {text}")
