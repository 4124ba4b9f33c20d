"""What a store has in memory, as something to ask: an event loop may do so itself, without a thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from storage.schema import BusPosition, Record, Stream
from storage.store import Page


class NotInMemory(Exception):
    """The store has to be asked, which may take a while."""


@runtime_checkable
class Remembering(Protocol):
    """A store that knows what it can answer without waiting."""

    def remembered(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """What `latest` answers if it is in memory, else None."""

    def remembered_of_line(
        self, line_id: str, *, since: datetime, now: datetime
    ) -> Sequence[BusPosition] | None:
        """What `latest_of_line` answers if it is in memory, else None."""


class Recent:
    """Answers like the store, or raises `NotInMemory`; never waits."""

    def __init__(self, store: Remembering) -> None:
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

    def at(self, *_what: object, **_when: object) -> Record | None:
        """Never in memory."""
        raise NotInMemory

    def range(self, *_what: object, **_when: object) -> Page:
        """Never in memory."""
        raise NotInMemory
