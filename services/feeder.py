"""A feeder writes some streams at every tick of the clock: the model is its buffer.

At tick T, a multiple of its cadence, a ticking stream writes its record for T and covers [T, T + cadence);
a stream of events covers up to T only, so that no event of the future is ever written. A feeder that is
behind catches up in windows of at most an hour. What it has covered is all its state: killed, it goes on
from there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from services.times import HOUR, ceiling, floor
from simulator.clock import MAX, Clock
from storage.errors import StoreUnavailable
from storage.schema import SCHEMAS, Stream
from storage.store import Run, Store

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("bus_simulator.feeder")

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0

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


class Feeder:
    """One feeder, from `start` on, or from where the store's coverage that includes `start` ends.

    `on_write` is given what was just stored, once; `on_tick` is called after all streams of a step.
    `run_until_closed` belongs in a thread of its own; `status` may be asked from any.
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
        on_write: Callable[[Stream, pa.Table], None] = lambda _stream, _rows: None,
    ) -> None:
        self.kind = kind
        self._model, self._store, self._run, self._clock = model, store, run, clock
        self._on_tick, self._on_write = on_tick, on_write
        self._state: State = "stopped"
        self._covered = {stream: covered_until(store, stream, start) for stream in kind.streams}

    @property
    def next_tick(self) -> datetime:
        """The first tick at which something is still to be written."""
        return min(self._next_tick_of(stream, until) for stream, until in self._covered.items())

    @property
    def last_tick(self) -> datetime:
        """The last tick of which everything is written."""
        return self.next_tick - self.kind.cadence

    def status(self, now: datetime) -> FeederStatus:
        """How far it is at `now`."""
        last = self.last_tick
        lag = max(floor(now, self.kind.cadence) - last, timedelta())
        return FeederStatus(self.kind.name, last, lag, self.kind.cadence, self._state)

    def run_until_closed(self) -> None:
        """Write every tick as it comes, until the clock is closed; the tick in hand is finished first.

        While the store can't be reached, try again with growing pauses.
        """
        self._state = "running"
        retry_s = FIRST_RETRY_S
        try:
            while self._clock.wait_until(self._wake()):
                try:
                    self.step()
                    self._state, retry_s = "running", FIRST_RETRY_S
                except StoreUnavailable as error:
                    log.warning("%s waits for the store: %s", self.kind.name, error)
                    self._state = "waiting for the store"
                    self._clock.pause(retry_s)
                    retry_s = min(2 * retry_s, LONGEST_RETRY_S)
        finally:
            self._state = "stopped"

    def catch_up(self, until: datetime) -> None:
        """Write everything that is due up to an instant, unless the clock is closed meanwhile."""
        while self.next_tick <= until and not self._clock.closed and self.step():
            pass

    def step(self) -> bool:
        """Write what is due, of at most an hour; whether anything was."""
        tick = self._due()
        if tick is None:
            return False
        windows: dict[tuple[datetime, datetime], list[Stream]] = {}
        for stream, covered in self._covered.items():
            end = tick + self._lead(stream)
            if covered < end:
                windows.setdefault((covered, end), []).append(stream)
        for (start, end), streams in windows.items():
            for stream, batch in self._model.window(start, end, streams).items():
                self._store.write(stream, batch, covers=(start, end), run=self._run)
                self._covered[stream] = end
                self._on_write(stream, batch)
        self._on_tick()
        return True

    def _due(self) -> datetime | None:
        """The tick up to which to write now: the last one due, or the last of the next one's hour."""
        following = self.next_tick
        hour_end = floor(following, HOUR) + HOUR - self.kind.cadence
        now = self._clock.now()
        if self._clock.rate == MAX:
            return hour_end if self._wake() <= now else None
        return min(hour_end, floor(now, self.kind.cadence)) if following <= now else None

    def _wake(self) -> datetime:
        """When there is something to do. At the greatest rate feeders run ahead and drive the clock."""
        return self.last_tick if self._clock.rate == MAX else self.next_tick

    def _lead(self, stream: Stream) -> timedelta:
        """How far past a tick a stream is covered by it."""
        return timedelta() if SCHEMAS[stream].cadence_s is None else self.kind.cadence

    def _next_tick_of(self, stream: Stream, covered: datetime) -> datetime:
        if self._lead(stream):
            return ceiling(covered, self.kind.cadence)
        return floor(covered, self.kind.cadence) + self.kind.cadence


def covered_until(store: Store, stream: Stream, instant: datetime) -> datetime:
    """The end of the stretch that includes (or ends at) an instant, else the instant."""
    ends = (held.end for held in store.coverage(stream) if held.start <= instant <= held.end)
    return max(ends, default=instant)
