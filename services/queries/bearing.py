"""The direction in which a bus points, from its position and its line's routes."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter

from simulator.network import Line, Pattern, ShapePoint
from storage.schema import BusPosition

TOLERANCE_DEGREES = 1e-4
"""A position this close (about ten metres) to a route's point at the same distance is on the route."""


def bearing(position: BusPosition, line: Line) -> float | None:
    """Degrees clockwise from north, to one decimal, along the route; None for a bus that is parked.

    On an empty run, which follows no route, it is the direction of the next stop.
    """
    if not position.trip_id:
        return None
    for pattern in line.patterns:
        if pattern.direction == position.direction:
            for leg in _legs(pattern, position):
                return _degrees(*leg)
    return _towards_next_stop(position, line)


def _legs(pattern: Pattern, position: BusPosition) -> Iterator[tuple[ShapePoint, ShapePoint]]:
    """The straight parts of a pattern on which the position may be; a stop may come more than once."""
    shape = pattern.shape
    for stop in pattern.stops:
        if stop.stop_id != position.next_stop_id:
            continue
        metres = stop.distance_m - position.distance_to_next_stop
        place = min(max(bisect_left(shape, metres, key=attrgetter("distance_m")), 1), len(shape) - 1)
        before, after = shape[place - 1], shape[place]
        if after.distance_m > before.distance_m and _is_between(position, before, after, metres):
            yield before, after


def _is_between(position: BusPosition, before: ShapePoint, after: ShapePoint, metres: float) -> bool:
    """Whether the position is the point `metres` from the route's start."""
    share = (metres - before.distance_m) / (after.distance_m - before.distance_m)
    latitude = before.latitude + share * (after.latitude - before.latitude)
    longitude = before.longitude + share * (after.longitude - before.longitude)
    return (
        abs(latitude - position.latitude) < TOLERANCE_DEGREES
        and abs(longitude - position.longitude) < TOLERANCE_DEGREES
    )


def _towards_next_stop(position: BusPosition, line: Line) -> float | None:
    here = ShapePoint(position.latitude, position.longitude, 0.0)
    for pattern in line.patterns:
        for stop in pattern.stops:
            if stop.stop_id == position.next_stop_id:
                there = ShapePoint(stop.latitude, stop.longitude, 0.0)
                return None if here == there else _degrees(here, there)
    return None


def _degrees(before: ShapePoint, after: ShapePoint) -> float:
    """The bearing from one point to another, on the plane that touches the Earth between them."""
    narrowed = math.cos(math.radians((before.latitude + after.latitude) / 2))
    east, north = (after.longitude - before.longitude) * narrowed, after.latitude - before.latitude
    return round(math.degrees(math.atan2(east, north)), 1) % 360
