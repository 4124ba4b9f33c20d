"""The progress of loading a network and simulating line-days, shown from the first second.

On a terminal a progress bar with its rate and the remaining time; elsewhere a log line every ten seconds.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from services import logs
from simulator.progress import Progress

if TYPE_CHECKING:
    from tqdm import tqdm

log = logging.getLogger("bus_simulator.progress")

LOG_EVERY_S = 10.0
BAR = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{unit} [{elapsed}<{remaining}, {rate_fmt}]"


class Interrupted(Exception):
    """A signal ended the process while it loaded a network or simulated."""


class ProgressBar:
    """An `OnProgress` that shows a bar on the terminal until `close`."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None
        self._closed = False

    def __call__(self, progress: Progress) -> None:
        """Show the progress, on a new bar for each kind of unit; remove the bar when all is done."""
        if self._closed:
            return
        bar = self._bar
        if bar is None or (bar.total, bar.unit) != (progress.total, f" {progress.unit}"):
            bar = self._new_bar(progress)
        bar.n = progress.done
        bar.set_description_str(progress.work)
        if progress.done == progress.total:
            self._erase()

    def close(self) -> None:
        """Remove the bar and show no other."""
        self._closed = True
        self._erase()

    def _new_bar(self, progress: Progress) -> tqdm[NoReturn]:
        from tqdm import tqdm

        self._erase()
        self._bar = tqdm(
            desc=progress.work,
            total=progress.total,
            unit=f" {progress.unit}",
            bar_format=BAR,
            leave=False,
            file=sys.stderr,
        )
        return self._bar

    def _erase(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class ProgressLog:
    """An `OnProgress` that logs every ten seconds, and not at all if the work takes less."""

    def __init__(self, clock_s: Callable[[], float] = time.perf_counter) -> None:
        self._clock_s = clock_s
        self._logged_s = clock_s()

    def __call__(self, progress: Progress) -> None:
        """Log the progress if the last line, or the start of this work, is ten seconds ago."""
        now_s = self._clock_s()
        if progress.done == 0:
            self._logged_s = now_s
        elif now_s - self._logged_s >= LOG_EVERY_S:
            self._logged_s = now_s
            fields = {"done": progress.done, "total": progress.total, "unit": progress.unit}
            log.info(progress.work, extra={"fields": fields})


class WorkProgress:
    """The bar or the log, whichever fits stderr. Until `close` it also ends work when `stopped` says so.

    `current` is the progress of the work at hand, also after `close`; None when it is done.
    """

    def __init__(self, stopped: Callable[[], bool] = lambda: False) -> None:
        self._bar = None if logs.terminal_handler() is None else ProgressBar()
        self._show = self._bar or ProgressLog()
        self._stopped: Callable[[], bool] = stopped
        self.current: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        """Show the progress. Raises `Interrupted` in the working thread."""
        if self._stopped():
            raise Interrupted
        self.current = progress if progress.done < progress.total else None
        self._show(progress)

    def close(self) -> None:
        """Stop showing bars, which would disturb the status line, and stop interrupting work."""
        self._stopped = lambda: False
        if self._bar is not None:
            self._bar.close()


@contextmanager
def work_progress(stopped: Callable[[], bool] = lambda: False) -> Iterator[WorkProgress]:
    """Show the progress of work in this block."""
    progress = WorkProgress(stopped)
    try:
        yield progress
    finally:
        progress.close()
