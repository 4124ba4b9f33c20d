"""A store whose journal is an object in S3, which parts read at every tick without a query of the store.

The object decides: an intervention is made once it is there. Feeders copy the entries into the store before
they simulate by them, for commands that know the store alone (`audit`, `digest`, `journal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.aws.journal.s3_journal import S3Journal
from services.aws.store_before import StoreBefore
from services.queries.memory_reader import RemembersLatest
from storage.journal import NEVER, refuse_written_ahead
from storage.schema import BusPosition, Record, Stream
from storage.store import JournalEntry, Store


class JournaledStore(StoreBefore):
    """A store with an S3 journal; it is copied into the store by parts that write (`copies`)."""

    def __init__(self, store: Store, journal: S3Journal, *, copies: bool = False) -> None:
        super().__init__(store)
        self._journal, self._copies = journal, copies
        self._memory = store if isinstance(store, RemembersLatest) else None
        self._copied: Sequence[JournalEntry] = []

    def journal(self) -> Sequence[JournalEntry]:
        """See `Store.journal`."""
        entries = self._journal.read()
        if self._copies and entries != self._copied:
            kept = {each.number: each for each in self._store.journal()}
            for entry in entries:
                if kept.get(entry.number) != entry:
                    # Which records depend on the entry was decided when it was made.
                    self._store.record(entry, changes_from=NEVER)
            self._copied = entries
        return entries

    def record(self, entry: JournalEntry, *, changes_from: datetime) -> None:
        """See `Store.record`. Raises `JournalChanged` if another process was faster."""
        refuse_written_ahead(entry, changes_from, self._store.coverage)
        self._journal.put(entry)

    def remembered(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """What the store has in memory: see `RemembersLatest`."""
        return None if self._memory is None else self._memory.remembered(stream, key, now=now)

    def remembered_of_line(
        self, line_id: str, *, since: datetime, now: datetime
    ) -> Sequence[BusPosition] | None:
        """What the store has in memory: see `RemembersLatest`."""
        if self._memory is None:
            return None
        return self._memory.remembered_of_line(line_id, since=since, now=now)

    def remembered_tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """What the store has in memory: see `RemembersLatest`."""
        return None if self._memory is None else self._memory.remembered_tick(stream, time=time)
