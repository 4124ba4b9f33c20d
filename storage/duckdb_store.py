"""A store in one DuckDB file, with a cache of the latest records in memory.

One process holds the file. Data and coverage are written in one transaction. The tables have no primary key,
which would make writing 12 times as slow: the coverage, checked under the write lock, prevents duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from storage import duckdb_rows, duckdb_sql
from storage.batch import addition_to, checked, last_tick, times_us
from storage.coverage import cut, newest_tick, overlapping
from storage.cursor import Position, RangeQuery, check_ids, check_limit
from storage.duckdb_code_sql import CODES, DICTIONARY_OF, Dictionary
from storage.duckdb_codes import Encoder, EntityIds, code_of
from storage.duckdb_connection import DuckDBConnection
from storage.duckdb_copy import copy_database
from storage.duckdb_sql import SQL
from storage.instants import HOUR_US, to_us
from storage.journal import refuse_written_ahead
from storage.latest_cache import NewestRecords
from storage.records import after_position, records_of
from storage.schema import RECORD_TYPES, SCHEMAS, BusPosition, Record, Stream
from storage.store import Covered, JournalEntry, Page, Run, Selection

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

EVENT_REACH_US = HOUR_US
"""How far back the first query for a record at a time searches in a stream without a cadence."""
MEMORY_SPAN = timedelta(minutes=10)
"""How much of the newest data is read into the cache of latest records when it is first used."""
FIRST_SPAN_US = 600_000_000
"""How much of a range is read first for a page of many entities."""
ALWAYS_US = -(2**62)
"""The horizon of the cache of an empty stream: all records written later will be in the cache."""

Parameters = Mapping[str, str | int]


class DuckDBStore:
    """A `Store` in the DuckDB file `path`, created if missing. See `storage.store.Store`."""

    def __init__(self, path: Path) -> None:
        self._doubtful = False
        self._coverage: dict[Stream, list[Covered]] = {}
        self._newest: dict[Stream, NewestRecords] = {}
        self._newest_tick: dict[tuple[Stream, int], pa.Table] = {}
        self._encoder, self._ids = Encoder(), EntityIds()
        self._database = DuckDBConnection(path, self._load_coverage)

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        """See `Store.write`. After `StoreUnavailable` nothing of the batch is kept."""
        table = checked(stream, batch, covers)
        with self._changing():
            # Read first: if reading fails, nothing was written yet.
            self._newest_of(stream)
            self._add({stream: table}, covers, run)

    def write_window(
        self, batches: Mapping[Stream, pa.Table], *, covers: tuple[datetime, datetime], run: Run
    ) -> None:
        """Write a window of several streams, each as by `write`, but all of them or none.

        The cache of latest records isn't made for it: nobody may read while history is written.
        """
        tables = {stream: checked(stream, batch, covers) for stream, batch in batches.items()}
        with self._changing():
            self._add(tables, covers, run)

    def _add(self, tables: Mapping[Stream, pa.Table], covers: tuple[datetime, datetime], run: Run) -> None:
        added = {
            stream: addition
            for stream, table in tables.items()
            if (addition := addition_to(self._coverage[stream], table, covers, run)) is not None
        }
        if not added:
            return
        self._database.make_room(max(each.rows.nbytes for each in added.values()))
        with self._database.transaction() as cursor:
            cursor.execute(duckdb_sql.INSERT_RUN, {"run_id": run.run_id, **asdict(run)})
            for stream, each in added.items():
                duckdb_rows.insert(cursor, stream, each.rows, self._encoder)
                duckdb_rows.replace_covered(cursor, stream, each.whole)
        for stream, each in added.items():
            if stream in self._newest:
                self._newest[stream].add(each.rows.combine_chunks())
            self._keep_newest_tick(stream, each.rows)
            self._coverage[stream] = each.coverage

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """See `Store.coverage`."""
        self._settle()
        return tuple(self._coverage[stream])

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """See `Store.latest`."""
        self._settle()
        # `remembered` doesn't fill the cache itself: it is called where reading the file would block.
        self._newest_of(stream)
        return self.remembered(stream, key, now=now) or self.at(stream, key, time=now)

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        self._settle()
        self._newest_of(Stream.BUS_POSITION)
        remembered = self.remembered_of_line(line_id, since=since, now=now)
        if remembered is not None:
            return remembered
        parameters = {"since": to_us(since), "now": to_us(now)}
        found = self._records(Stream.BUS_POSITION, SQL[Stream.BUS_POSITION].of_line, line_id, parameters)
        positions = (record for record in found if isinstance(record, BusPosition))
        return sorted(positions, key=attrgetter("bus_id"))

    def remembered(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """The result of `latest` if it is in memory; None if the file would have to be read."""
        memory = None if self._unsettled else self._newest.get(stream)
        newest = None if memory is None else memory.of(key)
        return newest.record if newest is not None and newest.time_us <= to_us(now) else None

    def remembered_of_line(
        self, line_id: str, *, since: datetime, now: datetime
    ) -> Sequence[BusPosition] | None:
        """The result of `latest_of_line` if it is in memory; None if the file would have to be read."""
        memory = None if self._unsettled else self._newest.get(Stream.BUS_POSITION)
        since_us, now_us = to_us(since), to_us(now)
        if memory is None or since_us < memory.horizon_us:
            return None
        rows = memory.of_line(line_id)
        if any(time_us > now_us for time_us, _ in rows):
            return None
        return [record for time_us, record in rows if time_us >= since_us]

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """See `Store.at`."""
        parameters = {"time": to_us(time)}
        # Without the bound, a query for an entity that the store doesn't have would search all history.
        since = self._reach_back(stream, to_us(time))
        found = self._records(stream, SQL[stream].at_since, key, {**parameters, "since": since})
        found = found or self._records(stream, SQL[stream].at, key, parameters)
        # Records of one entity at one time differ in the other columns of the key.
        return max(found, key=attrgetter("time", *SCHEMAS[stream].key), default=None)

    def range(
        self,
        stream: Stream,
        key: str,
        *,
        start: datetime,
        end: datetime,
        limit: int = 1000,
        cursor: str | None = None,
        by: str | None = None,
    ) -> Page:
        """See `Store.range`."""
        check_limit(limit)
        query = RangeQuery(stream, key, start, end, by)
        names, others = SCHEMAS[stream].key, query.others
        after = Position(to_us(start) - 1, ("",) * len(names)) if cursor is None else query.position(cursor)
        parameters: dict[str, str | int] = {
            f"after_{name}": value for name, value in zip(names, after.key, strict=True) if name in others
        }
        # One record more than the limit tells whether another page follows.
        parameters |= {"end": to_us(end), "limit": limit + 1}
        parameters |= {"start": max(to_us(start), after.time_us), "after": after.time_us}
        sql = duckdb_sql.range_by(stream, query.column, others)
        return query.page(self._records(stream, sql, key, parameters, by=query.column), limit)

    def newest_of_each(
        self, stream: Stream, key: str, *, by: str, per: str, since: datetime, now: datetime
    ) -> Sequence[Record]:
        """See `Store.newest_of_each`."""
        check_ids(stream, by, per)
        parameters = {"since": to_us(since), "now": to_us(now)}
        sql = duckdb_sql.newest_of_each(stream, by, per)
        found = self._records(stream, sql, key, parameters, by=by)
        # Of records of one time the one with the greatest key is the newest, as in `at`.
        ordered = sorted(found, key=attrgetter(*SCHEMAS[stream].key))
        newest = {getattr(record, per): record for record in ordered}
        return [newest[name] for name in sorted(newest)]

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """See `Store.tick`."""
        self._settle()
        return newest_tick(self._coverage[stream], time, SCHEMAS[stream].cadence_s or 1)

    def remembered_tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """The result of `tick` if it is in memory; None if there is none, or the file must be read."""
        return None if self._unsettled else self.tick(stream, time=time)

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """See `Store.records_at`."""
        rows = None if self._unsettled else self._newest_tick.get((stream, to_us(tick)))
        if rows is None:
            with self._database.transaction() as cursor:
                rows = duckdb_rows.select(cursor, stream, to_us(tick), to_us(tick) + 1, codes={})
        return records_of(rows, RECORD_TYPES[stream])

    def _keep_newest_tick(self, stream: Stream, rows: pa.Table) -> None:
        """Keep the rows of the newest tick that was written, to be read without a query."""
        last = None if SCHEMAS[stream].cadence_s is None else last_tick(rows)
        if last is not None:
            time_us = int(times_us(last)[0])
            others = {of: kept for of, kept in self._newest_tick.items() if of[0] is not stream}
            if all(held_us <= time_us for of, held_us in self._newest_tick if of is stream):
                self._newest_tick = {**others, (stream, time_us): last}

    def range_of(
        self,
        stream: Stream,
        selection: Selection,
        *,
        start: datetime,
        end: datetime,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Page:
        """See `Store.range_of`. Reads spans that grow until they have enough records."""
        check_limit(limit)
        query = RangeQuery(stream, selection.text, start, end)
        after = None if cursor is None else query.position(cursor)
        reached, stop = to_us(start) if after is None else after.time_us, to_us(end)
        span, found = FIRST_SPAN_US, list[Record]()
        with self._database.transaction() as reading:
            codes = self._codes_of(reading, selection)
            while codes is not None and reached < stop and len(found) <= limit:
                rows = duckdb_rows.select(reading, stream, reached, min(reached + span, stop), codes=codes)
                found += records_of(after_position(stream, rows, after), RECORD_TYPES[stream])
                reached, span = reached + span, span * 2
        return query.page(found[: limit + 1], limit)

    def _codes_of(
        self, cursor: duckdb.DuckDBPyConnection, selection: Selection
    ) -> Mapping[str, Sequence[int]] | None:
        """The codes of a selection's values; None if no record can have them all."""
        found = {}
        for column, values in selection.conditions:
            codes = (self._ids.code(cursor, value) for value in values)
            found[column] = [code for code in codes if code is not None]
        return found if all(found.values()) else None

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """See `Store.scan`. Each table is read when it is asked for; for a consistent copy use `copy_to`."""
        reached = to_us(start)
        for stretch in overlapping(self.coverage(stream), start, end):
            reached = max(reached, to_us(stretch.start))
            stop = min(to_us(end), to_us(stretch.end))
            while reached < stop:
                hour_end = min((reached // HOUR_US + 1) * HOUR_US, stop)
                # A cursor for each table: one kept open between them would delay closing the store.
                with self._database.transaction() as cursor:
                    table = duckdb_rows.scan(cursor, stream, reached, hour_end)
                if len(table):
                    yield table
                reached = hour_end

    def rows(self, stream: Stream) -> int:
        """See `Store.rows`."""
        with self._database.reading() as cursor:
            ((count,),) = cursor.execute(SQL[stream].rows).fetchall()
        return int(count)

    def prune(self, before: datetime) -> None:
        """See `Store.prune`. The file doesn't shrink; DuckDB reuses the space."""
        parameters = {"before": to_us(before)}
        with self._changing():
            with self._database.transaction() as cursor:
                for sql in SQL.values():
                    cursor.execute(sql.prune, parameters)
                # The codes of entities stay: they are few, and `_ids` keeps them.
                cursor.execute(CODES[Dictionary.TRIPS].prune)
                cursor.execute(duckdb_sql.DELETE_COVERED_BEFORE, parameters)
                cursor.execute(duckdb_sql.CUT_COVERED_BEFORE, parameters)
                cursor.execute(duckdb_sql.DELETE_RUNS)
            self._coverage = {stream: cut(held, before) for stream, held in self._coverage.items()}
            self._newest_tick = {}
            for newest in self._newest.values():
                newest.forget(to_us(before))
            self._encoder.forget()

    def journal(self) -> Sequence[JournalEntry]:
        """See `Store.journal`."""
        with self._database.reading() as cursor:
            return duckdb_rows.journal(cursor)

    def record(self, entry: JournalEntry, *, changes_from: datetime) -> None:
        """See `Store.record`."""
        with self._changing():
            refuse_written_ahead(entry, changes_from, self._coverage.__getitem__)
            with self._database.transaction() as cursor:
                duckdb_rows.put_entry(cursor, entry)

    def ping(self) -> None:
        """See `Store.ping`."""
        with self._database.reading() as cursor:
            cursor.execute(duckdb_sql.SELECT_META).fetchall()

    def close(self) -> None:
        """See `Store.close`."""
        self._database.close()

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the store into a new DuckDB file.

        Raises FileExistsError if `path` exists, and `StoreUnavailable` if it can't be written, in which case
        no file is left there.
        """
        copy_database(self._database, path)

    def _load_coverage(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._coverage, self._newest, self._newest_tick = duckdb_rows.coverage(cursor), {}, {}
        self._encoder.forget()

    def _newest_of(self, stream: Stream) -> NewestRecords:
        newest = self._newest.get(stream)
        if newest is not None:
            return newest
        with self._database.write_lock:
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
        """The time in µs from which to search first for an entity's newest record at or before `time_us`.

        In a stream with a cadence every entity has a record at every tick, so that one cadence before the end
        of the coverage is enough. In a stream of events a second query must find records older than
        `EVENT_REACH_US`.
        """
        cadence_s = SCHEMAS[stream].cadence_s
        ends = (to_us(held.end) for held in reversed(self._coverage[stream]) if to_us(held.start) <= time_us)
        reached = min(time_us, next(ends, time_us))
        return reached - (EVENT_REACH_US if cadence_s is None else cadence_s * 1_000_000)

    def _records(
        self, stream: Stream, sql: str, key: str, parameters: Parameters, *, by: str = "entity"
    ) -> list[Record]:
        """The records that a query returns for an id, none if the store doesn't know the id.

        `by` is the column of the id; by default it is the id of an entity or a line.
        """
        with self._database.transaction() as cursor:
            if DICTIONARY_OF.get(by) is Dictionary.TRIPS:
                code = code_of(cursor, Dictionary.TRIPS, key)
            else:
                code = self._ids.code(cursor, key)
            if code is None:
                return []
            rows = cursor.execute(sql, {"key": code, **parameters}).fetchall()
            return duckdb_rows.records(cursor, stream, rows, self._ids)

    @property
    def _unsettled(self) -> bool:
        return self._doubtful or not self._database.is_usable

    def _settle(self) -> None:
        """After a failed write read the coverage again: the write may or may not have been committed."""
        if not self._unsettled:
            return
        with self._database.write_lock, self._database.reading() as cursor:
            if self._doubtful:
                self._load_coverage(cursor)
                self._doubtful = False

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._database.write_lock:
            self._settle()
            try:
                yield
            except BaseException:
                # An error in the commit doesn't say whether the file has the change. So coverage and cache
                # are read from it again before they are next used.
                self._doubtful = True
                raise
