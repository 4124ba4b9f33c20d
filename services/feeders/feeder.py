"""A feeder writes some streams at every tick of the clock: the model is its buffer.

At tick T, a multiple of its cadence, a ticking stream writes its record for T and covers [T, T + cadence);
a stream of events covers up to T only, so that no event of the future is ever written. A feeder that is
behind catches up in windows of at most an hour. What it has covered is all its state: killed, it goes on
from there.

Where the clock jumps, a feeder goes on from the tick at or before the new now. What the store has there
already it leaves as it is, but tells `on_write` of it: to who listens it is new.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from services.retry import Backoff
from services.times import HOUR, ceiling, floor
from simulator.clock import MAX, Clock, Course
from storage.errors import StoreUnavailable
from storage.schema import SCHEMAS, Stream
from storage.store import Run, Store

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("bus_simulator.feeder")

State: TypeAlias = Literal["running", "waiting for the store", "stopped"]


class Model(Protocol):
    """What a feeder needs of `simulator.city.City`."""

    def window(
        self, start: datetime, end: datetime, streams: Collection[Stream]
    ) -> Mapping[Stream, pa.Table]:
        """The rows with start ≤ time < end of each of `streams`."""


@dataclass(frozen=True, slots=True)
class FeederKind:
    """A feeder's name, streams and cadence."""

    name: str
    streams: tuple[Stream, ...]
    cadence: timedelta


FEEDERS = (
    FeederKind("people-count", (Stream.PEOPLE_COUNT,), timedelta(seconds=60)),
    FeederKind("sensors", (Stream.SENSOR_DATA,), timedelta(seconds=60)),
    FeederKind("bus-position", (Stream.BUS_POSITION, Stream.STOP_VISIT), timedelta(seconds=30)),
)


@dataclass(frozen=True, slots=True)
class FeederStatus:
    """How far a feeder is. `lag` is from its last tick to the last one due, in simulated time."""

    name: str
    last_tick: datetime
    lag: timedelta
    cadence: timedelta
    state: State


@dataclass(frozen=True, slots=True)
class FeederProgress:
    """Where a feeder is on a course of the clock: up to where each of its streams is covered."""

    course: Course
    covered: dict[Stream, datetime]


OnWrite: TypeAlias = "Callable[[Stream, pa.Table, Course], None]"
"""Is given what was just stored, and the course of the clock for which it was."""


class Feeder:
    """One feeder, from `start` on, or from where the store's coverage that includes `start` ends.

    `on_write` is given what was just stored, once a course; `on_tick` is called after all streams of a
    step, and whenever the clock was changed. `run_until_closed` belongs in a thread of its own; `status`
    and `reached` may be asked from any.
    """

    def __init__(
        self,
        kind: FeederKind,
        *,
        model: Model,
        store: Store,
        run: Run,
        clock: Clock,
        start: datetime,
        on_tick: Callable[[], None] = lambda: None,
        on_write: OnWrite = lambda _stream, _rows, _course: None,
    ) -> None:
        self.kind = kind
        self._model, self._store, self._run, self._clock = model, store, run, clock
        self._on_tick, self._on_write = on_tick, on_write
        self._state: State = "stopped"
        covered = {stream: covered_until(store, stream, start) for stream in kind.streams}
        self._progress = FeederProgress(clock.course, covered)
        self._end: datetime | None = None

    def end_at(self, instant: datetime) -> None:
        """Cover up to an instant, a tick of it, and no further; then `run_until_closed` returns."""
        self._end = instant

    @property
    def ended(self) -> bool:
        """Whether everything up to its end, if it has one, is covered."""
        return self._end is not None and all(until >= self._end for until in self._progress.covered.values())

    @property
    def next_tick(self) -> datetime:
        """The first tick at which something is still to be written."""
        return self._next_tick_at(self._progress)

    @property
    def last_tick(self) -> datetime:
        """The last tick of which everything is written."""
        return self.next_tick - self.kind.cadence

    def reached(self, course: Course) -> datetime:
        """The last tick on the clock's course of which everything is written; before its start if none is."""
        progress = self._progress
        here = self._next_tick_at(progress if progress.course == course else self._beginning(course))
        return here - self.kind.cadence

    def status(self, now: datetime) -> FeederStatus:
        """How far it is at `now`."""
        last = self.reached(self._clock.course)
        lag = max(floor(now, self.kind.cadence) - last, timedelta())
        return FeederStatus(self.kind.name, last, lag, self.kind.cadence, self._state)

    def run_until_closed(self) -> None:
        """Write every tick as it comes, until the clock is closed or its end; the tick in hand is finished.

        While the store can't be reached, try again with growing pauses.
        """
        self._state = "running"
        backoff = Backoff()
        try:
            while not self._clock.closed:
                changes = self._clock.changes
                self.follow()
                self._on_tick()
                if self.ended:
                    break
                if self._clock.wait_until(self._wake(), changes=changes):
                    self._try_step(backoff)
        finally:
            self._state = "stopped"

    def follow(self) -> None:
        """Go where the clock has jumped to, if it has."""
        course = self._clock.course
        if course != self._progress.course:
            self._progress = self._beginning(course)

    def catch_up(self, until: datetime) -> None:
        """Write everything that is due up to an instant, unless the clock is closed meanwhile."""
        while self.next_tick <= until and not self._clock.closed:
            self._write_up_to(min(self._hour_end(), floor(until, self.kind.cadence)))

    def step(self) -> bool:
        """Write what is due, of at most an hour; whether anything was."""
        tick = self._due()
        if tick is None:
            return False
        self._write_up_to(tick)
        return True

    def _try_step(self, backoff: Backoff) -> None:
        """Take a step; where the store can't be reached, pause instead."""
        try:
            self.step()
        except StoreUnavailable as error:
            log.warning("%s waits for the store: %s", self.kind.name, error)
            self._state = "waiting for the store"
            self._clock.rest(backoff.next_pause_s())
        else:
            self._state = "running"
            backoff.reset()

    def _write_up_to(self, tick: datetime) -> None:
        """Write what isn't written yet of the ticks up to one."""
        progress = self._progress
        windows: dict[tuple[datetime, datetime], list[Stream]] = {}
        for stream, covered in progress.covered.items():
            end = self._bounded(tick + self._lead(stream))
            if covered < end:
                windows.setdefault((covered, end), []).append(stream)
        for (start, end), streams in windows.items():
            for stream, batch in self._model.window(start, end, streams).items():
                self._store.write(stream, batch, covers=(start, end), run=self._run)
                progress.covered[stream] = end
                self._on_write(stream, batch, progress.course)
        self._on_tick()

    def _due(self) -> datetime | None:
        """The tick up to which to write now: the last one due, or the last of the next one's hour.

        None where nothing is due, and where the clock has jumped away.
        """
        moment = self._clock.moment()
        if moment.course != self._progress.course or moment.now < self._wake():
            return None
        if self._clock.rate == MAX:
            return self._bounded(self._hour_end())
        return self._bounded(min(self._hour_end(), floor(moment.now, self.kind.cadence)))

    def _bounded(self, instant: datetime) -> datetime:
        """An instant, or the feeder's end if that comes before."""
        return instant if self._end is None else min(instant, self._end)

    def _hour_end(self) -> datetime:
        """The last tick of the hour that the next one is in."""
        return floor(self.next_tick, HOUR) + HOUR - self.kind.cadence

    def _wake(self) -> datetime:
        """When there is something to do. At the greatest rate feeders run ahead and drive the clock."""
        return self.last_tick if self._clock.rate == MAX else self.next_tick

    def _lead(self, stream: Stream) -> timedelta:
        """How far past a tick a stream is covered by it."""
        return timedelta() if SCHEMAS[stream].cadence_s is None else self.kind.cadence

    def _beginning(self, course: Course) -> FeederProgress:
        """Where to begin on a course after a jump."""
        return FeederProgress(
            course, dict.fromkeys(self.kind.streams, floor(course.start, self.kind.cadence))
        )

    def _next_tick_at(self, progress: FeederProgress) -> datetime:
        return min(self._next_tick_of(stream, until) for stream, until in progress.covered.items())

    def _next_tick_of(self, stream: Stream, covered: datetime) -> datetime:
        return tick_before(stream, covered, self.kind) + self.kind.cadence


def tick_before(stream: Stream, covered: datetime, kind: FeederKind) -> datetime:
    """The last tick of which a stream has everything, where it is covered up to an instant."""
    if SCHEMAS[stream].cadence_s is None:
        return floor(covered, kind.cadence)
    return ceiling(covered, kind.cadence) - kind.cadence


def covered_until(store: Store, stream: Stream, instant: datetime) -> datetime:
    """The end of the stretch that includes (or ends at) an instant, else the instant."""
    ends = (held.end for held in store.coverage(stream) if held.start <= instant <= held.end)
    return max(ends, default=instant)
