"""The status of feeders in other processes, from the coverage that they write into the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.feeders.feeder import FEEDERS, FeederKind, FeederStatus, State, tick_before
from services.times import floor
from simulator.clock import Clock
from storage.errors import StoreError
from storage.instants import EPOCH
from storage.schema import Stream
from storage.store import Store

LATE_WALL_S = 15.0
"""A feeder that lags by more than two ticks and this many wall seconds counts as stopped."""


@dataclass(frozen=True, slots=True)
class ObservedFeeder:
    """A feeder of another process. It counts as running while its coverage is recent."""

    kind: FeederKind
    store: Store
    clock: Clock

    def status(self, now: datetime) -> FeederStatus:
        """Return its last tick and lag at `now`. If the store can't be read, it counts as waiting for it."""
        due = floor(now, self.kind.cadence)
        try:
            last = min(due, self._last_tick(now))
        except StoreError:
            return FeederStatus(self.kind.name, due, timedelta(), self.kind.cadence, "waiting for the store")
        late = 2 * self.kind.cadence + timedelta(seconds=LATE_WALL_S * self.clock.pace)
        state: State = "running" if now - last <= late else "stopped"
        return FeederStatus(self.kind.name, last, due - last, self.kind.cadence, state)

    def _last_tick(self, now: datetime) -> datetime:
        """The last tick that is complete in all its streams; without one, the last before the epoch."""
        return min(tick_before(stream, self._covered(stream, now), self.kind) for stream in self.kind.streams)

    def _covered(self, stream: Stream, now: datetime) -> datetime:
        return max((held.end for held in self.store.coverage(stream) if held.start <= now), default=EPOCH)


def observed_feeders(store: Store, clock: Clock) -> list[ObservedFeeder]:
    """Return one for each kind of feeder."""
    return [ObservedFeeder(kind, store, clock) for kind in FEEDERS]
