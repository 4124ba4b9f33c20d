"""A city: a network and a seed, asked for any stretch of time.

Keeps the line-days it has simulated, so that consecutive windows cost little, and simulates missing ones in
parallel processes where there are many.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Lock, Thread

import pyarrow as pa

from simulator.line_day import line_day
from simulator.network import Line, Network
from simulator.roster import Roster
from simulator.service_day import days_between
from simulator.trajectory import Trajectory
from simulator.types import to_ms
from simulator.window import window
from storage.schema import Stream

KEPT_DAYS = 3
"""Line-days kept for each line. A weekday of the whole of Madrid takes some 250 MB."""


class City:
    """A network's streams as a function of time. Safe to call from several threads.

    `jobs`: processes that simulate line-days; 1 simulates in this one.
    """

    def __init__(self, network: Network, *, seed: int = 1, jobs: int = 1):
        self.network, self.seed = network, seed
        self._roster = Roster(network, seed=seed)
        self._lock = Lock()
        self._days: OrderedDict[tuple[str, date], Trajectory] = OrderedDict()
        self._pool = _pool(jobs) if jobs > 1 else None

    def window(self, start: datetime, end: datetime, streams: Collection[Stream]) -> dict[Stream, pa.Table]:
        """One batch for each of `streams`: its rows with start ≤ time < end, by (time, key).

        Batches have the schema of `storage.arrow_schema`.
        """
        low, high = to_ms(start), to_ms(end)
        with self._lock:
            days = self._line_days(low, high)
        return window(self._roster, days, low, high, seed=self.seed, streams=streams)

    def close(self) -> None:
        """End the processes, if any."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _line_days(self, start: int, end: int) -> Sequence[Trajectory]:
        """The line-days that own some of [start, end), in the order of lines and dates."""
        wanted = [(line, day) for line in self.network.lines for day in days_between(line, start, end)]
        missing = [(line, day) for line, day in wanted if (line.line_id, day) not in self._days]
        simulate = partial(_simulate, self.seed)
        results = self._pool.map(simulate, missing, chunksize=4) if self._pool else map(simulate, missing)
        for (line, day), trajectory in zip(missing, results, strict=True):
            self._days[line.line_id, day] = trajectory
        for line, day in wanted:
            self._days.move_to_end((line.line_id, day))
        while len(self._days) > max(KEPT_DAYS * len(self.network.lines), len(wanted)):
            self._days.popitem(last=False)
        return [self._days[line.line_id, day] for line, day in wanted]


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that end when this one does, however it ends."""
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _simulate(seed: int, job: tuple[Line, date]) -> Trajectory:
    line, day = job
    return line_day(line, seed=seed, day=day)
