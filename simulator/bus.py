"""A bus's service day as a SimPy process: wait at a terminal, board, run, stop or pass, alight, again.

Times are integer milliseconds from the service day's origin. The process writes one row a leg: how the bus
came to a stop, what happened there, when it left. Nothing is sampled.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import simpy

from simulator import randomness, travel
from simulator.network import Bus
from simulator.service_day import DOORS_EARLY_S
from simulator.types import HOUR_MS

if TYPE_CHECKING:
    from simulator.line_day import LineDay

_Process: TypeAlias = Generator[simpy.Event, None, None]
_Departing: TypeAlias = "Generator[simpy.Event, None, Trip]"

HOP, STAND, PARK = 0, 1, 2
"""Kinds of leg: to a trip's next stop; at (or empty to) a terminal until departure; home until the end."""

COLUMNS = (
    *("kind", "trip", "pattern", "path", "position", "changed", "brakes", "stops", "opens", "leaves"),
    *("boarding", "alighting", "left_behind"),
)
"""A row's integers. `changed`, `brakes`, `stops`: ends of the motion's pieces; `opens`: doors, equal to
`leaves` where they stay shut; `trip` and `path` index the line-day's trips and paths."""

DEAD_MS = 7000
BOARD_MS = 2_000
ALIGHT_MS = 1_200
"""Doors' dead time, then 2 s a boarding by card and 1.2 s an alighting through two doors (TCQSM 3rd ed.,
exhibit 6-4)."""
MIN_OPEN_MS = 10_000
"""Least time with open doors at a departure."""
NOISE_TRIPS = 8


@dataclass(slots=True)
class Queue:
    """People waiting at a stop for one direction: arrival times in order, of whom `boarded` have left.

    `draws` decide destinations; `targets` keeps them by (pattern, position) as the position in the pattern
    at which each person alights.
    """

    times: list[int]
    draws: randomness.Floats
    boarded: int = 0
    last_bus: int = 0
    targets: dict[tuple[int, int], list[int]] = field(default_factory=dict)

    def waiting(self, now: int) -> int:
        """How many wait at `now`."""
        return bisect_right(self.times, now, self.boarded) - self.boarded

    def board(self, count: int, trip: Trip, position: int, now: int) -> int:
        """The first `count` people get on `trip` at `position` and say where they will alight."""
        targets = self.targets.get((trip.pattern, position))
        if targets is None:
            ahead = len(trip.alighting) - 1 - position
            targets = (position + 1 + (self.draws * ahead).astype(np.int64)).tolist()
            self.targets[trip.pattern, position] = targets
        start = self.boarded
        self.boarded = start + count
        self.last_bus = now
        for target in targets[start : start + count]:
            trip.alighting[target] += 1
        return count


@dataclass(slots=True)
class Trip:
    """A trip under way: `alighting` counts by position those aboard who will get out there."""

    pattern: int
    number: int
    departed: int
    alighting: list[int]
    load: int = 0


class BusDay:
    """One bus on one line-day. `process` runs it; `rows` and `speeds` are its legs in order.

    `first_departure` and `last_stop` bound its service, -1 for a bus that never leaves.
    """

    def __init__(self, day: LineDay, bus: Bus, home: int):
        self.bus = bus
        self.home = home
        self.rows = array("q")
        self.speeds = array("d")
        self.first_departure = self.last_stop = -1
        self._day = day
        self._noise_key = day.key("travel", bus.bus_id)
        self._drawn: list[list[float]] = []
        self._trips = 0

    def process(self) -> _Process:
        """Trips as the dispatch hands them out, then home."""
        day, now = self._day, self._day.starts
        direction, place, ready = self.home, (day.line_home(self.home), 0), now
        while (planned := day.dispatch.take(direction, ready / 1000)) is not None:
            depart, direction, pattern = round(planned[0] * 1000), planned[1], planned[2]
            trip = yield from self._stand(pattern, depart, ready, place, now)
            yield from self._run(trip)
            place = (pattern, len(day.hops[pattern]))
            direction = day.next_direction(direction)
            now = self.last_stop
            ready = now + travel.MIN_LAYOVER_MS
        self._go_home(place, now)

    def _stand(self, pattern: int, depart: int, ready: int, place: tuple[int, int], now: int) -> _Departing:
        """At the terminal until departure, after an empty run if the bus is elsewhere."""
        day = self._day
        path, changed, brakes, there, speed = day.empty_run(place, (pattern, 0), now)
        opens = max(ready, there, depart - DOORS_EARLY_S * 1000)
        yield day.env.timeout(opens - now)
        queue = day.queues[pattern][0]
        work = DEAD_MS + BOARD_MS * min(queue.waiting(opens), self.bus.capacity)
        leaves = max(depart, opens + max(work, MIN_OPEN_MS))
        yield day.env.timeout(leaves - opens)
        trip = Trip(pattern, day.new_trip(pattern), leaves, [0] * (len(day.hops[pattern]) + 1))
        trip.load = queue.board(min(queue.waiting(leaves), self.bus.capacity), trip, 0, leaves)
        times = (changed, brakes, there, opens, leaves)
        self.rows.extend((STAND, trip.number, pattern, path, 0, *times, trip.load, 0, queue.waiting(leaves)))
        self.speeds.append(speed)
        if self.first_departure < 0:
            self.first_departure = leaves
        return trip

    def _run(self, trip: Trip) -> _Process:
        """From the first stop's departure to the last stop's closed doors.

        At the braking point it is decided, once, whether to stop; the dwell is fixed at arrival from those
        who wait then; who waits when the doors close gets in while there is room.
        """
        day, pattern, targets = self._day, trip.pattern, trip.alighting
        timeout, by_hour, queues = day.env.timeout, day.speed_by_hour, day.queues[pattern]
        hops, factors = day.hops[pattern], self._factors()
        now = here = trip.departed
        v_in, last = 0.0, len(hops)
        for position, (hop, noise) in enumerate(zip(hops, factors, strict=False), 1):
            changing, passing, half, speed = travel.motion(hop, by_hour[now // HOUR_MS] / noise, v_in)
            self.speeds.append(speed)
            changed, passes = now + changing, now + passing
            brakes = passes - half
            if not targets[position] and position != last:
                yield timeout(brakes - here)
                here = brakes
                if not queues[position].waiting(brakes):
                    times = (changed, passes, passes, passes, passes)
                    self.rows.extend((HOP, trip.number, pattern, pattern, position, *times, 0, 0, 0))
                    now, v_in = passes, speed
                    continue
            opens = passes + half
            yield timeout(opens - here)
            here = now = opens + self._dwell_ms(trip, position, opens)
            yield timeout(here - opens)
            people = self._exchange(trip, position, here)
            times = (changed, brakes, opens, opens, here)
            self.rows.extend((HOP, trip.number, pattern, pattern, position, *times, *people))
            v_in = 0.0
        self.last_stop = now

    def _dwell_ms(self, trip: Trip, position: int, now: int) -> int:
        """Dead time, and the longer of alighting and boarding work (TCQSM 3rd ed., eq. 6-11)."""
        alighting = trip.alighting[position]
        boarding = 0
        if position != len(trip.alighting) - 1:
            room = self.bus.capacity - trip.load + alighting
            boarding = min(self._day.queues[trip.pattern][position].waiting(now), room)
        return DEAD_MS + max(alighting * ALIGHT_MS, boarding * BOARD_MS)

    def _exchange(self, trip: Trip, position: int, now: int) -> tuple[int, int, int]:
        """As the doors close: how many got in, how many out, how many found no room."""
        alighting = trip.alighting[position]
        trip.load -= alighting
        if position == len(trip.alighting) - 1:
            return 0, alighting, 0
        queue = self._day.queues[trip.pattern][position]
        waiting = queue.waiting(now)
        boarding = queue.board(min(waiting, self.bus.capacity - trip.load), trip, position, now)
        trip.load += boarding
        return boarding, alighting, waiting - boarding

    def _factors(self) -> list[float]:
        """Running-time factors of the next trip's hops: one of the trip times one of each hop.

        Drawn a few trips at once; a trip's draws are addressed by its number, so none shifts another's.
        """
        if not self._drawn:
            width = self._day.most_hops + 1
            first = self._trips * width
            draws = randomness.uniform([self._noise_key], NOISE_TRIPS * width, first=first)
            places = draws.reshape(NOISE_TRIPS, width) * randomness.TABLE_SIZE
            trips = randomness.interpolate(travel.TRIP_FACTOR, places[:, :1])
            hops = randomness.interpolate(travel.HOP_FACTOR, places[:, 1:])
            self._drawn = (trips * hops).tolist()[::-1]
            self._trips += NOISE_TRIPS
        return self._drawn.pop()

    def _go_home(self, place: tuple[int, int], now: int) -> None:
        """The day's last row: empty to the home terminal if need be, and parked until the line-day's end."""
        day, home = self._day, self._day.line_home(self.home)
        path, changed, brakes, there, speed = day.empty_run(place, (home, 0), now)
        if there > day.ends:
            who = f"line {day.line.line_id}: bus {self.bus.bus_id}"
            raise OverrunError(f"{who} isn't home when the service day after {day.date_text} begins")
        times = (changed, brakes, there, day.ends, day.ends)
        self.rows.extend((PARK, -1, home, path, 0, *times, 0, 0, 0))
        self.speeds.append(speed)


class OverrunError(RuntimeError):
    """A bus isn't home when the next line-day begins: the line's hours leave too little time."""
