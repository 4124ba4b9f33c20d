"""A store in one DuckDB file: data and coverage in one transaction, latest values from memory.

One process holds the file. No primary key guards the tables (it would cost 12 times on ingest): the
coverage, checked under the write lock, keeps every record single.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from storage import duckdb_sql
from storage.arrow_schema import arrow_schema
from storage.batch import checked, within
from storage.coverage import cut, joined, overlapping, uncovered
from storage.cursor import Position, RangeQuery, decode, encode
from storage.duckdb_file import open_database, translated
from storage.duckdb_sql import SQL
from storage.errors import StoreError, StoreUnavailable
from storage.instants import HOUR_US, from_us, to_us
from storage.newest import NewestRecords
from storage.runs import refuse_overlap
from storage.schema import RECORD_TYPES, SCHEMAS, BusPosition, Record, Stream
from storage.store import Covered, Page, Run

if TYPE_CHECKING:
    import pyarrow as pa

EVENT_REACH_US = HOUR_US
"""Where a stream has no cadence, how far back a first, bounded look for the newest record goes."""
MEMORY_SPAN = timedelta(minutes=10)
"""How much of the newest data is read into memory when a store is opened."""
ALWAYS_US = -(2**62)

Parameters = Mapping[str, str | int]
READERS_GRACE_S = 5.0
"""How long closing waits for reads in hand."""


class DuckDBStore:
    """A `Store` in the DuckDB file `path`, made where there is none. See `storage.store.Store`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_lock = threading.RLock()
        self._closed = False
        self._readers = 0
        self._reader_left = threading.Condition()
        self._doubtful = False
        self._coverage: dict[Stream, list[Covered]] = {}
        self._newest: dict[Stream, NewestRecords] = {}
        self._connect()

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        """See `Store.write`. After `StoreUnavailable` nothing of the batch is kept."""
        table = checked(stream, batch, covers)
        with self._changing():
            held = self._coverage[stream]
            refuse_overlap(held, covers, run)
            gaps = uncovered(held, *covers)
            if not gaps:
                return
            newest = self._newest_of(stream)
            rows = table if gaps == [covers] else within(table, gaps)
            coverage = joined([*held, Covered(*covers, run)])
            (whole,) = overlapping(coverage, *covers)
            with self._transaction() as cursor:
                cursor.execute(duckdb_sql.INSERT_RUN, {"run_id": run.run_id, **asdict(run)})
                _insert(cursor, stream, rows)
                _replace_covered(cursor, stream, whole)
            newest.add(rows.combine_chunks())
            self._coverage[stream] = coverage

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """See `Store.coverage`."""
        self._settle()
        return tuple(self._coverage[stream])

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """See `Store.latest`."""
        self._settle()
        self._newest_of(stream)
        return self.remembered(stream, key, now=now) or self.at(stream, key, time=now)

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        self._settle()
        self._newest_of(Stream.BUS_POSITION)
        remembered = self.remembered_of_line(line_id, since=since, now=now)
        if remembered is not None:
            return remembered
        parameters: dict[str, str | int] = {"line": line_id, "since": to_us(since), "now": to_us(now)}
        found = self._records(Stream.BUS_POSITION, SQL[Stream.BUS_POSITION].of_line, parameters)
        return [record for record in found if isinstance(record, BusPosition)]

    def remembered(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """What `latest` answers if that takes no reading of the file; None where it would."""
        memory = None if self._unsettled else self._newest.get(stream)
        newest = None if memory is None else memory.of(key)
        return newest.record() if newest is not None and newest.time_us <= to_us(now) else None

    def remembered_of_line(
        self, line_id: str, *, since: datetime, now: datetime
    ) -> Sequence[BusPosition] | None:
        """What `latest_of_line` answers if that takes no reading of the file; None where it would."""
        memory = None if self._unsettled else self._newest.get(Stream.BUS_POSITION)
        since_us, now_us = to_us(since), to_us(now)
        if memory is None or since_us < memory.horizon_us:
            return None
        rows = memory.of_line(line_id)
        if any(newest.time_us > now_us for newest, _ in rows):
            return None
        return [record for newest, record in rows if newest.time_us >= since_us]

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """See `Store.at`."""
        parameters: dict[str, str | int] = {"key": key, "time": to_us(time)}
        since = self._reach_back(stream, to_us(time))
        found = self._records(stream, SQL[stream].at_since, {**parameters, "since": since})
        found = found or self._records(stream, SQL[stream].at, parameters)
        return found[0] if found else None

    def range(
        self,
        stream: Stream,
        key: str,
        *,
        start: datetime,
        end: datetime,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Page:
        """See `Store.range`."""
        if limit < 1:
            raise ValueError(f"limit must be at least 1, got {limit}")
        query = RangeQuery(stream, key, start, end)
        names = SCHEMAS[stream].key
        after = Position(to_us(start) - 1, ("",) * len(names)) if cursor is None else decode(query, cursor)
        parameters: dict[str, str | int] = {f"after_{n}": v for n, v in zip(names, after.key, strict=True)}
        parameters |= {"key": key, "end": to_us(end), "limit": limit + 1}
        parameters |= {"start": max(to_us(start), after.time_us), "after": after.time_us}
        found = self._records(stream, SQL[stream].range, parameters)
        if len(found) <= limit:
            return Page(found, None)
        last = found[limit - 1]
        position = Position(to_us(last.time), tuple(getattr(last, name) for name in names))
        return Page(found[:limit], encode(query, position))

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """See `Store.scan`. Each table is read when it is asked for; for one state of all see `copy_to`."""
        schema = arrow_schema(stream)
        reached = to_us(start)
        for stretch in overlapping(self.coverage(stream), start, end):
            reached = max(reached, to_us(stretch.start))
            stop = min(to_us(end), to_us(stretch.end))
            while reached < stop:
                hour_end = min((reached // HOUR_US + 1) * HOUR_US, stop)
                with self._reading() as cursor:
                    interval = {"start": reached, "end": hour_end}
                    table = cursor.sql(SQL[stream].scan, params=interval).to_arrow_table()
                if len(table):
                    yield table.combine_chunks().cast(schema)
                reached = hour_end

    def rows(self, stream: Stream) -> int:
        """See `Store.rows`."""
        with self._reading() as cursor:
            ((count,),) = cursor.execute(SQL[stream].rows).fetchall()
        return int(count)

    def prune(self, before: datetime) -> None:
        """See `Store.prune`. The file doesn't shrink: DuckDB uses the room again."""
        parameters = {"before": to_us(before)}
        with self._changing():
            with self._transaction() as cursor:
                for sql in SQL.values():
                    cursor.execute(sql.prune, parameters)
                cursor.execute(duckdb_sql.DELETE_COVERED_BEFORE, parameters)
                cursor.execute(duckdb_sql.CUT_COVERED_BEFORE, parameters)
                cursor.execute(duckdb_sql.DELETE_RUNS)
            self._coverage = {stream: cut(held, before) for stream, held in self._coverage.items()}
            for newest in self._newest.values():
                newest.forget(to_us(before))

    def ping(self) -> None:
        """See `Store.ping`."""
        with self._reading() as cursor:
            cursor.execute(duckdb_sql.SELECT_META).fetchall()

    def close(self) -> None:
        """See `Store.close`."""
        with self._write_lock:
            with self._reader_left:
                self._closed = True
            self._disconnect()

    def copy_to(self, path: Path) -> None:
        """Write what the store holds now, all of one moment, into a new DuckDB file.

        Raises FileExistsError where `path` exists, `StoreUnavailable` where it can't be written; then
        nothing is left there.
        """
        if path.exists():
            raise FileExistsError(f"{path} exists already")
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._reading() as cursor:
                _copy_database(cursor, partial)
            path.touch(exist_ok=False)
            partial.replace(path)
        except OSError as error:
            raise StoreUnavailable(f"{path} can't be written: {error.strerror}") from error
        finally:
            _remove(partial, partial.with_name(partial.name + ".wal"))

    def _connect(self) -> None:
        self._connection = open_database(self._path)
        self._broken = False
        try:
            self._load_coverage()
        except StoreError:
            self._broken = True
            self._connection.close()
            raise

    def _load_coverage(self) -> None:
        found: dict[Stream, list[Covered]] = {stream: [] for stream in Stream}
        with self._reading() as cursor:
            for stream, start, end, *inputs in cursor.execute(duckdb_sql.SELECT_COVERAGE).fetchall():
                found[Stream(stream)].append(Covered(from_us(start), from_us(end), Run(*inputs)))
        self._coverage = {stream: joined(stretches) for stream, stretches in found.items()}
        self._newest = {}

    def _newest_of(self, stream: Stream) -> NewestRecords:
        newest = self._newest.get(stream)
        if newest is not None:
            return newest
        with self._write_lock:
            if stream not in self._newest:
                self._newest[stream] = self._read_newest(stream)
            return self._newest[stream]

    def _read_newest(self, stream: Stream) -> NewestRecords:
        end = max((stretch.end for stretch in self._coverage[stream]), default=None)
        if end is None:
            return NewestRecords(stream, ALWAYS_US)
        newest = NewestRecords(stream, to_us(end - MEMORY_SPAN))
        for table in self.scan(stream, start=end - MEMORY_SPAN, end=end):
            newest.add(table)
        return newest

    def _reach_back(self, stream: Stream, time_us: int) -> int:
        """From where on every entity of a ticking stream has a record at or before an instant."""
        cadence_s = SCHEMAS[stream].cadence_s
        ends = (to_us(held.end) for held in reversed(self._coverage[stream]) if to_us(held.start) <= time_us)
        reached = min(time_us, next(ends, time_us))
        return reached - (EVENT_REACH_US if cadence_s is None else cadence_s * 1_000_000)

    def _records(self, stream: Stream, sql: str, parameters: Parameters) -> list[Record]:
        with self._reading() as cursor:
            rows = cursor.execute(sql, parameters).fetchall()
        return [_record(stream, row) for row in rows]

    @property
    def _unsettled(self) -> bool:
        return self._closed or self._broken or self._doubtful

    def _settle(self) -> None:
        """Read the coverage again where a failure left it unknown whether a write was kept."""
        if not self._unsettled:
            return
        with self._write_lock:
            with self._reading():
                pass
            if self._doubtful:
                self._load_coverage()
                self._doubtful = False

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._write_lock:
            self._settle()
            try:
                yield
            except BaseException:
                self._doubtful = True
                raise

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction, committed at the end; an error or a closed cursor rolls it back."""
        with self._reading() as cursor:
            cursor.begin()
            yield cursor
            cursor.commit()

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._reopen()
        with self._reader_left:
            if self._closed:
                raise StoreUnavailable(f"{self._path} is closed")
            cursor = self._connection.cursor()
            self._readers += 1
        try:
            yield cursor
        except duckdb.Error as error:
            # After a fatal error DuckDB refuses everything until the file is opened anew.
            self._broken = self._broken or isinstance(error, duckdb.FatalException)
            raise translated(self._path, error) from error
        finally:
            cursor.close()
            with self._reader_left:
                self._readers -= 1
                self._reader_left.notify_all()

    def _reopen(self) -> None:
        """Connect anew where a fatal error has made the connection useless."""
        if self._broken and not self._closed:
            with self._write_lock:
                if self._broken:
                    self._disconnect()
                    self._connect()

    def _disconnect(self) -> None:
        """Close the connection once nobody reads, or those who do have had their time."""
        with self._reader_left:
            self._reader_left.wait_for(lambda: not self._readers, READERS_GRACE_S)
            self._connection.close()


TIME_PLACES = {
    stream: tuple(place for place, column in enumerate(schema.columns) if column.kind == "time")
    for stream, schema in SCHEMAS.items()
}


def _record(stream: Stream, row: Sequence[Any]) -> Record:
    values = list(row)
    for place in TIME_PLACES[stream]:
        values[place] = from_us(values[place])
    return RECORD_TYPES[stream](*values)


def _insert(cursor: duckdb.DuckDBPyConnection, stream: Stream, rows: pa.Table) -> None:
    if len(rows):
        cursor.register("batch", rows)
        cursor.execute(SQL[stream].insert)
        cursor.unregister("batch")


def _replace_covered(cursor: duckdb.DuckDBPyConnection, stream: Stream, whole: Covered) -> None:
    """Put one stretch in the place of those within it."""
    interval = {"stream": stream, "start": to_us(whole.start), "end": to_us(whole.end)}
    cursor.execute(duckdb_sql.DELETE_COVERED, interval)
    cursor.execute(duckdb_sql.INSERT_COVERED, {**interval, "run_id": whole.run.run_id})


def _copy_database(cursor: duckdb.DuckDBPyConnection, path: Path) -> None:
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
