"""A store before another one: everything that a subclass doesn't answer by itself is asked of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from storage.schema import BusPosition, Record, Stream
from storage.store import Covered, JournalEntry, Page, Run, Selection, Store

if TYPE_CHECKING:
    import pyarrow as pa


class StoreBefore(Store):
    """A store that hands every request on to `store`. See `storage.store.Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """See `Store.coverage`."""
        return self._store.coverage(stream)

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """See `Store.latest`."""
        return self._store.latest(stream, key, now=now)

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        return self._store.latest_of_line(line_id, since=since, now=now)

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """See `Store.at`."""
        return self._store.at(stream, key, time=time)

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
        return self._store.range(stream, key, start=start, end=end, limit=limit, cursor=cursor, by=by)

    def newest_of_each(
        self, stream: Stream, key: str, *, by: str, per: str, since: datetime, now: datetime
    ) -> Sequence[Record]:
        """See `Store.newest_of_each`."""
        return self._store.newest_of_each(stream, key, by=by, per=per, since=since, now=now)

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """See `Store.tick`."""
        return self._store.tick(stream, time=time)

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """See `Store.records_at`."""
        return self._store.records_at(stream, tick)

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
        return self._store.range_of(stream, selection, start=start, end=end, limit=limit, cursor=cursor)

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        """See `Store.write`."""
        self._store.write(stream, batch, covers=covers, run=run)

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """See `Store.scan`."""
        return self._store.scan(stream, start=start, end=end)

    def rows(self, stream: Stream) -> int:
        """See `Store.rows`."""
        return self._store.rows(stream)

    def prune(self, before: datetime) -> None:
        """See `Store.prune`."""
        self._store.prune(before)

    def journal(self) -> Sequence[JournalEntry]:
        """See `Store.journal`."""
        return self._store.journal()

    def record(self, entry: JournalEntry, *, changes_from: datetime) -> None:
        """See `Store.record`."""
        self._store.record(entry, changes_from=changes_from)

    def ping(self) -> None:
        """See `Store.ping`."""
        self._store.ping()

    def close(self) -> None:
        """See `Store.close`."""
        self._store.close()
