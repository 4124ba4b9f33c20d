"""The numbers behind the functions on time series. Times and units are nanoseconds."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from statistics import correlation
from typing import TypeAlias

Times: TypeAlias = Sequence[int]
Values: TypeAlias = Sequence[float]


def linear(times: Times, values: Values, instants: Times) -> list[float | None]:
    """The values at instants on the straight lines between points; None outside of them."""
    found: list[float | None] = []
    for instant in instants:
        place = _segment(times, instant)
        if place is None:
            found.append(None)
            continue
        begin, end = times[place], times[min(place + 1, len(times) - 1)]
        share = (instant - begin) / (end - begin) if end > begin else 0.0
        found.append(values[place] + share * (values[min(place + 1, len(values) - 1)] - values[place]))
    return found


def _segment(times: Times, instant: int) -> int | None:
    """The place of the last point at or before an instant within the series, else None."""
    if not times or not times[0] <= instant <= times[-1]:
        return None
    return min(bisect_right(times, instant) - 1, max(len(times) - 2, 0))


def spline(times: Times, values: Values, instants: Times) -> list[float | None]:
    """The values at instants on the natural cubic spline through the points; None outside of them.

    The curvature is found by the tridiagonal system of the usual derivation (Burden and Faires, Numerical
    Analysis, algorithm 3.4): it is zero at both ends.
    """
    if len(times) < 3:
        return linear(times, values, instants)
    seconds = [(time - times[0]) / 1e9 for time in times]
    curvatures = _curvatures(seconds, values)
    found: list[float | None] = []
    for instant in instants:
        place = _segment(times, instant)
        if place is None:
            found.append(None)
            continue
        width = seconds[place + 1] - seconds[place]
        into = (instant - times[place]) / 1e9
        bend, next_bend = curvatures[place], curvatures[place + 1]
        slope = (values[place + 1] - values[place]) / width - width * (next_bend + 2 * bend) / 3
        found.append(values[place] + into * (slope + into * (bend + into * (next_bend - bend) / (3 * width))))
    return found


def _curvatures(seconds: Values, values: Values) -> list[float]:
    """Half of the second derivative at each point."""
    widths = [b - a for a, b in pairwise(seconds)]
    slopes = [(b - a) / width for (a, b), width in zip(pairwise(values), widths, strict=True)]
    factors, rests = [0.0], [0.0]
    for n in range(1, len(seconds) - 1):
        pivot = 2 * (widths[n - 1] + widths[n]) - widths[n - 1] * factors[-1]
        rests.append((3 * (slopes[n] - slopes[n - 1]) - widths[n - 1] * rests[-1]) / pivot)
        factors.append(widths[n] / pivot)
    curvatures = [0.0]
    for factor, rest in zip(reversed(factors), reversed(rests), strict=True):
        curvatures.append(rest - factor * curvatures[-1])
    return curvatures[::-1]


def places_before(times: Times, instants: Times) -> list[int | None]:
    """The places, from one, of the last points at or before instants."""
    return [bisect_right(times, instant) or None for instant in instants]


def places_at(times: Times, instants: Times) -> list[int | None]:
    """The places, from one, of the points at instants."""
    places = {time: place for place, time in enumerate(times, 1)}
    return [places.get(instant) for instant in instants]


def derivative(times: Times, values: Values, unit: int) -> list[float]:
    """The change per unit of time between each point and the one before it.

    The distance is measured in units first: so a change of 7 in a minute is exactly 7 a minute.
    """
    if unit == 0:
        raise ValueError("The interval must not be zero")
    points = pairwise(zip(times, values, strict=True))
    return [(value - before) / ((time - earlier) / unit) for (earlier, before), (time, value) in points]


def integral(times: Times, values: Values, unit: int) -> float:
    """The area under the straight lines between the points, by units of time."""
    points = pairwise(zip(times, values, strict=True))
    return sum(
        (before + value) / 2 * ((time - earlier) / unit) for (earlier, before), (time, value) in points
    )


def pearson(first: Times, a: Values, second: Times, b: Values) -> float:
    """Pearson's coefficient of correlation. Raises ValueError unless the times are the same."""
    if first != second:
        raise ValueError("The time series must have the same timestamps")
    if len(a) < 2 or len(set(a)) == 1 or len(set(b)) == 1:
        return math.nan
    return correlation(a, b)


def spearman(first: Times, a: Values, second: Times, b: Values) -> float:
    """Spearman's coefficient of correlation: Pearson's of the ranks."""
    return pearson(first, _ranks(a), second, _ranks(b))


def _ranks(values: Values) -> list[float]:
    """The rank of each value; equal ones share the mean of theirs."""
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + bisect_right(ordered, value) + 1) / 2 for value in values]
