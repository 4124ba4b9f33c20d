"""Line-days simulated in this process or in others, some of them before anybody needs them."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from functools import partial
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any, NamedTuple

from simulator.day.line_day import line_day, revised_line_day
from simulator.day.trajectory import Trajectory
from simulator.network import Line
from simulator.scenario.line_changes import NO_CHANGES, Revision
from simulator.types import LineId

RARELY = 20_000
"""So many more objects than before are made until the collector looks for cycles."""
FEWEST_BEGUN = 20
"""Starting a process takes as long as simulating some ten line-days of the shipped network."""


class LineDayJob(NamedTuple):
    """A line's service day, and what a scenario changes of it; see `Scenario.revisions`."""

    line: Line
    day: date
    revisions: tuple[Revision, ...]

    @property
    def key(self) -> tuple[LineId, date]:
        """The line's id and the day."""
        return self.line.line_id, self.day


class _Begun(NamedTuple):
    """A line-day that the helping process has been given, and by which revisions."""

    revisions: tuple[Revision, ...]
    result: Future[Trajectory]


class LineDayProcesses:
    """Simulates line-days in `jobs` processes; 1 simulates in this one. For one thread at a time."""

    def __init__(self, seed: int, jobs: int) -> None:
        self._seed = seed
        self._pool = ProcessPool(jobs) if jobs > 1 else None
        self._helper: ProcessPoolExecutor | None = None
        self._begun: dict[tuple[LineId, date], _Begun] = {}

    def begin(self, jobs: Sequence[LineDayJob]) -> None:
        """Begin line-days in a process of their own, in their order, so that `results` finds them ready.

        Does nothing for few line-days, and where several processes simulate anyway. The process ends with the
        last of them.
        """
        if self._pool is not None or self._helper is not None or len(jobs) < FEWEST_BEGUN:
            return
        self._helper = ProcessPool(1)
        for job in jobs:
            result = self._helper.submit(_simulate, self._seed, job)
            self._begun[job.key] = _Begun(job.revisions, result)

    def results(self, jobs: Sequence[LineDayJob]) -> Iterator[Trajectory]:
        """The trajectories of line-days, in their order."""
        simulate = partial(_simulate, self._seed)
        if self._pool is not None:
            return self._pool.map(simulate, jobs, chunksize=4)
        return self._with_begun(jobs) if self._begun else map(simulate, jobs)

    def close(self) -> None:
        """End the processes, if any."""
        for pool in (self._pool, self._helper):
            if pool is not None:
                pool.shutdown(cancel_futures=True)

    def _with_begun(self, jobs: Sequence[LineDayJob]) -> Iterator[Trajectory]:
        futures = [self._taken(job) for job in jobs]
        # The helping process works from the first line-day on, this one meanwhile from the last one on.
        here = {
            place: _simulate(self._seed, jobs[place])
            for place in reversed(range(len(jobs)))
            if _is_left(futures[place])
        }
        for place, (job, future) in enumerate(zip(jobs, futures, strict=True)):
            yield here.pop(place) if future is None or place in here else self._result(job, future)
        if not self._begun and self._helper is not None:
            self._helper.shutdown(wait=False)

    def _taken(self, job: LineDayJob) -> Future[Trajectory] | None:
        """The begun line-day; None if it wasn't begun, or by other revisions."""
        begun = self._begun.pop(job.key, None)
        if begun is None or begun.revisions == job.revisions:
            return None if begun is None else begun.result
        begun.result.cancel()
        return None

    def _result(self, job: LineDayJob, future: Future[Trajectory]) -> Trajectory:
        try:
            return future.result()
        except BrokenProcessPool:  # somebody has killed the helping process
            return _simulate(self._seed, job)


def _is_left(future: Future[Trajectory] | None) -> bool:
    """Whether a line-day is left to this process: the helping one hasn't begun it, and won't."""
    return future is None or future.cancel()


def _simulate(seed: int, job: LineDayJob) -> Trajectory:
    line, day, revisions = job
    if len(revisions) > 1:
        return revised_line_day(line, seed=seed, day=day, revisions=revisions)
    changes = revisions[0].changes if revisions else NO_CHANGES
    return line_day(line, seed=seed, day=day, changes=changes)


class _UninterruptedProcess(SpawnProcess):
    """A process that Ctrl-C doesn't reach, not even while it starts.

    Ctrl-C reaches all processes of a terminal. The parent decides what it ends.
    """

    def start(self) -> None:
        # A process inherits the signals that the thread which starts it has blocked.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    """Makes the processes of one pool, and keeps them in `made`."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[SpawnProcess] = []

    def Process(self, *args: Any, **options: Any) -> SpawnProcess:  # type: ignore[override] # noqa: N802 - a class there
        process = _UninterruptedProcess(*args, **options)
        self.made.append(process)
        return process


class ProcessPool(ProcessPoolExecutor):
    """A pool of `jobs` processes that end when this process does, even if it is killed, and not by Ctrl-C."""

    def __init__(self, jobs: int) -> None:
        self._context = _Context()
        super().__init__(jobs, mp_context=self._context, initializer=_begin_process)

    def end_at_once(self) -> None:
        """End the pool's processes, whatever they do. Other children of this process go on."""
        self.shutdown(wait=False, cancel_futures=True)
        for process in self._context.made:
            if process.pid is not None:
                process.terminate()
                process.join()


def _begin_process() -> None:
    _end_with_parent()
    # A line-day makes many objects and few cycles, for which the collector looks too often by default.
    gc.freeze()
    gc.set_threshold(RARELY)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
