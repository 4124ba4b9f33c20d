"""A feeder: at every tick of the clock it simulates some streams and writes them into the store.

Ticks are multiples of the feeder's cadence. At tick T a sampled stream gets its records for T and is covered
for [T, T + cadence). A stream of events is covered up to T only, so that no event of the future is written. A
feeder that is late catches up in windows of at most an hour. The store's coverage is its only state: after a
crash it continues where the coverage ends.

After a jump of the clock a feeder continues at the last tick at or before the new time. It leaves what the
store has there, but passes it to `on_write`, since it is new to live clients.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from services.feeders.write_gate import Writing, without_gate
from services.retry import Backoff
from services.times import HOUR, ceiling, floor
from simulator.clock import MAX, Clock, Course
from storage.errors import StoreUnavailable, TimeRefused
from storage.schema import SCHEMAS, Stream
from storage.store import Run, Store

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("bus_simulator.feeder")

State: TypeAlias = Literal["running", "waiting for the store", "stopped"]


class Model(Protocol):
    """The part of `simulator.city.City` that a feeder uses."""

    def window(
        self, start: datetime, end: datetime, streams: Collection[Stream]
    ) -> Mapping[Stream, pa.Table]:
        """Return the rows with start ≤ time < end of each of `streams`."""


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
    """A feeder's last tick and its `lag` behind the last due tick, in simulated time."""

    name: str
    last_tick: datetime
    lag: timedelta
    cadence: timedelta
    state: State


@dataclass(frozen=True, slots=True)
class FeederProgress:
    """The end of each stream's coverage, on one course of the clock."""

    course: Course
    covered: dict[Stream, datetime]


OnWrite: TypeAlias = "Callable[[Stream, pa.Table, Course], None]"
"""Called with the rows just written to a stream, and the course of the clock they were written on."""


class Feeder:
    """A feeder that begins at `start`, or where the store's coverage that includes `start` ends.

    `on_write` is called with the rows just written. `on_tick` is called after all streams of a step, and
    after every change of the clock. The windows of a step are simulated and written in one block of
    `writing`, during which the model doesn't change. `run_until_closed` belongs in a thread of its own;
    `status` and `reached` may be called from any thread.
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
        writing: Writing = without_gate,
    ) -> None:
        self.kind, self._writing = kind, writing
        self._model, self._store, self._run, self._clock = model, store, run, clock
        self._on_tick, self._on_write = on_tick, on_write
        self._state: State = "stopped"
        covered = {stream: covered_until(store, stream, start) for stream in kind.streams}
        self._progress = FeederProgress(clock.course, covered)
        self._end: datetime | None = None

    def end_at(self, instant: datetime) -> None:
        """End `run_until_closed` once everything up to an instant, which is a tick, is covered."""
        self._end = instant

    @property
    def ended(self) -> bool:
        """Whether everything up to the instant of `end_at`, if it was called, is covered."""
        return self._end is not None and all(until >= self._end for until in self._progress.covered.values())

    @property
    def next_tick(self) -> datetime:
        """The first tick that isn't complete."""
        return self._next_tick_at(self._progress)

    @property
    def last_tick(self) -> datetime:
        """The last tick that is complete."""
        return self.next_tick - self.kind.cadence

    def reached(self, course: Course) -> datetime:
        """The last complete tick on a course of the clock; without one, the tick before the course starts."""
        progress = self._progress
        here = self._next_tick_at(progress if progress.course == course else self._beginning(course))
        return here - self.kind.cadence

    def status(self, now: datetime) -> FeederStatus:
        """Return the last complete tick and the lag at simulated time `now`."""
        last = self.reached(self._clock.course)
        lag = max(floor(now, self.kind.cadence) - last, timedelta())
        return FeederStatus(self.kind.name, last, lag, self.kind.cadence, self._state)

    def run_until_closed(self) -> None:
        """Write every tick when it is due, until the clock is closed or the instant of `end_at` is covered.

        A tick that has begun is completed. While the store can't be reached, retry with growing pauses.
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
        """If the clock has jumped, continue on its new course."""
        course = self._clock.course
        if course != self._progress.course:
            self._progress = self._beginning(course)

    def catch_up(self, until: datetime) -> None:
        """Write every tick up to an instant; stop early if the clock is closed."""
        while self.next_tick <= until and not self._clock.closed:
            self._write_up_to(min(self._hour_end(), floor(until, self.kind.cadence)))

    def step(self) -> bool:
        """Write the due ticks of at most an hour; whether there were any."""
        tick = self._due()
        if tick is None:
            return False
        self._write_up_to(tick)
        return True

    def _try_step(self, backoff: Backoff) -> None:
        """Take a step. If the store can't be reached or doesn't take its time, log it and pause."""
        try:
            self.step()
        except (StoreUnavailable, TimeRefused) as error:
            log.warning("%s waits for the store: %s", self.kind.name, error)
            self._state = "waiting for the store"
            self._clock.rest(backoff.next_pause_s())
        else:
            self._state = "running"
            backoff.reset()

    def _write_up_to(self, tick: datetime) -> None:
        """Write the incomplete ticks up to and including `tick`."""
        with self._writing():
            self._write_windows(tick)
        self._on_tick()

    def _write_windows(self, tick: datetime) -> None:
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

    def _due(self) -> datetime | None:
        """The tick up to which to write now, at most the last one of the next tick's hour.

        None if no tick is due, or if the clock has jumped.
        """
        moment = self._clock.moment()
        if moment.course != self._progress.course or moment.now < self._wake():
            return None
        if self._clock.rate == MAX:
            return self._bounded(self._hour_end())
        return self._bounded(min(self._hour_end(), floor(moment.now, self.kind.cadence)))

    def _bounded(self, instant: datetime) -> datetime:
        """The earlier of an instant and the instant of `end_at`."""
        return instant if self._end is None else min(instant, self._end)

    def _hour_end(self) -> datetime:
        """The last tick of the hour that the next tick is in."""
        return floor(self.next_tick, HOUR) + HOUR - self.kind.cadence

    def _wake(self) -> datetime:
        """When to write next. At rate `MAX` that is at once: feeders run ahead, and drive the clock."""
        return self.last_tick if self._clock.rate == MAX else self.next_tick

    def _lead(self, stream: Stream) -> timedelta:
        """How far coverage extends past a tick: nothing for events, the cadence for sampled streams."""
        return timedelta() if SCHEMAS[stream].cadence_s is None else self.kind.cadence

    def _beginning(self, course: Course) -> FeederProgress:
        """The progress at the start of a course, after a jump."""
        return FeederProgress(
            course, dict.fromkeys(self.kind.streams, floor(course.start, self.kind.cadence))
        )

    def _next_tick_at(self, progress: FeederProgress) -> datetime:
        return min(self._next_tick_of(stream, until) for stream, until in progress.covered.items())

    def _next_tick_of(self, stream: Stream, covered: datetime) -> datetime:
        return tick_before(stream, covered, self.kind) + self.kind.cadence


def tick_before(stream: Stream, covered: datetime, kind: FeederKind) -> datetime:
    """The last tick that is complete in a stream whose coverage ends at `covered`."""
    if SCHEMAS[stream].cadence_s is None:
        return floor(covered, kind.cadence)
    return ceiling(covered, kind.cadence) - kind.cadence


def covered_until(store: Store, stream: Stream, instant: datetime) -> datetime:
    """The end of the covered interval that includes or ends at an instant; else the instant itself."""
    ends = (held.end for held in store.coverage(stream) if held.start <= instant <= held.end)
    return max(ends, default=instant)
