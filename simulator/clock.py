"""Simulated time, the same idea as trio's mock clock: a start, a rate, and waiting until an instant.

`simulated = anchor + rate * (wall - anchor_wall)`. At rate `MAX` wall time plays no part: simulated time
stands still until `drive` moves it, so whoever produces data decides how fast "as fast as possible" is.
This is the only module that reads the wall clock.
"""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

MAX = math.inf
"""The rate of a clock that `drive` moves."""

LONGEST_WAIT_S = 60.0
"""Waits are re-checked this often, because the wall clock may be set while we wait."""


class Wall(Protocol):
    """Wall time, and waiting in it."""

    def time(self) -> float:
        """Seconds since the Unix epoch."""

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait on a held `condition` until it is notified or `seconds` have passed."""


class SystemWall:
    """The machine's clock."""

    def time(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        """Wait on a held `condition` until it is notified or `seconds` have passed."""
        condition.wait(seconds)


class Clock:
    """A clock that runs from its creation until `close`, shared by threads.

    `start` is an aware datetime, None for wall time; `rate` is simulated seconds a wall second, more
    than 0. ValueError for any other rate.
    """

    def __init__(self, *, start: datetime | None = None, rate: float = 1.0, wall: Wall | None = None) -> None:
        self._wall = SystemWall() if wall is None else wall
        self._changed = threading.Condition()
        self._closed = False
        self._rate = checked_rate(rate)
        self._anchor_wall = self._wall.time()
        self._anchor = start or datetime.fromtimestamp(self._anchor_wall, UTC)

    @property
    def rate(self) -> float:
        """Simulated seconds a wall second, or `MAX`."""
        return self._rate

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def now(self) -> datetime:
        """The simulated instant, UTC."""
        with self._changed:
            return self._now()

    def set_rate(self, rate: float) -> None:
        """Go on from now at another rate."""
        with self._changed:
            self._anchor, self._anchor_wall = self._now(), self._wall.time()
            self._rate = checked_rate(rate)
            self._changed.notify_all()

    def drive(self, instant: datetime) -> None:
        """At rate `MAX` move now forward to `instant`; nothing at another rate or if that is past."""
        with self._changed:
            if self._rate == MAX and instant > self._anchor:
                self._anchor = instant.astimezone(UTC)
                self._changed.notify_all()

    def wait_until(self, instant: datetime) -> bool:
        """Return True once now ≥ `instant`, False as soon as the clock is closed."""
        with self._changed:
            while not self._closed:
                missing = (instant - self._now()) / timedelta(seconds=1)
                if missing <= 0:
                    return True
                pause = LONGEST_WAIT_S if self._rate == MAX else missing / self._rate
                self._wall.wait(self._changed, min(pause, LONGEST_WAIT_S))
            return False

    def pause(self, seconds: float) -> bool:
        """Wait so many *wall* seconds, for trying something again; False as soon as the clock is closed."""
        with self._changed:
            until = self._wall.time() + seconds
            while not self._closed:
                missing = until - self._wall.time()
                if missing <= 0:
                    return True
                self._wall.wait(self._changed, min(missing, LONGEST_WAIT_S))
            return False

    def close(self) -> None:
        """Interrupt every wait, now and later. Safe in a signal handler."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _now(self) -> datetime:
        if self._rate == MAX:
            return self._anchor
        return self._anchor + timedelta(seconds=self._rate * (self._wall.time() - self._anchor_wall))


def checked_rate(rate: float) -> float:
    """`rate` itself. ValueError unless it is more than 0 (which NaN is not)."""
    if not rate > 0:
        raise ValueError(f"the clock's rate must be more than 0, not {rate}")
    return rate
