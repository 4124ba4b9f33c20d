"""What a store has read of the current tick, which is sure to be the newest until the next one is due.

An entity has at most one record at a tick, which never changes. So whatever others write meanwhile, servers
over one database, or over its replicas, may answer again what they have read. An older record, as of a feeder
that lags, may be replaced at any moment, and isn't kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from storage.errors import StoreError
from storage.instants import EPOCH
from storage.schema import SCHEMAS, Record, Stream

SURE_S = 1.0
"""How long a database that has answered counts as reachable, in wall seconds."""
CADENCES = {stream: timedelta(seconds=schema.cadence_s or 0) for stream, schema in SCHEMAS.items()}
MONOTONIC_S: Callable[[], float] = time.monotonic


class CurrentRecords:
    """The newest records and complete ticks that were read at the current tick.

    Nothing is returned unless the database has answered within `SURE_S`, so that its loss is noticed. Threads
    may share it.
    """

    def __init__(self, *, wall_s: Callable[[], float] = MONOTONIC_S) -> None:
        self._wall_s = wall_s
        self._reachable_until = -1.0
        self._records: dict[tuple[Stream, str], Record] = {}
        self._ticks: dict[Stream, datetime] = {}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Note whether the database answers."""
        began_s = self._wall_s()
        try:
            yield
        except StoreError:
            self.forget()
            raise
        self._reachable_until = began_s + SURE_S

    def forget(self) -> None:
        """Return nothing until the database answers again."""
        self._reachable_until = -1.0

    def keep(self, stream: Stream, key: str, record: Record | None, now: datetime) -> None:
        """Keep an entity's newest record at or before `now` if it is of the current tick."""
        if record is not None and is_current(stream, record.time, now):
            self._records[stream, key] = record

    def keep_tick(self, stream: Stream, tick: datetime | None, now: datetime) -> None:
        """Keep the newest complete tick at or before `now` if it is the current one."""
        if tick is not None and is_current(stream, tick, now):
            self._ticks[stream] = tick

    def record(self, stream: Stream, key: str, now: datetime) -> Record | None:
        """An entity's newest record, None if it has to be read."""
        kept = self._records.get((stream, key))
        return kept if kept is not None and self._is_sure(stream, kept.time, now) else None

    def tick(self, stream: Stream, now: datetime) -> datetime | None:
        """The newest complete tick, None if it has to be read."""
        kept = self._ticks.get(stream)
        return kept if kept is not None and self._is_sure(stream, kept, now) else None

    def _is_sure(self, stream: Stream, time: datetime, now: datetime) -> bool:
        return self._wall_s() < self._reachable_until and is_current(stream, time, now)


def is_current(stream: Stream, time: datetime, now: datetime) -> bool:
    """Whether `time` is a tick of a stream, and the next one comes after `now`."""
    cadence = CADENCES[stream]
    return time <= now < time + cadence and not (time - EPOCH) % cadence
