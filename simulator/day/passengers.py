"""The passengers of a line-day: those who wait at a stop for a direction, and those aboard a trip.

Times are integer milliseconds from the service day's origin.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.day.disruptions.scenario_effects import Ending
from simulator.randomness import random_numbers

PATIENCE_MS = 600_000
"""After the last bus, people still waiting, or arriving later, give up after ten minutes."""


class Departed(NamedTuple):
    """People left a queue at an `instant`, `boarded` people having left before; `cause`: see `Wakeup`."""

    instant: int
    cause: int
    boarded: int


@dataclass(slots=True)
class Queue:
    """People waiting at a stop for one direction: arrival times in order, of whom `boarded` have left.

    `draws` decide destinations; `targets` keeps them by (pattern, position) as the position in the pattern
    at which each person alights. `gave_up` are the instants at which people left without a bus, `last_bus` is
    when somebody last boarded, `passed` when a bus last left the stop or, on a disturbed day, went past (-1:
    none yet). `departures` are all the instants at which people left the queue.
    """

    times: list[int]
    draws: random_numbers.Floats
    boarded: int = 0
    last_bus: int = 0
    passed: int = -1
    gave_up: list[int] = field(default_factory=list)
    departures: list[Departed] = field(default_factory=list)
    targets: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def waiting(self, now: int) -> int:
        """How many people wait now."""
        return bisect_right(self.times, now, self.boarded) - self.boarded

    def waited(self, then: int, cause: int) -> int:
        """How many people waited at an instant that may be past.

        `cause` puts the question in its place among what happened at that instant; see `Wakeup`.
        """
        boarded, departures = self.boarded, self.departures
        if departures and departures[-1].instant >= then:
            index = bisect_left(departures, (then, cause))
            if index < len(departures):
                boarded = departures[index].boarded
        return bisect_right(self.times, then, boarded) - boarded

    def board(self, count: int, trip: Trip, position: int, opened: int, now: int) -> int:
        """Let the first `count` people board `trip` at `position`; count where they will alight.

        The doors close `now`; they `opened` before.
        """
        self.last_bus = now
        if not count:
            return 0
        targets = self.targets.get((trip.pattern, position))
        if targets is None:
            # Destinations of the whole queue at once, when a pattern's first bus comes: a draw
            # picks one of the stops ahead with equal chance.
            if trip.alights is None:
                ahead = len(trip.alighting) - 1 - position
                targets = (position + 1 + (self.draws * ahead).astype(np.int64)).tolist()
            else:
                places = trip.alights[trip.alights > position]
                targets = places[(self.draws * len(places)).astype(np.int64)].tolist()
            self.targets[trip.pattern, position] = targets
        start = self.boarded
        self.departures.append(Departed(now, opened, start))
        self.boarded = start + count
        alighting = trip.alighting
        for target in targets[start : start + count]:
            alighting[target] += 1
        return count

    def join(self, targets: list[int], trip: Trip, position: int, now: int) -> None:
        """Add people whose trip ended here behind those who wait; `targets`: where they want to alight."""
        ahead = len(trip.alighting) - 1 - position
        at = bisect_right(self.times, now, self.boarded)
        self.times[at:at] = [now] * len(targets)
        # Draws that pick the same destinations again, on any pattern of the next bus.
        draws = [(target - position - 0.5) / ahead for target in targets]
        self.draws = np.insert(self.draws, at, draws)
        self.targets.clear()

    def leave(self, instants: Sequence[int], now: int) -> None:
        """Let the first of those who wait go `now`, who had given up at these instants."""
        self.departures.append(Departed(now, 0, self.boarded))
        self.boarded += len(instants)
        self.gave_up += instants

    def give_up(self, now: int) -> None:
        """Send away all who wait."""
        count = self.waiting(now)
        self.departures.append(Departed(now, 0, self.boarded))
        self.boarded += count
        self.gave_up += [now] * count


@dataclass(slots=True)
class Trip:
    """A trip under way, from position `first` to `last` of its pattern.

    `factors` are the running-time factors of the pattern's hops; `alighting` counts by position those aboard
    who will alight there. `ending` says why the trip ended before its pattern, None if it didn't; `stranded`
    are then the positions at which the people aboard had wanted to alight. `alights` are the positions at
    which people may alight, None for all; `holds` has by position when the bus may leave at the earliest.
    """

    pattern: int
    number: int
    departed: int
    first: int
    last: int
    factors: list[float]
    alighting: list[int]
    load: int = 0
    ending: Ending | None = None
    stranded: list[int] = field(default_factory=list)
    alights: NDArray[np.int64] | None = None
    holds: Mapping[int, int] = field(default_factory=dict)

    def next_alighting(self, position: int) -> int:
        """The first position after one at which people may alight, else the last."""
        if self.alights is None:
            return position + 1
        return next((int(each) for each in self.alights if each > position), len(self.alighting) - 1)

    def end_at(self, position: int, ending: Ending) -> None:
        """End the trip at `position`: everybody alights there, `stranded` keeps where they wanted to go."""
        for target in range(position + 1, len(self.alighting)):
            self.stranded += [target] * self.alighting[target]
        self.alighting[position] = self.load
        self.last, self.ending = position, ending
