"""A store whose journal is an object in S3, which parts read at every tick without a query of the store.

The object decides: an intervention is made once it is there. Feeders copy the entries into the store before
they simulate by them, for commands that know the store alone (`audit`, `digest`, `journal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.aws.journal.s3_journal import S3Journal
from services.aws.store_before import StoreBefore
from storage.journal import NEVER, refuse_written_ahead
from storage.store import JournalEntry, Store


class JournaledStore(StoreBefore):
    """A store with an S3 journal; it is copied into the store by parts that write (`copies`)."""

    def __init__(self, store: Store, journal: S3Journal, *, copies: bool = False) -> None:
        super().__init__(store)
        self._journal, self._copies = journal, copies
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
