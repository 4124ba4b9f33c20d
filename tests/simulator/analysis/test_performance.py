"""Performance of line-days: known answers by hand, and the same numbers as the streams have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

from simulator.analysis.performance import NAMES, Performance, performance, total
from simulator.city import City
from simulator.day.line_day import line_day
from simulator.day.trajectory import InService, Legs, PassengerEvents, Path, Trajectory
from simulator.service_day import days_between
from simulator.types import BusId, LineId, StopId, to_ms
from storage.schema import Stream
from tests.networks import two_lines

LEG_INTS = [name for name in Legs.__slots__ if name not in ("from_m", "to_m", "v_in", "speed", "excess")]
STARTS = 1_000 * 3_600_000
SECOND = 1000


def trajectory(
    legs: Sequence[dict[str, float]], arrived: Sequence[int], left: Sequence[int] = ()
) -> Trajectory:
    """A day of two stops a kilometre apart; instants are seconds from `STARTS`.

    Of a leg what isn't said is 0; its trip is -1, and it stops when it leaves.
    """
    columns: dict[str, Any] = {name: np.zeros(len(legs), np.int64) for name in LEG_INTS}
    columns |= {name: np.zeros(len(legs)) for name in Legs.__slots__ if name not in LEG_INTS}
    for row, leg in enumerate(legs):
        said = {"trip": -1, "stops": leg["leaves"], "opens": leg.get("stops", leg["leaves"]), **leg}
        for name, value in said.items():
            is_time = name in ("begins", "stops", "opens", "leaves")
            columns[name][row] = STARTS + value * SECOND if is_time else value
    columns["doors"] = columns["opens"] < columns["leaves"]
    made = Legs(**columns)
    boarding = np.flatnonzero(made.boarding)
    boarding = boarding[np.argsort(made.leaves[boarding], kind="stable")]
    return Trajectory(
        line_id=LineId("L1"),
        starts=STARTS,
        ends=STARTS + 7_200 * SECOND,
        buses=(BusId("B1"), BusId("B2")),
        capacities=(10, 40),
        stops=(StopId("A"), StopId("B")),
        trips=tuple(f"T{i}" for i in range(int(made.trip.max(initial=-1)) + 1)),
        paths=(Path(np.array([40.0, 40.01]), np.array([-3.7, -3.7]), np.array([0, 1_000_000])),),
        legs=made,
        arrived=crowd(arrived),
        boarded=PassengerEvents(made.stop[boarding], made.leaves[boarding], made.boarding[boarding]),
        left=crowd(left),
        service=(InService(np.array([STARTS, STARTS]), np.array([STARTS, STARTS])),),
    )


def crowd(seconds: Sequence[int]) -> PassengerEvents:
    """One person each at stop A."""
    ms = np.array([STARTS + s * SECOND for s in seconds], np.int64)
    return PassengerEvents(np.zeros(len(ms), np.int64), ms, np.ones(len(ms), np.int64))


def departure(trip: int, leaves: int, bus: int = 0, **more: float) -> dict[str, float]:
    return {"bus": bus, "trip": trip, "begins": 0, "leaves": leaves, "sequence": 1, **more}


def hop(trip: int, begins: int, stops: int, leaves: int, bus: int = 0, **more: float) -> dict[str, float]:
    way = {"begins": begins, "stops": stops, "leaves": leaves, "from_m": 0.0, "to_m": 1000.0}
    return {"bus": bus, "trip": trip, "stop": 1, "sequence": 2, **way, **more}


def test_the_mean_wait_is_from_arrival_to_boarding_or_giving_up() -> None:
    legs = [departure(0, 300, boarding=2, left_behind=1), hop(0, 300, 480, 500, load=2, alighting=2)]
    (found,) = performance(trajectory(legs, arrived=[100, 200, 250], left=[900]))
    assert (found.people, found.boardings, found.gave_up) == (3, 2, 1)
    assert found.wait_s == (200 + 100 + 650) / 3
    assert (found.visits, found.crowded, found.left_behind) == (2, 1, 1)
    assert found.crowded_share == 0.5


def test_in_an_interval_only_the_waiting_within_it_counts() -> None:
    day = trajectory([departure(0, 300, boarding=2), hop(0, 300, 480, 500, load=2)], arrived=[100, 200])
    edges = [STARTS + s * SECOND for s in (0, 150, 300, 301, 600)]
    waited = [each.waited_s for each in performance(day, edges)]
    assert waited == [50.0, 150.0 + 100.0, 0.0, 0.0]
    assert [each.people for each in performance(day, edges)] == [1, 1, 0, 0]
    assert [each.boardings for each in performance(day, edges)] == [0, 0, 2, 0]
    assert performance(day, edges)[2].wait_s is None


def test_speed_counts_from_departure_to_arrival_and_load_by_metres() -> None:
    legs: list[dict[str, float]] = [
        departure(0, 300, boarding=5),
        hop(0, 300, 480, 500, load=5, alighting=5),
        {"bus": 0, "begins": 500, "leaves": 7200},
        departure(1, 400, bus=1, boarding=20),
        hop(1, 400, 500, 520, bus=1, load=20, from_m=200.0, alighting=10),
        hop(1, 520, 600, 640, bus=1, load=10, to_m=500.0, sequence=3, alighting=10),
        {"bus": 1, "begins": 640, "leaves": 7200},
    ]
    (found,) = performance(trajectory(legs, arrived=range(25)))
    assert found.metres == 1000 + 800 + 500
    assert found.running_s == 180 + (120 + 80)
    assert found.speed_kmh == pytest.approx(3.6 * 2300 / 380)
    assert found.vehicle_km == 2.3
    assert found.mean_load == (5 * 1000 + 20 * 800 + 10 * 500) / 2300
    assert found.load_factor == (5 * 1000 + 20 * 800 + 10 * 500) / (10 * 1000 + 40 * 1300)
    assert found.greatest_load == 20
    assert found.trips == 2


@pytest.mark.parametrize(
    ("headways", "variation", "excess_s"),
    [((300, 300, 300, 300), 0.0, 0.0), ((100, 500, 100, 500), 2 / 3, 300 * (2 / 3) ** 2 / 2)],
)
def test_even_headways_have_no_variation_and_uneven_ones_cost_a_wait(
    headways: tuple[int, ...], variation: float, excess_s: float
) -> None:
    leaves = np.cumsum([0, *headways]).tolist()
    legs = [leg for i, at in enumerate(leaves) for leg in (departure(i, at), hop(i, at, at + 60, at + 70))]
    (found,) = performance(trajectory(legs, arrived=[]))
    assert found.headways == 4
    assert found.headway_cv == pytest.approx(variation)
    assert found.excess_wait_s == pytest.approx(excess_s)


def test_three_headways_are_too_few_and_last_stops_have_none() -> None:
    legs = [leg for i in range(4) for leg in (departure(i, 60 * i), hop(i, 60 * i, 60 * i + 50, 60 * i + 55))]
    (found,) = performance(trajectory(legs, arrived=[]))
    assert (found.headways, found.headway_cv, found.excess_wait_s) == (0, None, None)


def test_an_empty_performance_has_no_means() -> None:
    nothing = total([])
    assert nothing == Performance()
    assert nothing.wait_s is nothing.speed_kmh is nothing.load_factor is nothing.crowded_share is None


def test_hours_add_up_to_the_day() -> None:
    for line in two_lines().lines:
        day = line_day(line, seed=1, day=date(2026, 3, 3))
        whole = performance(day)[0]
        edges = range(day.starts // 3_600_000 * 3_600_000, day.ends + 3_600_001, 3_600_000)
        added = total(performance(day, edges))
        for name in NAMES:
            assert getattr(added, name) == pytest.approx(getattr(whole, name)), name


@pytest.mark.parametrize("hours", [(5, 9), (9, 10), (10, 24), (20, 30)])
def test_numbers_are_those_of_the_streams(hours: tuple[int, int]) -> None:
    city = City(two_lines(), seed=3)
    start, end = (datetime(2026, 3, 3, tzinfo=UTC) + timedelta(hours=hour) for hour in hours)
    step, minute = timedelta(milliseconds=1), timedelta(minutes=1)
    visits = city.window(start + step, end + step, [Stream.STOP_VISIT])[Stream.STOP_VISIT]
    people = city.window(start + minute, end + minute, [Stream.PEOPLE_COUNT])[Stream.PEOPLE_COUNT]
    edges = [to_ms(start) + 1, to_ms(end) + 1]
    found = total(
        each
        for line in city.network.lines
        for date_ in days_between(line, *edges)
        for each in performance(line_day(line, seed=3, day=date_), edges)
    )
    assert found.people == pc.sum(people["arrived"]).as_py() > 0
    assert found.boardings == pc.sum(people["boarded"]).as_py() == pc.sum(visits["boarding"]).as_py()
    assert found.gave_up == pc.sum(people["left"]).as_py()
    assert found.left_behind == pc.sum(visits["left_behind"]).as_py()
    assert found.visits == len(visits)
    assert found.crowded == pc.sum(pc.greater(visits["left_behind"], 0)).as_py()
    assert found.waited_s == pytest.approx(60 * pc.sum(people["count"]).as_py(), rel=0.03)


def test_over_a_day_the_wait_is_the_difference_of_instants() -> None:
    day = line_day(two_lines().lines[0], seed=1, day=date(2026, 3, 3))
    came, boarded, left = (
        float((c.people * (c.ms - day.starts)).sum()) for c in (day.arrived, day.boarded, day.left)
    )
    (found,) = performance(day)
    assert found.people == found.boardings + found.gave_up
    assert found.wait_s == pytest.approx((boarded + left - came) / 1000 / found.people)
    queue = np.sort(np.repeat(day.legs.leaves, day.legs.boarding))
    assert len(queue) == found.boardings


def test_each_interval_equals_that_interval_measured_alone() -> None:
    day = line_day(two_lines().lines[1], seed=1, day=date(2026, 3, 3))
    edges = [day.starts + i * 5_000_017 for i in range(10)]
    assert performance(day, edges) == [performance(day, pair)[0] for pair in pairwise(edges)]
