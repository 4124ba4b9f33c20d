"""A bus's service day as a SimPy process: stand at a terminal, board, run, stop or pass, alight, turn.

Times are integer milliseconds from the service day's origin. The process writes one row per leg: how the bus
came to a stop, what happened there, when it left. Nothing is sampled here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import NamedTuple, TypeAlias

import simpy

from simulator.day import travel
from simulator.day.bus_legs import HALT, HOP, PARK, BusLegs, Halt, Stand
from simulator.day.dispatch import PlannedDeparture, is_cancelled
from simulator.day.disruptions.past import Standing
from simulator.day.disruptions.scenario_effects import Disturbances, Ending
from simulator.day.line_state import EmptyRun, LineState, Wakeup
from simulator.day.passengers import Queue, Trip
from simulator.network import Bus, PatternPosition
from simulator.service_day import DOORS_EARLY_S
from simulator.types import HOUR_MS, SECOND_MS

_Process: TypeAlias = Generator[simpy.Event, None, None]

LONGEST_LAYOVER_MS = 1_800_000
"""A bus that waits longer for its next trip counts as parked until half an hour before it."""
DEAD_MS = 7000
BOARD_MS = 2_000
ALIGHT_MS = 1_200
"""The doors' dead time, then 2 s a boarding by card and 1.2 s an alighting through two doors (TCQSM 3rd ed.,
exhibit 6-4)."""
MIN_OPEN_MS = 10_000
"""The doors are open at least so long before a departure from a terminal."""


class TripStart(NamedTuple):
    """When a trip departs (planned, ms) and where: the pattern's index, the stop's position in it.

    `timing` is the index of the pattern's timing, None for a trip at the line's speed.
    """

    departs: int
    pattern: int
    first: int
    timing: int | None = None


class Place(NamedTuple):
    """Where a bus stands, and since when."""

    at: PatternPosition
    since: int


class BusDay(BusLegs):
    """One bus on one line-day. `process` runs it, and writes its legs.

    `home` is the direction of its first departure. A bus that doesn't run (`runs`) stays parked there.
    """

    def __init__(self, day: LineState, bus: Bus, home: int, *, runs: bool):
        super().__init__()
        self.bus = bus
        self.home = home
        self.runs = runs
        self.last_stop = -1
        self._day = day
        self._capacity = bus.capacity
        self._wakeup = Wakeup(day.env)
        self._noise = travel.BusNoise(day.key("travel", bus.bus_id), day.most_hops)
        self._broken_until = -1
        self._block: deque[PlannedDeparture] = deque()
        self._breakdown = day.disturbances.breakdown(bus.bus_id, day.starts) if day.disturbances else None

    def process(self) -> _Process:
        """The bus's day: trips as the dispatch assigns them, then home; in a strike home until it ends."""
        day, ready = self._day, self._day.starts
        place = Place(PatternPosition(day.main_pattern(self.home), 0), ready)
        start = self._dispatched(self.home, ready, ready)
        while True:
            trip: Trip | None = None
            if start is not None:
                place, trip = yield from self._stand(start, ready, place)
            if trip is not None:
                place = yield from self._serve_trip(trip)
                now = self._broken_until
                ready = now + travel.MIN_LAYOVER_MS
                direction = day.next_direction(day.line.patterns[trip.pattern].direction)
                start = self._turned(trip, ready) or self._dispatched(direction, ready, now)
            elif (until := self._strike_ends(max(place.since, self._broken_until))) is not None:
                place = yield from self._wait_at_home(place, until)
                ready = place.since
                start = self._dispatched(self.home, ready, ready)
            else:
                break
        self._go_home(place)

    def _serve_trip(self, trip: Trip) -> Generator[simpy.Event, None, Place]:
        """Run a trip, and stand where it ended if the bus broke down there."""
        plain = self._day.disturbances is None and not trip.holds
        yield from self._run(trip) if plain else self._run_by_events(trip)
        now, first, last = self.last_stop, trip.first, trip.last
        self.shifts[-1] = self.shifts[-1]._replace(ends=now)
        self.sections.extend((HOP, trip.number, trip.pattern, trip.pattern, first + 1, last - first))
        self._broken_until = now + self._repair_ms(trip)
        if self._broken_until > now:
            yield self._wakeup.at(self._broken_until, now)
        return Place(PatternPosition(trip.pattern, trip.last), now)

    def _dispatched(self, direction: int, ready: int, now: int) -> TripStart | None:
        """The trip that the dispatch has `now` for a bus ready for `direction`; None when service is over.

        A bus on strike takes up no trip.
        """
        day, disturbed = self._day, self._day.disturbances
        if not self.runs or (disturbed is not None and ready >= disturbed.last_call.at(now)):
            return None
        if day.strikes is not None and day.strikes.strikes(self.bus.bus_id, now):
            return None
        departure = self._next_of_block(ready)
        if departure is None:
            departure = day.dispatch.take(direction, ready / 1000)
        if departure is None:
            return None
        self._block.extend(departure.block)
        return TripStart(round(departure.time_s * 1000), departure.pattern, 0, departure.timing)

    def _next_of_block(self, ready: int) -> PlannedDeparture | None:
        """The next departure of the bus's block that it can still run; None for none."""
        while self._block:
            departure = self._block.popleft()
            if not is_cancelled(departure, ready / 1000):
                return departure
        return None

    def _repair_ms(self, trip: Trip) -> int:
        """How long the bus is broken down after a trip. It is towed away in time for the next service day."""
        broken, disturbed = self._breakdown, self._day.disturbances
        if disturbed is None or broken is None or trip.ending is not Ending.BREAKDOWN:
            return 0
        self._breakdown = disturbed.breakdown(self.bus.bus_id, broken.time_s * SECOND_MS)
        longest = disturbed.last_call.at(self.last_stop) - self.last_stop
        if broken.repaired_by_s is not None:
            longest = min(longest, broken.repaired_by_s * SECOND_MS - self.last_stop)
        return max(min(broken.repair_s * SECOND_MS, longest), 0)

    def _strike_ends(self, now: int) -> int | None:
        """When a bus that is on strike returns to work today; None for others, or if it isn't known."""
        strikes, disturbed = self._day.strikes, self._day.disturbances
        if strikes is None or disturbed is None or not (self.runs and strikes.strikes(self.bus.bus_id, now)):
            return None
        until = strikes.until(self.bus.bus_id, now)
        return None if until is None or until >= disturbed.last_call.at(now) else until

    def _turned(self, trip: Trip, ready: int) -> TripStart | None:
        """The next trip of a bus that turned before a closed road; None for a trip that ended otherwise."""
        disturbed = self._day.disturbances
        if disturbed is None or trip.ending is not Ending.TURN:
            return None
        back = disturbed.turn(PatternPosition(trip.pattern, trip.last), self.last_stop)
        return None if back is None else TripStart(ready, back.pattern, back.position)

    def _stand(
        self, start: TripStart, ready: int, place: Place
    ) -> Generator[simpy.Event, None, tuple[Place, Trip | None]]:
        """Stand at the stop where a trip begins, let people board and depart; from elsewhere run there empty.

        `ready` is when the least layover is over. There is no trip if the bus is on strike when it would
        begin to show it.
        """
        day = self._day
        _, pattern, first, timing = start
        target = PatternPosition(pattern, first)
        now = self._halt(place.at, target, place.since)
        run = day.empty_run(place.at, target, now)
        noise = self._noise.next_trip()
        departs = start.departs + noise.late_ms
        opens = max(ready, run.stops, departs - DOORS_EARLY_S * 1000)
        shown = self._shown(run, now, opens)
        if day.strikes is not None and day.strikes.begun(shown):
            yield self._wakeup.at(shown, now)
            if day.strikes.strikes(self.bus.bus_id, shown):
                if shown > now:
                    self._write_row(HALT, run, target, shown)
                return Place(target, shown), None
        yield self._wakeup.at(opens, now)
        queue = day.queues[pattern][first]
        leaves = max(departs, self._boarded(queue, opens))
        yield self._wakeup.at(leaves, opens)
        last = len(day.hops[pattern])
        factors = noise.factors
        if timing is not None:
            factors = day.paced(pattern, timing, start.departs // SECOND_MS, factors)
        number = day.new_trip(pattern, Standing(self.bus.bus_id, now))
        trip = Trip(pattern, number, leaves, first, last, factors, [0] * (last + 1))
        trip.alights, trip.holds = day.alights[pattern], day.earliest(pattern, timing, start.departs)
        waiting = queue.waiting(leaves)
        trip.load = queue.board(min(waiting, self.bus.capacity), trip, first, opens, leaves)
        queue.passed = leaves
        self._write_departure(run, trip, opens, waiting - trip.load, Stand(now, shown, leaves, trip.number))
        return Place(target, leaves), trip

    def _boarded(self, queue: Queue, opens: int) -> int:
        """When an empty bus may close its doors.

        As at any stop the dwell is fixed by those who wait as the doors open; people who come until they
        close still get in while there is room.
        """
        work_ms = DEAD_MS + BOARD_MS * min(queue.waiting(opens), self.bus.capacity)
        return opens + max(work_ms, MIN_OPEN_MS)

    def _shown(self, run: EmptyRun, now: int, opens: int) -> int:
        """When a bus that stands since `now` begins to show its next trip; see `Legs.idle_until`."""
        if not self.legs:
            return opens
        there = run.stops if run.path >= len(self._day.line.patterns) else now
        return max(there, opens - LONGEST_LAYOVER_MS)

    def _halt(self, here: PatternPosition, target: PatternPosition, now: int) -> int:
        """Write the row of a broken-down bus that stands until it goes to `target`; return when it goes."""
        until, self._broken_until = self._broken_until, -1
        if until <= now:
            return now
        # What is decided now about where it goes doesn't show before the last revision.
        seen = self._day.past.targets.get(Standing(self.bus.bus_id, now), ())
        ends = [*(each.until for each in seen if each.until < until), until]
        for instant, to in zip(ends, [*(each.target for each in seen), target], strict=False):
            path = self._day.empty_run(here, to, now).path
            self._write_row(HALT, EmptyRun(path, instant, instant, instant, 0.0), to, instant)
        self.halts.append(Halt(now, until, target))
        return until

    def _run(self, trip: Trip) -> _Process:
        """Run a trip, on an ordinary day, from the first stop's departure until the doors close at the last.

        At each stop it waits but once, until the doors can close at the earliest, and only then asks who
        waited as the bus braked and as its doors opened. It waits again if people board for longer.
        """
        # This runs once a visit, so what it needs is in local variables.
        day, pattern, last, alighting = self._day, trip.pattern, trip.last, trip.alighting
        wake, by_hour, plan_hop = self._wakeup.at, day.speed_by_hour, travel.plan_hop
        add_leg, add_speed = self.legs.extend, self.speeds.append
        on_the_way = zip(day.hops[pattern], trip.factors, day.queues[pattern][1:], strict=False)
        # `event` is when the bus last did or decided something.
        left, event, v_in = trip.departed, trip.departed, 0.0
        for position, (hop, noise, queue) in enumerate(on_the_way, 1):
            changing, passing, half, speed = plan_hop(hop, by_hour[left // HOUR_MS] / noise, v_in)
            passes = left + passing
            brakes, opens = passes - half, passes + half
            add_speed(speed)
            now = opens + DEAD_MS + alighting[position] * ALIGHT_MS
            if position == last:
                # Buses that come to a terminal at one instant are served in the order of their arrivals.
                yield wake(opens, event)
                yield wake(now, opens)
            elif alighting[position]:
                yield wake(now, opens, event)
            else:
                # Whether to stop depends on who waits as it would brake: people who come later see it pass.
                yield wake(now, opens, brakes)
                if not queue.waited(brakes, event):
                    add_leg((left + changing, passes, passes, passes, passes, 0, 0, 0))
                    left, v_in, event = passes, speed, brakes
                    continue
                event = brakes
            closes = opens + self._dwell_ms(trip, position, queue.waited(opens, event))
            if closes > now:
                yield wake(closes, opens, event)
            add_leg((left + changing, brakes, opens, opens, closes))
            self._exchange(trip, position, queue, opens, closes)
            left, event, v_in = closes, closes, 0.0
        self.last_stop = left

    def _run_by_events(self, trip: Trip) -> _Process:
        """Run a trip that a scenario may disturb or that is held at stops: wait for each event on the way."""
        day, pattern, alighting = self._day, trip.pattern, trip.alighting
        wake, disturbed = self._wakeup.at, day.disturbances
        left = event = trip.departed
        v_in, may_stop, position = 0.0, True, trip.first
        while position != trip.last:
            hop, factor = day.hops[pattern][position], self._factor(trip, position + 1, left)
            position += 1
            queue = day.queues[pattern][position]
            changing, passing, half, speed = travel.motion(hop, factor, v_in)
            changed, passes = left + changing, left + passing
            brakes, opens = passes - half, passes + half
            self.speeds.append(speed)
            if disturbed is not None:
                may_stop = self._may_stop(disturbed, trip, position, brakes)
            if not alighting[position] and position != trip.last:
                yield wake(brakes, event)
                event = brakes
                # A bus that is early for a timepoint stops there in any case.
                stops = queue.waiting(brakes) or trip.holds.get(position, 0) > passes
                if not (may_stop and stops):
                    self.legs.extend((changed, passes, passes, passes, passes, 0, 0, 0))
                    left = queue.passed = passes
                    v_in = speed
                    continue
            yield wake(opens, event)
            self.legs.extend((changed, brakes, opens))
            left = event = yield from self._serve(trip, position, opens)
            v_in = 0.0
        self.last_stop = left

    def _factor(self, trip: Trip, position: int, left: int) -> float:
        """The speed factor of the hop to a position, for a bus that left the stop before."""
        day, hop = self._day, trip.factors[position - 1]
        factor = day.speed_by_hour[left // HOUR_MS] / hop
        if day.disturbances is None:
            return factor
        here = PatternPosition(trip.pattern, position)
        return day.disturbances.factor(here, left, day.hops[trip.pattern][position - 1], factor)

    def _serve(self, trip: Trip, position: int, opens: int) -> Generator[simpy.Event, None, int]:
        """Serve a stop that the bus reaches at `opens`, complete the leg, and return when the bus leaves.

        Holding comes after the dwell, with open doors, so that late passengers can board.
        """
        day, wake = self._day, self._wakeup.at
        queue = day.queues[trip.pattern][position]
        if trip.holds and not trip.alighting[position] and not day.opens_at(trip.pattern, position):
            closes = max(opens, trip.holds.get(position, 0))
            yield wake(closes, opens)
            queue.passed = closes
            self.legs.extend((closes, closes, 0, 0, 0))
            return closes
        closes = opens + self._dwell_ms(trip, position, queue.waiting(opens))
        yield wake(closes, opens)
        if day.holds and (held_ms := day.hold_ms(trip, position, closes)):
            yield wake(closes + held_ms, closes)
            closes += held_ms
        self.legs.extend((opens, closes))
        self._exchange(trip, position, queue, opens, closes)
        return closes

    def _may_stop(self, disturbed: Disturbances, trip: Trip, position: int, brakes: int) -> bool:
        """Whether the bus may stop at a position that it brakes for. Ends the trip there if necessary.

        It may not stop at a closed stop, whatever happens: passengers for that stop alight at the next, and a
        trip ends at the next.
        """
        if position == trip.last and self._breakdown is None:
            return True
        if position != trip.last and disturbed.is_closed(PatternPosition(trip.pattern, position), brakes):
            trip.alighting[trip.next_alighting(position)] += trip.alighting[position]
            trip.alighting[position] = 0
            return False
        ending = self._ending(disturbed, trip, position, brakes)
        if ending is not None:
            trip.end_at(position, ending)
        return True

    def _ending(self, disturbed: Disturbances, trip: Trip, position: int, now: int) -> Ending | None:
        """Why the trip must end at a position that it reaches `now`; None if it continues."""
        if self._breaks_down(disturbed, trip, position, now):
            return Ending.BREAKDOWN
        if position == trip.last:
            return None
        if disturbed.is_late(now):
            return Ending.LATE
        return None if disturbed.turn(PatternPosition(trip.pattern, position), now) is None else Ending.TURN

    def _breaks_down(self, disturbed: Disturbances, trip: Trip, position: int, now: int) -> bool:
        broken = self._breakdown
        while broken is not None and broken.repaired_by_s is not None and now >= broken.repaired_by_s * 1000:
            broken = self._breakdown = disturbed.breakdown(self.bus.bus_id, broken.time_s * SECOND_MS)
        if broken is None or now < broken.time_s * SECOND_MS:
            return False
        here = self._day.line.patterns[trip.pattern].stops[position].stop_id
        return broken.stop_id in (None, here)

    def _dwell_ms(self, trip: Trip, position: int, waiting: int) -> int:
        """Dead time plus the longer of alighting and boarding work (TCQSM 3rd ed., eq. 6-11).

        The dwell is fixed as the doors open by those who are `waiting` then; people who come until they close
        get in while there is room.
        """
        alighting = trip.alighting[position]
        work_ms = alighting * ALIGHT_MS
        if position != trip.last:
            room = self._capacity - trip.load + alighting
            boarding_ms = (waiting if waiting < room else room) * BOARD_MS
            if boarding_ms > work_ms:
                work_ms = boarding_ms
        return DEAD_MS + work_ms

    def _exchange(self, trip: Trip, position: int, queue: Queue, opened: int, now: int) -> None:
        """Move people as the doors close; complete the leg with boarding, alighting and left behind."""
        alighting = trip.alighting[position]
        load = trip.load - alighting
        boarding = left_behind = 0
        queue.passed = now
        # Nobody boards where a trip ends; those whom a breakdown puts out wait for the line's next bus.
        if position != trip.last:
            waiting, room = queue.waiting(now), self._capacity - load
            boarding = waiting if waiting < room else room
            queue.board(boarding, trip, position, opened, now)
            left_behind = waiting - boarding
        elif trip.ending is Ending.BREAKDOWN and trip.stranded:
            self._day.queue_at(trip.pattern, position).join(trip.stranded, trip, position, now)
        trip.load = load + boarding
        self.legs.extend((boarding, alighting, left_behind))

    def _wait_at_home(self, place: Place, until: int) -> Generator[simpy.Event, None, Place]:
        """Run home and stay there until a strike ends."""
        home = PatternPosition(self._day.main_pattern(self.home), 0)
        now = self._halt(place.at, home, place.since)
        run = self._day.empty_run(place.at, home, now)
        leaves = max(run.stops, until)
        self._write_row(PARK, run, home, leaves)
        self._begins_shift = True
        yield self._wakeup.at(leaves, now)
        return Place(home, leaves)

    def _go_home(self, place: Place) -> None:
        """Write the day's last row: empty to the home terminal if need be, parked until the line-day's end.

        OverrunError for a bus that gets there only when the next line-day owns it.
        """
        day, home = self._day, PatternPosition(self._day.main_pattern(self.home), 0)
        now = self._halt(place.at, home, place.since)
        run = day.empty_run(place.at, home, now)
        if run.stops > day.ends:
            who = f"line {day.line.line_id}: bus {self.bus.bus_id}"
            raise OverrunError(f"{who} isn't home when the service day after {day.day} begins")
        self._write_row(PARK, run, home, day.ends)


class OverrunError(RuntimeError):
    """A bus isn't home when the next line-day begins: the line's hours leave too little time."""
