"""A cache of the newest record of each entity, updated by every write.

It contains the newest record of every entity that has one at or after a horizon. Older records must be read
from the store.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from storage.batch import Ints, one_chunk, times_us
from storage.records import record_at
from storage.schema import SCHEMAS, BusPosition, Record, Stream


@dataclass(slots=True)
class Newest:
    """A row of a table, converted to a record when it is first read.

    Converting takes much longer than storing, and most rows are replaced at the next tick without being read.
    """

    time_us: int
    stream: Stream
    table: pa.Table
    row: int
    made: Record | None = field(default=None)

    def record(self) -> Record:
        """Return the row as a record."""
        if self.made is None:
            self.made = record_at(self.table, self.stream, self.row)
        return self.made


class NewestRecords:
    """The newest records of one stream whose time is at or after `horizon_us` (µs since the epoch)."""

    def __init__(self, stream: Stream, horizon_us: int) -> None:
        self.stream = stream
        self.horizon_us = horizon_us
        self._entity = SCHEMAS[stream].entity
        self._of: dict[str, Newest] = {}
        self._of_line: dict[str, dict[str, Newest]] = {}
        self._lock = threading.Lock()

    def add(self, table: pa.Table) -> None:
        """Add rows. They must be ordered by (time, key), with one chunk per column."""
        times = times_us(table) if len(table) else np.empty(0, np.int64)
        if not len(times) or times[-1] < self.horizon_us:
            return
        recent = table.slice(int(np.searchsorted(times, self.horizon_us)))
        with self._lock:
            self._add_entities(recent)
            if self.stream is Stream.BUS_POSITION:
                self._add_lines(recent)

    def of(self, key: str) -> Newest | None:
        """The newest row of an entity, None if it is before the horizon."""
        return self._of.get(key)

    def of_line(self, line_id: str) -> Sequence[tuple[Newest, BusPosition]]:
        """The newest row at or after the horizon of each bus of a line, by `bus_id`."""
        with self._lock:
            rows = sorted(self._of_line.get(line_id, {}).items())
        records = [(newest, newest.record()) for _, newest in rows]
        return [(newest, record) for newest, record in records if isinstance(record, BusPosition)]

    def forget(self, before_us: int) -> None:
        """Drop records older than an instant."""
        with self._lock:
            self._of = _since(self._of, before_us)
            self._of_line = {line: _since(buses, before_us) for line, buses in self._of_line.items()}

    def _add_entities(self, table: pa.Table) -> None:
        entity = one_chunk(table, self._entity)
        # The few rows are copied, so that the cache doesn't keep the whole batch in memory.
        rows = _last_rows(entity.indices.to_numpy(), len(entity.dictionary))
        small = table.take(pa.array(rows))
        names = small.column(self._entity).to_pylist()
        for row, (name, time_us) in enumerate(zip(names, times_us(small).tolist(), strict=True)):
            _put(self._of, name, Newest(time_us, self.stream, small, row))

    def _add_lines(self, table: pa.Table) -> None:
        bus, line = one_chunk(table, "bus_id"), one_chunk(table, "line_id")
        # One number for each pair of bus and line, since a bus that changed line counts for both.
        codes = bus.indices.to_numpy().astype(np.int64) * len(line.dictionary) + line.indices.to_numpy()
        rows = _last_rows(codes, len(bus.dictionary) * len(line.dictionary))
        small = table.take(pa.array(rows))
        keys = zip(small.column("bus_id").to_pylist(), small.column("line_id").to_pylist(), strict=True)
        for row, ((bus_id, line_id), time_us) in enumerate(zip(keys, times_us(small).tolist(), strict=True)):
            _put(self._of_line.setdefault(line_id, {}), bus_id, Newest(time_us, self.stream, small, row))


def _put(newest: dict[str, Newest], name: str, row: Newest) -> None:
    # History may be written after newer records, and must not replace them.
    held = newest.get(name)
    if held is None or held.time_us <= row.time_us:
        newest[name] = row


def _since(newest: dict[str, Newest], before_us: int) -> dict[str, Newest]:
    return {name: row for name, row in newest.items() if row.time_us >= before_us}


def _last_rows(codes: Ints, size: int) -> Ints:
    """The rows, ascending, in which a code occurs for the last time. `codes` are from 0 to `size` - 1."""
    last = np.full(size, -1, np.int64)
    # Where an index occurs several times, NumPy's assignment keeps the last value.
    last[codes] = np.arange(len(codes))
    return np.sort(last[last >= 0])
