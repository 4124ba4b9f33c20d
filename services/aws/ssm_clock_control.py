"""Moving the clock that parts share: whoever serves writes the parameter, and all others follow it.

The feeders write what is due at the new now once they have followed, a second later at most: unlike in one
process `latest` may be behind for as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from services.aws.ssm_clock import SsmClock
from services.errors import BadRequest
from services.feeders.clock_control import check_jump
from simulator.clock import MAX
from storage.store import Run, Store


@dataclass(frozen=True, slots=True)
class SsmClockControl:
    """A `ClockControl` for all parts: if a change can't be written to SSM, the clock is unchanged."""

    clock: SsmClock
    store: Store
    run: Run
    _moving: Lock = field(default_factory=Lock)

    def set_rate(self, rate: float) -> None:
        """Go on from now at a rate; `BadRequest` for `MAX`, at which each process would have its own time."""
        if rate == MAX:
            raise BadRequest("Invalid rate: 'max'. Processes that share a clock need a number")
        self._change(lambda: self.clock.set_rate(rate))

    def pause(self) -> None:
        """Stand."""
        self._change(self.clock.pause)

    def resume(self) -> None:
        """Go on at the rate before."""
        self._change(self.clock.resume)

    def step(self, span: timedelta) -> None:
        """Stand, and be `span` further on. Feeders write every tick between."""
        self._change(lambda: self.clock.step(span))

    def jump(self, instant: datetime) -> None:
        """Be at an instant. Raises `Conflict` where the data of another run are in the way."""
        check_jump(self.store, self.run, instant)
        self._change(lambda: self.clock.jump(instant))

    def _change(self, change: Callable[[], None]) -> None:
        with self._shared():
            change()

    @contextmanager
    def _shared(self) -> Iterator[None]:
        """Go where the others are, and after the change tell them. Raises `DependencyUnavailable`."""
        with self._moving:
            self.clock.follow()
            before = self.clock.state
            yield
            self.clock.share(before)
