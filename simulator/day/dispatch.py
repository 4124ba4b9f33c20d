"""Which departure a bus takes next: the next slot of a headway, or the next departure of a timetable.

Buses ready at a terminal are served in order. A late bus takes its departure late; by headway, the slots
after it move too.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple, Protocol

from simulator.day import travel
from simulator.day.fleet import CANCELLED_S, Duty, sources
from simulator.day.headway_plan import HeadwayPlan, headway_plan, way_back_m
from simulator.network import Line, Service
from simulator.types import DayType

IDLE_S = 3600
"""A bus without a departure for an hour may help out at the other terminal."""
HOLDING_STOPS = 4
HELD_SHARE = 0.8
LONGEST_HOLD_S = 120.0
"""Holding: at every fourth stop of a pattern, for 0.8 of the planned headway, two minutes at most."""


class PlannedDeparture(NamedTuple):
    """A departure: second of the service day, direction, the pattern's index in the line.

    `timing` is the index of the pattern's timing, None for a trip at the line's speed. `block` has the
    departures that the same bus runs after this one.
    """

    time_s: float
    direction: int
    pattern: int
    timing: int | None = None
    block: tuple[PlannedDeparture, ...] = ()


class Dispatch(Protocol):
    """Assigns departures to buses that are ready at a terminal."""

    def take(self, direction: int, ready_s: float) -> PlannedDeparture | None:
        """The next departure for a bus that is ready at the terminal of `direction`.

        None when service is over. It may lie before `ready_s`: the bus is late.
        """

    def headway_s(self, direction: int, at_s: float) -> float:
        """The planned seconds between the departure of a direction around `at_s` and the one before."""

    def change(self, *, buses: int, spaced: bool) -> None:
        """From now on plan with another number of buses, with or without headway control."""


class NoService:
    """The dispatch of a day without service: nothing departs."""

    def take(self, direction: int, ready_s: float) -> None:  # noqa: ARG002 - the protocol's arguments
        """Return None."""
        return

    def headway_s(self, direction: int, at_s: float) -> float:  # noqa: ARG002 - the protocol's arguments
        """Return 0."""
        return 0.0

    def change(self, *, buses: int, spaced: bool) -> None:
        """Do nothing."""


class HeadwayDispatch:
    """Departures at the plan's headways, from each terminal on its own.

    `plan_of` gives the plan for a number of buses, `pattern_of` has each direction's pattern, by its index in
    the line. If not `spaced`, there is no headway control: after its first departure a bus departs as soon as
    it is ready. As many buses are out as the headways need; the others rest until an hour that needs more.
    """

    def __init__(
        self,
        plan_of: Callable[[int], HeadwayPlan],
        pattern_of: Mapping[int, int],
        *,
        buses: int,
        spaced: bool,
    ):
        self._plan_of, self._plan = plan_of, plan_of(buses)
        self._pattern_of = pattern_of
        self._last_s: dict[int, float] = {}
        self._buses, self._spaced = buses, spaced
        self._first_departures = buses
        self._rested_s: list[float] = []

    def take(self, direction: int, ready_s: float) -> PlannedDeparture | None:
        """See `Dispatch.take`."""
        planned_s = self._in_service(self._due(direction, ready_s))
        if planned_s is None:
            return None
        self._last_s[direction] = planned_s
        return PlannedDeparture(planned_s, direction, self._pattern_of[direction])

    def headway_s(self, direction: int, at_s: float) -> float:  # noqa: ARG002 - the same both ways
        """See `Dispatch.headway_s`."""
        return self._plan.headway_s(at_s)

    def change(self, *, buses: int, spaced: bool) -> None:
        """See `Dispatch.change`."""
        if buses != self._buses:
            self._plan = self._plan_of(buses)
        self._buses, self._spaced = buses, spaced

    def _due(self, direction: int, ready_s: float) -> float:
        """When a bus that is ready may depart: a headway after the last departure, or at once if it is late.

        Slots are counted from the last departure assigned, so a late bus moves those after it, too: buses
        that were delayed together don't then leave in a bunch to catch up with the plan.
        """
        # The first departures are spaced in any case: otherwise all buses would leave at the day's start.
        is_first, self._first_departures = self._first_departures > 0, self._first_departures - 1
        if not (self._spaced or is_first):
            return self._when_needed(ready_s)
        last_s = self._last_s.get(direction)
        return ready_s if last_s is None else max(last_s + self._plan.headway_s(last_s), ready_s)

    def _when_needed(self, ready_s: float) -> float:
        """When a bus departs without headway control."""
        self._rested_s = [until for until in self._rested_s if until > ready_s]
        out = self._buses - len(self._rested_s)
        due, end = ready_s, self._plan.bands[-1][1]
        while due < end and out > self._needed(due):
            due = (due // 3600 + 1) * 3600
        if due > ready_s:
            self._rested_s.append(due)
        return due

    def _needed(self, at_s: float) -> int:
        """How many buses the headway of an hour needs."""
        cycle_s = self._plan.cycle_s[int(at_s // 3600) % 24]
        return max(1, math.floor(cycle_s / self._plan.headway_s(at_s) + 0.5))

    def _in_service(self, due_s: float) -> float | None:
        """The first moment from `due_s` on at which buses depart; None after the last band."""
        last_end = self._plan.bands[-1][1]
        for start, end in self._plan.bands:
            if due_s < end or due_s == end == last_end:
                return max(due_s, start)
        return None


class TimetableDispatch:
    """Departures as scheduled, by time, each run by a bus of its own terminal or of the one in `sources`.

    An empty run between the terminals takes `empty_s`. A bus that has no departure left where it is, or none
    within the hour, runs empty to one that is overdue at the other terminal. Departures that no bus was there
    for in time (`CANCELLED_S`) don't run.
    """

    def __init__(
        self, departures: Sequence[PlannedDeparture], sources: Sequence[int] = (), empty_s: float = 0.0
    ):
        self._left: dict[int, deque[PlannedDeparture]] = {0: deque(), 1: deque()}
        self._times: dict[int, list[float]] = {0: [], 1: []}
        leaving: dict[int, list[tuple[float, PlannedDeparture]]] = {0: [], 1: []}
        own_terminals = [departure.direction for departure in departures]
        for departure, source in zip(departures, sources or own_terminals, strict=True):
            for each in (departure, *departure.block):
                self._times[each.direction].append(each.time_s)
            # A terminal's buses take its departures by the time at which they have to set out from it.
            empty_first_s = 0.0 if source == departure.direction else empty_s
            leaving[source].append((departure.time_s - empty_first_s, departure))
        for source, items in leaving.items():
            items.sort(key=lambda item: (item[0], item[1][:3]))
            self._left[source].extend(departure for _, departure in items)
        for times in self._times.values():
            times.sort()

    def take(self, direction: int, ready_s: float) -> PlannedDeparture | None:
        """See `Dispatch.take`."""
        own, other = (self._running(d, ready_s) for d in (direction, 1 - direction))
        # The plan sends every bus where it is needed. When the day goes otherwise (late or broken buses), an
        # idle bus helps out rather than let a departure at the other terminal be cancelled.
        idle = not own or own[0].time_s > ready_s + IDLE_S
        if idle and other and other[0].time_s < ready_s:
            return other.popleft()
        return own.popleft() if own else None

    def headway_s(self, direction: int, at_s: float) -> float:
        """See `Dispatch.headway_s`."""
        times = self._times[direction]
        place = bisect_right(times, at_s)
        return times[place - 1] - times[place - 2] if place > 1 else 0.0

    def change(self, *, buses: int, spaced: bool) -> None:
        """Do nothing: the timetable stays, and departures without a bus are cancelled."""

    def _running(self, terminal: int, ready_s: float) -> deque[PlannedDeparture]:
        """The departures left for a terminal's buses; drops those that can no longer run in time."""
        queue = self._left[terminal]
        while queue and is_cancelled(queue[0], ready_s):
            later = queue.popleft().block
            if later:
                # The rest of a block still needs a bus, where its next departure is.
                self._put_back(later[0]._replace(block=later[1:]))
        return queue

    def _put_back(self, departure: PlannedDeparture) -> None:
        queue = self._left[departure.direction]
        earlier = sum(each.time_s <= departure.time_s for each in queue)
        queue.insert(earlier, departure)


def is_cancelled(departure: PlannedDeparture, ready_s: float) -> bool:
    """Whether a departure doesn't run with a bus that is ready only at `ready_s`."""
    return departure.time_s < ready_s - CANCELLED_S


def timetable_dispatch(
    line: Line, service: Service, kind: DayType, hops: travel.LineHops, buses: int
) -> TimetableDispatch:
    """The dispatch of a timetable, with departures assigned to the terminals of a number of `buses`."""
    two_ways = len({pattern.direction for pattern in line.patterns}) > 1
    chains = _chains(line, service)
    departures = [head._replace(block=tuple(rest)) for head, *rest in chains]
    if not two_ways:
        return TimetableDispatch(departures)
    duties = _duties(chains, kind, hops)
    empty_s = way_back_m(line) / travel.empty_speed(line) / 1000
    last = sum(bus.initial_position >= 0.5 for bus in line.buses)
    at_last = math.floor(last * buses / len(line.buses) + 0.5)
    planned = sources(duties, (buses - at_last, at_last), empty_s)
    return TimetableDispatch(departures, planned, empty_s)


def _chains(line: Line, service: Service) -> list[list[PlannedDeparture]]:
    """The departures of a service by time, those of a block behind the block's first."""
    index = {pattern.pattern_id: i for i, pattern in enumerate(line.patterns)}
    chains: list[list[PlannedDeparture]] = []
    of_block: dict[str, list[PlannedDeparture]] = {}
    for each in sorted(service.departures, key=lambda d: (d.time_s, d.pattern_id)):
        number = index[each.pattern_id]
        direction = line.patterns[number].direction
        planned = PlannedDeparture(float(each.time_s), direction, number, each.timing)
        if each.block in of_block:
            of_block[each.block].append(planned)
            continue
        chains.append([planned])
        if each.block:
            of_block[each.block] = chains[-1]
    return chains


def _duties(chains: Sequence[Sequence[PlannedDeparture]], kind: DayType, hops: travel.LineHops) -> list[Duty]:
    """The departures of each block, or single ones, as one duty on a line with two directions."""
    factors = travel.speed_by_hour(kind)

    @cache
    def planned_s(pattern: int, timing: int | None, hour: int) -> float:
        if timing is None:
            return travel.planned_trip_s(hops.quiet[pattern], factors[hour])
        return hops.planned(pattern, timing)[-1].ends_s

    duties = []
    for head, *rest in chains:
        last = rest[-1] if rest else head
        trip_s = planned_s(last.pattern, last.timing, int(last.time_s) // 3600)
        ready_s = last.time_s + trip_s + travel.MIN_LAYOVER_MS / 1000
        duties.append(Duty(int(head.time_s), head.direction, ready_s, 1 - last.direction))
    return duties


def dispatch(
    line: Line,
    service: Service,
    kind: DayType,
    hops: travel.LineHops,
    buses: int,
    *,
    spaced: bool = True,
) -> Dispatch:
    """The dispatch of a line's day on which `buses` run.

    If not `spaced`, only the buses' first departures keep the headway. A timetable is kept in any case.
    """
    if service.departures:
        return timetable_dispatch(line, service, kind, hops, buses)
    main: dict[int, int] = {}
    for index, pattern in enumerate(line.patterns):
        main.setdefault(pattern.direction, index)
    main_hops = [hops.quiet[index] for index in main.values()]
    plan_of = partial(headway_plan, line, service, kind, main_hops)
    return HeadwayDispatch(plan_of, main, buses=buses, spaced=spaced)


def held_ms(headway_s: float, position: int, now: int, passed: int) -> int:
    """How long to hold a bus at a stop so that it keeps a part of its planned headway.

    `passed` is when the bus before it left the stop (ms; below 0 for none). The threshold strategy of Barnett
    (1974); the part as in Fu & Yang (2002), who hold at a few stops of a line.
    """
    if passed < 0 or position % HOLDING_STOPS:
        return 0
    missing_s = HELD_SHARE * headway_s - (now - passed) / 1000
    return round(min(max(missing_s, 0.0), LONGEST_HOLD_S) * 1000)
