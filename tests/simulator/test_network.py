from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable

import pytest

from simulator.network import Bus, Departure, Headway, Line, Network, Service, Stop
from simulator.types import BusId, DayType, StopId
from tests.networks import line, network, pattern, street, two_lines


def with_line(**changes: object) -> Network:
    """The network of two lines, with L1 changed."""
    original = two_lines()
    first, *others = original.lines
    return dataclasses.replace(original, lines=(dataclasses.replace(first, **changes), *others))  # type: ignore[arg-type]


def with_service(service: Service) -> Network:
    return with_line(services=dict.fromkeys(DayType, service))


def test_the_digest_is_the_same_in_every_process() -> None:
    assert two_lines().digest == "149ed9696400451c61481b762a811c2875459f81f5c981f9836a1b2a772116fd"


def test_the_digest_survives_a_pickle_and_a_rename() -> None:
    original = two_lines()
    assert pickle.loads(pickle.dumps(original)).digest == original.digest
    assert dataclasses.replace(original, name="another").digest == original.digest
    assert dataclasses.replace(original, name="another") == original


def test_the_order_of_mappings_does_not_count() -> None:
    first = two_lines().lines[0]
    rates = dict(reversed(list(first.base_arrival_rate.items())))
    services = {day: first.services[day] for day in reversed(DayType)}
    assert with_line(base_arrival_rate=rates, services=services).digest == two_lines().digest


CHANGES: dict[str, Callable[[Line], Network]] = {
    "name": lambda _: with_line(name="Another"),
    "night": lambda _: with_line(night=True),
    "day start": lambda _: with_line(day_start_s=14_401),
    "speed": lambda _: with_line(speed_kmh=18.0),
    "rate": lambda first: with_line(base_arrival_rate={**first.base_arrival_rate, StopId("S001"): 0.41}),
    "capacity": lambda first: with_line(buses=(Bus(BusId("B001"), 61, 0.0), *first.buses[1:])),
    "position": lambda first: with_line(buses=(Bus(BusId("B001"), 60, 0.1), *first.buses[1:])),
    "bus": lambda first: with_line(buses=first.buses[1:]),
    "hours": lambda _: with_service(Service(19_800, 91_801)),
    "headways": lambda _: with_service(Service(19_800, 91_800, (Headway(19_800, 91_800, 600),))),
    "departures": lambda _: with_service(Service(19_800, 91_800, (), (Departure(19_800, "L1-0"),))),
    "no sundays": lambda first: with_line(
        services={day: first.services[day] for day in DayType if day != DayType.SUNDAY}
    ),
    "patterns": lambda first: with_line(patterns=first.patterns[:1]),
    "place": lambda first: with_line(
        patterns=(pattern("L1-0", 0, street(12, step=0.0031)), first.patterns[1])
    ),
    "stop": lambda _: dataclasses.replace(
        two_lines(), stops=(Stop(StopId("S001"), "Sol", 40.4, -3.72), *two_lines().stops[1:])
    ),
}


def test_every_field_that_affects_the_simulation_changes_the_digest() -> None:
    digests = {name: change(two_lines().lines[0]).digest for name, change in CHANGES.items()}
    assert len({*digests.values(), two_lines().digest}) == len(CHANGES) + 1


def test_a_network_is_looked_up_by_id() -> None:
    made = two_lines()
    assert list(made.line) == ["L1", "L2", "L3"]
    assert made.line["L2"] is made.lines[1]
    assert made.stop["S004"].stop_id == "S004"
    assert made.line_of_bus["B010"] is made.line["L2"]
    assert made.lines_of_stop["S004"] == ("L1", "L2", "L3")
    assert made.lines_of_stop["S001"] == ("L1",)


def test_the_first_pattern_of_a_direction_is_its_main_one() -> None:
    places = street(4)
    short, whole = pattern("short", 0, places[:2]), pattern("whole", 0, places)
    made = line("L1", places, patterns=[short, whole])
    assert made.main_pattern(0) is short
    assert made.main_pattern(1) is None
    assert made.stop_ids == {"S001", "S002", "S003", "S004"}


def test_a_network_is_immutable() -> None:
    made = network(line("L1", street(3)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.lines[0].name = "Another"  # type: ignore[misc]
