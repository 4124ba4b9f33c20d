from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from simulator.day.bus import OverrunError
from simulator.day.line_day import line_day
from simulator.day.trajectory import Trajectory
from simulator.day.travel import LATENESS_S
from simulator.network import Departure, Headway, Line, Service
from simulator.types import DayType
from tests.examples import examples
from tests.networks import line, pattern, street

WEEKDAY = date(2026, 11, 18)
PLACES = street(12)


def of_bus(day: Trajectory, index: int) -> np.ndarray:
    return np.flatnonzero(day.legs.bus == index)


def check(day: Trajectory) -> None:
    """Assert the invariants of a line-day."""
    legs = day.legs
    for index, capacity in enumerate(day.capacities):
        rows = of_bus(day, index)
        assert legs.begins[rows[0]] == day.starts
        assert legs.leaves[rows[-1]] == day.ends
        assert np.array_equal(legs.begins[rows[1:]], legs.leaves[rows[:-1]])
        assert np.all(legs.load[rows] >= 0)
        assert np.all(legs.load[rows] <= capacity)
        after = legs.load[rows] + legs.boarding[rows] - legs.alighting[rows]
        assert np.array_equal(after[:-1], legs.load[rows[1:]])
        full = after == capacity
        assert np.all(full[legs.left_behind[rows] > 0])
    assert np.all(legs.begins < legs.leaves)
    for earlier, later in (
        ("begins", "changed"),
        ("changed", "brakes"),
        ("brakes", "stops"),
        ("stops", "opens"),
    ):
        assert np.all(getattr(legs, earlier) <= getattr(legs, later)), (earlier, later)
    for trip in range(len(day.trips)):
        rows = np.flatnonzero(legs.trip == trip)
        assert legs.boarding[rows].sum() == legs.alighting[rows].sum()
        assert np.array_equal(legs.sequence[rows], np.arange(1, len(rows) + 1))
    assert len(day.arrived.ms) == day.boarded.people.sum() + len(day.left.ms)
    assert np.all(legs.waiting >= legs.left_behind)
    assert np.all(legs.excess >= 0)


LINES = {
    "mirrored": line("L1", PLACES),
    "one bus": line("L1", PLACES, buses=1),
    "crowded": line("L1", PLACES, capacity=8, rate=3.0),
    "one place": line("L1", PLACES[:3], capacity=1, rate=1.0),
    "nobody": line("L1", PLACES, rate=0.0),
    "night": line("L1", PLACES, night=True),
    "one way": line("L1", PLACES, one_way=True),
    "two stops": line("L1", PLACES[:2]),
    "circle": line("L1", [*PLACES[:5], *street(4, first=50, row=1)[::-1], PLACES[0]], one_way=True),
    "stop twice": line("L1", [*PLACES[:4], *street(2, first=50, row=1), PLACES[3], *PLACES[5:7]]),
    "other ends": line(
        "L1", PLACES, patterns=[pattern("a", 0, PLACES), pattern("b", 1, street(12, first=40, row=1)[::-1])]
    ),
    "a metre apart": line("L1", street(5, step=0.000012)),
    "motorway": line("L1", street(5, step=0.05), speed_kmh=80),
    "no sundays": line("L1", PLACES, services={DayType.WEEKDAY: Service(21_600, 79_200)}),
    "short turns": line(
        "L1",
        PLACES,
        patterns=[
            pattern("a", 0, PLACES),
            pattern("short", 0, PLACES[:6]),
            pattern("b", 1, PLACES[::-1]),
            pattern("back", 1, PLACES[5::-1]),
        ],
        departures=[Departure(20_000 + 500 * i, ("a", "short", "b", "back")[i % 4]) for i in range(80)],
    ),
    "too many departures": line(
        "L1", PLACES, buses=1, departures=[Departure(20_000 + 60 * i, "L1-0") for i in range(300)]
    ),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("day", [WEEKDAY, date(2026, 11, 22), date(2026, 3, 28), date(2026, 10, 25)])
def test_a_line_day_is_consistent(name: str, day: date) -> None:
    check(line_day(LINES[name], seed=1, day=day))


@pytest.mark.integration
@examples(40, suppress=[HealthCheck.too_slow])
@given(
    stops=st.integers(2, 25),
    step=st.floats(0.0002, 0.01),
    buses=st.integers(1, 9),
    capacity=st.integers(1, 150),
    rate=st.floats(0, 4),
    night=st.booleans(),
    seed=st.integers(0, 2**32),
    offset=st.integers(0, 366),
)
def test_any_line_day_is_consistent(
    stops: int, step: float, buses: int, capacity: int, rate: float, night: bool, seed: int, offset: int
) -> None:
    made = line("L1", street(stops, step=step), buses=buses, capacity=capacity, rate=rate, night=night)
    check(line_day(made, seed=seed, day=date(2026, 1, 1) + timedelta(days=offset)))


def same(one: Trajectory, other: Trajectory) -> bool:
    columns = ("bus", "leaves", "boarding", "alighting", "waiting", "speed", "excess")
    return one.trips == other.trips and all(
        np.array_equal(getattr(one.legs, c), getattr(other.legs, c)) for c in columns
    )


def test_equal_arguments_give_equal_line_days() -> None:
    assert same(
        line_day(LINES["mirrored"], seed=1, day=WEEKDAY), line_day(LINES["mirrored"], seed=1, day=WEEKDAY)
    )


def test_a_seed_changes_everything() -> None:
    one, other = (line_day(LINES["mirrored"], seed=seed, day=WEEKDAY) for seed in (1, 2))
    assert (
        not np.intersect1d(
            one.legs.leaves[one.legs.sequence > 1], other.legs.leaves[other.legs.sequence > 1]
        ).size
        > 20
    )
    assert len(one.arrived.ms) != len(other.arrived.ms)


def test_buses_start_and_end_at_their_home_terminal() -> None:
    made = line("L1", PLACES, buses=4)
    day = line_day(made, seed=1, day=WEEKDAY)
    for index, bus in enumerate(made.buses):
        rows = of_bus(day, index)
        home = 0 if bus.initial_position < 0.5 else 1
        stop = made.patterns[home].stops[0].stop_id
        assert day.stops[day.legs.stop[rows[0]]] == stop
        assert day.stops[day.legs.stop[rows[-1]]] == stop
        assert day.legs.direction[rows[0]] == home


def test_the_larger_initial_position_departs_first() -> None:
    day = line_day(line("L1", PLACES, buses=6), seed=1, day=WEEKDAY)
    first = [day.legs.leaves[of_bus(day, i)[0]] for i in range(6)]
    assert first[2] < first[1] < first[0]
    assert first[5] < first[4] < first[3]


def test_scheduled_departures_leave_on_time_or_somewhat_late() -> None:
    times = list(range(21_600, 60_000, 600))
    made = line("L1", PLACES, rate=0.05, departures=[Departure(t, "L1-0") for t in times])
    day = line_day(made, seed=1, day=WEEKDAY)
    starts = day.legs.leaves[day.legs.sequence == 1]
    late = np.sort(starts - (day.starts - (19_800 - 60) * 1000)) - np.array(times) * 1000
    assert late.min() >= 0
    assert abs(late.mean() / 1000 - LATENESS_S) < 5 * LATENESS_S / len(times) ** 0.5


def test_a_day_without_service_parks_every_bus() -> None:
    day = line_day(LINES["no sundays"], seed=1, day=date(2026, 11, 22))
    assert day.trips == ()
    assert np.all(day.legs.sequence == 0)
    assert len(day.arrived.ms) == 0


def test_the_last_left_behind_give_up_before_the_day_ends() -> None:
    day = line_day(LINES["one place"], seed=1, day=WEEKDAY)
    assert len(day.left.ms) > 0
    assert day.left.ms.max() < day.ends


def test_buses_bunch_more_along_the_line() -> None:
    made = line("L1", street(25), buses=8, rate=0.8, capacity=90)
    variation: dict[int, list[float]] = {1: [], 12: [], 24: []}
    for seed in range(6):
        day = line_day(made, seed=seed, day=WEEKDAY)
        for position, values in variation.items():
            rows = (day.legs.sequence == position) & (day.legs.direction == 0)
            gaps = np.diff(np.sort(day.legs.leaves[rows]))
            values.append(gaps.std() / gaps.mean())
    origin, middle, end = (float(np.mean(v)) for v in variation.values())
    assert origin < middle < end


def test_stops_without_demand_are_passed() -> None:
    day = line_day(LINES["nobody"], seed=1, day=WEEKDAY)
    middle = (day.legs.sequence > 1) & (day.legs.sequence < 12)
    assert not day.legs.doors[middle].any()
    assert np.array_equal(day.legs.opens[middle], day.legs.leaves[middle])


def test_a_bus_that_is_not_home_in_time_is_an_error() -> None:
    late = Service(14_460, 100_000, (Headway(14_460, 100_000, 1800),))
    made: Line = line("L1", street(40, step=0.02), buses=1, services=dict.fromkeys(DayType, late))
    with pytest.raises(OverrunError, match="line L1: bus B001"):
        line_day(made, seed=1, day=WEEKDAY)
