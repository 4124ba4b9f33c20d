"""A route's polyline led through its stops.

Stops are matched with points along the polyline, in order, so that the sum of squared distances is least
(dynamic programming over stops and segments). So a stop that the polyline passes twice, or where it turns
back on itself, is matched with the right pass. The stop's own point then becomes a vertex there, so that a
bus at a stop is exactly where the stop is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.geometry import METRES_PER_DEGREE, cumulative_m, distance_m
from simulator.network import ShapePoint

LatLon = tuple[float, float]
"""WGS84 latitude and longitude in degrees."""


@dataclass(frozen=True, slots=True)
class RouteShape:
    """A polyline from the first to the last stop, and the index of each stop's vertex in it."""

    points: tuple[ShapePoint, ...]
    stop_indexes: tuple[int, ...]

    def mirrored(self) -> RouteShape:
        """The same shape in the other direction."""
        places = [(point.latitude, point.longitude) for point in reversed(self.points)]
        last = len(places) - 1
        return measured(places, [last - i for i in reversed(self.stop_indexes)])


@dataclass(frozen=True, slots=True)
class _Match:
    """The point of a segment nearest to a stop: how far along the segment (0..1), and metres away."""

    along: float
    away_m: float


def straight(stops: Sequence[LatLon]) -> RouteShape:
    """Straight from stop to stop."""
    return measured(list(stops), list(range(len(stops))))


def through(stops: Sequence[LatLon], road: Sequence[LatLon]) -> tuple[RouteShape, list[float]]:
    """The polyline `road` from first to last stop, led through each; and each stop's distance to it (m).

    ValueError if the stops don't come in their order along it.
    """
    matches = [[_nearest(stop, a, b) for a, b in itertools.pairwise(road)] for stop in stops]
    segments = _in_order(matches)
    points: list[LatLon] = []
    indexes: list[int] = []
    for i, (stop, segment) in enumerate(zip(stops, segments, strict=True)):
        between = road[segments[i - 1] + 1 : segment + 1] if i else ()
        for place in between:
            if distance_m(*place, *points[-1]) > 0 and distance_m(*place, *stop) > 0:
                points.append(place)
        indexes.append(len(points))
        points.append(stop)
    away = [matches[i][segment].away_m for i, segment in enumerate(segments)]
    return measured(points, indexes), away


def measured(points: list[LatLon], stop_indexes: list[int]) -> RouteShape:
    """A shape from its points, of which those at `stop_indexes` are the stops."""
    distances = cumulative_m(points)
    vertices = tuple(ShapePoint(*place, metres) for place, metres in zip(points, distances, strict=True))
    return RouteShape(vertices, tuple(stop_indexes))


def _nearest(stop: LatLon, start: LatLon, end: LatLon) -> _Match:
    """The point of a segment nearest to a stop, on the plane tangent to the earth at the stop."""
    east_m = METRES_PER_DEGREE * round(math.cos(math.radians(stop[0])), 9)
    x, y = (start[1] - stop[1]) * east_m, (start[0] - stop[0]) * METRES_PER_DEGREE
    dx, dy = (end[1] - start[1]) * east_m, (end[0] - start[0]) * METRES_PER_DEGREE
    square = dx * dx + dy * dy
    along = 0.0 if square == 0 else min(1.0, max(0.0, -(x * dx + y * dy) / square))
    place = (start[0] + along * (end[0] - start[0]), start[1] + along * (end[1] - start[1]))
    return _Match(along, distance_m(*stop, *place))


def _in_order(matches: list[list[_Match]]) -> list[int]:
    """The segment of each stop: in the stops' order, with the least sum of squared distances."""
    # cost[j]: the least sum so far with the last stop matched on segment j; the sources lead back.
    cost = [match.away_m * match.away_m for match in matches[0]]
    came_from: list[list[int]] = []
    for before, after in itertools.pairwise(matches):
        cost, sources = _step(cost, before, after)
        came_from.append(sources)
    segment = min(range(len(cost)), key=cost.__getitem__)
    if math.isinf(cost[segment]):
        raise ValueError("the stops don't come in this order along the road")
    result = [segment]
    for sources in reversed(came_from):
        result.append(sources[result[-1]])
    return result[::-1]


def _step(cost: list[float], before: list[_Match], after: list[_Match]) -> tuple[list[float], list[int]]:
    """The next stop's least cost on each segment, and the segment of the stop before it in that case.

    The stop before lies on an earlier segment, or on the same one at an earlier point.
    """
    costs, sources = [], []
    best, best_at = math.inf, 0
    for j, match in enumerate(after):
        least, source = best, best_at
        if before[j].along < match.along and cost[j] < least:
            least, source = cost[j], j
        costs.append(least + match.away_m * match.away_m)
        sources.append(source)
        if cost[j] < best:
            best, best_at = cost[j], j
    return costs, sources
