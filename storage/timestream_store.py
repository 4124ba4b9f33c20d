"""A store in a Timestream database, through boto3. Lambda functions import this: no Arrow, no NumPy.

The records of a window are written in requests of a hundred, several at a time. After all are acknowledged,
the window is recorded in `feeder_progress`. Timestream identifies records by time and key, so that a window
that was written in part can be written again without duplicates. Only retention deletes records.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

from storage.aws_clients import CONNECT_TIMEOUT_S, Options, client
from storage.coverage import Interval, newest_tick, overlapping, uncovered
from storage.cursor import RangeQuery, check_ids, check_limit
from storage.instants import HOUR_US, to_us
from storage.journal import refuse_written_ahead
from storage.runs import refuse_overlap
from storage.schema import SCHEMAS, BusPosition, Record, Stream
from storage.store import Covered, JournalEntry, Page, Run, Selection
from storage.timestream_client import Deadline, QueryClient, RetryPolicy, WriteClient
from storage.timestream_coverage import CoverageLog
from storage.timestream_progress import (
    ProgressRow,
    backfill_notice,
    journal_entry,
    journal_record,
    progress_record,
)
from storage.timestream_rows import Hour, hour, record, time_of
from storage.timestream_sql import (
    JOURNAL_COLUMNS,
    JOURNAL_NAME,
    NOTICE_NAME,
    PING,
    PROGRESS,
    PROGRESS_COLUMNS,
    Queries,
    at_or_after_ms,
    at_or_before_ms,
)
from storage.timestream_tables import ensure_tables
from storage.timestream_writer import RecordWriter

if TYPE_CHECKING:
    import pyarrow as pa

WRITE_RETRIES = RetryPolicy()
READ_RETRIES = RetryPolicy(attempts=4, longest_s=1.0)
"""Reads are retried for a short time, since a client waits for the result; writes for longer."""

COVERAGE_MAX_AGE_S = 0.5
"""The greatest age of the coverage in memory when the coverage itself is read."""
READ_MAX_AGE_S = 10.0
"""Its greatest age when a record is read; also that of the number of rows."""
WRITE_MAX_AGE_S = 1800.0
"""Its greatest age when a window is written. Records that others have written since are written again, equal.

Timestream bills every query for at least half a minute of compute: with a query at every tick the whole day
would be billed.
"""
REACH_MS = 5 * 60_000
EVENT_REACH_MS = 60 * 60_000
"""How far back the first query for the newest record searches: with a cadence, and in a stream of events."""
DAY_MS = 24 * 3_600_000


Insert: TypeAlias = "Callable[[Stream, pa.Table, Interval], None]"


class TimestreamStore:
    """A `Store` in the database `database` of a region. See `storage.store.Store`.

    Unless `make` is False, a missing database and its tables are created if the credentials allow it.
    `endpoint_url` is that of both services; without it the standard AWS variables count. With `insert` that
    function stores the rows of a stream for [start, end), instead of requests. After a `deadline` no query
    begins. `token` is what the simulator's own endpoint may ask for.
    """

    def __init__(
        self,
        database: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        shard: str = "",
        write_retries: RetryPolicy = WRITE_RETRIES,
        read_retries: RetryPolicy = READ_RETRIES,
        make: bool = True,
        insert: Insert | None = None,
        deadline: Deadline | None = None,
        token: str | None = None,
    ) -> None:
        self._insert = insert
        self._queries = Queries(database)
        options: Options = {"region": region, "endpoint_url": endpoint_url, "access_key_id": token}
        writes: Options = {**options, "read_timeout_s": write_retries.answer_s}
        longest_s = min(CONNECT_TIMEOUT_S, read_retries.answer_s)
        reads: Options = {
            **options,
            "read_timeout_s": read_retries.answer_s,
            "connect_timeout_s": longest_s,
        }
        self._writes, self._write_retries, self._database = writes, write_retries, database
        self._query_client = QueryClient(client("timestream-query", **reads), read_retries, deadline)
        self._log = CoverageLog(shard)
        self._log_lock = threading.Lock()
        self._recorded: dict[int, JournalEntry] = {}
        self._counted: dict[Stream, tuple[float, int]] = {}
        if make:
            ensure_tables(self._write_client, database)

    @cached_property
    def _write_client(self) -> WriteClient:
        """Made for the first write: functions only read."""
        return WriteClient(client("timestream-write", **self._writes), self._write_retries)

    @cached_property
    def _writer(self) -> RecordWriter:
        return RecordWriter(self._write_client, self._database)

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        """See `Store.write`. After an error some of the batch may be stored, but none of it is covered."""
        from storage.batch import checked, within
        from storage.timestream_batch import chunks

        self._write_client.check_open()
        table = checked(stream, batch, covers)
        held = self._known(stream, WRITE_MAX_AGE_S)
        refuse_overlap(held, covers, run)
        gaps = uncovered(held, *covers)
        if not gaps:
            return
        rows = table if gaps == [covers] else within(table, gaps).combine_chunks()
        self._counted.pop(stream, None)
        if self._insert is None:
            self._writer.write_all(stream, ((chunk.common, chunk.records) for chunk in chunks(stream, rows)))
        else:
            for gap in gaps:
                self._insert(stream, within(table, [gap]).combine_chunks(), gap)
        self._counted.pop(stream, None)
        with self._log_lock:
            self._append(self._log.rows_for(stream, covers, run))

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """See `Store.coverage`."""
        return tuple(self._known(stream, COVERAGE_MAX_AGE_S))

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """See `Store.latest`."""
        return self.at(stream, key, time=now)

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        sql = self._queries.of_line(line_id, start_ms=at_or_after_ms(since), end_ms=at_or_before_ms(now))
        found = self._records(Stream.BUS_POSITION, sql)
        return [position for position in found if isinstance(position, BusPosition)]

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """See `Store.at`. Searches the last minutes first, then further back as far as coverage goes."""
        for start_ms, end_ms in self._search_spans(stream, at_or_before_ms(time)):
            sql = self._queries.newest(stream, key, start_ms=start_ms, end_ms=end_ms)
            found = self._records(stream, sql)
            if found:
                return found[0]
        return None

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
        after = None if cursor is None else query.position(cursor)
        start_ms = at_or_after_ms(start) if after is None else after.time_us // 1000
        sql = self._queries.page(
            stream,
            key,
            by=query.column,
            start_ms=start_ms,
            end_ms=at_or_after_ms(end),
            after=after,
            limit=limit + 1,
        )
        return query.page(self._records(stream, sql), limit)

    def newest_of_each(
        self, stream: Stream, key: str, *, by: str, per: str, since: datetime, now: datetime
    ) -> Sequence[Record]:
        """See `Store.newest_of_each`."""
        check_ids(stream, by, per)
        bounds = {"start_ms": at_or_after_ms(since), "end_ms": at_or_before_ms(now)}
        return self._records(stream, self._queries.newest_of_each(stream, key, by=by, per=per, **bounds))

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """See `Store.tick`. Ticks that other processes wrote in the last seconds may be missing."""
        return newest_tick(self._known(stream), time, SCHEMAS[stream].cadence_s or 1)

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """See `Store.records_at`."""
        tick_ms = at_or_before_ms(tick)
        found = self._records(stream, self._queries.scan(stream, start_ms=tick_ms, end_ms=tick_ms + 1))
        return sorted(found, key=attrgetter(*SCHEMAS[stream].key))

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
        """See `Store.range_of`."""
        check_limit(limit)
        query = RangeQuery(stream, selection.text, start, end)
        after = None if cursor is None else query.position(cursor)
        start_ms = at_or_after_ms(start) if after is None else after.time_us // 1000
        sql = self._queries.page_of(
            stream, selection, start_ms=start_ms, end_ms=at_or_after_ms(end), after=after, limit=limit + 1
        )
        return query.page(self._records(stream, sql), limit)

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """See `Store.scan`. Each table is read when it is asked for."""
        from storage.timestream_batch import table_of

        reached = to_us(start)
        for stretch in overlapping(self.coverage(stream), start, end):
            reached = max(reached, to_us(stretch.start))
            stop = min(to_us(end), to_us(stretch.end))
            while reached < stop:
                hour_end = min((reached // HOUR_US + 1) * HOUR_US, stop)
                bounds = {"start_ms": -(-reached // 1000), "end_ms": -(-hour_end // 1000)}
                rows = self._query_client.rows(self._queries.scan(stream, **bounds), SCHEMAS[stream].names)
                if rows:
                    yield table_of(stream, rows)
                reached = hour_end

    def rows(self, stream: Stream) -> int:
        """See `Store.rows`. Records that other processes wrote in the last seconds may be missing."""
        self._query_client.check_open()
        counted_at, rows = self._counted.get(stream, (-READ_MAX_AGE_S, 0))
        if time.monotonic() - counted_at < READ_MAX_AGE_S:
            return rows
        asked_at = time.monotonic()
        ((count,),) = self._query_client.rows(self._queries.rows(stream))
        self._counted[stream] = (asked_at, int(count or 0))
        return int(count or 0)

    def hours(self, stream: Stream, *, start: datetime, end: datetime) -> Sequence[Hour]:
        """The UTC hours of [start, end) for which queries return records, ascending."""
        sql = self._queries.hours(stream, start_ms=at_or_after_ms(start), end_ms=at_or_after_ms(end))
        return sorted(map(hour, self._query_client.rows(sql)), key=lambda each: each.start)

    def note_backfill(self, start: datetime, end: datetime, *, at: datetime) -> None:
        """Write a notice that [start, end) was backfilled at an instant, which `backfills` returns."""
        notice = backfill_notice(start, end, at)
        self._writer.write_newer(PROGRESS, [notice], {"MeasureName": NOTICE_NAME})

    def check_time(self, instant: datetime) -> None:
        """Raise `TimeRefused` unless Timestream takes records of an instant now. Writes an empty notice."""
        self.note_backfill(instant, instant, at=instant)

    def backfills(self, *, since: datetime, now: datetime) -> Sequence[Interval]:
        """The intervals of notices since an instant. Queries may not yet return all records in them."""
        sql = self._queries.notices(start_ms=at_or_after_ms(since), end_ms=at_or_before_ms(now))
        rows = self._query_client.rows(sql, ("start_time", "end_time"))
        return [(time_of(start or ""), time_of(end or "")) for start, end in rows]

    def prune(self, before: datetime) -> None:
        """See `Store.prune`. Timestream can't delete: records stay until the end of their retention."""
        with self._log_lock:
            self._read_log()
            self._append(self._log.prune_rows(before))

    def journal(self) -> Sequence[JournalEntry]:
        """See `Store.journal`."""
        rows = self._query_client.rows(self._queries.journal(), JOURNAL_COLUMNS)
        read = {entry.number: entry for entry in map(journal_entry, rows)}
        # Queries may return a row only later, if its time is long ago: the store's own entries count, too.
        with self._log_lock:
            return sorted({**read, **self._recorded}.values(), key=attrgetter("number"))

    def record(self, entry: JournalEntry, *, changes_from: datetime) -> None:
        """See `Store.record`. The row is in the table before this returns."""
        refuse_written_ahead(entry, changes_from, self.coverage)
        self._writer.write_all(PROGRESS, [({"MeasureName": JOURNAL_NAME}, [journal_record(entry)])])
        with self._log_lock:
            self._recorded[entry.number] = entry

    def ping(self) -> None:
        """See `Store.ping`."""
        self._query_client.rows(PING)

    def close(self) -> None:
        """See `Store.close`. Calls that wait for a retry raise `StoreUnavailable`."""
        self._write_client.close()
        self._query_client.close()
        self._writer.close()

    def _known(self, stream: Stream, seconds: float = READ_MAX_AGE_S) -> Sequence[Covered]:
        """The coverage, read at most `seconds` ago, with everything this store has written since."""
        self._query_client.check_open()
        if not self._log.was_read_within(seconds):
            self._read_log()
        return self._log.coverage(stream)

    def _read_log(self) -> None:
        asked_at = time.monotonic()
        self._log.load(self._query_client.rows(self._queries.progress(), PROGRESS_COLUMNS), asked_at)

    def _append(self, rows: Sequence[ProgressRow]) -> None:
        """Write rows into `feeder_progress`. A stored row with a later end stays as it is."""
        self._writer.write_newer(PROGRESS, [progress_record(row) for row in rows], {})
        self._log.add(rows)

    def _search_spans(self, stream: Stream, time_ms: int) -> Iterator[tuple[int, int]]:
        """The intervals [start, end] in ms to search in turn for the newest record at an instant.

        Timestream bills queries by the data they scan. Nearly all entities have a record in the last minutes.
        For the others the coverage is read, which bounds how far back data must be scanned.
        """
        reach_ms = EVENT_REACH_MS if SCHEMAS[stream].cadence_s is None else REACH_MS
        yield time_ms - reach_ms, time_ms
        covered = [held for held in self._known(stream) if at_or_before_ms(held.start) <= time_ms]
        if covered:
            first = at_or_before_ms(covered[0].start)
            end = min(time_ms, max(at_or_before_ms(held.end) for held in covered))
            for reach_ms in (EVENT_REACH_MS, DAY_MS):
                if first < end - reach_ms:
                    yield end - reach_ms, end
            yield first, end

    def _records(self, stream: Stream, sql: str) -> list[Record]:
        return [record(stream, row) for row in self._query_client.rows(sql, SCHEMAS[stream].names)]
