"""A store whose newest records come from S3 objects while those are fresh; all else is read from the store.

Timestream bills each query for at least half a minute of compute. With the objects, `mode=latest` needs none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.aws.store_before import StoreBefore
from services.lambdas.latest.latest_objects import LatestObject, NewestRecords
from storage.schema import BusPosition, Record, Stream
from storage.store import Store


class LatestStore(StoreBefore):
    """A store with `objects` before it. See `storage.store.Store`."""

    def __init__(self, store: Store, objects: Mapping[Stream, LatestObject]) -> None:
        super().__init__(store)
        self._objects = objects

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """See `Store.latest`."""
        newest = self._as_of(stream, now)
        found = None if newest is None else newest.of.get(key)
        return self._store.latest(stream, key, now=now) if found is None else found

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        newest = self._as_of(Stream.BUS_POSITION, now)
        if newest is None or newest.since > since:
            return self._store.latest_of_line(line_id, since=since, now=now)
        found = (position for position in newest.of_line.get(line_id, ()) if position.time >= since)
        return sorted(found, key=lambda position: position.bus_id)

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """See `Store.tick`."""
        newest = self._as_of(stream, time)
        return self._store.tick(stream, time=time) if newest is None else newest.tick

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """See `Store.records_at`."""
        newest = self._objects[stream].at_tick(tick) if stream in self._objects else None
        return self._store.records_at(stream, tick) if newest is None else newest.at_tick

    def _as_of(self, stream: Stream, instant: datetime) -> NewestRecords | None:
        return self._objects[stream].as_of(instant) if stream in self._objects else None
