"""A bus's service day as a SimPy process: wait at a terminal, board, run, stop or pass, alight, again.

Times are integer milliseconds from the service day's origin. The process writes one row a leg: how the bus
came to a stop, what happened there, when it left. Nothing is sampled.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator
from typing import TypeAlias

import numpy as np
import simpy

from simulator import randomness
from simulator.day import travel
from simulator.day.line_state import LineState
from simulator.day.passengers import Trip
from simulator.day.scenario_effects import Disturbances, Ending
from simulator.network import Bus
from simulator.service_day import DOORS_EARLY_S
from simulator.types import HOUR_MS, SECOND_MS

_Process: TypeAlias = Generator[simpy.Event, None, None]
_Departing: TypeAlias = "Generator[simpy.Event, None, Trip]"

HOP, STAND, PARK, HALT = 0, 1, 2, 3
"""Kinds of leg: to a trip's next stop; at (or empty to) a terminal until departure; home until the end;
broken down where the last leg ended."""

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


class BusDay:
    """One bus on one line-day. `process` runs it; `rows` and `speeds` are its legs in order.

    `first_departure` and `last_stop` bound its service, -1 for a bus that never leaves.
    """

    def __init__(self, day: LineState, bus: Bus, home: int, *, runs: bool):
        self.bus = bus
        self.home = home
        self.runs = runs
        self.rows = array("q")
        self.speeds = array("d")
        self.first_departure = self.last_stop = -1
        self._day = day
        self._noise_key = day.key("travel", bus.bus_id)
        self._drawn: list[tuple[int, list[float]]] = []
        self._trips = 0
        self._broken_until = -1
        self._breakdown = day.disturbances.breakdown(bus.bus_id, day.starts) if day.disturbances else None

    def process(self) -> _Process:
        """Trips as the dispatch hands them out, then home."""
        day, now = self._day, self._day.starts
        direction, place, ready = self.home, (day.main_pattern(self.home), 0), now
        departure = self._dispatched(direction, ready)
        while departure is not None:
            trip = yield from self._stand(*departure, ready, place, now)
            yield from self._run(trip)
            place = (trip.pattern, trip.last)
            direction = day.next_direction(day.line.patterns[trip.pattern].direction)
            now = self.last_stop
            self._broken_until = now + self._repair_ms(trip)
            yield day.env.timeout(self._broken_until - now)
            ready = self._broken_until + travel.MIN_LAYOVER_MS
            departure = self._turned(trip, ready) or self._dispatched(direction, ready)
        self._go_home(place, now)

    def _dispatched(self, direction: int, ready: int) -> tuple[int, int, int] | None:
        """When, on which pattern and from which position of it to depart next; None when service is over."""
        disturbed = self._day.disturbances
        if not self.runs or (disturbed is not None and ready >= disturbed.latest):
            return None
        planned = self._day.dispatch.take(direction, ready / 1000)
        return None if planned is None else (round(planned[0] * 1000), planned[2], 0)

    def _repair_ms(self, trip: Trip) -> int:
        """How long the bus stands broken after a trip. It is towed away in time for the next service day."""
        broken, disturbed = self._breakdown, self._day.disturbances
        if disturbed is None or broken is None or trip.ending is not Ending.BREAKDOWN:
            return 0
        self._breakdown = disturbed.breakdown(self.bus.bus_id, broken.time_s * SECOND_MS)
        return max(min(broken.repair_s * SECOND_MS, disturbed.latest - self.last_stop), 0)

    def _turned(self, trip: Trip, ready: int) -> tuple[int, int, int] | None:
        """The departure of a bus that turned before a closed road."""
        disturbed = self._day.disturbances
        if disturbed is None or trip.ending is not Ending.TURN:
            return None
        back = disturbed.turn((trip.pattern, trip.last), self.last_stop)
        return None if back is None else (ready, *back)

    def _stand(
        self, depart: int, pattern: int, first: int, ready: int, place: tuple[int, int], now: int
    ) -> _Departing:
        """At a pattern's stop until departure, after an empty run if the bus is elsewhere."""
        day = self._day
        now = self._halt(place, (pattern, first), now)
        path, changed, brakes, there, speed = day.empty_run(place, (pattern, first), now)
        late, factors = self._draws()
        depart += late
        opens = max(ready, there, depart - DOORS_EARLY_S * 1000)
        yield day.env.timeout(opens - now)
        queue = day.queues[pattern][first]
        work = DEAD_MS + BOARD_MS * min(queue.waiting(opens), self.bus.capacity)
        leaves = max(depart, opens + max(work, MIN_OPEN_MS))
        yield day.env.timeout(leaves - opens)
        last = len(day.hops[pattern])
        trip = Trip(pattern, day.new_trip(pattern), leaves, first, last, factors, [0] * (last + 1))
        trip.load = queue.board(min(queue.waiting(leaves), self.bus.capacity), trip, first, leaves)
        queue.passed = leaves
        waiting = queue.waiting(leaves)
        times = (changed, brakes, there, opens, leaves)
        self.rows.extend((STAND, trip.number, pattern, path, first, *times, trip.load, 0, waiting))
        self.speeds.append(speed)
        if self.first_departure < 0:
            self.first_departure = leaves
        return trip

    def _halt(self, place: tuple[int, int], target: tuple[int, int], now: int) -> int:
        """A row for the time that a broken bus stands at `place` before it goes to `target`; when it does."""
        until, self._broken_until = self._broken_until, -1
        if until <= now:
            return now
        path = self._day.empty_run(place, target, now)[0]
        times = (until, until, until, until, until)
        self.rows.extend((HALT, -1, target[0], path, target[1], *times, 0, 0, 0))
        self.speeds.append(0.0)
        return until

    def _run(self, trip: Trip) -> _Process:
        """From the first stop's departure to the last stop's closed doors.

        At the braking point it is decided, once, whether to stop; the dwell is fixed at arrival from those
        who wait then; who waits when the doors close gets in while there is room.
        """
        day, pattern, targets = self._day, trip.pattern, trip.alighting
        timeout, by_hour, queues = day.env.timeout, day.speed_by_hour, day.queues[pattern]
        hops, factors = day.hops[pattern][trip.first :], trip.factors[trip.first :]
        disturbed, last = day.disturbances, trip.last
        now = here = trip.departed
        v_in, may_stop = 0.0, True
        for position, (hop, noise) in enumerate(zip(hops, factors, strict=False), trip.first + 1):
            factor = by_hour[now // HOUR_MS] / noise
            if disturbed is not None:
                factor = disturbed.factor((pattern, position), now, hop, factor)
            changing, passing, half, speed = travel.motion(hop, factor, v_in)
            self.speeds.append(speed)
            changed, passes = now + changing, now + passing
            brakes = passes - half
            if disturbed is not None:
                may_stop = self._may_stop(disturbed, trip, position, brakes)
                last = trip.last
            if not targets[position] and position != last:
                yield timeout(brakes - here)
                here = brakes
                if not (may_stop and queues[position].waiting(brakes)):
                    times = (changed, passes, passes, passes, passes)
                    self.rows.extend((HOP, trip.number, pattern, pattern, position, *times, 0, 0, 0))
                    queues[position].passed = now = passes
                    v_in = speed
                    continue
            opens = passes + half
            yield timeout(opens - here)
            here = now = opens + self._dwell_ms(trip, position, opens)
            yield timeout(here - opens)
            held = day.hold_ms(trip, position, here)
            if held:
                here = now = here + held
                yield timeout(held)
            people = self._exchange(trip, position, here)
            times = (changed, brakes, opens, opens, here)
            self.rows.extend((HOP, trip.number, pattern, pattern, position, *times, *people))
            v_in = 0.0
            if position == last:
                break
        self.last_stop = now

    def _may_stop(self, disturbed: Disturbances, trip: Trip, position: int, brakes: int) -> bool:
        """Whether the bus may stop at a position that it brakes for; a trip that is to end there is told so.

        At a closed stop those who want to get out go on to the next.
        """
        if position == trip.last and self._breakdown is None:
            return True
        ending = self._ending(disturbed, trip, position, brakes)
        if ending is not None:
            trip.end_at(position, ending)
        elif position != trip.last and disturbed.is_closed((trip.pattern, position), brakes):
            trip.alighting[position + 1] += trip.alighting[position]
            trip.alighting[position] = 0
            return False
        return True

    def _ending(self, disturbed: Disturbances, trip: Trip, position: int, now: int) -> Ending | None:
        """Why the trip has to end at a position, if it has."""
        broken = self._breakdown
        if broken is not None and now >= broken.time_s * SECOND_MS:
            here = self._day.line.patterns[trip.pattern].stops[position].stop_id
            if broken.stop_id in (None, here):
                return Ending.BREAKDOWN
        if position == trip.last:
            return None
        if now >= disturbed.latest:
            return Ending.LATE
        return None if disturbed.turn((trip.pattern, position), now) is None else Ending.TURN

    def _dwell_ms(self, trip: Trip, position: int, now: int) -> int:
        """Dead time, and the longer of alighting and boarding work (TCQSM 3rd ed., eq. 6-11)."""
        alighting = trip.alighting[position]
        boarding = 0
        if position != trip.last:
            room = self.bus.capacity - trip.load + alighting
            boarding = min(self._day.queues[trip.pattern][position].waiting(now), room)
        return DEAD_MS + max(alighting * ALIGHT_MS, boarding * BOARD_MS)

    def _exchange(self, trip: Trip, position: int, now: int) -> tuple[int, int, int]:
        """As the doors close: how many got in, how many out, how many found no room."""
        alighting = trip.alighting[position]
        trip.load -= alighting
        queue = self._day.queues[trip.pattern][position]
        queue.passed = now
        if position == trip.last:
            if trip.ending is Ending.BREAKDOWN and trip.stranded:
                queue.join(trip.stranded, trip, position, now)
            return 0, alighting, 0
        waiting = queue.waiting(now)
        boarding = queue.board(min(waiting, self.bus.capacity - trip.load), trip, position, now)
        trip.load += boarding
        return boarding, alighting, waiting - boarding

    def _draws(self) -> tuple[int, list[float]]:
        """Of the next trip: how late it departs (ms), and the running-time factors of its hops.

        A factor is one of the trip times one of each hop. Drawn a few trips at once; a trip's draws are
        addressed by its number, so none shifts another's.
        """
        if not self._drawn:
            width = self._day.most_hops + 2
            draws = randomness.uniform([self._noise_key], NOISE_TRIPS * width, first=self._trips * width)
            places = draws.reshape(NOISE_TRIPS, width) * randomness.TABLE_SIZE
            late = np.rint(randomness.interpolate(travel.LATENESS_MS, places[:, 0])).astype(np.int64)
            trips = randomness.interpolate(travel.TRIP_FACTOR, places[:, 1:2])
            hops = randomness.interpolate(travel.HOP_FACTOR, places[:, 2:])
            self._drawn = list(zip(late.tolist(), (trips * hops).tolist(), strict=True))[::-1]
            self._trips += NOISE_TRIPS
        return self._drawn.pop()

    def _go_home(self, place: tuple[int, int], now: int) -> None:
        """The day's last row: empty to the home terminal if need be, and parked until the line-day's end."""
        day, home = self._day, self._day.main_pattern(self.home)
        now = self._halt(place, (home, 0), now)
        path, changed, brakes, there, speed = day.empty_run(place, (home, 0), now)
        if there > day.ends:
            who = f"line {day.line.line_id}: bus {self.bus.bus_id}"
            raise OverrunError(f"{who} isn't home when the service day after {day.day} begins")
        times = (changed, brakes, there, day.ends, day.ends)
        self.rows.extend((PARK, -1, home, path, 0, *times, 0, 0, 0))
        self.speeds.append(speed)


class OverrunError(RuntimeError):
    """A bus isn't home when the next line-day begins: the line's hours leave too little time."""
