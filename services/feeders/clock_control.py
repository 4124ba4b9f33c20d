"""Control of a live run's clock: rate, pause, step and jump.

Before the clock moves, the data at its new time are written. So `latest` has a record at once, and if the
store can't be reached, the clock stays where it is. Feeders notice a new course of the clock by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from services.errors import Conflict
from services.feeders import history_plan
from services.feeders.feeder import FEEDERS, Feeder, Model
from services.feeders.write_gate import Writing, without_gate
from services.times import format_instant
from simulator.clock import Clock
from storage.errors import TimeRefused
from storage.store import Run, Store

LONGEST_STEP = timedelta(days=1)
"""To go further, jump."""


class ClockControl(Protocol):
    """Changes a clock. Safe to call from several threads; may raise `Conflict` and `DependencyError`."""

    @property
    def clock(self) -> Clock:
        """The clock that this controls."""

    def set_rate(self, rate: float) -> None:
        """Run at a rate from now on, even if the clock was paused."""

    def pause(self) -> None:
        """Pause the clock."""

    def resume(self) -> None:
        """Run on at the rate before the pause."""

    def step(self, span: timedelta) -> None:
        """Pause, then advance the clock by `span`."""

    def jump(self, instant: datetime) -> None:
        """Move the clock to an instant."""


@dataclass(frozen=True, slots=True)
class InProcessClockControl:
    """Controls the clock that this process's feeders of `run` follow. Safe to call from several threads.

    `step` and `jump` raise `Conflict` during another step or jump, and `DependencyError` as the store does.
    """

    clock: Clock
    model: Model
    store: Store
    run: Run
    writing: Writing = without_gate
    _moving: Lock = field(default_factory=Lock)

    def set_rate(self, rate: float) -> None:
        """Run at a rate (more than 0, or `MAX`) from now on, even if the clock was paused."""
        self.clock.set_rate(rate)

    def pause(self) -> None:
        """Pause the clock."""
        self.clock.pause()

    def resume(self) -> None:
        """Run on at the rate before the pause."""
        self.clock.resume()

    def step(self, span: timedelta) -> None:
        """Pause, then advance the clock by `span`. Every tick between is written."""
        with self._alone():
            self.clock.pause()
            now = self.clock.now()
            self._write(history_plan.live_start(self.store, self.run, now), now + span)
            self.clock.step(span)

    def jump(self, instant: datetime) -> None:
        """Move the clock to an instant, once the hour up to it is written. Nothing between is written.

        Raises `Conflict` if the store has data of another run there.
        """
        with self._alone():
            check_jump(self.store, self.run, instant)
            self._write(history_plan.live_start(self.store, self.run, instant), instant)
            self.clock.jump(instant)

    def _write(self, start: datetime, until: datetime) -> None:
        """Write what is missing from `start`, a whole hour, to `until`. Raises as `time_in_reach` does."""
        for kind in FEEDERS:
            feeder = Feeder(
                kind,
                model=self.model,
                store=self.store,
                run=self.run,
                clock=self.clock,
                start=start,
                writing=self.writing,
            )
            with time_in_reach(until):
                feeder.catch_up(until)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._moving.acquire(blocking=False):
            raise Conflict("The clock is being moved already; wait for the answer, then move it again")
        try:
            yield
        finally:
            self._moving.release()


@contextmanager
def time_in_reach(instant: datetime) -> Iterator[None]:
    """Turn the store's refusal of records in the block into a `Conflict` that names the instant."""
    try:
        yield
    except TimeRefused as error:
        refused = f"Can't move the clock to {format_instant(instant)}"
        raise Conflict(f"{refused}: the store takes no records of that time. {error}") from error


def check_jump(store: Store, run: Run, instant: datetime) -> None:
    """Raise `Conflict` if the store has data of another run at or after `instant`."""
    begins = history_plan.first_writable_hour(store, run)
    if begins is not None and instant < begins:
        raise Conflict(
            f"Can't jump to {format_instant(instant)}: the store holds data of another run; "
            f"jump to {format_instant(begins)} or later, or use another --store"
        )
