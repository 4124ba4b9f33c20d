"""A store in a Timestream database, through boto3. Functions in the cloud import this: no Arrow, no NumPy.

Writing a window is: all its records in calls of a hundred, several at a time; when every one of them is
acknowledged, its rows in the books. A record is identified by time and key, so that a window that was
written in part is written again without doubling anything. Timestream deletes nothing but by retention.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import TYPE_CHECKING, Any

from storage.aws_clients import client
from storage.coverage import Interval, overlapping, uncovered
from storage.cursor import RangeQuery, check_limit
from storage.errors import StoreError
from storage.instants import HOUR_US, to_us
from storage.runs import refuse_overlap
from storage.schema import SCHEMAS, BusPosition, Record, Stream
from storage.store import Covered, Page, Run
from storage.timestream_client import Calls, Patience, Rejection
from storage.timestream_coverage import Books, Entry, notice_of, record_of
from storage.timestream_rows import Hour, hour, record, time_of
from storage.timestream_sql import (
    MEASURE_NAME,
    NOTICE_NAME,
    PING,
    PROGRESS,
    PROGRESS_COLUMNS,
    Queries,
    at_or_after_ms,
    at_or_before_ms,
)
from storage.timestream_tables import ensure_tables

if TYPE_CHECKING:
    import pyarrow as pa

IN_FLIGHT = 4
"""Calls of one window under way at a time."""
OVERWRITES = 3
WRITE_PATIENCE = Patience()
READ_PATIENCE = Patience(attempts=4, longest_s=1.0)
"""Who reads waits for the answer; who writes has time."""

JUST_NOW_S = 0.5
KNOWN_S = 10.0
"""How old may be what is known of the books and of the number of rows, where nobody asks for just that."""
WRITER_KNOWS_S = 1800.0
"""How old it may be where something is written: what others have covered since is written again, identically.

Each query is paid for half a minute at least, so that asking at every tick would be paid for all day.
"""
REACH_MS = 5 * 60_000
EVENT_REACH_MS = 60 * 60_000
"""How far back the first look for the newest record goes: for a stream that ticks, and for one of events."""
DAY_MS = 24 * 3_600_000


class TimestreamStore:
    """A `Store` in the database `database` of a region. See `storage.store.Store`.

    The database and its tables are made where they are missing and may be made, unless `make` says no.
    `endpoint_url` is the place of both services; without it the standard AWS variables count.
    """

    def __init__(
        self,
        database: str,
        *,
        region: str,
        endpoint_url: str | None = None,
        shard: str = "",
        write_patience: Patience = WRITE_PATIENCE,
        read_patience: Patience = READ_PATIENCE,
        make: bool = True,
    ) -> None:
        self._database = database
        self._queries = Queries(database)
        self._writes, self._reads = (
            Calls(
                client(service, region=region, endpoint_url=endpoint_url, read_timeout_s=patience.answer_s),
                patience,
            )
            for service, patience in (
                ("timestream-write", write_patience),
                ("timestream-query", read_patience),
            )
        )
        self._books = Books(shard)
        self._booking = threading.Lock()
        self._counted: dict[Stream, tuple[float, int]] = {}
        self._senders = ThreadPoolExecutor(2 * IN_FLIGHT, "timestream-writer")
        if make:
            ensure_tables(self._writes, database)

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        """See `Store.write`. After an error some of the batch may be there, but none of it is covered."""
        from storage.batch import checked, within
        from storage.timestream_batch import chunks

        self._writes.check_open()
        table = checked(stream, batch, covers)
        held = self._known(stream, WRITER_KNOWS_S)
        refuse_overlap(held, covers, run)
        gaps = uncovered(held, *covers)
        if not gaps:
            return
        rows = table if gaps == [covers] else within(table, gaps).combine_chunks()
        self._counted.pop(stream, None)
        self._send(stream, ((chunk.common, chunk.records) for chunk in chunks(stream, rows)))
        self._counted.pop(stream, None)
        with self._booking:
            self._book(self._books.entries_for(stream, covers, run))

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """See `Store.coverage`."""
        return tuple(self._known(stream, JUST_NOW_S))

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """See `Store.latest`."""
        return self.at(stream, key, time=now)

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        sql = self._queries.of_line(line_id, start_ms=at_or_after_ms(since), end_ms=at_or_before_ms(now))
        found = self._records(Stream.BUS_POSITION, sql)
        return [position for position in found if isinstance(position, BusPosition)]

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """See `Store.at`. Looks at the last minutes, then further back as far as the coverage goes."""
        for start_ms, end_ms in self._looks(stream, at_or_before_ms(time)):
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
    ) -> Page:
        """See `Store.range`."""
        check_limit(limit)
        query = RangeQuery(stream, key, start, end)
        after = None if cursor is None else query.position(cursor)
        start_ms = at_or_after_ms(start) if after is None else after.time_us // 1000
        sql = self._queries.page(
            stream, key, start_ms=start_ms, end_ms=at_or_after_ms(end), after=after, limit=limit + 1
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
                rows = self._reads.rows(self._queries.scan(stream, **bounds), SCHEMAS[stream].names)
                if rows:
                    yield table_of(stream, rows)
                reached = hour_end

    def rows(self, stream: Stream) -> int:
        """See `Store.rows`. What other processes wrote in the last seconds may be missing."""
        self._reads.check_open()
        counted_at, rows = self._counted.get(stream, (-KNOWN_S, 0))
        if time.monotonic() - counted_at < KNOWN_S:
            return rows
        asked_at = time.monotonic()
        ((count,),) = self._reads.rows(self._queries.rows(stream))
        self._counted[stream] = (asked_at, int(count or 0))
        return int(count or 0)

    def hours(self, stream: Stream, *, start: datetime, end: datetime) -> Sequence[Hour]:
        """The UTC hours of [start, end) that have records which queries show, ascending."""
        sql = self._queries.hours(stream, start_ms=at_or_after_ms(start), end_ms=at_or_after_ms(end))
        return sorted(map(hour, self._reads.rows(sql)), key=lambda each: each.start)

    def note_backfill(self, start: datetime, end: datetime, *, at: datetime) -> None:
        """Tell whoever judges this store that [start, end) was filled in at an instant. See `backfills`."""
        rejected = self._request(PROGRESS, {"MeasureName": NOTICE_NAME}, [notice_of(start, end, at)])
        self._refuse(PROGRESS, 1, [each for each in rejected if each.existing_version is None])

    def backfills(self, *, since: datetime, now: datetime) -> Sequence[Interval]:
        """What was filled in since then, as `note_backfill` told: Timestream may not show all of it yet."""
        sql = self._queries.notices(start_ms=at_or_after_ms(since), end_ms=at_or_before_ms(now))
        rows = self._reads.rows(sql, ("start_time", "end_time"))
        return [(time_of(start or ""), time_of(end or "")) for start, end in rows]

    def prune(self, before: datetime) -> None:
        """See `Store.prune`. Timestream has no delete: its retention takes the records."""
        with self._booking:
            self._read_books()
            self._book(self._books.prunes_for(before))

    def ping(self) -> None:
        """See `Store.ping`."""
        self._reads.rows(PING)

    def close(self) -> None:
        """See `Store.close`. Whoever waits for another try gets `StoreUnavailable`."""
        self._writes.close()
        self._reads.close()
        self._senders.shutdown(cancel_futures=True)

    def _known(self, stream: Stream, seconds: float = KNOWN_S) -> Sequence[Covered]:
        """The coverage as it was so many seconds ago or later, with all that this store wrote."""
        self._reads.check_open()
        if not self._books.read_within(seconds):
            self._read_books()
        return self._books.coverage(stream)

    def _read_books(self) -> None:
        asked_at = time.monotonic()
        self._books.take(self._reads.rows(self._queries.progress(), PROGRESS_COLUMNS), asked_at)

    def _book(self, entries: Sequence[Entry]) -> None:
        """Write rows into the books. One that is there with a later end stays as it is."""
        from storage.timestream_batch import MOST_RECORDS

        records = [record_of(each) for each in entries]
        for first in range(0, len(records), MOST_RECORDS):
            part = records[first : first + MOST_RECORDS]
            rejected = self._request(PROGRESS, {}, part)
            self._refuse(PROGRESS, len(part), [each for each in rejected if each.existing_version is None])
        self._books.note(entries)

    def _looks(self, stream: Stream, time_ms: int) -> Iterator[tuple[int, int]]:
        """Where to look for the newest record at or before an instant: stretches [start, end], one by one."""
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
        return [record(stream, row) for row in self._reads.rows(sql, SCHEMAS[stream].names)]

    def _send(self, stream: Stream, chunks: Iterable[tuple[Any, Sequence[Any]]]) -> None:
        """Write calls' worth of records, several at a time; returns when all are acknowledged.

        After an error nothing more is sent, and what was under way has ended.
        """
        pending: set[Future[None]] = set()
        try:
            for common, records in chunks:
                if len(pending) >= IN_FLIGHT:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for each in done:
                        each.result()
                pending.add(self._senders.submit(self._put, stream, common, records))
            for each in pending:
                each.result()
        finally:
            for each in pending:
                each.cancel()
            wait(pending)

    def _put(self, stream: Stream, common: Any, records: Sequence[Any]) -> None:
        """Write a call's worth of records so that they, and nothing else, stand under their time and key.

        What stands there with other values is of a window that another run began and never completed.
        """
        version = 1
        for _ in range(OVERWRITES):
            rejected = self._request(stream, {**common, "Version": version}, records)
            if not rejected:
                return
            self._refuse(stream, len(records), [each for each in rejected if each.existing_version is None])
            version = max(each.existing_version or 0 for each in rejected) + 1
            records = [records[each.index] for each in rejected]
        raise StoreError(f"{stream}: another process overwrites the same {len(records)} records all the time")

    def _request(self, table: str, common: Any, records: Sequence[Any]) -> Sequence[Rejection]:
        shared = {"MeasureName": MEASURE_NAME, "MeasureValueType": "MULTI", "TimeUnit": "MILLISECONDS"}
        return self._writes.write(
            DatabaseName=self._database,
            TableName=str(table),
            CommonAttributes={**shared, **common},
            Records=records,
        )

    def _refuse(self, table: str, sent: int, rejected: Sequence[Rejection]) -> None:
        """Raise `StoreError` where records weren't taken: which stream, how many, why."""
        if rejected:
            reasons = Counter(each.reason for each in rejected).most_common(3)
            causes = "; ".join(f"{reason} ({count})" for reason, count in reasons)
            raise StoreError(f"{table}: {len(rejected)} of {sent} records were refused: {causes}")
