from collections.abc import Sequence

from simulator.day import travel
from simulator.day.dispatch import (
    HOLDING_STOPS,
    LONGEST_HOLD_S,
    Dispatch,
    PlannedDeparture,
    TimetableDispatch,
    dispatch,
    held_ms,
)
from simulator.day.fleet import CANCELLED_S
from simulator.day.headway_plan import planned_cycle_s
from simulator.network import Departure, Headway, Line, Service
from simulator.types import DayType
from tests.networks import line, street

PLACES = street(20)


def next_departure(planned: Dispatch, direction: int, ready_s: float) -> PlannedDeparture:
    taken = planned.take(direction, ready_s)
    assert taken is not None
    return taken


def plan(made: Line, service: Service) -> Dispatch:
    return dispatch(made, service, DayType.WEEKDAY, travel.LineHops(made), len(made.buses))


def timetable(
    *departures: tuple[int, int, int], sources: Sequence[int] = (), empty_s: float = 0.0
) -> TimetableDispatch:
    return TimetableDispatch([PlannedDeparture(*each) for each in departures], sources, empty_s)


def test_departures_follow_the_given_headway() -> None:
    service = Service(20_000, 30_000, (Headway(20_000, 22_000, 300), Headway(22_000, 30_000, 600)))
    planned = plan(line("L1", PLACES), service)
    times = [next_departure(planned, 0, 0).time_s for _ in range(9)]
    assert times == [20_000, 20_300, 20_600, 20_900, 21_200, 21_500, 21_800, 22_100, 22_700]


def test_nothing_departs_between_bands_of_headways() -> None:
    service = Service(20_000, 40_000, (Headway(20_000, 21_000, 600), Headway(30_000, 31_000, 600)))
    planned = plan(line("L1", PLACES), service)
    times = []
    while (taken := planned.take(0, 0)) is not None:
        times.append(taken.time_s)
    assert times == [20_000, 20_600, 30_000, 30_600]


def test_terminals_are_dispatched_apart() -> None:
    planned = plan(line("L1", PLACES), Service(20_000, 30_000, (Headway(20_000, 30_000, 600),)))
    assert next_departure(planned, 0, 0)[:2] == (20_000, 0)
    assert next_departure(planned, 1, 0)[:2] == (20_000, 1)
    assert next_departure(planned, 0, 0)[:2] == (20_600, 0)


def test_a_late_bus_moves_the_slots_after_it() -> None:
    planned = plan(line("L1", PLACES), Service(20_000, 30_000, (Headway(20_000, 30_000, 600),)))
    planned.take(0, 0)
    assert next_departure(planned, 0, 21_000).time_s == 21_000
    assert next_departure(planned, 0, 0).time_s == 21_600


def test_service_ends() -> None:
    planned = plan(line("L1", PLACES), Service(20_000, 20_500, (Headway(20_000, 20_500, 600),)))
    assert planned.take(0, 0) is not None
    assert planned.take(0, 0) is None


def test_a_timetable_is_kept_in_order_and_by_direction() -> None:
    planned = timetable((10, 0, 0), (50, 1, 1), (90, 0, 0))
    assert planned.take(0, 0) == PlannedDeparture(10, 0, 0)
    assert planned.take(1, 0) == PlannedDeparture(50, 1, 1)
    assert planned.take(1, 0) is None
    assert planned.take(1, 91) == PlannedDeparture(
        90, 0, 0
    )  # overdue at the other terminal: runs empty there
    assert planned.take(0, 0) is None


def test_buses_run_empty_to_the_departures_that_the_plan_gives_them() -> None:
    planned = timetable((10, 0, 0), (50, 1, 1), (90, 1, 1), sources=[0, 0, 1], empty_s=30)
    assert planned.take(0, 0) == PlannedDeparture(10, 0, 0)
    assert planned.take(0, 0) == PlannedDeparture(50, 1, 1)
    assert planned.take(1, 0) == PlannedDeparture(90, 1, 1)


def test_buses_that_are_all_at_one_terminal_serve_both() -> None:
    made = line("L1", PLACES, buses=1)
    service = Service(20_000, 30_000, departures=(Departure(20_000, "L1-1"), Departure(30_000, "L1-0")))
    planned = plan(made, service)
    assert next_departure(planned, 0, 0) == PlannedDeparture(20_000, 1, 1)
    assert next_departure(planned, 0, 0) == PlannedDeparture(30_000, 0, 0)


def test_a_departure_far_too_late_is_cancelled() -> None:
    planned = timetable((10, 0, 0), (5000, 0, 0))
    assert planned.take(0, 11 + CANCELLED_S) == PlannedDeparture(5000, 0, 0)
    assert planned.take(0, 11 + CANCELLED_S) is None


def test_without_spacing_buses_leave_when_they_are_ready_and_rest_when_fewer_are_needed() -> None:
    made = line("L1", PLACES, buses=6)
    hops = travel.LineHops(made)
    cycle_s = planned_cycle_s(made, DayType.WEEKDAY, hops.quiet)[8]
    few, many = round(cycle_s / 2), round(cycle_s / 6)
    service = Service(28_800, 50_000, (Headway(28_800, 36_000, many), Headway(36_000, 50_000, few)))
    free = dispatch(made, service, DayType.WEEKDAY, hops, 6, spaced=False)
    first = [next_departure(free, 0, 0).time_s for _ in range(6)]
    assert first == [28_800 + many * number for number in range(6)]
    assert next_departure(free, 0, 33_000).time_s == 33_000
    assert next_departure(free, 0, 33_001).time_s == 33_001
    taken = [free.take(0, 37_000.0 + number) for number in range(6)]
    assert [planned is None for planned in taken] == [True, True, True, True, False, False]


def test_holding_keeps_a_part_of_the_headway_at_some_stops() -> None:
    assert held_ms(600, HOLDING_STOPS, now=1_000_000, passed=900_000) == LONGEST_HOLD_S * 1000
    assert held_ms(600, HOLDING_STOPS, now=1_000_000, passed=560_000) == 40_000
    assert held_ms(600, HOLDING_STOPS, now=1_000_000, passed=100_000) == 0
    assert held_ms(600, HOLDING_STOPS + 1, now=1_000_000, passed=900_000) == 0
    assert held_ms(600, HOLDING_STOPS, now=1_000_000, passed=-1) == 0
