"""A cache of the newest record of each entity, updated by every write.

It contains the newest record of every entity that has one at or after a horizon. Older records must be read
from the store.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from storage.batch import Ints, one_chunk, times_us
from storage.records import record_at
from storage.schema import SCHEMAS, BusPosition, Record, Stream


class Place(NamedTuple):
    """Where the newest record of an entity is: its time in µs since the epoch, a table and a row of it.

    It becomes a record when it is first read. That takes much longer than storing it, and most are replaced
    at the next tick without being read.
    """

    time_us: int
    table: pa.Table
    row: int


class Newest(NamedTuple):
    """The newest record of an entity, and its time in µs since the epoch."""

    time_us: int
    record: Record


class NewestRecords:
    """The newest records of one stream whose time is at or after `horizon_us` (µs since the epoch)."""

    def __init__(self, stream: Stream, horizon_us: int) -> None:
        self.stream = stream
        self.horizon_us = horizon_us
        self._entity = SCHEMAS[stream].entity
        self._of: dict[str, Place] = {}
        self._of_line: dict[str, dict[str, Place]] = {}
        # Of buses by line, and of entities without one: a bus that changed line has two.
        self._made: dict[tuple[str, str | None], tuple[Place, Record]] = {}
        self._last_us = horizon_us
        self._lock = threading.Lock()

    def add(self, table: pa.Table) -> None:
        """Add rows. They must be ordered by (time, key), with one chunk per column."""
        times = times_us(table) if len(table) else np.empty(0, np.int64)
        if not len(times) or times[-1] < self.horizon_us:
            return
        recent = table.slice(int(np.searchsorted(times, self.horizon_us)))
        with self._lock:
            self._made = {}  # each place kept here would keep the table of its tick
            self._add_entities(recent)
            if self.stream is Stream.BUS_POSITION:
                self._add_lines(recent)

    def of(self, key: str) -> Newest | None:
        """The newest record of an entity, None if it is before the horizon."""
        place = self._of.get(key)
        return None if place is None else Newest(place.time_us, self._record((key, None), place))

    def of_line(self, line_id: str) -> Sequence[tuple[int, BusPosition]]:
        """The newest record at or after the horizon of each bus of a line and its time, by `bus_id`."""
        with self._lock:
            places = sorted(self._of_line.get(line_id, {}).items())
        records = [(place.time_us, self._record((bus_id, line_id), place)) for bus_id, place in places]
        return [(time_us, record) for time_us, record in records if isinstance(record, BusPosition)]

    def forget(self, before_us: int) -> None:
        """Drop records older than an instant."""
        with self._lock:
            self._of = _since(self._of, before_us)
            self._of_line = {line: _since(buses, before_us) for line, buses in self._of_line.items()}
            self._made = {}

    def _record(self, key: tuple[str, str | None], place: Place) -> Record:
        kept = self._made.get(key)
        if kept is None or kept[0] is not place:
            kept = self._made[key] = place, record_at(place.table, self.stream, place.row)
        return kept[1]

    def _add_entities(self, table: pa.Table) -> None:
        entity = one_chunk(table, self._entity)
        # The few rows are copied, so that the cache doesn't keep the whole batch in memory.
        rows = _last_rows(entity.indices.to_numpy(), len(entity.dictionary))
        small = table.take(pa.array(rows))
        times = times_us(small)
        found = zip(small.column(self._entity).to_pylist(), _places(small, times), strict=True)
        # History may be written after newer records, and must not replace them.
        self._of.update(found if times[0] >= self._last_us else _newer(found, self._of))
        self._last_us = max(self._last_us, int(times[-1]))

    def _add_lines(self, table: pa.Table) -> None:
        bus, line = one_chunk(table, "bus_id"), one_chunk(table, "line_id")
        # One number for each pair of bus and line, since a bus that changed line counts for both.
        codes = bus.indices.to_numpy().astype(np.int64) * len(line.dictionary) + line.indices.to_numpy()
        rows = _last_rows(codes, len(bus.dictionary) * len(line.dictionary))
        small = table.take(pa.array(rows))
        keys = zip(small.column("bus_id").to_pylist(), small.column("line_id").to_pylist(), strict=True)
        for (bus_id, line_id), place in zip(keys, _places(small, times_us(small)), strict=True):
            held = self._of_line.setdefault(line_id, {})
            held.update(_newer([(bus_id, place)], held))


def _places(table: pa.Table, times: Ints) -> Iterable[Place]:
    """The place of each row."""
    return map(Place, times.tolist(), repeat(table), range(len(times)))


def _newer(found: Iterable[tuple[str, Place]], held: dict[str, Place]) -> list[tuple[str, Place]]:
    """Those of `found` that aren't older than what is held."""
    return [(name, place) for name, place in found if name not in held or held[name].time_us <= place.time_us]


def _since(newest: dict[str, Place], before_us: int) -> dict[str, Place]:
    return {name: place for name, place in newest.items() if place.time_us >= before_us}


def _last_rows(codes: Ints, size: int) -> Ints:
    """The rows, ascending, in which a code occurs for the last time. `codes` are from 0 to `size` - 1."""
    last = np.full(size, -1, np.int64)
    # Where an index occurs several times, NumPy's assignment keeps the last value.
    last[codes] = np.arange(len(codes))
    return np.sort(last[last >= 0])
