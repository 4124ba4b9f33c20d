"""Which departure a bus takes next: the next slot of a headway, or the next departure of a timetable.

Buses ready at a terminal are served in order. A late bus takes its departure late; by headway, the slots
after it move too.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Protocol

from simulator import travel
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
CANCELLED_S = 1800
"""A scheduled departure that would be over half an hour late doesn't run."""


class Dispatch(Protocol):
    """Hands out departures."""

    def take(self, direction: int, ready_s: float) -> tuple[float, int, int] | None:
        """The next departure for a bus that is ready at the terminal of `direction`.

        Returns (planned second of the service day, direction, pattern's index in the line), None when the
        service is over. The planned second may lie before `ready_s`: the bus is late.
        """

    def headway_s(self, direction: int, at_s: float) -> float:
        """The planned seconds between the departure of a direction around `at_s` and the one before."""


class HeadwayDispatch:
    """Departures at a headway that follows the hour, from each terminal on its own.

    `bands` are stretches [start, end) of the service day in which buses depart; the last one's end counts in.
    After `spaced` departures buses depart as soon as they are ready.
    """

    def __init__(
        self,
        bands: list[tuple[float, float]],
        headway_s: Callable[[float], float],
        pattern_of: dict[int, int],
        spaced: float = math.inf,
    ):
        self._bands = bands
        self._headway_s = headway_s
        self._pattern_of = pattern_of
        self._spaced = spaced
        self._last: dict[int, float] = {}

    def take(self, direction: int, ready_s: float) -> tuple[float, int, int] | None:
        """See `Dispatch.take`."""
        last = self._last.get(direction) if self._spaced > 0 else None
        due = ready_s if last is None else max(last + self._headway_s(last), ready_s)
        planned = self._running(due)
        if planned is None:
            return None
        self._last[direction] = planned
        self._spaced -= 1
        return planned, direction, self._pattern_of[direction]

    def headway_s(self, direction: int, at_s: float) -> float:  # noqa: ARG002 - the same both ways
        """See `Dispatch.headway_s`."""
        return self._headway_s(at_s)

    def _running(self, due: float) -> float | None:
        """The first moment from `due` on at which buses depart."""
        last_end = self._bands[-1][1]
        for start, end in self._bands:
            if due < end or due == end == last_end:
                return max(due, start)
        return None


class TimetableDispatch:
    """Departures as scheduled.

    A bus whose own direction has none left, or none for an hour longer than the other, runs empty there.
    """

    def __init__(self, service: Service, patterns: dict[str, tuple[int, int]]):
        self._left: dict[int, deque[tuple[float, int, int]]] = {0: deque(), 1: deque()}
        self._times: dict[int, list[float]] = {0: [], 1: []}
        for departure in sorted(service.departures, key=lambda d: (d.time_s, d.pattern_id)):
            direction, index = patterns[departure.pattern_id]
            self._left[direction].append((float(departure.time_s), direction, index))
            self._times[direction].append(float(departure.time_s))

    def take(self, direction: int, ready_s: float) -> tuple[float, int, int] | None:
        """See `Dispatch.take`."""
        own, other = (self._running(d, ready_s) for d in (direction, 1 - direction))
        if own and not (other and other[0][0] < own[0][0] - IDLE_S):
            return own.popleft()
        return other.popleft() if other else None

    def headway_s(self, direction: int, at_s: float) -> float:
        """See `Dispatch.headway_s`."""
        times = self._times[direction]
        place = bisect_right(times, at_s)
        return times[place - 1] - times[place - 2] if place > 1 else 0.0

    def _running(self, direction: int, ready_s: float) -> deque[tuple[float, int, int]]:
        """The departures that are left for a direction, without those far too late."""
        queue = self._left[direction]
        while queue and queue[0][0] < ready_s - CANCELLED_S:
            queue.popleft()
        return queue


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

    Not `spaced`, only each bus's first departure keeps the headway.
    """
    free_after = math.inf if spaced else buses
    numbered = {p.pattern_id: (p.direction, i) for i, p in enumerate(line.patterns)}
    if service.departures:
        return TimetableDispatch(service, numbered)
    main: dict[int, int] = {}
    for index, pattern in enumerate(line.patterns):
        main.setdefault(pattern.direction, index)
    planned = planned_headways(line, kind, [hops[index] for index in main.values()], buses)

    if not service.headways:
        hours = (float(service.start_s), float(service.end_s))
        return HeadwayDispatch(
            [hours], lambda at_s: planned[int(at_s // 3600) % len(planned)], main, free_after
        )
    given = sorted(service.headways, key=lambda band: band.start_s)
    bands = [(float(band.start_s), float(band.end_s)) for band in given]

    def headway_s(at_s: float) -> float:
        return next(float(band.headway_s) for band in reversed(given) if band.start_s <= at_s)

    return HeadwayDispatch(bands, headway_s, main, free_after)


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


def planned_headways(line: Line, kind: DayType, main_hops: list[list[travel.Hop]], buses: int) -> list[float]:
    """Seconds between departures for each hour of the day: planned cycle ÷ those of the buses then out."""
    fleet = WEEKDAY_FLEET if kind is DayType.WEEKDAY else WEEKEND_FLEET
    factors = travel.speed_by_hour(kind)
    result = []
    for hour in range(24):
        cycle_s = sum(travel.planned_trip_s(h, factors[hour]) for h in main_hops)
        if len(main_hops) == 1:
            cycle_s += way_back_m(line) / travel.empty_speed(line) / 1000
        cycle_s = (cycle_s + 2 * travel.MIN_LAYOVER_MS / 1000) * SLACK
        share = 1.0 if line.night else fleet[hour]
        out = max(1, math.floor(buses * share + 0.5))
        result.append(math.ceil(cycle_s / out / 10) * 10.0)
    return result
