"""The live hub's source for feeders in the same process: records from their threads to its event loop.

Records go to the hub tick by tick, once the clock has reached them (at rate `MAX` feeders run ahead), and
only those with subscribers. A jump of the clock drops records that still wait. Arrow tables become records
here, so that the hub needs no Arrow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from threading import Lock
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from services.live.delivery_faults import DeliveryFaults
from services.live.hub import WANTED_BY, Hub
from services.times import floor
from simulator.clock import Course, Moment
from storage.records import records_of
from storage.schema import RECORD_TYPES, SCHEMAS, BusPosition, Record, Stream

VISITS_TICK = timedelta(seconds=30)
"""How often new visits are sent; they have no cadence of their own."""


class StreamTick(NamedTuple):
    """The records of one tick of a stream."""

    stream: Stream
    records: Sequence[Record]


MOST_WINDOWS = 8
"""Windows of a stream, of at most an hour, that may wait for the clock; feeders never run ahead that far."""
MOST_TICKS = 480
"""Ticks that may wait for a slow event loop; beyond that the oldest are dropped."""


class FeederSource:
    """Publishes to a hub what feeders have written, with a scenario's delivery `faults`, if any.

    `written` and `release` are called in the feeders' threads.
    """

    def __init__(self, hub: Hub, faults: DeliveryFaults | None = None) -> None:
        self._hub, self._faults = hub, faults
        self._lock = Lock()
        self._windows: dict[Stream, deque[pa.Table]] = {
            stream: deque(maxlen=MOST_WINDOWS) for stream in Stream
        }
        self._ticks: deque[StreamTick] = deque(maxlen=MOST_TICKS)
        self._pacing: asyncio.Task[None] | None = None
        self._course_number = 0

    @property
    def waiting_ticks(self) -> int:
        """The number of ticks that wait for the event loop."""
        return len(self._ticks)

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """Keep the rows that a feeder has just written on a course of the clock, until they are due."""
        if len(rows):
            with self._lock:
                if self._is_on(course):
                    self._windows[stream].append(rows)

    def release(self, moment: Moment) -> None:
        """Publish all ticks up to a moment. Costs little without subscribers."""
        with self._lock:
            if not self._is_on(moment.course):
                return
            for stream, windows in self._windows.items():
                for _ in range(len(windows)):
                    rows = windows.popleft()
                    due = due_rows(rows, moment.now)
                    if due < len(rows):
                        windows.append(rows.slice(due))
                    wanted = self._hub.wanted(stream)
                    if due and wanted:
                        self._in_loop(self._accept, ticks_of(stream, rows.slice(0, due), wanted))

    def _is_on(self, course: Course) -> bool:
        """Whether a course is the newest one known. A newer one drops waiting records."""
        if course.number > self._course_number:
            self._course_number = course.number
            for windows in self._windows.values():
                windows.clear()
            self._in_loop(self._reset_after_jump)
        return course.number == self._course_number

    def _in_loop(self, job: Callable[..., None], *arguments: object) -> None:
        """Schedule `job` in the hub's event loop, if it has one; jobs run in order."""
        if self._hub.loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the process ends
                self._hub.loop.call_soon_threadsafe(job, *arguments)

    def _reset_after_jump(self) -> None:
        self._ticks.clear()
        self._hub.reset_after_jump()
        if self._faults is not None:
            self._faults.forget()

    def _accept(self, ticks: Sequence[StreamTick]) -> None:
        for tick in ticks:
            self._ticks.extend(self._disturbed(tick))
        if self._pacing is None or self._pacing.done():
            self._pacing = asyncio.get_running_loop().create_task(self._publish())

    def _disturbed(self, tick: StreamTick) -> Iterable[StreamTick]:
        """What is sent instead of a tick; only positions have delivery faults."""
        if self._faults is None or tick.stream is not Stream.BUS_POSITION:
            return (tick,)
        positions = [record for record in tick.records if isinstance(record, BusPosition)]
        return (StreamTick(tick.stream, passed) for passed in self._faults.disturbed(positions))

    async def _publish(self) -> None:
        """Publish one tick in each round of the event loop, so that fast clients get every tick."""
        while self._ticks:
            tick = self._ticks.popleft()
            self._hub.publish(tick.records, tick.stream)
            await asyncio.sleep(0)


def due_rows(rows: pa.Table, now: datetime) -> int:
    """The number of rows, which are ordered by time, at or before `now`."""
    return pc.sum(pc.less_equal(rows.column("time"), pa.scalar(now))).as_py() or 0


def ticks_of(stream: Stream, rows: pa.Table, wanted: frozenset[str]) -> list[StreamTick]:
    """The records with some ids (see `WANTED_BY`), one sequence for each tick."""
    ids = pa.array(sorted(wanted))
    chosen = rows.filter(pc.is_in(rows.column(WANTED_BY[stream]).cast(pa.string()), value_set=ids))
    records: Sequence[Record] = records_of(chosen, RECORD_TYPES[stream])
    return [StreamTick(stream, list(tick)) for _, tick in groupby(records, key=tick_of(stream))]


def tick_of(stream: Stream) -> Callable[[Record], datetime]:
    """The tick that a record of a stream is sent in."""
    if SCHEMAS[stream].cadence_s is not None:
        return lambda record: record.time
    return lambda record: floor(record.time - timedelta(milliseconds=1), VISITS_TICK)
