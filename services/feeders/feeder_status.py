"""How far feeders of other processes are, as the store's coverage tells who serves it."""

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
"""A feeder that is later than that (wall seconds, and two ticks) counts as stopped."""


@dataclass(frozen=True, slots=True)
class ObservedFeeder:
    """A feeder that is known by what it has written: running if that is of late."""

    kind: FeederKind
    store: Store
    clock: Clock

    def status(self, now: datetime) -> FeederStatus:
        """How far it is at `now`; the store being away is what it waits for, too."""
        due = floor(now, self.kind.cadence)
        try:
            last = min(due, self._last_tick(now))
        except StoreError:
            return FeederStatus(self.kind.name, due, timedelta(), self.kind.cadence, "waiting for the store")
        late = 2 * self.kind.cadence + timedelta(seconds=LATE_WALL_S * self.clock.pace)
        state: State = "running" if now - last <= late else "stopped"
        return FeederStatus(self.kind.name, last, due - last, self.kind.cadence, state)

    def _last_tick(self, now: datetime) -> datetime:
        """The last tick up to now of which all its streams have everything; the epoch's if there is none."""
        return min(tick_before(stream, self._covered(stream, now), self.kind) for stream in self.kind.streams)

    def _covered(self, stream: Stream, now: datetime) -> datetime:
        return max((held.end for held in self.store.coverage(stream) if held.start <= now), default=EPOCH)


def observed_feeders(store: Store, clock: Clock) -> list[ObservedFeeder]:
    """All feeders there are."""
    return [ObservedFeeder(kind, store, clock) for kind in FEEDERS]
