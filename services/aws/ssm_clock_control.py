"""Changes of the clock that parts share: the server writes the parameter, all other parts follow it.

Feeders follow within a second and then write the ticks that are due, so `latest` may lag behind the clock for
that long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from services.aws.ssm_clock import SsmClock
from services.errors import BadRequest
from services.feeders.clock_control import check_jump, time_in_reach
from simulator.clock import MAX
from storage.store import Run, Store


@dataclass(frozen=True, slots=True)
class SsmClockControl:
    """A `ClockControl` for all parts: if a change can't be written to SSM, the clock is unchanged.

    `check_time` raises `TimeRefused` for an instant of which the store takes no records.
    """

    clock: SsmClock
    store: Store
    run: Run
    check_time: Callable[[datetime], None] = lambda _instant: None
    _moving: Lock = field(default_factory=Lock)

    def set_rate(self, rate: float) -> None:
        """Run on at a rate. Raises `BadRequest` for `MAX`: at it each process would have its own time."""
        if rate == MAX:
            raise BadRequest("Invalid rate: 'max'. Processes that share a clock need a number")
        self._change(lambda: self.clock.set_rate(rate))

    def pause(self) -> None:
        """Stop the clock at the current instant."""
        self._change(self.clock.pause)

    def resume(self) -> None:
        """Run on at the rate before the pause."""
        self._change(self.clock.resume)

    def step(self, span: timedelta) -> None:
        """Pause, then advance the clock by `span`. Feeders write every tick in between.

        Raises `Conflict` if the store takes no records of the new time.
        """

        def step() -> None:
            self._check(self.clock.now() + span)
            self.clock.step(span)

        self._change(step)

    def jump(self, instant: datetime) -> None:
        """Set the clock to an instant.

        Raises `Conflict` if another run's data are in the way, or the store takes no records of that time.
        """
        check_jump(self.store, self.run, instant)
        self._check(instant)
        self._change(lambda: self.clock.jump(instant))

    def _check(self, instant: datetime) -> None:
        with time_in_reach(instant):
            self.check_time(instant)

    def _change(self, change: Callable[[], None]) -> None:
        with self._shared():
            change()

    @contextmanager
    def _shared(self) -> Iterator[None]:
        """Read the shared state, let the block change it, write it. Raises `DependencyUnavailable`."""
        with self._moving:
            self.clock.follow()
            before = self.clock.state
            yield
            self.clock.share(before)
