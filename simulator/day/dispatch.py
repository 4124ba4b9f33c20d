"""Which departure a bus takes next: the next slot of a headway, or the next departure of a timetable.

Buses ready at a terminal are served in order. A late bus takes its departure late; by headway, the slots
after it move too.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from simulator.day import travel
from simulator.day.fleet import CANCELLED_S, Duty, sources
from simulator.geometry import distance_m
from simulator.network import Line, Service
from simulator.types import DayType

WEEKDAY_FLEET = (
    *(0.35, 0.30, 0.30, 0.30, 0.30, 0.40, 0.65, 0.95, 1.00, 0.90, 0.75, 0.70),
    *(0.70, 0.80, 0.90, 0.85, 0.75, 0.80, 0.85, 0.80, 0.70, 0.55, 0.45, 0.40),
)
WEEKEND_FLEET = (
    *(0.35, 0.30, 0.30, 0.30, 0.30, 0.30, 0.35, 0.40, 0.45, 0.50, 0.55, 0.60),
    *(0.60, 0.60, 0.55, 0.50, 0.50, 0.55, 0.60, 0.60, 0.55, 0.50, 0.45, 0.40),
)
"""Share of a line's buses that its headway is planned with, by hour (shape of EMT's vehicles in service)."""
SLACK = 1.10
"""A planned cycle has a tenth more than running time and least layover need."""
IDLE_S = 3600
HOLDING_STOPS = 4
HELD_PART = 0.8
LONGEST_HOLD_S = 120.0
"""Holding: at every fourth stop of a pattern, for 0.8 of the planned headway, two minutes at most."""

Planned: TypeAlias = tuple[float, int, int]
"""A departure: second of the service day, direction, the pattern's index in the line."""


class Dispatch(Protocol):
    """Hands out departures."""

    def take(self, direction: int, ready_s: float) -> tuple[float, int, int] | None:
        """The next departure for a bus that is ready at the terminal of `direction`.

        Returns (planned second of the service day, direction, pattern's index in the line), None when the
        service is over. The planned second may lie before `ready_s`: the bus is late.
        """

    def headway_s(self, direction: int, at_s: float) -> float:
        """The planned seconds between the departure of a direction around `at_s` and the one before."""


class NoService:
    """The dispatch of a day without service: nothing departs."""

    def take(self, direction: int, ready_s: float) -> None:  # noqa: ARG002 - the protocol's arguments
        """Return None, whatever is asked."""
        return

    def headway_s(self, direction: int, at_s: float) -> float:  # noqa: ARG002 - the protocol's arguments
        """Return 0, whatever is asked."""
        return 0.0


class HeadwayDispatch:
    """Departures at a headway that follows the hour, from each terminal on its own.

    `bands` are stretches [start, end) of the service day in which buses depart; the last one's end counts in.
    """

    def __init__(
        self,
        bands: list[tuple[float, float]],
        headway_s: Callable[[float], float],
        pattern_of: dict[int, int],
    ):
        self._bands = bands
        self._headway_s = headway_s
        self._pattern_of = pattern_of
        self._last: dict[int, float] = {}

    def take(self, direction: int, ready_s: float) -> tuple[float, int, int] | None:
        """See `Dispatch.take`."""
        planned = self._running(self._due(direction, ready_s))
        if planned is None:
            return None
        self._last[direction] = planned
        return planned, direction, self._pattern_of[direction]

    def headway_s(self, direction: int, at_s: float) -> float:  # noqa: ARG002 - the same both ways
        """See `Dispatch.headway_s`."""
        return self._headway_s(at_s)

    def _due(self, direction: int, ready_s: float) -> float:
        """When a bus that is ready may depart."""
        last = self._last.get(direction)
        return ready_s if last is None else max(last + self._headway_s(last), ready_s)

    def _running(self, due: float) -> float | None:
        """The first moment from `due` on at which buses depart."""
        last_end = self._bands[-1][1]
        for start, end in self._bands:
            if due < end or due == end == last_end:
                return max(due, start)
        return None


class FreeDispatch(HeadwayDispatch):
    """Departures that nobody spaces: after a bus's first, as soon as it is ready.

    As many buses are out as the headways would need; the others rest until an hour that needs more.
    """

    def __init__(
        self,
        bands: list[tuple[float, float]],
        headway_s: Callable[[float], float],
        pattern_of: dict[int, int],
        *,
        buses: int,
        cycle_s: list[float],
    ):
        super().__init__(bands, headway_s, pattern_of)
        self._buses, self._cycle_s = buses, cycle_s
        self._first = buses
        self._rested_s: list[float] = []

    def _due(self, direction: int, ready_s: float) -> float:
        """See `HeadwayDispatch`."""
        if self._first:
            self._first -= 1
            return super()._due(direction, ready_s)
        self._rested_s = [until for until in self._rested_s if until > ready_s]
        out = self._buses - len(self._rested_s)
        due, end = ready_s, self._bands[-1][1]
        while due < end and out > self._needed(due):
            due = (due // 3600 + 1) * 3600
        if due > ready_s:
            self._rested_s.append(due)
        return due

    def _needed(self, at_s: float) -> int:
        """How many buses the headway of an hour takes."""
        return max(1, math.floor(self._cycle_s[int(at_s // 3600) % 24] / self._headway_s(at_s) + 0.5))


class TimetableDispatch:
    """Departures as scheduled, each run by a bus of its own terminal or of the one that the plan says.

    `departures` are by time, `sources` the terminal for each; a bus takes `empty_s` from one to the other. A
    bus that has none left where it is, or none for an hour, runs empty to one that is overdue at the other
    terminal. Those that nobody came for in time don't run.
    """

    def __init__(self, departures: Sequence[Planned], sources: Sequence[int] = (), empty_s: float = 0.0):
        self._left: dict[int, deque[Planned]] = {0: deque(), 1: deque()}
        self._times: dict[int, list[float]] = {0: [], 1: []}
        leaving: dict[int, list[tuple[float, Planned]]] = {0: [], 1: []}
        for departure, source in zip(departures, sources or [d for _, d, _ in departures], strict=True):
            time_s, direction, _ = departure
            self._times[direction].append(time_s)
            leaving[source].append((time_s - (0.0 if source == direction else empty_s), departure))
        for source, items in leaving.items():
            self._left[source].extend(departure for _, departure in sorted(items))

    def take(self, direction: int, ready_s: float) -> Planned | None:
        """See `Dispatch.take`."""
        own, other = (self._running(d, ready_s) for d in (direction, 1 - direction))
        idle = not own or own[0][0] > ready_s + IDLE_S
        if idle and other and other[0][0] < ready_s:
            return other.popleft()
        return own.popleft() if own else None

    def headway_s(self, direction: int, at_s: float) -> float:
        """See `Dispatch.headway_s`."""
        times = self._times[direction]
        place = bisect_right(times, at_s)
        return times[place - 1] - times[place - 2] if place > 1 else 0.0

    def _running(self, terminal: int, ready_s: float) -> deque[Planned]:
        """The departures that are left for a terminal's buses, without those far too late."""
        queue = self._left[terminal]
        while queue and queue[0][0] < ready_s - CANCELLED_S:
            queue.popleft()
        return queue


def timetable_dispatch(
    line: Line, service: Service, kind: DayType, hops: list[list[travel.Hop]], buses: int
) -> TimetableDispatch:
    """The dispatch of a timetable, planned for so many buses of the line."""
    index = {pattern.pattern_id: i for i, pattern in enumerate(line.patterns)}
    two_ways = len({pattern.direction for pattern in line.patterns}) > 1
    factors, departures, duties = travel.speed_by_hour(kind), [], []
    for departure in sorted(service.departures, key=lambda d: (d.time_s, d.pattern_id)):
        number = index[departure.pattern_id]
        direction = line.patterns[number].direction
        departures.append((float(departure.time_s), direction, number))
        trip_s = travel.planned_trip_s(hops[number], factors[departure.time_s // 3600])
        ready_s = departure.time_s + trip_s + travel.MIN_LAYOVER_MS / 1000
        duties.append(Duty(departure.time_s, direction, ready_s, 1 - direction if two_ways else direction))
    if not two_ways:
        return TimetableDispatch(departures)
    empty_s = way_back_m(line) / travel.empty_speed(line) / 1000
    last = sum(bus.initial_position >= 0.5 for bus in line.buses)
    at_last = math.floor(last * buses / len(line.buses) + 0.5)
    planned = sources(duties, (buses - at_last, at_last), empty_s)
    return TimetableDispatch(departures, planned, empty_s)


def dispatch(
    line: Line,
    service: Service,
    kind: DayType,
    hops: list[list[travel.Hop]],
    buses: int,
    *,
    spaced: bool = True,
) -> Dispatch:
    """The dispatch of a line's day on which so many `buses` run; `hops[i]` are those of `line.patterns[i]`.

    Not `spaced`, headways are kept by each bus's first departure only; a timetable is kept all the same.
    """
    if service.departures:
        return timetable_dispatch(line, service, kind, hops, buses)
    main: dict[int, int] = {}
    for index, pattern in enumerate(line.patterns):
        main.setdefault(pattern.direction, index)
    cycle_s = planned_cycle_s(line, kind, [hops[index] for index in main.values()])
    bands, headway_s = planned(line, service, kind, cycle_s, buses)
    if spaced:
        return HeadwayDispatch(bands, headway_s, main)
    return FreeDispatch(bands, headway_s, main, buses=buses, cycle_s=cycle_s)


def planned(
    line: Line, service: Service, kind: DayType, cycle_s: list[float], buses: int
) -> tuple[list[tuple[float, float]], Callable[[float], float]]:
    """When buses depart, and the headway at a second of the service day: as given, else by the buses."""
    if not service.headways:
        hourly = planned_headways(line, kind, cycle_s, buses)
        return [(float(service.start_s), float(service.end_s))], lambda at_s: hourly[int(at_s // 3600) % 24]
    given = sorted(service.headways, key=lambda band: band.start_s)

    def headway_s(at_s: float) -> float:
        return next(float(band.headway_s) for band in reversed(given) if band.start_s <= at_s)

    return [(float(band.start_s), float(band.end_s)) for band in given], headway_s


def held_ms(headway_s: float, position: int, now: int, passed: int) -> int:
    """How long to hold a bus at a stop so that it keeps a part of its planned headway.

    `passed` is when the bus before it left there (ms; below 0 for none). The threshold strategy of Barnett
    (1974); its part as in Fu & Yang (2002), who hold at a few stops of a line.
    """
    if passed < 0 or position % HOLDING_STOPS:
        return 0
    missing_s = HELD_PART * headway_s - (now - passed) / 1000
    return round(min(max(missing_s, 0.0), LONGEST_HOLD_S) * 1000)


def way_back_m(line: Line) -> float:
    """Metres of the empty run from the last stop of a line's main pattern to its first."""
    last, first = line.patterns[0].stops[-1], line.patterns[0].stops[0]
    return distance_m(last.latitude, last.longitude, first.latitude, first.longitude)


def planned_cycle_s(line: Line, kind: DayType, main_hops: list[list[travel.Hop]]) -> list[float]:
    """Seconds from a departure to the same bus's next there, for each hour of the day."""
    result = []
    for factor in travel.speed_by_hour(kind)[:24]:
        cycle_s = sum(travel.planned_trip_s(hops, factor) for hops in main_hops)
        if len(main_hops) == 1:
            cycle_s += way_back_m(line) / travel.empty_speed(line) / 1000
        result.append((cycle_s + 2 * travel.MIN_LAYOVER_MS / 1000) * SLACK)
    return result


def planned_headways(line: Line, kind: DayType, cycle_s: list[float], buses: int) -> list[float]:
    """Seconds between departures for each hour of the day: planned cycle ÷ those of the buses then out."""
    fleet = WEEKDAY_FLEET if kind is DayType.WEEKDAY else WEEKEND_FLEET
    result = []
    for hour in range(24):
        out = max(1, math.floor(buses * (1.0 if line.night else fleet[hour]) + 0.5))
        result.append(math.ceil(cycle_s[hour] / out / 10) * 10.0)
    return result
