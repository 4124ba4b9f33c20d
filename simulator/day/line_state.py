"""What the buses of a line-day share: SimPy's clock, the queues at the stops, the dispatch, paths and trips.

It knows nothing of buses: `bus` reads and changes it, `line_day` makes it and runs the buses over it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import date, timedelta
from heapq import heappush
from typing import NamedTuple

import numpy as np
import simpy

from simulator.day import travel
from simulator.day.dispatch import Dispatch, NoService, dispatch, held_ms
from simulator.day.disruptions.last_call import LastCall, WayHome
from simulator.day.disruptions.past import NO_PAST, Past, Standing, TripNumber
from simulator.day.disruptions.scenario_effects import RAIN_SPEED, Disturbances
from simulator.day.disruptions.strikes import Strikes, striking_buses
from simulator.day.passengers import Queue, Trip
from simulator.day.stop_queues import DemandInputs, QueueId, alighting_positions, pattern_queues, stop_queues
from simulator.day.trajectory import Path
from simulator.geometry import distance_m
from simulator.network import Line, PatternPosition
from simulator.randomness import random_numbers
from simulator.randomness.keys import random_key
from simulator.scenario.disruptions import ClosedStop
from simulator.scenario.headway_control import HeadwayControl
from simulator.scenario.line_changes import NO_CHANGES, LineChanges
from simulator.service_day import day_type, handover_ms, origin_ms, service_on, service_type
from simulator.types import SECOND_MS, BusId

QUARTER_S = 900
NO_HOLDS: Mapping[int, int] = {}
LATER_HOUR = 1.5
"""A delayed trip is at most so much slower than planned for its own hour (see `travel.WEEKDAY_SPEED`)."""
CAUSE_BITS = 40
"""More than any instant of a service day has."""


class LineClock(simpy.Environment):
    """SimPy's environment, which schedules by whole milliseconds of the service day."""

    def schedule_at(self, instant: int, priority: int, event: simpy.Event) -> None:
        """Schedule an event at an instant, not before now.

        `schedule` takes a delay, which would have to be computed from the instant only to be added to now.
        """
        # `EventPriority` is a name for `int`, but costs a call.
        heappush(self._queue, (instant, priority, next(self._eid), event))  # type: ignore[misc]


class Wakeup(simpy.Event):
    """An instant. One event serves all the waits of a process, which follow one another.

    What happens at one instant happens in the order of what caused it. That is SimPy's own order if each
    event is scheduled when its cause occurs; a bus schedules some earlier, since it doesn't wait for every
    cause.
    """

    def __init__(self, env: LineClock):
        super().__init__(env)
        self._ok, self._value = True, None
        self._schedule = env.schedule_at

    def at(self, instant: int, cause: int, before: int = 0) -> Wakeup:
        """Occur at an instant, not before now.

        `cause` is the instant of the event in the process before this one, `before` that of the cause's own
        cause, if the process doesn't wait for the cause.
        """
        self.callbacks = []
        self._schedule(instant, cause << CAUSE_BITS | before, self)
        return self


class EmptyRun(NamedTuple):
    """A run without passengers: the path's index, when the motion's pieces end, and the cruise speed.

    `changed`, `brakes`, `stops` are ms from the service day's origin, `speed` m/ms.
    """

    path: int
    changed: int
    brakes: int
    stops: int
    speed: float


class LineState:
    """A line-day's shared state. Times are ms from the service day's origin.

    `starts` and `ends` bound the time for which the line-day owns the line's buses and stops. `hops[i]` and
    `queues[i]` are those of `line.patterns[i]`, a hop or a queue for each position; `queue_of` has the same
    queues by direction and stop. `paths` are the patterns' shapes, then those of empty runs; `trips` the ids
    of the trips so far. `kind` is the day type whose service, speeds and demand the day has. `disturbances`
    is None on a day without any, so that it costs ordinary days nothing; `holds` says whether buses are held
    at stops. `alights[i]` are the positions of a pattern at which people may alight, None for all.
    """

    def __init__(
        self, line: Line, *, seed: int, day: date, changes: LineChanges = NO_CHANGES, past: Past = NO_PAST
    ):
        self.line, self.seed, self.day, self.changes, self.past = line, seed, day, changes, past
        timings = [timing for pattern in line.patterns for timing in pattern.timings]
        controls = [changes.control, *(change.control for change in changes.control_changes)]
        spaces = HeadwayControl.HEADWAY in controls
        self.holds = spaces or any(timing.holds for timing in timings)
        self.origin = origin_ms(day, line.timezone)
        self.kind = service_type(line, day) or day_type(day)
        self.starts = handover_ms(line, day) - self.origin
        self.ends = handover_ms(line, day + timedelta(days=1)) - self.origin
        self.env = LineClock(initial_time=self.starts)
        self._hops = travel.LineHops(line)
        self.hops = self._hops.quiet
        self.most_hops = max(len(hops) for hops in self.hops)
        rain = 1.0 if changes.rain is None else RAIN_SPEED[changes.rain]
        self.speed_by_hour = tuple(factor * rain for factor in travel.speed_by_hour(self.kind))
        self.queue_of = stop_queues(DemandInputs(line, seed, day, changes, self.starts, self.ends, self.hops))
        self.alights = [alighting_positions(pattern) for pattern in line.patterns]
        self.queues = [pattern_queues(pattern, self.queue_of) for pattern in line.patterns]
        self._paces: dict[tuple[int, int, int], list[float]] = {}
        self.paths = [
            _path([(p.latitude, p.longitude, p.distance_m) for p in q.shape]) for q in line.patterns
        ]
        self.trips: list[str] = []
        self._trip_prefix = f"{line.line_id}-{day:%Y%m%d}-"
        self._trip_count = [0, 0]
        self._taken: dict[int, set[int]] = {}
        for shown in past.trips.values():
            self._taken.setdefault(shown.direction, set()).add(shown.number)
        self._main = {pattern.direction: i for i, pattern in reversed(list(enumerate(line.patterns)))}
        self._empty_runs: dict[tuple[PatternPosition, PatternPosition], EmptyRun] = {}
        order = self._strike_order()
        self.running = frozenset(order[striking_buses(changes.strike_share, len(order)) :])
        self.strikes = Strikes(order, changes.strike_share, changes.strikes) if changes.strikes else None
        self.dispatch = self._dispatch()
        self.disturbances = self._disturbances()

    def _disturbances(self) -> Disturbances | None:
        """What changes trips on this day, None if nothing does."""
        if not self.changes.disturbs_trips:
            return None
        return Disturbances(self.line, self.changes, LastCall(self._way_home(), self.changes))

    def queue_at(self, pattern: int, position: int) -> Queue:
        """The people at a stop of a pattern, also where its trips let nobody board."""
        on = self.line.patterns[pattern]
        return self.queue_of[QueueId(on.direction, on.stops[position].stop_id)]

    def opens_at(self, pattern: int, position: int) -> bool:
        """Whether trips open their doors at a stop: people may board or alight, or the pattern ends."""
        stops = self.line.patterns[pattern].stops
        stop = stops[position]
        return stop.boarding or stop.alighting or position == len(stops) - 1

    def paced(self, pattern: int, timing: int, departs_s: int, factors: list[float]) -> list[float]:
        """The factors of a trip's hops, times those by which its timetable differs from the line's speed."""
        # Of the departure only the quarter of the hour counts, so that few trips need factors of their own.
        quarter = departs_s // QUARTER_S
        paces = self._paces.get((pattern, timing, quarter))
        if paces is None:
            paces = self._pace(pattern, timing, quarter * QUARTER_S)
            self._paces[pattern, timing, quarter] = paces
        return [factor * pace for factor, pace in zip(factors, paces, strict=False)]

    def earliest(self, pattern: int, timing: int | None, departs: int) -> Mapping[int, int]:
        """When a trip planned to depart at an instant may leave its timepoints, by their position."""
        if timing is None:
            return NO_HOLDS
        holds = self.line.patterns[pattern].timings[timing].holds
        return {hold.position: departs + hold.leaves_s * SECOND_MS for hold in holds} if holds else NO_HOLDS

    def _pace(self, pattern: int, timing: int, departs_s: int) -> list[float]:
        by_hour = travel.speed_by_hour(self.kind)
        planned = self._hops.planned(pattern, timing)
        return [
            hop.speed * by_hour[int(departs_s + plan.begins_s) // 3600] / plan.speed
            for hop, plan in zip(self.hops[pattern], planned, strict=True)
        ]

    def key(self, purpose: str, entity: str) -> int:
        """The key of the random numbers that a purpose takes for an entity on this date."""
        return random_key(self.seed, purpose, entity, self.day.isoformat())

    def new_trip(self, pattern: int, standing: Standing) -> int:
        """Name the trip that departs now; return its index in `trips`."""
        number = self.past.trips.get(standing) or self._next_number(self.line.patterns[pattern].direction)
        self.trips.append(f"{self._trip_prefix}{number.direction}-{number.number:03d}")
        return len(self.trips) - 1

    def _next_number(self, direction: int) -> TripNumber:
        """The next number of a direction that no bus has shown already."""
        taken = self._taken.get(direction, ())
        self._trip_count[direction] += 1
        while self._trip_count[direction] in taken:
            self._trip_count[direction] += 1
        return TripNumber(direction, self._trip_count[direction])

    def trip_number(self, trip: int) -> TripNumber:
        """The number of a trip, by its index in `trips`."""
        direction, number = self.trips[trip].removeprefix(self._trip_prefix).split("-")
        return TripNumber(int(direction), int(number))

    def hold_ms(self, trip: Trip, position: int, now: int) -> int:
        """How long a bus is held at a stop, its doors open: until its time at a timepoint, or to keep its
        distance from the bus before it.

        For days with holding (`holds`) only.
        """
        if position == trip.last:
            return 0
        early_ms = max(trip.holds.get(position, now) - now, 0)
        if self._control(now) is not HeadwayControl.HEADWAY:
            return early_ms
        direction = self.line.patterns[trip.pattern].direction
        headway_s = self.dispatch.headway_s(direction, trip.departed / 1000)
        return max(early_ms, held_ms(headway_s, position, now, self.queues[trip.pattern][position].passed))

    def next_direction(self, direction: int) -> int:
        """The direction of the trip after one in `direction`: the other one if the line has it."""
        return 1 - direction if 1 - direction in self._main else direction

    def main_pattern(self, direction: int) -> int:
        """The index of a direction's main pattern, whose first stop is the home of the direction's buses."""
        return self._main[direction]

    def home_direction(self, initial_position: float) -> int:
        """The direction from whose first stop a bus departs first (see `network.Bus`)."""
        wanted = 0 if initial_position < 0.5 else 1
        return wanted if wanted in self._main else next(iter(self._main))

    def empty_run(self, start: PatternPosition, target: PatternPosition, now: int) -> EmptyRun:
        """A straight run without passengers from one stop to another, begun at `now`.

        If both are at the same place the bus is there `now`, on the target's path.
        """
        run = self._empty_runs.get((start, target))
        if run is None:
            run = self._empty_runs[start, target] = self._plan_empty_run(start, target)
        return EmptyRun(run.path, now + run.changed, now + run.brakes, now + run.stops, run.speed)

    def _plan_empty_run(self, start: PatternPosition, target: PatternPosition) -> EmptyRun:
        """An empty run that begins at instant 0; adds its path."""
        here, there = (self.line.patterns[p].stops[i] for p, i in (start, target))
        length_m = distance_m(here.latitude, here.longitude, there.latitude, there.longitude)
        if length_m == 0:
            return EmptyRun(target.pattern, 0, 0, 0, 0.0)
        ends = [(here.latitude, here.longitude, 0.0), (there.latitude, there.longitude, length_m)]
        self.paths.append(_path(ends))
        hop = travel.hop(length_m, travel.empty_speed(self.line))
        changing, passing, half, speed = travel.motion(hop, factor=1.0, v_in=0.0)
        return EmptyRun(len(self.paths) - 1, changing, passing - half, passing + half, speed)

    def close_stop(self, closed: ClosedStop) -> Generator[simpy.Event, None, None]:
        """The process that sends away the people who wait at a stop when it closes."""
        yield Wakeup(self.env).at(max(closed.span.start_s * SECOND_MS, self.starts), self.starts)
        for queue_id, queue in self.queue_of.items():
            if queue_id.stop_id == closed.stop_id:
                queue.give_up(int(self.env.now))

    def _strike_order(self) -> list[BusId]:
        """The buses that run on ordinary days; in a strike a keyed draw for each decides which don't."""
        buses = [bus.bus_id for bus in self.line.buses if bus.bus_id not in self.changes.parked]
        drawn = random_numbers.uniform([self.key("strike", bus_id) for bus_id in buses], 1)[:, 0].tolist()
        return [bus_id for _, bus_id in sorted(zip(drawn, buses, strict=True))]

    def _control(self, now: int) -> HeadwayControl:
        second = now / SECOND_MS
        changed = (each.control for each in self.changes.control_changes if each.span.holds(second))
        return next(changed, self.changes.control)

    def change_dispatch(self) -> Generator[simpy.Event, None, None]:
        """The process that changes the dispatch as strikes and other headway controls begin and end."""
        controls = {
            second for each in self.changes.control_changes for second in (each.span.start_s, each.span.end_s)
        }
        instants = {second * SECOND_MS for second in controls}
        instants.update(self.strikes.instants if self.strikes is not None else ())
        wakeup = Wakeup(self.env)
        for instant in sorted(max(each, self.starts) for each in instants if each < self.ends):
            # Cause 0: before anything else that happens at the instant.
            yield wakeup.at(instant, 0)
            buses = len(self.running) if self.strikes is None else self.strikes.buses_out(instant)
            spaced = self._control(instant) is not HeadwayControl.NONE
            self.dispatch.change(buses=buses, spaced=spaced)

    def forget(self, known: int) -> Generator[simpy.Event, None, None]:
        """The process that removes the people who had given up, as was known at an instant."""
        yield Wakeup(self.env).at(known, 0)
        for each in self.past.gave_up:
            if each.known == known:
                self.queue_of[each.queue_id].leave(each.instants, known)

    def _dispatch(self) -> Dispatch:
        service = service_on(self.line, self.day)
        if service is None:
            return NoService()
        spaced = self.changes.control is not HeadwayControl.NONE
        return dispatch(self.line, service, self.kind, self._hops, len(self.running), spaced=spaced)

    def _way_home(self) -> WayHome:
        """The longest hop, and the longest empty run home."""
        homes = [self.line.patterns[index].stops[0] for index in self._main.values()]
        farthest_m = max(
            distance_m(stop.latitude, stop.longitude, home.latitude, home.longitude)
            for home in homes
            for pattern in self.line.patterns
            for stop in pattern.stops
        )
        run_ms = farthest_m / travel.empty_speed(self.line)
        return WayHome(self.ends, run_ms, self._longest_hop_ms(), min(self.speed_by_hour))

    def _longest_hop_ms(self) -> float:
        """What the longest hop takes, without noise and disturbances, at a quiet hour."""
        hop_ms = max(hop.length_m / hop.speed for hops in self.hops for hop in hops)
        for number, (pattern, hops) in enumerate(zip(self.line.patterns, self.hops, strict=True)):
            for timing in range(len(pattern.timings)):
                planned = zip(hops, self._hops.planned(number, timing), strict=True)
                hop_ms = max([hop_ms, *(LATER_HOUR * hop.length_m / plan.speed for hop, plan in planned)])
        return hop_ms


def _path(points: Sequence[tuple[float, float, float]]) -> Path:
    """A path from (latitude, longitude, metres from its start) of each vertex."""
    latitude, longitude, metres = (np.array(column) for column in zip(*points, strict=True))
    return Path(latitude, longitude, np.rint(metres * 1000).astype(np.int64))
