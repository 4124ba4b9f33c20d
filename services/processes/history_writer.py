"""The history of a live run: written before serving, then in the background, and again after each jump."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TypeAlias

from services.feeders import history_plan
from services.feeders.backfill import FilledWindow, Window, fill
from services.feeders.feeder import Model
from services.retry import LONGEST_PAUSE_S
from simulator.clock import Clock, Course
from storage.errors import StoreUnavailable
from storage.store import Run, Store

log = logging.getLogger("bus_simulator.run")

RunBackfill: TypeAlias = Callable[[Iterator[FilledWindow], Sequence[Window]], int]
"""Runs a backfill to its end, and may show its progress; returns the rows written."""


def run_silently(filling: Iterable[FilledWindow], _windows: Sequence[Window]) -> int:
    """Run a backfill to its end; return the rows written."""
    return sum(done.rows for done in filling)


class HistoryWriter:
    """Writes the missing hours before the clock's start: `span` before serving, then up to five days."""

    def __init__(self, model: Model, store: Store, run: Run, clock: Clock, span: timedelta) -> None:
        self._model, self._store, self._run = model, store, run
        self._clock, self._span = clock, span

    def write_before_serving(self, course: Course, run_backfill: RunBackfill) -> None:
        """Write `span` of history before a course of the clock."""
        self._write(run_backfill, history_plan.before_serving, course)

    def write_until_closed(self) -> None:
        """Write the rest of the history while serving, and again after each jump of the clock.

        With a `span` of zero there is none after a jump: the stretch jumped over stays a gap. While the store
        can't be reached, try again.
        """
        while not self._clock.closed:
            course = self._clock.course
            try:
                if self._span or not course.number:
                    self._write(run_silently, history_plan.in_background, course)
                self._clock.wait_for_jump(course)
            except StoreUnavailable as error:
                log.warning("history waits for the store: %s", error)
                self._clock.rest(LONGEST_PAUSE_S)

    def _write(
        self, run_backfill: RunBackfill, choose: Callable[..., Sequence[Window]], course: Course
    ) -> None:
        """Write the windows chosen before a course's start, until the clock leaves the course."""
        store, run, clock = self._store, self._run, self._clock
        live = history_plan.live_start(store, run, course.start)
        windows = choose(store, run, live=live, span=self._span)

        def stopped() -> bool:
            return clock.closed or clock.course != course

        filling = fill(windows, model=self._model, store=store, run=run, stopped=stopped)
        rows = run_backfill(filling, windows)
        if windows and not stopped():
            log.info("history written", extra={"fields": {"windows": len(windows), "rows": rows}})
