"""A lake as a store that is only read: for audit, digest, diff, and a server of history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from storage.arrow_schema import arrow_schema
from storage.batch import within
from storage.coverage import newest_tick
from storage.cursor import RangeQuery, check_ids, check_limit
from storage.errors import StoreError, StoreUnavailable
from storage.instants import from_us, to_us
from storage.lake.manifest import NAME, LakeFile, Manifest, read_manifest
from storage.lake.place import LakePlace
from storage.records import after_position, records_of
from storage.schema import RECORD_TYPES, SCHEMAS, BusPosition, Record, Stream
from storage.store import Covered, JournalEntry, Page, Selection

MICROSECOND = timedelta(microseconds=1)
Conditions = Mapping[str, Sequence[str]]


class LakeStore:
    """The lake at a path or `s3://BUCKET/PREFIX`. See `storage.store.Store`; it refuses to be changed.

    Raises `StoreUnavailable` unless a manifest is there, and `StoreInvalid` for one that isn't a lake's.
    """

    def __init__(self, url: str) -> None:
        self._place = LakePlace(url)
        self._closed = False
        self._manifest = self._read()

    def write(self, *_: object, **__: object) -> None:
        """Refused: `bus-simulator generate` writes lakes."""
        raise self._only_read()

    def prune(self, *_: object, **__: object) -> None:
        """Refused: a lake keeps what it has."""
        raise self._only_read()

    def record(self, *_: object, **__: object) -> None:
        """Refused: a lake has no journal."""
        raise self._only_read()

    def journal(self) -> Sequence[JournalEntry]:
        """See `Store.journal`. A lake has none."""
        self._check_open()
        return []

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """See `Store.coverage`."""
        self._check_open()
        return self._manifest.coverage(stream)

    def rows(self, stream: Stream) -> int:
        """See `Store.rows`."""
        self._check_open()
        return sum(file.rows for file in self._manifest.files_of(stream))

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """See `Store.scan`."""
        self._check_open()
        return self._tables(stream, start, end)

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """See `Store.latest`."""
        return self.at(stream, key, time=now)

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """See `Store.at`. Reads backwards until there is a record."""
        self._check_open()
        end = from_us(to_us(time)) + MICROSECOND
        for table in self._backwards(stream, end):
            found = _selected(table, {SCHEMAS[stream].entity: [key]})
            if len(found):
                last = records_of(found, RECORD_TYPES[stream])
                return max(last, key=attrgetter("time", *SCHEMAS[stream].key))
        return None

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        found = self.newest_of_each(
            Stream.BUS_POSITION, line_id, by="line_id", per="bus_id", since=since, now=now
        )
        return [position for position in found if isinstance(position, BusPosition)]

    def newest_of_each(
        self, stream: Stream, key: str, *, by: str, per: str, since: datetime, now: datetime
    ) -> Sequence[Record]:
        """See `Store.newest_of_each`."""
        self._check_open()
        check_ids(stream, by, per)
        newest: dict[str, Record] = {}
        for table in self._tables(stream, since, from_us(to_us(now)) + MICROSECOND):
            for record in records_of(_selected(table, {by: [key]}), RECORD_TYPES[stream]):
                newest[getattr(record, per)] = record
        return [newest[name] for name in sorted(newest)]

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
        query = RangeQuery(stream, key, start, end, by)
        return self._page(query, {query.column: [key]}, limit, cursor)

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
        query = RangeQuery(stream, selection.text, start, end)
        return self._page(query, dict(selection.conditions), limit, cursor)

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """See `Store.tick`."""
        return newest_tick(self.coverage(stream), time, SCHEMAS[stream].cadence_s or 1)

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """See `Store.records_at`."""
        self._check_open()
        tables = self._tables(stream, tick, tick + MICROSECOND)
        return [record for table in tables for record in records_of(table, RECORD_TYPES[stream])]

    def ping(self) -> None:
        """See `Store.ping`. Reads the manifest again, which may have grown."""
        self._check_open()
        self._manifest = self._read()

    def close(self) -> None:
        """See `Store.close`."""
        self._closed = True

    def _page(self, query: RangeQuery, conditions: Conditions, limit: int, cursor: str | None) -> Page:
        self._check_open()
        check_limit(limit)
        after = None if cursor is None else query.position(cursor)
        start = query.start if after is None else max(query.start, from_us(after.time_us))
        found: list[Record] = []
        for table in self._tables(query.stream, start, query.end):
            rows = after_position(query.stream, _selected(table, conditions), after)
            found += records_of(rows.slice(0, limit + 1 - len(found)), RECORD_TYPES[query.stream])
            if len(found) > limit:
                break
        return query.page(found, limit)

    def _tables(self, stream: Stream, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """The rows in [start, end), in the order of the store."""
        span = (from_us(to_us(start)), from_us(to_us(end)))
        for file in self._manifest.files_of(stream):
            if file.start < span[1] and span[0] < file.end:
                source = self._opened(file)
                for group in range(source.num_row_groups):
                    rows = self._group(source, group, stream, span)
                    if len(rows):
                        yield rows

    def _backwards(self, stream: Stream, end: datetime) -> Iterator[pa.Table]:
        """The rows before `end`, the last row groups first."""
        span = (from_us(0), end)
        for file in reversed(self._manifest.files_of(stream)):
            if file.start < end:
                source = self._opened(file)
                for group in reversed(range(source.num_row_groups)):
                    yield self._group(source, group, stream, span)

    def _opened(self, file: LakeFile) -> parquet.ParquetFile:
        try:
            ids = [column.name for column in SCHEMAS[file.stream].columns if column.kind == "id"]
            return parquet.ParquetFile(self._place.open(file.path), read_dictionary=ids)
        except pa.ArrowInvalid as error:
            raise StoreUnavailable(f"{self._place.url}: {file.path}: {error}") from error

    def _group(
        self, source: parquet.ParquetFile, group: int, stream: Stream, span: tuple[datetime, datetime]
    ) -> pa.Table:
        """The rows of a row group in a span. Its statistics tell whether it has to be read."""
        times = source.metadata.row_group(group).column(0).statistics
        if times is not None and times.has_min_max:
            first, last = (value.astimezone(UTC) for value in (times.min, times.max))
            if last < span[0] or first >= span[1]:
                return arrow_schema(stream).empty_table()
        try:
            rows = source.read_row_group(group)
        except OSError as error:
            raise StoreUnavailable(f"{self._place.url}: {error}") from error
        return within(rows.cast(arrow_schema(stream)).combine_chunks(), [span]).combine_chunks()

    def _read(self) -> Manifest:
        text = self._place.read(NAME)
        if text is None:
            raise StoreUnavailable(f"{self._place.url} has no {NAME}: `bus-simulator generate` makes a lake")
        return read_manifest(text, f"{self._place.url}/{NAME}")

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"{self._place.url} is closed")

    def _only_read(self) -> StoreError:
        return StoreError(f"the lake {self._place.url} is only read: `bus-simulator generate` adds to it")


def _selected(rows: pa.Table, conditions: Conditions) -> pa.Table:
    """The rows with one of the values in each of some columns."""
    for column, values in conditions.items():
        rows = rows.filter(pc.is_in(rows.column(column).cast(pa.string()), pa.array(values, pa.string())))
    return rows
