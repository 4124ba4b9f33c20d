from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.geometry import distance_m
from simulator.network_files.route_shape import LatLon, RouteShape, straight, through

LAT, LON = 40.4, -3.7


def place(north: float, east: float) -> LatLon:
    """A point about so many hundred metres from a corner of the city."""
    return (round(LAT + north * 0.0009, 6), round(LON + east * 0.00118, 6))


def places(shape: RouteShape) -> list[LatLon]:
    return [(point.latitude, point.longitude) for point in shape.points]


def test_a_straight_shape_has_its_stops_as_vertices() -> None:
    stops = [place(0, 0), place(0, 3), place(4, 3)]
    shape = straight(stops)
    assert places(shape) == stops
    assert shape.stop_indexes == (0, 1, 2)
    assert [point.distance_m for point in shape.points] == pytest.approx([0, 300, 700], abs=3)


def test_a_road_is_cut_at_the_ends_and_keeps_its_corners() -> None:
    road = [place(0, -2), place(0, 5), place(5, 5), place(9, 5)]
    stops = [place(0.1, 0), place(0.1, 4), place(4, 5.1)]
    shape, away = through(stops, road)
    assert places(shape) == [stops[0], stops[1], road[1], stops[2]]
    assert shape.stop_indexes == (0, 1, 3)
    assert away == pytest.approx([10, 10, 10], abs=1)


def test_a_stop_beside_a_road_that_comes_back_is_met_in_its_order() -> None:
    """A road that runs out along a street and back along it passes the same point twice."""
    road = [place(0, 0), place(0, 10), place(0.2, 10), place(0.2, 0)]
    stops = [place(0, 0), place(0.1, 5), place(0.1, 9), place(0.1, 5.01), place(0.2, 0)]
    shape, _ = through(stops, road)
    assert places(shape) == [*stops[:3], road[1], road[2], *stops[3:]]


def test_the_order_of_stops_counts_more_than_the_nearest_point() -> None:
    """At a crossing the second stop lies nearer to the road's end than to the bus's first pass."""
    road = [place(0, 0), place(0, 6), place(3, 6), place(3, 3), place(-3, 3)]
    stops = [place(0, 0), place(0.2, 3), place(3, 5), place(-3, 3)]
    shape, away = through(stops, road)
    assert shape.stop_indexes == (0, 1, 4, 6)
    assert away[1] == pytest.approx(20, abs=1)


def test_two_stops_on_one_segment_keep_their_order() -> None:
    road = [place(0, 0), place(0, 9)]
    shape, _ = through([place(0, 1), place(0, 2), place(0, 8)], road)
    assert shape.stop_indexes == (0, 1, 2)
    with pytest.raises(ValueError, match="don't come in this order"):
        through([place(0, 8), place(0, 2)], road)


def test_a_vertex_where_a_stop_is_comes_once() -> None:
    road = [place(0, 0), place(0, 4), place(0, 4), place(0, 9)]
    shape, _ = through([place(0, 0), place(0, 4), place(0, 9)], road)
    assert places(shape) == [place(0, 0), place(0, 4), place(0, 9)]


def test_mirrored_twice_is_the_same_shape() -> None:
    shape, _ = through([place(0, 0), place(0, 4), place(5, 9)], [place(0, 0), place(0, 9), place(5, 9)])
    back = shape.mirrored()
    assert places(back) == places(shape)[::-1]
    assert back.stop_indexes == (0, 2, 3)
    assert places(back.mirrored()) == places(shape)
    assert back.points[-1].distance_m == pytest.approx(shape.points[-1].distance_m, abs=0.01)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=12, unique=True))
def test_any_road_through_its_own_corners_stops_at_each(corners: list[tuple[int, int]]) -> None:
    road = [place(*corner) for corner in corners]
    shape, away = through(road, road)
    assert [places(shape)[i] for i in shape.stop_indexes] == road
    assert max(away) < 0.01
    along = [point.distance_m for point in shape.points]
    assert all(a < b for a, b in itertools.pairwise(along))
    assert along[-1] == pytest.approx(sum(distance_m(*a, *b) for a, b in itertools.pairwise(road)), abs=0.1)
