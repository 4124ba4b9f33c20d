"""Simulated time, after trio's mock clock: a start, a rate, and waiting until an instant.

`simulated = anchor + rate * (wall - anchor_wall)`. At rate `MAX` wall time plays no part: simulated time
stands still until `drive` moves it, so the feeders decide how fast "as fast as possible" is.
A clock may be paused, stepped, and moved (jump). A jump begins a new course, so that threads which follow the
clock notice that an instant they waited for belongs to the time before the jump.
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
"""Waits are re-checked this often, because the machine's clock may be set during a wait."""


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
    """A stretch of simulated time without a jump: its number among the clock's, and where it began."""

    number: int
    start: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """A simulated instant and the course in which it lies."""

    now: datetime
    course: Course


@dataclass(frozen=True, slots=True)
class ClockState:
    """Everything that decides what a clock shows, so that clocks of several processes can show the same.

    At `anchor_wall` (seconds since the Unix epoch) the clock shows `anchor`; `changes` numbers its states.
    """

    anchor: datetime
    anchor_wall: float
    pace: float
    paused: bool
    course: Course
    changes: int


class Clock:
    """A clock that runs from its creation until `close`, shared by threads.

    `start` is an aware datetime, None for wall time; `rate` is simulated seconds per wall second, more
    than 0; `paused`: it stands at first. ValueError for any other rate.
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
        """Simulated seconds per wall second, or `MAX`; 0 while paused."""
        with self._changed:
            return self._rate()

    @property
    def pace(self) -> float:
        """The rate at which the clock runs when it isn't paused."""
        return self._pace

    @property
    def paused(self) -> bool:
        """Whether the clock is paused."""
        return self._paused

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def course(self) -> Course:
        """The current course."""
        return self._course

    @property
    def changes(self) -> int:
        """How often the clock was started, paused, stepped or moved; `drive` doesn't count."""
        return self._changes

    @property
    def state(self) -> ClockState:
        """The state with which another clock's `take` makes it show the same."""
        with self._changed:
            return ClockState(
                self._anchor, self._anchor_wall, self._pace, self._paused, self._course, self._changes
            )

    def take(self, state: ClockState) -> None:
        """Take over another clock's state. A new course is a jump to threads that follow this clock."""
        with self._changed:
            self._anchor, self._anchor_wall = state.anchor.astimezone(UTC), state.anchor_wall
            self._pace, self._paused = checked_rate(state.pace), state.paused
            self._course, self._changes = state.course, state.changes
            self._changed.notify_all()

    def now(self) -> datetime:
        """The simulated instant, UTC."""
        with self._changed:
            return self._now()

    def at(self, wall_s: float) -> datetime:
        """The instant at a wall time, by how the clock has run since its last change; none before a jump.

        Clocks with equal states give equal instants.
        """
        with self._changed:
            rate = self._rate()
            if rate in (0.0, MAX):
                return self._anchor
            instant = self._anchor + timedelta(seconds=rate * (wall_s - self._anchor_wall))
            return max(instant, self._course.start)

    def moment(self) -> Moment:
        """The simulated instant and its course, read together."""
        with self._changed:
            return Moment(self._now(), self._course)

    def set_rate(self, rate: float) -> None:
        """Continue from now at another rate, even if the clock was paused."""
        with self._changed:
            self._move(self._now(), pace=checked_rate(rate), paused=False)

    def pause(self) -> None:
        """Stop the clock at now."""
        with self._changed:
            self._move(self._now(), pace=self._pace, paused=True)

    def resume(self) -> None:
        """Continue from now at the rate before the pause."""
        with self._changed:
            self._move(self._now(), pace=self._pace, paused=False)

    def step(self, span: timedelta) -> None:
        """Pause, then advance the clock by `span`. The course stays the same: no time is skipped."""
        with self._changed:
            self._move(self._now() + span, pace=self._pace, paused=True)

    def jump(self, instant: datetime) -> None:
        """Move to `instant`, forward or back, and begin a new course there. Rate and pause stay."""
        with self._changed:
            self._course = Course(self._course.number + 1, instant.astimezone(UTC))
            self._move(self._course.start, pace=self._pace, paused=self._paused)

    def drive(self, instant: datetime, course: Course) -> None:
        """At rate `MAX` move now forward to an `instant` of a `course`.

        Does nothing at another rate, if `instant` is past, or if the clock has jumped to another course.
        """
        with self._changed:
            if self._rate() == MAX and instant > self._anchor and course == self._course:
                self._anchor = instant.astimezone(UTC)
                self._changed.notify_all()

    def wait_until(self, instant: datetime, *, changes: int | None = None) -> bool:
        """Return True once now ≥ `instant`, False as soon as the clock is closed.

        With `changes` also False as soon as the clock's `changes` differ from that value: the caller decides
        anew what to wait for.
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
        """Return True once the clock has left `course`, False as soon as it is closed."""
        with self._changed:
            while not self._closed:
                if course != self._course:
                    return True
                self._wall.wait(self._changed, LONGEST_WAIT_S)
            return False

    def rest(self, seconds: float) -> bool:
        """Wait for `seconds` of *wall* time, as before a retry; False as soon as the clock is closed."""
        with self._changed:
            until = self._wall.time() + seconds
            while not self._closed:
                missing = until - self._wall.time()
                if missing <= 0:
                    return True
                self._wall.wait(self._changed, min(missing, LONGEST_WAIT_S))
            return False

    def close(self) -> None:
        """End every wait, also those that begin later. Safe in a signal handler."""
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
        """Set the anchor to `now`, and wake all waiting threads."""
        self._anchor, self._anchor_wall = now, self._wall.time()
        self._pace, self._paused = pace, paused
        self._changes += 1
        self._changed.notify_all()


def checked_rate(rate: float) -> float:
    """Return `rate`. ValueError unless it is more than 0 (NaN isn't)."""
    if not rate > 0:
        raise ValueError(f"the clock's rate must be more than 0, not {rate}")
    return rate
