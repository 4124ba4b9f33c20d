"""Dense polylines with fewer points: a feed may have a point every metre, of which a bus route needs few."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simulator.geometry import METRES_PER_DEGREE

TOLERANCE_M = 1.0
DENSE_POINTS, DENSE_M = 300, 20.0
"""Polylines with more points than this, and less metres between them, are simplified."""

Points = NDArray[np.float64]


def simplified(points: Points) -> Points:
    """The points (latitude, longitude) of a polyline without those that are nearly on a line between others.

    Douglas and Peucker (1973): no point that is left out is over `TOLERANCE_M` away.
    """
    plane = _plane(points)
    length_m = float(np.hypot(*np.diff(plane, axis=0).T).sum())
    if len(points) <= DENSE_POINTS or length_m / len(points) >= DENSE_M:
        return points
    kept = np.zeros(len(points), bool)
    kept[[0, -1]] = True
    parts = [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        away_m = _away_m(plane[first + 1 : last], plane[first], plane[last])
        farthest = int(away_m.argmax())
        if away_m[farthest] > TOLERANCE_M:
            middle = first + 1 + farthest
            kept[middle] = True
            parts += [(first, middle), (middle, last)]
    return points[kept]


def _plane(points: Points) -> Points:
    """Metres east and north of the first point."""
    cosine = round(math.cos(math.radians(float(points[0, 0]))), 9)
    scale = np.array([METRES_PER_DEGREE, METRES_PER_DEGREE * cosine])
    plane: Points = (points - points[0]) * scale
    return plane


def _away_m(points: Points, start: Points, end: Points) -> NDArray[np.float64]:
    """The distance of each point from the segment between two others."""
    along = end - start
    square = float(along @ along)
    share = np.clip((points - start) @ along / square, 0.0, 1.0) if square else np.zeros(len(points))
    off = points - start - share[:, None] * along
    result: NDArray[np.float64] = np.hypot(off[:, 0], off[:, 1])
    return result
