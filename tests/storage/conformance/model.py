"""A store in plain Python, the reference that random tests compare every backend with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from storage.arrow_schema import arrow_schema
from storage.batch import checked
from storage.cursor import RangeQuery, check_ids
from storage.errors import RunMismatch, StoreUnavailable
from storage.instants import from_us, to_us
from storage.journal import refuse_written_ahead
from storage.runs import differences
from storage.schema import RECORD_TYPES, SCHEMAS, BusPosition, Record, Stream
from storage.store import Covered, JournalEntry, Page, Run, Selection
from tests.storage.records import entity, order, table

DAYS_TICKS = 2880
"""The most ticks in a day: how far back the model looks for one."""


class ModelStore:
    """A `Store` that keeps its records in lists: slow, but simple enough to be checked by reading."""

    def __init__(self) -> None:
        self.records: dict[Stream, list[Record]] = {stream: [] for stream in Stream}
        self.covered: dict[Stream, list[Covered]] = {stream: [] for stream in Stream}
        self.entries: dict[int, JournalEntry] = {}
        self.is_open = True

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        self.ping()
        rows = checked(stream, batch, covers).to_pylist()
        held = self.covered[stream]
        for c in held:
            if c.run != run and c.start < covers[1] and covers[0] < c.end:
                raise RunMismatch(differences(c.run, run))
        new = [row for row in rows if not any(c.start <= row["time"] < c.end for c in held)]
        found = [*self.records[stream], *(RECORD_TYPES[stream](**row) for row in new)]
        self.records[stream] = sorted(found, key=order)
        held.append(Covered(*covers, run))

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        self.ping()
        result: list[Covered] = []
        for stretch in sorted(self.covered[stream], key=lambda c: c.start):
            if result and result[-1].run == stretch.run and stretch.start <= result[-1].end:
                last = result.pop()
                stretch = Covered(last.start, max(last.end, stretch.end), last.run)
            result.append(stretch)
        return result

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        return self.at(stream, key, time=now)

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        self.ping()
        newest: dict[str, BusPosition] = {}
        for record in self.records[Stream.BUS_POSITION]:
            assert isinstance(record, BusPosition)
            if record.line_id == line_id and since <= record.time <= now:
                newest[record.bus_id] = record
        return [newest[bus_id] for bus_id in sorted(newest)]

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        self.ping()
        to_us(time)
        found = [record for record in self.records[stream] if entity(record) == key and record.time <= time]
        return found[-1] if found else None

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
        self.ping()
        if limit < 1:
            raise ValueError(f"limit {limit}")
        query = RangeQuery(stream, key, start, end, by)
        column = query.column
        found = [record for record in self.records[stream] if getattr(record, column) == key]
        found = [record for record in found if start <= record.time < end]
        if cursor is not None:
            last = query.position(cursor)
            found = [record for record in found if order(record) > (from_us(last.time_us), *last.key)]
        return query.page(found, limit)

    def newest_of_each(
        self, stream: Stream, key: str, *, by: str, per: str, since: datetime, now: datetime
    ) -> Sequence[Record]:
        self.ping()
        check_ids(stream, by, per)
        newest: dict[str, Record] = {}
        for record in self.records[stream]:
            if getattr(record, by) == key and since <= record.time <= now:
                newest[getattr(record, per)] = record
        return [newest[name] for name in sorted(newest)]

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        self.ping()
        cadence_s = SCHEMAS[stream].cadence_s
        assert cadence_s is not None
        ticks = [
            datetime.fromtimestamp(second, UTC)
            for c in self.covered[stream]
            for second in range(0, int(c.end.timestamp()) + 1, cadence_s)[-DAYS_TICKS:]
            if c.start.timestamp() <= second < c.end.timestamp()
        ]
        return max((tick for tick in ticks if tick <= time), default=None)

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        self.ping()
        return [record for record in self.records[stream] if record.time == tick]

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
        self.ping()
        query = RangeQuery(stream, selection.text, start, end)
        found = [record for record in self.records[stream] if start <= record.time < end]
        for column, values in selection.conditions:
            found = [record for record in found if getattr(record, column) in values]
        if cursor is not None:
            last = query.position(cursor)
            found = [record for record in found if order(record) > (from_us(last.time_us), *last.key)]
        return query.page(found, limit)

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        self.ping()
        hours: dict[datetime, list[Record]] = {}
        for record in self.records[stream]:
            if start <= record.time < end:
                hour = record.time.replace(minute=0, second=0, microsecond=0)
                hours.setdefault(hour, []).append(record)
        return (table(stream, hours[hour]).cast(arrow_schema(stream)) for hour in sorted(hours))

    def rows(self, stream: Stream) -> int:
        self.ping()
        return len(self.records[stream])

    def prune(self, before: datetime) -> None:
        self.ping()
        for stream in Stream:
            self.records[stream] = [record for record in self.records[stream] if record.time >= before]
            kept = [c for c in self.covered[stream] if c.end > before]
            self.covered[stream] = [Covered(max(c.start, before), c.end, c.run) for c in kept]

    def journal(self) -> Sequence[JournalEntry]:
        self.ping()
        return [self.entries[number] for number in sorted(self.entries)]

    def record(self, entry: JournalEntry, *, changes_from: datetime) -> None:
        self.ping()
        refuse_written_ahead(entry, changes_from, self.coverage)
        self.entries[entry.number] = entry

    def ping(self) -> None:
        if not self.is_open:
            raise StoreUnavailable("closed")

    def close(self) -> None:
        self.is_open = False
