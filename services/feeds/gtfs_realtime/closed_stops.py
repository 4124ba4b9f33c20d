"""Which of the stops ahead a trip won't serve: closed ones, and those behind a road where buses turn."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import lru_cache

from services.feeds.gtfs_realtime.city_tick import TickTrip
from services.transit.timetable import parse_trip_id
from simulator.day.disruptions.scenario_effects import Disturbances
from simulator.day.travel import PatternPosition
from simulator.network import Network
from simulator.scenario import Scenario
from simulator.service_day import origin_ms
from simulator.types import SECOND_MS

NONE: Collection[int] = frozenset()


class _NeverLate:
    """A last call that never comes: only closures are asked of the disturbances here."""

    home_by = 0

    def at(self, now: int) -> int:
        """Return an instant after `now`."""
        return now + 1

    def hop_ms(self, now: int) -> float:  # noqa: ARG002 - the protocol's argument
        """Return 0."""
        return 0.0


class ClosedStops:
    """The closures of the scenario that counts."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._of_line = lru_cache(4096)(self._disturbances)

    def skipped(self, trip: TickTrip, scenario: Scenario | None) -> Collection[int]:
        """The indexes in its pattern of the stops ahead that a trip won't serve, by its expected times."""
        if scenario is None or not (scenario.closures or scenario.closed_stops):
            return NONE
        name = parse_trip_id(trip.bus.position.trip_id)
        disturbed = None if name is None else self._of_line(scenario, trip.bus.line.line_id, name.day)
        if name is None or disturbed is None:
            return NONE
        origin = origin_ms(name.day, trip.bus.line.timezone)
        last = len(trip.pattern.stops) - 1
        found: set[int] = set()
        for index, arrives_s in enumerate(trip.calls.arrivals_s(), trip.calls.first):
            if index in (0, last):
                continue
            place = PatternPosition(trip.pattern_index, index)
            at_ms = round(arrives_s * SECOND_MS) - origin
            if disturbed.is_closed(place, at_ms):
                found.add(index)
            if disturbed.turn(place, at_ms) is not None:
                return found | set(range(index + 1, last + 1))
        return found

    def _disturbances(self, scenario: Scenario, line_id: str, day: date) -> Disturbances | None:
        line = self._network.line[line_id]
        changes = scenario.on(line, day, self._network.lines_of_stop)
        if not changes.closures and not changes.closed_stops:
            return None
        return Disturbances(line, changes, _NeverLate())
