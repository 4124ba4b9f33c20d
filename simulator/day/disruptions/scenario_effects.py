"""How a scenario disturbs the trips of one line-day: where they are slower, pass stops, turn or break down.

Instants are ms from the service day's origin; a position is that of a stop in a pattern, and a hop is known
by the stop that it leads to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, Protocol

from simulator.network import Line, Pattern, PatternPosition
from simulator.scenario.disruptions import Breakdown, Closure
from simulator.scenario.line_changes import LineChanges
from simulator.scenario.spans import Span
from simulator.scenario.weather_changes import Rain
from simulator.types import SECOND_MS, BusId, StopId

if TYPE_CHECKING:
    from simulator.day.travel import Hop

RAIN_SPEED = {Rain.LIGHT: 0.95, Rain.MODERATE: 0.90, Rain.HEAVY: 0.84}
"""Speed in rain against a dry day's (FHWA, How do weather events impact roads: 3–13 %, in heavy to 16 %)."""
RAIN_DEMAND = {Rain.LIGHT: 0.97, Rain.MODERATE: 0.94, Rain.HEAVY: 0.90}
"""People in rain against a dry day's (Arana, Cabezudo & Peñalba 2014, Gipuzkoa: fewer trips by bus)."""


def rain_ratio(all_day: Rain | None, shower: Rain) -> float:
    """Speed in a shower against that in the rain of all day: of two rains the heavier counts."""
    return min(RAIN_SPEED[shower] / RAIN_SPEED[all_day], 1.0) if all_day else RAIN_SPEED[shower]


def rain_demand_ratio(all_day: Rain | None, shower: Rain) -> float:
    """People in a shower against those in the rain of all day."""
    return min(RAIN_DEMAND[shower] / RAIN_DEMAND[all_day], 1.0) if all_day else RAIN_DEMAND[shower]


class LastCall(Protocol):
    """When a bus must set out for home; see `last_call`."""

    home_by: int

    def at(self, now: int) -> int:
        """The latest moment, by the disturbances that have begun."""

    def hop_ms(self, now: int) -> float:
        """More than any hop takes."""


class Ending(Enum):
    """Why a trip ends before its last stop."""

    LATE = auto()
    """The next service day is near, so the bus goes home."""
    TURN = auto()
    BREAKDOWN = auto()


class Disturbances:
    """The disturbances of a line on a day."""

    def __init__(self, line: Line, changes: LineChanges, last_call: LastCall):
        self.last_call = last_call
        self._showers = [
            (w.span, rain_ratio(changes.rain, w.weather.rain))
            for w in changes.weather_changes
            if w.weather.rain
        ]
        self._closed: defaultdict[PatternPosition, list[Span]] = defaultdict(list)
        self._pace: defaultdict[PatternPosition, list[tuple[Span, float]]] = defaultdict(list)
        self._detours: defaultdict[PatternPosition, list[tuple[Span, int]]] = defaultdict(list)
        self._turns: defaultdict[PatternPosition, list[tuple[Span, PatternPosition]]] = defaultdict(list)
        self._breakdowns = sorted(changes.breakdowns, key=lambda breakdown: breakdown.time_s)
        for zone in changes.slow_zones:
            for index, low, high in _sections(line, zone.from_stop, zone.to_stop):
                for position in range(low + 1, high + 1):
                    self._pace[PatternPosition(index, position)].append((zone.span, zone.speed_factor))
        for closure in changes.closures:
            self._close(line, closure)
        for stop in changes.closed_stops:
            for index, pattern in enumerate(line.patterns):
                for position in _positions(pattern, stop.stop_id):
                    self._closed[PatternPosition(index, position)].append(stop.span)

    def _close(self, line: Line, closure: Closure) -> None:
        # Stops strictly between the two ends aren't served; both ends are.
        sections = list(_sections(line, closure.from_stop, closure.to_stop))
        for index, low, high in sections:
            for position in range(low + 1, high):
                self._closed[PatternPosition(index, position)].append(closure.span)
            if closure.detour_s is not None:
                self._detours[PatternPosition(index, low + 1)].append(
                    (closure.span, closure.detour_s * SECOND_MS)
                )
            elif low > 0:
                back = _way_back(line, sections, line.patterns[index].direction)
                self._turns[PatternPosition(index, low)].append((closure.span, back))

    def breakdown(self, bus_id: BusId, after: int) -> Breakdown | None:
        """A bus's first breakdown later than the instant `after`."""
        later = (b for b in self._breakdowns if b.time_s * SECOND_MS > after)
        return next((b for b in later if b.bus_id == bus_id), None)

    def is_closed(self, position: PatternPosition, now: int) -> bool:
        """Whether the stop at a position is closed."""
        return any(span.holds(now / SECOND_MS) for span in self._closed.get(position, ()))

    def is_late(self, now: int) -> bool:
        """Whether a bus must end its trip at the next stop that isn't closed, to be home in time."""
        latest, closed = self.last_call.at(now), len(self._closed)
        if now >= latest or not closed:
            return now >= latest
        if now < latest - round(closed * self.last_call.hop_ms(now)):
            return False
        # It may have to go past all stops that are closed now.
        closed = sum(self.is_closed(position, now) for position in self._closed)
        return now >= latest - round(closed * self.last_call.hop_ms(now))

    def turn(self, position: PatternPosition, now: int) -> PatternPosition | None:
        """Where a bus that arrives at a position begins its trip back; None if the road ahead is open."""
        second = now / SECOND_MS
        return next((back for span, back in self._turns.get(position, ()) if span.holds(second)), None)

    def factor(self, position: PatternPosition, now: int, hop: Hop, factor: float) -> float:
        """The speed factor of the hop to a position, begun `now`, which is `factor` without disturbances."""
        second, plain = now / SECOND_MS, factor
        for span, slower in (*self._showers, *self._pace.get(position, ())):
            if span.holds(second):
                factor *= slower
        for span, longer_ms in self._detours.get(position, ()):
            if span.holds(second):
                # A detour adds time, not metres: the bus drives the same hop more slowly.
                plain_ms = hop.length_m / (hop.speed * factor)
                factor *= plain_ms / (plain_ms + longer_ms)
        return factor if factor == plain else self._in_time(hop, now, factor, plain)

    def _in_time(self, hop: Hop, now: int, factor: float, plain: float) -> float:
        """The factor of a disturbed hop, less disturbed where the bus would come home too late."""
        left_ms = self.last_call.home_by - now
        if hop.length_m / (hop.speed * factor) <= left_ms:
            return factor
        return min(plain, hop.length_m / (hop.speed * left_ms)) if left_ms > 0 else plain


def _positions(pattern: Pattern, stop_id: StopId) -> list[int]:
    return [position for position, stop in enumerate(pattern.stops) if stop.stop_id == stop_id]


class Section(NamedTuple):
    """A stretch of a pattern (its index in the line), from one position to another."""

    pattern: int
    first: int
    last: int


def _sections(line: Line, one: StopId, other: StopId) -> Iterator[Section]:
    """The shortest stretch between two stops in each pattern that serves both."""
    for index, pattern in enumerate(line.patterns):
        pairs = [(a, b) for a in _positions(pattern, one) for b in _positions(pattern, other)]
        if pairs:
            here, there = min(pairs, key=lambda pair: (abs(pair[0] - pair[1]), pair))
            yield Section(index, min(here, there), max(here, there))


def _way_back(line: Line, sections: list[Section], direction: int) -> PatternPosition:
    """Where buses of a direction that have turned begin their trip back: behind the section, the other way.

    In a pattern of the other direction the section comes the other way round, so its last stop is the one at
    which the bus turned.
    """
    return next(
        PatternPosition(section.pattern, section.last)
        for section in sections
        if line.patterns[section.pattern].direction != direction
    )
