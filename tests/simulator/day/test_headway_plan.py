from simulator.day import travel
from simulator.day.headway_plan import headway_plan, planned_cycle_s, planned_headways
from simulator.network import Headway, Service
from simulator.types import DayType
from tests.networks import line, street

LINE = line("L1", street(20))
HOPS = [travel.hops(pattern, None) for pattern in LINE.patterns]


def test_more_buses_give_shorter_headways() -> None:
    cycle_s = planned_cycle_s(LINE, DayType.WEEKDAY, HOPS)
    few, many = (planned_headways(LINE, DayType.WEEKDAY, cycle_s, buses) for buses in (4, 8))
    assert all(b < a for a, b in zip(few, many, strict=True))
    assert many[8] < many[22]


def test_given_headways_are_planned_as_given() -> None:
    service = Service(20_000, 30_000, (Headway(22_000, 30_000, 600), Headway(20_000, 22_000, 300)))
    plan = headway_plan(LINE, service, DayType.WEEKDAY, HOPS, buses=4)
    assert plan.bands == [(20_000, 22_000), (22_000, 30_000)]
    assert [plan.headway_s(at_s) for at_s in (20_000, 21_999, 22_000)] == [300, 300, 600]


def test_headways_that_are_not_given_follow_from_the_buses() -> None:
    plan = headway_plan(LINE, Service(20_000, 30_000), DayType.WEEKDAY, HOPS, buses=4)
    assert plan.bands == [(20_000, 30_000)]
    assert plan.headway_s(28_800) == planned_headways(LINE, DayType.WEEKDAY, plan.cycle_s, 4)[8]
