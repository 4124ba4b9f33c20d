"""Where a bus is on its trip: its pattern and its next stop there."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.network import Line, Pattern
from storage.schema import BusPosition, StopVisit


@dataclass(frozen=True, slots=True)
class RoutePlace:
    """A pattern, and the index of a bus's next stop in it."""

    pattern: Pattern
    index: int


def place_on_route(line: Line, position: BusPosition, last: StopVisit | None) -> RoutePlace:
    """The place of a bus that is on a trip; `last` is its last visit on the trip.

    Several patterns may contain the stop. The one in which it follows the last visit wins. If none contains
    it, the end of the first pattern.
    """
    direction, stop_id = position.direction, position.next_stop_id
    expected = 0 if last is None else last.sequence
    for pattern in line.patterns:
        stops = pattern.stops
        if pattern.direction == direction and expected < len(stops) and stops[expected].stop_id == stop_id:
            return RoutePlace(pattern, expected)
    patterns = [pattern for pattern in line.patterns if pattern.direction == direction]
    for pattern in patterns:
        for index, stop in enumerate(pattern.stops):
            if stop.stop_id == stop_id:
                return RoutePlace(pattern, index)
    return RoutePlace(patterns[0], len(patterns[0].stops) - 1)
