"""The live hub's source for feeders in the same process: positions from their threads to its event loop.

Positions go to the hub tick by tick, once the clock has reached them (at rate `MAX` feeders run ahead), and
only those of lines with subscribers. A jump of the clock drops positions that still wait. Arrow tables become
records here, so that the hub needs no Arrow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from threading import Lock
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from services.live.delivery_faults import DeliveryFaults
from services.live.hub import Hub
from simulator.clock import Course, Moment
from storage.records import records_of
from storage.schema import BusPosition, Stream

Tick: TypeAlias = Sequence[BusPosition]

MOST_WINDOWS = 8
"""Windows, of at most an hour, that may wait for the clock; feeders never run ahead that far."""
MOST_TICKS = 480
"""Ticks that may wait for a slow event loop; beyond that the oldest are dropped."""


class FeederSource:
    """Publishes to a hub what feeders have written, with a scenario's delivery `faults`, if any.

    `written` and `release` are called in the feeders' threads.
    """

    def __init__(self, hub: Hub, faults: DeliveryFaults | None = None) -> None:
        self._hub, self._faults = hub, faults
        self._lock = Lock()
        self._windows: deque[pa.Table] = deque(maxlen=MOST_WINDOWS)
        self._ticks: deque[Tick] = deque(maxlen=MOST_TICKS)
        self._pacing: asyncio.Task[None] | None = None
        self._course_number = 0

    @property
    def waiting_ticks(self) -> int:
        """The number of ticks that wait for the event loop."""
        return len(self._ticks)

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """Keep the rows that a feeder has just written on a course of the clock, until they are due."""
        if stream is Stream.BUS_POSITION and len(rows):
            with self._lock:
                if self._is_on(course):
                    self._windows.append(rows)

    def release(self, moment: Moment) -> None:
        """Publish all ticks up to a moment. Costs little without subscribers."""
        with self._lock:
            if not self._is_on(moment.course):
                return
            for _ in range(len(self._windows)):
                rows = self._windows.popleft()
                due = due_rows(rows, moment.now)
                if due < len(rows):
                    self._windows.append(rows.slice(due))
                lines = self._hub.subscribed_lines
                if due and lines:
                    self._in_loop(self._accept, ticks_of(rows.slice(0, due), lines))

    def _is_on(self, course: Course) -> bool:
        """Whether a course is the newest one known. A newer one drops waiting positions."""
        if course.number > self._course_number:
            self._course_number = course.number
            self._windows.clear()
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

    def _accept(self, ticks: Sequence[Tick]) -> None:
        for tick in ticks:
            self._ticks.extend((tick,) if self._faults is None else self._faults.disturbed(tick))
        if self._pacing is None or self._pacing.done():
            self._pacing = asyncio.get_running_loop().create_task(self._publish())

    async def _publish(self) -> None:
        """Publish one tick in each round of the event loop, so that fast clients get every tick."""
        while self._ticks:
            self._hub.publish(self._ticks.popleft())
            await asyncio.sleep(0)


def due_rows(rows: pa.Table, now: datetime) -> int:
    """The number of rows, which are ordered by time, at or before `now`."""
    return pc.sum(pc.less_equal(rows.column("time"), pa.scalar(now))).as_py() or 0


def ticks_of(rows: pa.Table, line_ids: frozenset[str]) -> list[Tick]:
    """The positions of some lines as records, one sequence for each tick."""
    lines = pa.array(sorted(line_ids))
    chosen = rows.filter(pc.is_in(rows.column("line_id").cast(pa.string()), value_set=lines))
    return [list(tick) for _, tick in groupby(records_of(chosen, BusPosition), key=attrgetter("time"))]
