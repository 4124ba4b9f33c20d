"""The records that a client of a stream of events missed since its last event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

import pyarrow as pa
import pyarrow.compute as pc

from services.live.hub import WANTED_BY
from storage.records import records_of
from storage.schema import RECORD_TYPES, Record, Stream
from storage.store import Store

LONGEST_GAP = timedelta(minutes=10)
"""Simulated time after which a client starts with a snapshot instead of what it missed."""
MOST_MISSED = 50_000
"""Records beyond which it does so, too."""
MILLISECOND = timedelta(milliseconds=1)


def missed_records(
    store: Store,
    ids: Mapping[Stream, frozenset[str]],
    since: Mapping[Stream, datetime],
    now: datetime,
) -> Sequence[Record] | None:
    """The records after `since`, by time, of streams' `ids` (see `WANTED_BY`).

    None if a stream isn't in `since`, or if that is too long ago or in the future. May raise StoreError.
    """
    if any(stream not in since or not now - LONGEST_GAP <= since[stream] <= now for stream in ids):
        return None
    found: list[Record] = []
    for stream, wanted in ids.items():
        chosen = pa.array(sorted(wanted), pa.string())
        for rows in store.scan(stream, start=since[stream] + MILLISECOND, end=now + MILLISECOND):
            column = rows.column(WANTED_BY[stream]).cast(pa.string())
            found += records_of(rows.filter(pc.is_in(column, value_set=chosen)), RECORD_TYPES[stream])
            if len(found) > MOST_MISSED:
                return None
    return sorted(found, key=attrgetter("time"))
