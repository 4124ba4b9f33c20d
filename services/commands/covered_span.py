"""The time span that a command works on: by default all that a store covers."""

from __future__ import annotations

from datetime import datetime

from storage.coverage import overlapping
from storage.instants import EPOCH
from storage.schema import Stream
from storage.store import Store


def held(
    store: Store, stream: Stream, start: datetime | None, end: datetime | None
) -> tuple[datetime, datetime]:
    """Return [start, end), with missing bounds taken from the stream's coverage; empty without coverage."""
    coverage = store.coverage(stream)
    first = min((stretch.start for stretch in coverage), default=EPOCH)
    last = max((stretch.end for stretch in coverage), default=EPOCH)
    return start or first, end or last


def is_covered(store: Store, stream: Stream, start: datetime, end: datetime) -> bool:
    """Whether the store covers any part of [start, end)."""
    return bool(overlapping(store.coverage(stream), start, end))
