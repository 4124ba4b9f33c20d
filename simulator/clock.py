"""Simulated time, the same idea as trio's mock clock: a start, a rate, and waiting until an instant.

`simulated = anchor + rate * (wall - anchor_wall)`. At rate `MAX` wall time plays no part: simulated time
stands still until `drive` moves it, so whoever produces data decides how fast "as fast as possible" is.
A clock may stand, be stepped, and jump; a jump begins a new course, by which those who follow the clock
notice that what they had in mind is of another time.
This is the only module that reads the wall clock.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Course:
    """Simulated time without a jump in it: which one it is of a clock's, and where it began."""

    number: int
    start: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, and the course that it is of."""

    now: datetime
    course: Course


@dataclass(frozen=True, slots=True)
class ClockState:
    """Everything that says what a clock shows, so that several can show the same.

    At `anchor_wall` (seconds since the Unix epoch) it is `anchor`; `changes` numbers the states of a clock.
    """

    anchor: datetime
    anchor_wall: float
    pace: float
    paused: bool
    course: Course
    changes: int


class Clock:
    """A clock that runs from its creation until `close`, shared by threads.

    `start` is an aware datetime, None for wall time; `rate` is simulated seconds a wall second, more
    than 0; `paused` lets it stand at first. ValueError for any other rate.
    """

    def __init__(
        self,
        *,
        start: datetime | None = None,
        rate: float = 1.0,
        paused: bool = False,
        wall: Wall | None = None,
    ) -> None:
        self._wall = SystemWall() if wall is None else wall
        self._changed = threading.Condition()
        self._closed = False
        self._pace, self._paused = checked_rate(rate), paused
        self._changes = 0
        self._anchor_wall = self._wall.time()
        self._anchor = (start or datetime.fromtimestamp(self._anchor_wall, UTC)).astimezone(UTC)
        self._course = Course(0, self._anchor)

    @property
    def rate(self) -> float:
        """Simulated seconds a wall second, or `MAX`; 0 while the clock stands."""
        with self._changed:
            return self._rate()

    @property
    def pace(self) -> float:
        """The rate at which the clock runs, or would if it didn't stand."""
        return self._pace

    @property
    def paused(self) -> bool:
        """Whether the clock stands."""
        return self._paused

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def course(self) -> Course:
        """The stretch without a jump that now is in."""
        return self._course

    @property
    def changes(self) -> int:
        """How often the clock was set going, stopped, moved: all but `drive` and the passing of time."""
        return self._changes

    @property
    def state(self) -> ClockState:
        """What another clock has to `take` to show the same."""
        with self._changed:
            return ClockState(
                self._anchor, self._anchor_wall, self._pace, self._paused, self._course, self._changes
            )

    def take(self, state: ClockState) -> None:
        """Show what another clock shows. Another course is a jump to whoever follows this one."""
        with self._changed:
            self._anchor, self._anchor_wall = state.anchor.astimezone(UTC), state.anchor_wall
            self._pace, self._paused = checked_rate(state.pace), state.paused
            self._course, self._changes = state.course, state.changes
            self._changed.notify_all()

    def now(self) -> datetime:
        """The simulated instant, UTC."""
        with self._changed:
            return self._now()

    def moment(self) -> Moment:
        """The simulated instant and its course, of one and the same time."""
        with self._changed:
            return Moment(self._now(), self._course)

    def set_rate(self, rate: float) -> None:
        """Go on from now at another rate, also if the clock stood."""
        with self._changed:
            self._move(self._now(), pace=checked_rate(rate), paused=False)

    def pause(self) -> None:
        """Stand."""
        with self._changed:
            self._move(self._now(), pace=self._pace, paused=True)

    def resume(self) -> None:
        """Go on from now at the rate before."""
        with self._changed:
            self._move(self._now(), pace=self._pace, paused=False)

    def step(self, span: timedelta) -> None:
        """Be `span` further on, and stand there. Time has passed: the course stays the same."""
        with self._changed:
            self._move(self._now() + span, pace=self._pace, paused=True)

    def jump(self, instant: datetime) -> None:
        """Be at `instant`, forward or back, and go on at the same rate or stand as before: a new course."""
        with self._changed:
            self._course = Course(self._course.number + 1, instant.astimezone(UTC))
            self._move(self._course.start, pace=self._pace, paused=self._paused)

    def drive(self, instant: datetime, course: Course) -> None:
        """At rate `MAX` move now forward to an `instant` of a `course`.

        Nothing at another rate, if that is past, or once the clock has jumped to another course.
        """
        with self._changed:
            if self._rate() == MAX and instant > self._anchor and course == self._course:
                self._anchor = instant.astimezone(UTC)
                self._changed.notify_all()

    def wait_until(self, instant: datetime, *, changes: int | None = None) -> bool:
        """Return True once now ≥ `instant`, False as soon as the clock is closed.

        With a former value of `changes`, also False as soon as there are more: what was waited for may
        no longer be what is wanted.
        """
        with self._changed:
            while not self._closed and changes in (None, self._changes):
                missing = (instant - self._now()) / timedelta(seconds=1)
                if missing <= 0:
                    return True
                rate = self._rate()
                pause = missing / rate if 0 < rate < MAX else LONGEST_WAIT_S
                self._wall.wait(self._changed, min(pause, LONGEST_WAIT_S))
            return False

    def wait_for_jump(self, course: Course) -> bool:
        """Return True once the clock isn't on `course` any more, False as soon as it is closed."""
        with self._changed:
            while not self._closed:
                if course != self._course:
                    return True
                self._wall.wait(self._changed, LONGEST_WAIT_S)
            return False

    def rest(self, seconds: float) -> bool:
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

    def _rate(self) -> float:
        return 0.0 if self._paused else self._pace

    def _now(self) -> datetime:
        rate = self._rate()
        if rate in (0.0, MAX):
            return self._anchor
        return self._anchor + timedelta(seconds=rate * (self._wall.time() - self._anchor_wall))

    def _move(self, now: datetime, *, pace: float, paused: bool) -> None:
        """Count from `now` on; those who wait look again."""
        self._anchor, self._anchor_wall = now, self._wall.time()
        self._pace, self._paused = pace, paused
        self._changes += 1
        self._changed.notify_all()


def checked_rate(rate: float) -> float:
    """`rate` itself. ValueError unless it is more than 0 (which NaN is not)."""
    if not rate > 0:
        raise ValueError(f"the clock's rate must be more than 0, not {rate}")
    return rate
