"""From the bus-position feeder's thread to the live hub's event loop: each tick on its own, in order.

What a feeder has written is handed over once the clock has reached it (at the greatest rate feeders run
ahead), and of it only the lines that somebody wants. Here Arrow becomes records; the hub knows none.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from threading import Lock
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from services.live import Hub
from storage.schema import SCHEMAS, BusPosition, Stream

Tick: TypeAlias = Sequence[BusPosition]

MOST_WINDOWS = 8
"""Windows (of at most an hour) that may wait for the clock; feeders never run ahead so far."""
MOST_TICKS = 480
"""Ticks that may wait for an event loop that doesn't keep up; the oldest are dropped."""


class LiveFeed:
    """Publishes to a hub what the feeders have written. `written` and `release` are for their threads."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = Lock()
        self._windows: deque[pa.Table] = deque(maxlen=MOST_WINDOWS)
        self._ticks: deque[Tick] = deque(maxlen=MOST_TICKS)
        self._pacing: asyncio.Task[None] | None = None

    def written(self, stream: Stream, rows: pa.Table) -> None:
        """Take note of what a feeder has just stored."""
        if stream is Stream.BUS_POSITION and len(rows):
            with self._lock:
                self._windows.append(rows)

    def release(self, now: datetime) -> None:
        """Hand over all ticks up to `now`. Cheap when nobody wants any."""
        with self._lock:
            for _ in range(len(self._windows)):
                rows = self._windows.popleft()
                due = due_rows(rows, now)
                if due < len(rows):
                    self._windows.append(rows.slice(due))
                loop, wanted = self._hub.loop, self._hub.wanted
                if due and wanted and loop is not None:
                    ticks = ticks_of(rows.slice(0, due), wanted)
                    with suppress(RuntimeError):  # the loop is closed: the process ends
                        loop.call_soon_threadsafe(self._accept, ticks)

    def _accept(self, ticks: Sequence[Tick]) -> None:
        self._ticks.extend(ticks)
        if self._pacing is None or self._pacing.done():
            self._pacing = asyncio.get_running_loop().create_task(self._publish())

    async def _publish(self) -> None:
        """One tick a round of the event loop, so that who reads fast enough gets every one."""
        while self._ticks:
            self._hub.publish(self._ticks.popleft())
            await asyncio.sleep(0)


def due_rows(rows: pa.Table, now: datetime) -> int:
    """How many of the rows, which are ordered by time, are at or before `now`."""
    return pc.sum(pc.less_equal(rows.column("time"), pa.scalar(now))).as_py() or 0


def ticks_of(rows: pa.Table, line_ids: frozenset[str]) -> list[Tick]:
    """The positions of some lines as records, a sequence for each tick."""
    lines = pa.array(sorted(line_ids))
    chosen = rows.filter(pc.is_in(rows.column("line_id").cast(pa.string()), value_set=lines))
    columns = [chosen.column(name).to_pylist() for name in SCHEMAS[Stream.BUS_POSITION].names]
    records = [BusPosition(*values) for values in zip(*columns, strict=True)]
    return [list(tick) for _, tick in groupby(records, key=attrgetter("time"))]
