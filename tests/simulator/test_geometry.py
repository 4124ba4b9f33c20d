from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.geometry import EARTH_RADIUS_M, METRES_PER_DEGREE, cumulative_m, distance_m

LATITUDES = st.floats(40.3, 40.6)
LONGITUDES = st.floats(-3.9, -3.5)
PLACES = st.tuples(LATITUDES, LONGITUDES)


def great_circle_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    (lat_a, lon_a), (lat_b, lon_b) = (tuple(map(math.radians, place)) for place in (a, b))
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


def test_a_degree_of_latitude_is_111_km() -> None:
    assert METRES_PER_DEGREE == 111_195.080234
    assert distance_m(40.0, -3.7, 41.0, -3.7) == 111_195.08


def test_known_distances_to_the_millimetre() -> None:
    assert distance_m(40.4169, -3.7035, 40.4194, -3.6929) == 939.431
    assert distance_m(40.405, -3.7025, 40.4663, -3.6889) == 6912.76


@given(PLACES, PLACES)
def test_distances_agree_with_the_great_circle(a: tuple[float, float], b: tuple[float, float]) -> None:
    assert distance_m(*a, *b) == pytest.approx(great_circle_m(a, b), rel=1e-4, abs=0.001)


@given(PLACES, PLACES)
def test_distances_are_symmetric(a: tuple[float, float], b: tuple[float, float]) -> None:
    assert distance_m(*a, *b) == distance_m(*b, *a)


@given(PLACES)
def test_a_point_has_no_distance_to_itself(a: tuple[float, float]) -> None:
    assert distance_m(*a, *a) == 0


@given(st.lists(PLACES, min_size=1, max_size=20))
def test_metres_along_a_polyline_start_at_0_and_add_up(points: list[tuple[float, float]]) -> None:
    along = cumulative_m(points)
    assert len(along) == len(points)
    assert along[0] == 0
    hops = [distance_m(*a, *b) for a, b in itertools.pairwise(points)]
    for hop, (before, after) in zip(hops, itertools.pairwise(along), strict=True):
        assert after - before == pytest.approx(hop, abs=1e-6)
        assert after == round(after, 3)
