"""The bearing of a bus on its route, on an empty run, and parked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.queries.bearing import bearing
from simulator.network import Line, Pattern
from storage.schema import BusPosition
from tests.networks import line, pattern, street
from tests.services.fakes import NOW
from tests.storage.records import position

EAST = line("L1", street(3))
NORTH_EAST = pattern("L2-0", 0, [("S001", 40.4, -3.7), ("S002", 40.41, -3.7), ("S003", 40.41, -3.69)])
LOOP = pattern("L3-0", 0, [("S001", 40.4, -3.7), ("S002", 40.41, -3.7), ("S001", 40.4, -3.6999)])


def on(route: Pattern, stop: int, before_m: float, trip_id: str = "L1-1") -> BusPosition:
    """A position so many metres before a stop of a route, on the straight line from the stop before it."""
    here, there = route.stops[stop - 1], route.stops[stop]
    share = 1 - before_m / (there.distance_m - here.distance_m)
    return replace(
        position(NOW),
        latitude=here.latitude + share * (there.latitude - here.latitude),
        longitude=here.longitude + share * (there.longitude - here.longitude),
        next_stop_id=there.stop_id,
        distance_to_next_stop=before_m,
        direction=route.direction,
        trip_id=trip_id,
    )


@pytest.mark.parametrize(
    ("route", "stop", "before_m", "degrees"),
    [
        (EAST.patterns[0], 1, 100.0, 90.0),
        (EAST.patterns[1], 1, 100.0, 270.0),
        (NORTH_EAST, 1, 500.0, 0.0),
        (NORTH_EAST, 1, 0.0, 0.0),
        (NORTH_EAST, 2, 500.0, 90.0),
        (LOOP, 2, 500.0, 179.6),
    ],
)
def test_it_is_the_direction_of_the_road(route: Pattern, stop: int, before_m: float, degrees: float) -> None:
    assert bearing(on(route, stop, before_m), of(EAST if route in EAST.patterns else route)) == degrees


def of(route: Line | Pattern) -> Line:
    return route if isinstance(route, Line) else line("L1", street(3), patterns=[route])


def test_on_an_empty_run_it_is_the_direction_of_the_next_stop() -> None:
    away = replace(position(NOW), latitude=40.3, longitude=-3.717, next_stop_id="S002")
    assert bearing(away, EAST) == 0.0


def test_a_parked_bus_has_none() -> None:
    assert bearing(on(EAST.patterns[0], 1, 0.0, trip_id=""), EAST) is None
