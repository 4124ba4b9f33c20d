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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.geometry import METRES_PER_DEGREE, cumulative_m, distance_m
from simulator.network import ShapePoint

SURELY_APART_DEG = 1e-6
"""Points with latitudes so different are a decimetre apart: their distance needn't be computed."""

Floats = NDArray[np.float64]
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


class _Matches(NamedTuple):
    """The point of each segment nearest to a stop: how far along the segment (0..1), and metres away.

    A column a segment; of several stops, a row each.
    """

    along: Floats
    away_m: Floats


def straight(stops: Sequence[LatLon]) -> RouteShape:
    """Straight from stop to stop."""
    return measured(list(stops), list(range(len(stops))))


def through(stops: Sequence[LatLon], road: Sequence[LatLon]) -> tuple[RouteShape, list[float]]:
    """The polyline `road` from first to last stop, led through each; and each stop's distance to it (m).

    ValueError if the stops don't come in their order along it.
    """
    segments, away = _matched(stops, road)
    points: list[LatLon] = []
    indexes: list[int] = []
    for i, (stop, segment) in enumerate(zip(stops, segments, strict=True)):
        between = road[segments[i - 1] + 1 : segment + 1] if i else ()
        for place in between:
            if _apart(place, points[-1]) and _apart(place, stop):
                points.append(place)
        indexes.append(len(points))
        points.append(stop)
    return measured(points, indexes), away


def _apart(place: LatLon, other: LatLon) -> bool:
    """Whether there are metres between two points, to the millimetre."""
    return abs(place[0] - other[0]) > SURELY_APART_DEG or distance_m(*place, *other) > 0


def measured(points: list[LatLon], stop_indexes: list[int]) -> RouteShape:
    """A shape from its points, of which those at `stop_indexes` are the stops."""
    distances = cumulative_m(points)
    vertices = tuple(ShapePoint(*place, metres) for place, metres in zip(points, distances, strict=True))
    return RouteShape(vertices, tuple(stop_indexes))


def _matched(stops: Sequence[LatLon], road: Sequence[LatLon]) -> tuple[list[int], list[float]]:
    """The segment of each stop, in their order with the least sum of squared distances; and these in metres.

    ValueError if the stops don't come in their order along the road.
    """
    matches = [_Matches(*match) for match in zip(*_nearest(stops, np.array(road)), strict=True)]
    # cost[j]: the least sum so far with the last stop matched on segment j; the sources lead back.
    cost = matches[0].away_m * matches[0].away_m
    came_from = []
    for before, after in itertools.pairwise(matches):
        cost, sources = _step(cost, before, after)
        came_from.append(sources)
    segment = int(cost.argmin())
    if math.isinf(cost[segment]):
        raise ValueError("the stops don't come in this order along the road")
    result = [segment]
    for sources in reversed(came_from):
        result.append(int(sources[result[-1]]))
    result.reverse()
    away = []
    for stop, match, j in zip(stops, matches, result, strict=True):
        start, end, along = road[j], road[j + 1], float(match.along[j])
        place = (start[0] + along * (end[0] - start[0]), start[1] + along * (end[1] - start[1]))
        away.append(distance_m(*stop, *place))
    return result, away


def _nearest(stops: Sequence[LatLon], road: Floats) -> _Matches:
    """The point of each segment nearest to each stop, a row a stop.

    Each stop's are on the plane tangent to the earth at the stop.
    """
    latitude, longitude = np.array(stops).T[:, :, None]
    east_m = np.array([[METRES_PER_DEGREE * round(math.cos(math.radians(stop[0])), 9)] for stop in stops])
    starts, steps = road[:-1], np.diff(road, axis=0)
    x, y = (starts[:, 1] - longitude) * east_m, (starts[:, 0] - latitude) * METRES_PER_DEGREE
    dx, dy = steps[:, 1] * east_m, steps[:, 0] * METRES_PER_DEGREE
    square = dx * dx + dy * dy
    along = np.zeros(square.shape)
    np.divide(-(x * dx + y * dy), square, out=along, where=square > 0)
    along = np.clip(along, 0.0, 1.0)
    side_m, north_m = x + along * dx, y + along * dy
    # To the millimetre, so that the two segments at a vertex are equally near to a stop beyond it.
    return _Matches(along, np.round(np.sqrt(side_m * side_m + north_m * north_m), 3, out=side_m))


def _step(cost: Floats, before: _Matches, after: _Matches) -> tuple[Floats, NDArray[np.int32]]:
    """The next stop's least cost on each segment, and the segment of the stop before it in that case.

    The stop before lies on an earlier segment, or on the same one at an earlier point.
    """
    places = np.arange(len(cost), dtype=np.int32)
    # The least cost on earlier segments, and the first segment that has it.
    least = np.full(len(cost), np.inf)
    np.minimum.accumulate(cost[:-1], out=least[1:])
    source = np.zeros(len(cost), np.int32)
    source[1:] = np.where(cost[:-1] < least[:-1], places[:-1], 0)
    np.maximum.accumulate(source, out=source)
    same = (before.along < after.along) & (cost < least)
    return np.where(same, cost, least) + after.away_m * after.away_m, np.where(same, places, source)
