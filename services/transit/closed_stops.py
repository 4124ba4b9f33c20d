"""Which of the stops ahead a trip won't serve: closed ones, and those behind a road where buses turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from services.transit.timetable import parse_trip_id
from simulator.day.disruptions.scenario_effects import Disturbances
from simulator.network import Line, Network, PatternPosition
from simulator.scenario.scenario import Scenario
from simulator.service_day import origin_ms
from simulator.types import SECOND_MS

NONE: Collection[int] = frozenset()
MOST_LINE_DAYS = 4096


class StopsAhead(NamedTuple):
    """The stops ahead of a bus on a trip, from the index `first` of the pattern with the index `pattern`.

    `arrivals_s` tells when the bus is expected at each of them, in seconds since the epoch.
    """

    line: Line
    trip_id: str
    pattern: int
    first: int
    arrivals_s: Callable[[], Sequence[float]]


class _NeverLate:
    """A last call that never comes: only closures are asked of the disturbances here."""

    home_by = 0

    def at(self, now: int) -> int:
        """Return an instant after `now`."""
        return now + 1

    def hop_ms(self, now: int) -> float:  # noqa: ARG002 - the protocol's argument
        """Return 0."""
        return 0.0


class _LineDay(NamedTuple):
    """What a scenario closes on a line's service day, None for nothing."""

    scenario: Scenario
    closures: Disturbances | None


@dataclass(slots=True, eq=False)
class ClosedStops:
    """The closures of a network's scenarios, of which it keeps the newest. Threads may share it."""

    network: Network
    _kept: dict[tuple[str, date], _LineDay] = field(default_factory=dict)

    def unserved(self, ahead: StopsAhead, scenario: Scenario | None) -> Collection[int]:
        """The indexes in its pattern of the stops ahead that a trip won't serve, by its expected times."""
        if scenario is None or not _closes(scenario):
            return NONE
        name = parse_trip_id(ahead.trip_id)
        closures = None if name is None else self._closures(scenario, ahead.line, name.day)
        if name is None or closures is None:
            return NONE
        origin = origin_ms(name.day, ahead.line.timezone)
        last = len(ahead.line.patterns[ahead.pattern].stops) - 1
        found: set[int] = set()
        for index, arrives_s in enumerate(ahead.arrivals_s(), ahead.first):
            if index in (0, last):
                continue
            place = PatternPosition(ahead.pattern, index)
            at_ms = round(arrives_s * SECOND_MS) - origin
            if closures.is_closed(place, at_ms):
                found.add(index)
            if closures.turn(place, at_ms) is not None:
                return found | set(range(index + 1, last + 1))
        return found

    def _closures(self, scenario: Scenario, line: Line, day: date) -> Disturbances | None:
        kept = self._kept.get((line.line_id, day))
        if kept is None or kept.scenario is not scenario:
            if len(self._kept) >= MOST_LINE_DAYS:
                self._kept = {}
            kept = _LineDay(scenario, self._closures_of(scenario, line, day))
            self._kept[line.line_id, day] = kept
        return kept.closures

    def _closures_of(self, scenario: Scenario, line: Line, day: date) -> Disturbances | None:
        changes = scenario.on(line, day, self.network.lines_of_stop)
        if not changes.closures and not changes.closed_stops:
            return None
        return Disturbances(line, changes, _NeverLate())


class Closures(NamedTuple):
    """A scenario's closures."""

    stops: ClosedStops
    scenario: Scenario | None

    @property
    def has_any(self) -> bool:
        """Whether a road or a stop is ever closed."""
        return _closes(self.scenario)

    def unserved(self, ahead: StopsAhead) -> Collection[int]:
        """See `ClosedStops.unserved`."""
        return self.stops.unserved(ahead, self.scenario)


def _closes(scenario: Scenario | None) -> bool:
    return scenario is not None and bool(scenario.closures or scenario.closed_stops)
