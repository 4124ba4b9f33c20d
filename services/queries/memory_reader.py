"""A reader of what a store has in memory. It never waits, so the event loop may use it without a thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from storage.schema import BusPosition, Record, Stream
from storage.store import Covered, Page


class NotInMemory(Exception):
    """The store itself has to be read, which may block."""


@runtime_checkable
class RemembersLatest(Protocol):
    """A store that keeps the latest records in memory."""

    def remembered(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """Return what `latest` would, if it is in memory, else None."""

    def remembered_of_line(
        self, line_id: str, *, since: datetime, now: datetime
    ) -> Sequence[BusPosition] | None:
        """Return what `latest_of_line` would, if it is in memory, else None."""

    def remembered_tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """Return what `tick` would, if it is in memory, else None."""


class MemoryReader:
    """A `Reader` of a store's memory. Every method raises `NotInMemory` for what is not there."""

    def __init__(self, store: RemembersLatest) -> None:
        self._store = store

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record:
        """See `Store.latest`."""
        found = self._store.remembered(stream, key, now=now)
        if found is None:
            raise NotInMemory
        return found

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        found = self._store.remembered_of_line(line_id, since=since, now=now)
        if found is None:
            raise NotInMemory
        return found

    def tick(self, stream: Stream, *, time: datetime) -> datetime:
        """See `Store.tick`."""
        found = self._store.remembered_tick(stream, time=time)
        if found is None:
            raise NotInMemory
        return found

    def coverage(self, _stream: Stream) -> Sequence[Covered]:
        """Raise `NotInMemory`: a store may have to read its coverage."""
        raise NotInMemory

    def at(self, *_arguments: object, **_options: object) -> Record | None:
        """Raise `NotInMemory`: only the latest records are kept."""
        raise NotInMemory

    def newest_of_each(self, *_arguments: object, **_options: object) -> Sequence[Record]:
        """Raise `NotInMemory`: only the latest records of entities are kept."""
        raise NotInMemory

    def range(self, *_arguments: object, **_options: object) -> Page:
        """Raise `NotInMemory`: only the latest records are kept."""
        raise NotInMemory

    def records_at(self, *_arguments: object, **_options: object) -> Sequence[Record]:
        """Raise `NotInMemory`: making records of a whole tick would hold the event loop up."""
        raise NotInMemory

    def range_of(self, *_arguments: object, **_options: object) -> Page:
        """Raise `NotInMemory`: only the latest records are kept."""
        raise NotInMemory
