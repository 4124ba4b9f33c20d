"""Moving the clock of a live run: first the data where it is to be, then the clock.

So `latest` has something to answer with as soon as the clock is there, and a store that can't be reached
leaves the clock where it is. Feeders notice the new course by themselves and go on from there.
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
from services.times import format_instant
from simulator.clock import Clock
from storage.store import Run, Store

LONGEST_STEP = timedelta(days=1)
"""Who wants to go further jumps."""


class ClockControl(Protocol):
    """Sets, stops and moves a clock. For several threads; may raise `Conflict`, `DependencyError`."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    def set_rate(self, rate: float) -> None:
        """Go on from now at a rate, also if the clock stood."""

    def pause(self) -> None:
        """Stand."""

    def resume(self) -> None:
        """Go on at the rate before."""

    def step(self, span: timedelta) -> None:
        """Stand, and be `span` further on."""

    def jump(self, instant: datetime) -> None:
        """Be at an instant."""


@dataclass(frozen=True, slots=True)
class InProcessClockControl:
    """Sets, stops and moves the clock that feeders of `run` follow. Safe to call from several threads.

    `step` and `jump` raise `Conflict` while another of them is at work, and pass `DependencyError` on.
    """

    clock: Clock
    model: Model
    store: Store
    run: Run
    _moving: Lock = field(default_factory=Lock)

    def set_rate(self, rate: float) -> None:
        """Go on from now at a rate (more than 0, or `MAX`), also if the clock stood."""
        self.clock.set_rate(rate)

    def pause(self) -> None:
        """Stand."""
        self.clock.pause()

    def resume(self) -> None:
        """Go on at the rate before."""
        self.clock.resume()

    def step(self, span: timedelta) -> None:
        """Stand, and be `span` further on. Every tick between is written."""
        with self._alone():
            self.clock.pause()
            now = self.clock.now()
            self._write(history_plan.live_start(self.store, self.run, now), now + span)
            self.clock.step(span)

    def jump(self, instant: datetime) -> None:
        """Be at an instant, where the hour up to it is complete. What lies between is left as it is.

        Raises `Conflict` where the data of another run are in the way.
        """
        with self._alone():
            check_jump(self.store, self.run, instant)
            self._write(history_plan.live_start(self.store, self.run, instant), instant)
            self.clock.jump(instant)

    def _write(self, start: datetime, until: datetime) -> None:
        """Write what is missing from `start`, a whole hour, up to an instant."""
        for kind in FEEDERS:
            feeder = Feeder(
                kind, model=self.model, store=self.store, run=self.run, clock=self.clock, start=start
            )
            feeder.catch_up(until)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._moving.acquire(blocking=False):
            raise Conflict("The clock is being moved already; wait for the answer, then move it again")
        try:
            yield
        finally:
            self._moving.release()


def check_jump(store: Store, run: Run, instant: datetime) -> None:
    """Raise `Conflict` where the data of another run are in the way of a jump."""
    begins = history_plan.first_writable_hour(store, run)
    if begins is not None and instant < begins:
        raise Conflict(
            f"Can't jump to {format_instant(instant)}: the store holds data of another run; "
            f"jump to {format_instant(begins)} or later, or use another --store"
        )
