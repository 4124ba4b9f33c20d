"""The journal of a store: what was decided while a run was written, such as interventions in the city.

An entry counts from an instant on: records before it don't depend on it. So an entry may only be recorded
where no record at or after that instant is stored. The store keeps an entry's content as a text, which it
doesn't parse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from storage.coverage import newest_tick
from storage.errors import WrittenAhead
from storage.instants import EPOCH
from storage.schema import SCHEMAS, Stream
from storage.store import Covered, JournalEntry

SECOND = timedelta(seconds=1)
NEVER = datetime.max.replace(tzinfo=UTC)
"""From when records depend on a change that none depends on, such as a copy of what was decided elsewhere."""
LONGEST_TEXT = 1600
"""The most bytes of an entry's text: a record of Timestream has at most 2,048."""


def first_open_second(coverage_of: Callable[[Stream], Sequence[Covered]]) -> datetime | None:
    """The first whole second at or after which no record is stored; None for a store without data.

    A stream with a cadence is covered beyond its last tick, where it has no records: the second after that
    tick is still open.
    """
    ends = [_open_from(stream, coverage_of(stream)) for stream in Stream]
    return max((end for end in ends if end is not None), default=None)


def _open_from(stream: Stream, coverage: Sequence[Covered]) -> datetime | None:
    if not coverage:
        return None
    cadence_s, end = SCHEMAS[stream].cadence_s, coverage[-1].end
    if cadence_s is None:
        return EPOCH - (EPOCH - end) // SECOND * SECOND
    # Coverage may hold no tick at all, where it is shorter than the cadence.
    last = newest_tick(coverage, end, cadence_s)
    return None if last is None else last + SECOND


def journal_digest(entries: Sequence[JournalEntry]) -> str:
    """SHA-256 in hex of the entries' texts, which are JSON, as one list; empty for an empty journal."""
    texts = ",".join(entry.text for entry in entries)
    return hashlib.sha256(f"[{texts}]".encode()).hexdigest() if entries else ""


def refuse_written_ahead(
    entry: JournalEntry, changes_from: datetime, coverage_of: Callable[[Stream], Sequence[Covered]]
) -> None:
    """Raise `WrittenAhead` if records at or after `changes_from` are stored; ValueError for a long text."""
    refuse_long_text(entry)
    earliest = first_open_second(coverage_of)
    if earliest is not None and changes_from < earliest:
        raise WrittenAhead(changes_from, earliest)


def refuse_long_text(entry: JournalEntry) -> None:
    """Raise ValueError for an entry whose text is too long to be stored."""
    length = len(entry.text.encode())
    if length > LONGEST_TEXT:
        raise ValueError(f"the entry has {length:,} bytes; at most {LONGEST_TEXT:,} can be stored")
