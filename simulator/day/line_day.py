"""`line_day`: one line on one service day, simulated by SimPy from first departure to last arrival.

Every trip that departs in the service day is run to its end. A line-day reads no other line's state and no
other day's, so days and lines run in any order and in parallel.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from datetime import date, timedelta
from functools import partial

import numpy as np
import simpy

from simulator import randomness
from simulator.day import demand, travel
from simulator.day.bus import BusDay
from simulator.day.dispatch import Dispatch, dispatch, held_ms
from simulator.day.passengers import Queue, Trip
from simulator.day.scenario_demand import Place, changed
from simulator.day.scenario_effects import RAIN_SPEED, Disturbances
from simulator.day.trajectory import Path, Trajectory
from simulator.day.trajectory_builder import PATIENCE_MS, assemble
from simulator.geometry import distance_m
from simulator.network import Line, Service
from simulator.scenario import NO_CHANGES, ClosedStop, Control, LineChanges
from simulator.service_day import day_type, handover_ms, origin_ms
from simulator.types import MINUTE_MS, SECOND_MS, BusId, DayType, StopId

MODEL_VERSION = "2"
"""Part of a run: changes whenever the same inputs give other bytes."""

LATE_MARGIN_MS = 5 * MINUTE_MS
"""A disturbed bus is sent home so long before it has to be."""
NOISY_HOP = 7.0
"""Chance makes no hop seven times as long (see `travel.HOP_FACTOR` and `TRIP_FACTOR`)."""


def line_day(line: Line, *, seed: int, day: date, changes: LineChanges = NO_CHANGES) -> Trajectory:
    """Simulate `line` on the service day `day`. Pure: equal arguments give equal bytes."""
    state = LineDay(line, seed=seed, day=day, changes=changes)
    state.run()
    return assemble(state)


class LineDay:
    """What the buses of a line-day share: the SimPy environment, the queues, the dispatch, the paths.

    Times are ms from the service day's origin; positions in `queues`, `hops` count along a pattern.
    """

    def __init__(self, line: Line, *, seed: int, day: date, changes: LineChanges):
        self.line, self.seed, self.day, self.changes = line, seed, day, changes
        self.date_text = day.isoformat()
        self.kind = day_type(day)
        self.origin = origin_ms(day)
        self.starts = handover_ms(line, day) - self.origin
        self.ends = handover_ms(line, day + timedelta(days=1)) - self.origin
        self.env = simpy.Environment(initial_time=self.starts)
        self.hops = [travel.hops(pattern, line.speed_kmh) for pattern in line.patterns]
        self.most_hops = max(len(hops) for hops in self.hops)
        rain = 1.0 if changes.rain is None else RAIN_SPEED[changes.rain]
        self.speed_by_hour = tuple(factor * rain for factor in travel.speed_by_hour(self.kind))
        self.paths = [
            _path([(p.latitude, p.longitude, p.distance_m) for p in q.shape]) for q in line.patterns
        ]
        self.trips: list[str] = []
        self._trip_count = [0, 0]
        self._main = {pattern.direction: i for i, pattern in reversed(list(enumerate(line.patterns)))}
        self._empty_paths: dict[tuple[tuple[int, int], tuple[int, int]], int] = {}
        self._service = line.services.get(self.kind)
        self.queue_of: dict[tuple[int, StopId], Queue] = self._people()
        self.queues = [
            [self.queue_of[pattern.direction, stop.stop_id] for stop in pattern.stops]
            for pattern in line.patterns
        ]
        running = self._running()
        self.dispatch: Dispatch = (
            dispatch(line, self._service, self.kind, self.hops, len(running), spaced=self._spaced())
            if self._service
            else NoService()
        )
        self.disturbances = (
            Disturbances(line, changes, latest=self._latest()) if changes.disturbs_trips else None
        )
        self.buses = [
            BusDay(self, bus, self._home(bus.initial_position), runs=bus.bus_id in running)
            for bus in line.buses
        ]

    def run(self) -> None:
        """Run every bus until it is home. Processes start in the order of the first departures."""
        for bus in sorted(self.buses, key=lambda b: (b.home, -b.bus.initial_position, b.bus.bus_id)):
            self.env.process(bus.process())
        for closed in self.changes.closed_stops:
            self.env.process(self._closing(closed))
        self.env.run()

    def key(self, purpose: str, entity: str) -> int:
        """The stream of random numbers for something of this date."""
        return randomness.key(self.seed, purpose, entity, self.date_text)

    def new_trip(self, pattern: int) -> int:
        """Name the trip that departs now; returns its index."""
        direction = self.line.patterns[pattern].direction
        self._trip_count[direction] += 1
        number = self._trip_count[direction]
        self.trips.append(f"{self.line.line_id}-{self.day:%Y%m%d}-{direction}-{number:03d}")
        return len(self.trips) - 1

    def hold_ms(self, trip: Trip, position: int, now: int) -> int:
        """How long a bus is held at a stop, its doors open, to keep off the one before it."""
        if self.changes.control is not Control.HEADWAY or position == trip.last:
            return 0
        direction = self.line.patterns[trip.pattern].direction
        headway_s = self.dispatch.headway_s(direction, trip.departed / 1000)
        return held_ms(headway_s, position, now, self.queues[trip.pattern][position].passed)

    def next_direction(self, direction: int) -> int:
        """The direction after a trip: the other one where the line has it."""
        return 1 - direction if 1 - direction in self._main else direction

    def line_home(self, direction: int) -> int:
        """The main pattern of a direction, at whose first stop its buses are at home."""
        return self._main[direction]

    def empty_run(
        self, place: tuple[int, int], target: tuple[int, int], now: int
    ) -> tuple[int, int, int, int, float]:
        """An empty run at `now` from one (pattern, position) to another, straight.

        Returns the path, the instants at which the bus has its speed, brakes, and is there, and the speed.
        Where both are one place the bus is there `now`.
        """
        here, there = (self.line.patterns[p].stops[i] for p, i in (place, target))
        length_m = distance_m(here.latitude, here.longitude, there.latitude, there.longitude)
        if length_m == 0:
            return target[0], now, now, now, 0.0
        if (place, target) not in self._empty_paths:
            ends = [(here.latitude, here.longitude, 0.0), (there.latitude, there.longitude, length_m)]
            self._empty_paths[place, target] = len(self.paths)
            self.paths.append(_path(ends))
        hop = travel.hop(length_m, travel.empty_speed(self.line))
        changing, passing, half, speed = travel.motion(hop, 1.0, 0.0)
        return (
            self._empty_paths[place, target],
            now + changing,
            now + passing - half,
            now + passing + half,
            speed,
        )

    def _running(self) -> frozenset[BusId]:
        """The buses that run today."""
        buses = [bus.bus_id for bus in self.line.buses if bus.bus_id not in self.changes.parked]
        striking = min(math.floor(self.changes.strike_share * len(buses) + 0.5), len(buses) - 1)
        drawn = randomness.uniform([self.key("strike", bus_id) for bus_id in buses], 1)[:, 0].tolist()
        return frozenset(bus_id for _, bus_id in sorted(zip(drawn, buses, strict=True))[max(striking, 0) :])

    def _spaced(self) -> bool:
        """Whether departures keep their headway."""
        return self.changes.control is not Control.NONE

    def _latest(self) -> int:
        """When whoever is late has to be on the way home: an empty run from anywhere and a margin before."""
        homes = [self.line.patterns[index].stops[0] for index in self._main.values()]
        farthest_m = max(
            distance_m(stop.latitude, stop.longitude, home.latitude, home.longitude)
            for home in homes
            for pattern in self.line.patterns
            for stop in pattern.stops
        )
        run_ms = farthest_m / travel.empty_speed(self.line)
        return self.ends - round(run_ms + self._longest_hop_ms()) - LATE_MARGIN_MS

    def _longest_hop_ms(self) -> float:
        """More than any hop takes, noise and all disturbances included."""
        hop_ms = max(hop.length_m / hop.speed for hops in self.hops for hop in hops)
        slowest = math.prod(zone.speed_factor for zone in self.changes.slow_zones) * min(self.speed_by_hour)
        detours_s = sum(closure.detour_s or 0 for closure in self.changes.closures)
        return NOISY_HOP * hop_ms / slowest + detours_s * SECOND_MS

    def _closing(self, closed: ClosedStop) -> Generator[simpy.Event, None, None]:
        """Those who wait at a stop leave when it is closed."""
        yield self.env.timeout(max(closed.span.start_s * SECOND_MS - self.starts, 0))
        for (_, stop_id), queue in self.queue_of.items():
            if stop_id == closed.stop_id:
                queue.give_up(int(self.env.now))

    def _home(self, initial_position: float) -> int:
        wanted = 0 if initial_position < 0.5 else 1
        return wanted if wanted in self._main else next(iter(self._main))

    def _people(self) -> dict[tuple[int, StopId], Queue]:
        """A queue for each direction and stop, with everybody who will come."""
        where = [(d, stop_id) for d in sorted(self._main) for stop_id in self._stops_of(d)]
        if self._service is None:
            return {place: Queue([], np.empty(0)) for place in where}
        offsets = self._offsets_s()
        share = self._share()
        rates = [self.line.base_arrival_rate[stop_id] * share[d, stop_id] for d, stop_id in where]
        opens = [self._opens_s(self._service, offsets.get(place, 0.0)) for place in where]
        latest_s = (self.ends - PATIENCE_MS - 2 * MINUTE_MS) / 1000
        closes = [min(self._service.end_s + offsets.get(place, 0.0), latest_s) for place in where]
        weekday = self.line.services.get(DayType.WEEKDAY, self._service)
        profile = demand.profile(
            self.day, night=self.line.night, weekday_service=weekday, service=self._service
        )
        keys = [self.key("arrivals", f"{self.line.line_id}/{d}/{stop_id}") for d, stop_id in where]
        people = demand.arrivals(profile, keys, rates, opens, closes)
        if self.changes.changes_demand:
            drawn = zip(where, rates, opens, closes, people, strict=True)
            people = [
                changed(who, self._place(d, stop_id, rate, share[d, stop_id], *bounds), profile, self.changes)
                for (d, stop_id), rate, *bounds, who in drawn
            ]
        return {
            place: Queue(times.tolist(), draws) for place, (times, draws) in zip(where, people, strict=True)
        }

    def _place(
        self, direction: int, stop_id: StopId, rate: float, share: float, opens_s: float, closes_s: float
    ) -> Place:
        """A queue as a scenario's changes need it."""
        entity = f"{self.line.line_id}/{direction}/{stop_id}"
        return Place(stop_id, rate, share, opens_s, closes_s, partial(self.key, entity=entity))

    def _stops_of(self, direction: int) -> list[StopId]:
        return sorted({s.stop_id for p in self.line.patterns if p.direction == direction for s in p.stops})

    def _opens_s(self, service: Service, offset_s: float) -> float:
        return max(self.starts / 1000, service.start_s + offset_s - demand.EARLY_S)

    def _offsets_s(self) -> dict[tuple[int, StopId], float]:
        """Planned seconds from a pattern's departure to each of its stops, by direction and stop."""
        result: dict[tuple[int, StopId], float] = {}
        for pattern, hops in zip(self.line.patterns, self.hops, strict=True):
            for position, stop in enumerate(pattern.stops):
                planned = travel.planned_trip_s(hops[:position], 1.0)
                result.setdefault((pattern.direction, stop.stop_id), planned)
        return result

    def _share(self) -> dict[tuple[int, StopId], float]:
        """Each direction's share of a stop's people: by the stops still ahead; none at a last stop."""
        ahead: dict[tuple[int, StopId], int] = {}
        for pattern in self.line.patterns:
            last = len(pattern.stops) - 1
            for position, stop in enumerate(pattern.stops):
                place = (pattern.direction, stop.stop_id)
                ahead[place] = max(ahead.get(place, 0), last - position)
        total = {stop_id: ahead.get((0, stop_id), 0) + ahead.get((1, stop_id), 0) for _, stop_id in ahead}
        return {(d, s): count / total[s] if total[s] else 0.0 for (d, s), count in ahead.items()}


class NoService:
    """The dispatch of a day without service."""

    def take(self, direction: int, ready_s: float) -> None:  # noqa: ARG002 - the protocol's arguments
        """Nothing departs."""
        return

    def headway_s(self, direction: int, at_s: float) -> float:  # noqa: ARG002 - the protocol's arguments
        """None is planned."""
        return 0.0


def _path(points: list[tuple[float, float, float]]) -> Path:
    latitude, longitude, metres = (np.array(column) for column in zip(*points, strict=True))
    return Path(latitude, longitude, np.rint(metres * 1000).astype(np.int64))
