from __future__ import annotations

import contextlib
import itertools
import pickle
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simulator.files import yaml_document
from simulator.network import MADRID_DAY_START_S, NIGHT_DAY_START_S, Departure, Headway, Network, Service
from simulator.network_files.loader import NetworkFileError, load_network
from simulator.network_files.timetable import schedule_fault
from simulator.service_day import handover_ms, origin_ms
from simulator.types import DayType
from tests.case_table import each_case
from tests.simulator.network_files.broken_networks import BASIC, BROKEN, replaced, with_field

SHIPPED = Path(__file__).parents[3] / "data" / "lines.yaml"

Writer = Callable[[str | bytes], Path]


@pytest.fixture
def written(tmp_path: Path) -> Writer:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "lines.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(NetworkFileError) as caught:
        load_network(path)
    found = caught.value.problems
    assert {problem.file for problem in found} == {str(path)}
    assert str(caught.value).splitlines() == [f"{path}:{p.line}: {p.message}" for p in found]
    return [(problem.line, problem.message) for problem in found]


@each_case("name", BROKEN)
def test_a_broken_file_is_refused_with_line_and_mend(name: str, written: Writer) -> None:
    content, line, words = BROKEN[name]
    path = written(content)
    found = problems(path)
    telling = [message for at, message in found if at == line and all(word in message for word in words)]
    assert len(telling) == 1, found


SEVERAL_PROBLEMS = {
    *("a repeated key", "a misspelt field", "a merge key", "a Python tag", "a stop twice in a line"),
    *("a lost sign", "a shape elsewhere", "a pattern of strange stops"),
}
"""Mistakes that cause further problems."""


@each_case("name", sorted(BROKEN.keys() - SEVERAL_PROBLEMS))
def test_one_mistake_is_one_problem(name: str, written: Writer) -> None:
    assert len(problems(written(BROKEN[name][0]))) == 1


@pytest.mark.parametrize(
    "name", ["a tab", "a control character", "two documents", "a repeated key", "no seats"]
)
def test_the_pure_python_loader_reports_the_same_lines(
    name: str, written: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(BROKEN[name][0])
    found = [line for line, _ in problems(path)]
    monkeypatch.setattr(yaml_document, "_LOADER", yaml.SafeLoader)
    assert [line for line, _ in problems(path)] == found


def test_all_mistakes_of_a_file_are_reported_at_once_by_line(written: Writer) -> None:
    text = BASIC
    for old, new in (
        ("latitude: 40.409\n", "latitude: .nan\n"),
        ("is_terminal: false", 'is_terminal: "false"'),
        ("        base_arrival_rate: 0.5\n", "        base_arrival_rat: 0.5\n"),
        ("bus_id: B003, capacity: 100", "bus_id: B001, capacity: 0"),
        ("name: Sol, latitude: 40.4169", "name: Sol, name: Sol, latitude: 40.4169"),
        ("-3.7035, is_terminal: true", "-3.7035, is_terminal: false"),
        ("Cibeles, latitude: 40.4194", "Cibeles, latitude: 40.42"),
    ):
        text = replaced(old, new, text)
    found = problems(written(text))
    assert [line for line, _ in found] == [13, 15, 17, 22, 29, 30, 30, 32, 32]
    for (_, message), words in zip(
        found,
        (
            "line L1, stop S002: `latitude` must be a finite number",
            "line L1, stop S002: `is_terminal` must be true or false",
            "line L1, stop S003: `base_arrival_rate` is missing",
            "line L1, stop S003: unknown field `base_arrival_rat`: did you mean `base_arrival_rate`?",
            "line L2, stop S003: one stop id with two places",
            "`name` appears twice",
            "line L2, stop S004: the last stop isn't a terminal",
            "line L2, bus B001: `bus_id` B001 is used already",
            "line L2, bus B001: `capacity` must be at least 1",
        ),
        strict=True,
    ):
        assert words in message


def test_unprintable_values_stay_out_of_the_report(written: Writer) -> None:
    text = replaced("line_id: L2", '"evil\\n\\e[31m": 1\n    line_id: "L\\n2"')
    found = problems(written(text))
    assert [line for line, _ in found] == [26, 27]
    assert all(message.isprintable() for _, message in found)


def test_a_mistake_in_one_line_does_not_hide_the_schedule_of_another(written: Writer) -> None:
    text = replaced("latitude: 40.409", "latitude: no", with_field('hours: "03:00-23:00"'))
    assert [line for line, _ in problems(written(text))] == [13, 31]


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "absent.yaml") == [(1, "file not found: check the path")]


def test_headway_and_departures_together_are_refused(written: Writer) -> None:
    both = 'headway_min: 8\ndepartures: {outbound: ["06:00"], inbound: ["06:40"]}'
    [(_, message)] = problems(written(with_field(both)))
    assert "`headway_min` and `departures`: remove one of the two" in message


def test_a_folder_has_a_file_network_yaml(tmp_path: Path) -> None:
    with pytest.raises(NetworkFileError) as caught:
        load_network(tmp_path)
    assert str(caught.value) == f"{tmp_path / 'network.yaml'}:1: file not found: check the path"


def test_a_file_over_50_mb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_001)
    assert problems(path) == [(1, "is over 50 MB: split or thin out the network")]


def test_an_alias_bomb_is_refused_before_it_is_expanded(written: Writer) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40)
    )
    [(line, message)] = problems(written(bomb))
    assert line == 7
    assert "1,000,000 values" in message


def test_the_error_keeps_its_problems_through_a_pickle(written: Writer) -> None:
    with pytest.raises(NetworkFileError) as caught:
        load_network(written("lines: []\n"))
    error = caught.value
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.problems, str(copy)) == (NetworkFileError, error.problems, str(error))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_with_problems(data: st.DataObject, written: Writer) -> None:
    start = data.draw(st.integers(0, len(BASIC) - 1))
    length = data.draw(st.integers(0, 40))
    damage = data.draw(
        st.one_of(st.text(max_size=8), st.sampled_from(["{", "- ", ": ", "&a", "*a", "!!", "'", "\t"]))
    )
    path = written((BASIC[:start] + damage + BASIC[start + length :]).encode("utf-8", "replace"))
    last = path.read_bytes().count(b"\n") + 1
    with contextlib.suppress(NetworkFileError):
        load_network(path)
        return
    assert all(1 <= line <= last and message for line, message in problems(path))


def test_the_basic_file_becomes_a_network(written: Writer) -> None:
    network = load_network(written(BASIC))
    assert network.name == "lines"
    assert [stop.stop_id for stop in network.stops] == ["S001", "S002", "S003", "S004"]
    first, second = network.lines
    assert [bus.bus_id for bus in first.buses] == ["B001", "B002"]
    assert first.base_arrival_rate == {"S001": 0.6, "S002": 1.0, "S003": 0.5}
    assert (first.night, first.day_start_s, first.speed_kmh) == (False, MADRID_DAY_START_S, None)
    assert first.services == dict.fromkeys(DayType, Service(19_800, 91_800))
    outbound, inbound = first.patterns
    assert (outbound.pattern_id, outbound.direction) == ("L1-0", 0)
    assert (inbound.pattern_id, inbound.direction) == ("L1-1", 1)
    assert [stop.stop_id for stop in outbound.stops] == ["S001", "S002", "S003"]
    assert [stop.stop_id for stop in inbound.stops] == ["S003", "S002", "S001"]
    assert network.lines_of_stop["S003"] == ("L1", "L2")
    assert second.buses[0].initial_position == 1.0
    assert_sound(network)


def test_integers_are_accepted_as_floats(written: Writer) -> None:
    text = BASIC.replace("40.405", "40").replace("40.409", "40.01").replace("40.4194", "40.02")
    stop = load_network(written(replaced("40.4169", "40.03", text))).stop["S001"]
    assert isinstance(stop.latitude, float)
    assert stop.latitude == 40.0


def test_lines_in_another_order_are_the_same_network(written: Writer) -> None:
    first, second = BASIC.removeprefix("lines:\n").split("  - line_id: L2")
    swapped = f"lines:\n  - line_id: L2{second}{first}"
    assert load_network(written(swapped)).digest == load_network(written(BASIC)).digest


def test_shared_stops_may_be_defined_once_at_the_top(written: Writer) -> None:
    place = "name: Cibeles, latitude: 40.4194, longitude: -3.6929"
    text = replaced(f"S003, {place}, is_terminal", "S003, is_terminal")
    text = replaced(
        "        name: Cibeles\n        latitude: 40.4194\n        longitude: -3.6929\n", "", text
    )
    unused = "name: Unused, latitude: 40, longitude: -3"
    text += f"stops:\n  - {{stop_id: S003, {place}}}\n  - {{stop_id: S900, {unused}}}\n"
    assert load_network(written(text)).digest == load_network(written(BASIC)).digest


def test_ordinary_aliases_are_followed(written: Writer) -> None:
    text = replaced('    name: "27 Embajadores - Castilla"', '    hours: &hours "06:00-23:00"\n    name: x')
    text = replaced('name: "5 Cibeles - Sol"', 'name: "5 Cibeles - Sol"\n    hours: *hours', text)
    network = load_network(written(text))
    assert network.line["L2"].services == network.line["L1"].services


def test_a_night_line_begins_its_day_at_noon(written: Writer) -> None:
    line = load_network(written(with_field("night: true"))).line["L2"]
    assert (line.night, line.day_start_s) == (True, NIGHT_DAY_START_S)
    assert line.services == dict.fromkeys(DayType, Service(85_500, 108_000))


@pytest.mark.parametrize("text", ['"06:00-00:30"', '"06:00-24:30"', "06:00 - 00:30"])
def test_hours_may_end_after_midnight(text: str, written: Writer) -> None:
    line = load_network(written(with_field(f"hours: {text}"))).line["L2"]
    assert line.services == dict.fromkeys(DayType, Service(21_600, 88_200))


def test_hours_by_day_type_leave_days_without_service(written: Writer) -> None:
    text = with_field('hours: {weekday: "06:00-22:00", saturday: "07:00-22:00", sunday: none}')
    assert load_network(written(text)).line["L2"].services == {
        DayType.WEEKDAY: Service(21_600, 79_200),
        DayType.SATURDAY: Service(25_200, 79_200),
    }


def test_one_headway_applies_all_day(written: Writer) -> None:
    line = load_network(written(with_field('hours: "06:00-22:00"\nheadway_min: 7.5'))).line["L2"]
    assert line.services[DayType.SUNDAY] == Service(21_600, 79_200, (Headway(21_600, 79_200, 450),))


def test_headways_by_band_and_day_type(written: Writer) -> None:
    text = with_field(
        "headway_min:\n"
        "  weekday:\n"
        "    - {from: 06:00, to: 10:30, every_min: 5}\n"
        "    - {from: 10:30, to: 00:30, every_min: 9}\n"
        "  saturday: 12\n"
        "  sunday: none\n"
    )
    assert load_network(written(text)).line["L2"].services == {
        DayType.WEEKDAY: Service(
            21_600, 88_200, (Headway(21_600, 37_800, 300), Headway(37_800, 88_200, 540))
        ),
        DayType.SATURDAY: Service(19_800, 91_800, (Headway(19_800, 91_800, 720),)),
    }


def test_departures_are_sorted_and_may_name_a_pattern(written: Writer) -> None:
    text = with_field(
        "patterns:\n"
        "  - {pattern_id: main, direction: outbound, stops: [S003, S004]}\n"
        "  - {pattern_id: loop, direction: outbound, stops: [S003, S004, S003, S004]}\n"
        "  - {pattern_id: back, direction: inbound, stops: [S004, S003]}\n"
        'departures:\n  outbound: ["07:00", "00:10", {time: "06:30", pattern: loop}]\n  inbound: ["06:30"]'
    )
    services = load_network(written(text)).line["L2"].services
    departures = (
        Departure(23_400, "back"),
        Departure(23_400, "loop"),
        Departure(25_200, "main"),
        Departure(87_000, "main"),
    )
    assert services == dict.fromkeys(DayType, Service(23_400, 87_000, (), departures))


def test_departures_of_a_night_line_after_midnight(written: Writer) -> None:
    text = with_field('night: true\ndepartures: {outbound: ["23:45", "00:30", "05:00"]}')
    service = load_network(written(text)).line["L2"].services[DayType.WEEKDAY]
    assert [departure.time_s for departure in service.departures] == [85_500, 88_200, 104_400]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 47 * 60), end=st.integers(0, 47 * 60), night=st.booleans())
@example(start=24 * 60, end=0, night=False)
@example(start=26 * 60, end=60, night=True)
def test_hours_that_are_accepted_let_every_bus_be_home(
    start: int, end: int, night: bool, written: Writer
) -> None:
    hours = f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    try:
        line = load_network(written(with_field(f'night: {str(night).lower()}\nhours: "{hours}"'))).line["L2"]
    except NetworkFileError:
        return
    service = line.services[DayType.WEEKDAY]
    assert line.day_start_s <= service.start_s < service.end_s
    for first in (date(2026, 3, 27), date(2026, 10, 23)):
        days = [first + timedelta(days=i) for i in range(5)]
        for day, after in itertools.pairwise(days):
            home = origin_ms(day) + 1000 * service.end_s + 2 * 6 * 60_000  # two trips of a kilometre
            assert handover_ms(line, day) < home < handover_ms(line, after)


def test_a_one_way_line_has_no_inbound_pattern(written: Writer) -> None:
    line = load_network(written(with_field("one_way: true"))).line["L2"]
    assert [pattern.direction for pattern in line.patterns] == [0]
    assert line.main_pattern(1) is None


def test_a_shape_is_led_through_the_stops(written: Writer) -> None:
    text = with_field(
        "shape:\n- [40.421, -3.690]\n- [40.4190, -3.6950]\n- [40.4180, -3.6990]\n- [40.4160, -3.7060]"
    )
    line = load_network(written(text)).line["L2"]
    outbound, inbound = line.patterns
    assert [(p.latitude, p.longitude) for p in outbound.shape] == [
        (40.4194, -3.6929),
        (40.4190, -3.6950),
        (40.4180, -3.6990),
        (40.4169, -3.7035),
    ]
    assert [(p.latitude, p.longitude) for p in inbound.shape] == [
        (p.latitude, p.longitude) for p in reversed(outbound.shape)
    ]


def test_the_default_end_of_a_long_line_leaves_time_to_get_home(written: Writer) -> None:
    text = BASIC.replace("40.4194", "40.5").replace("40.4169", "40.39")
    line = load_network(written(text)).line["L2"]
    service = line.services[DayType.WEEKDAY]
    assert service.start_s == 19_800
    assert service.end_s % 300 == 0
    assert 20 * 3600 < service.end_s < 91_800
    assert schedule_fault(line) is None


def test_the_shipped_network_has_the_documented_size() -> None:
    network = load_network(SHIPPED)
    assert_sound(network)
    assert 10 <= len(network.lines) <= 12
    assert sum(line.night for line in network.lines) >= 2
    assert network.line["L1"].name == "27 Embajadores - Plaza de Castilla"
    assert network.line_of_bus["B001"].line_id == "L1"
    assert network.stop["S001"].name == "Glorieta de Embajadores"
    assert max(len(lines) for lines in network.lines_of_stop.values()) >= 8
    for line in network.lines:
        assert len(line.buses) in (range(3, 5) if line.night else range(5, 11))
        assert 12 <= len(line.patterns[0].stops) <= 24
        assert all(
            40.36 < stop.latitude < 40.51 and -3.79 < stop.longitude < -3.61
            for stop in line.patterns[0].stops
        )


def test_the_shipped_stops_lie_a_walking_distance_apart() -> None:
    for line in load_network(SHIPPED).lines:
        stops = line.patterns[0].stops
        hops = [other.distance_m - one.distance_m for one, other in itertools.pairwise(stops)]
        assert 170 <= min(hops) <= max(hops) <= 950
        assert 250 <= sum(hops) / len(hops) <= 600


def assert_sound(network: Network) -> None:
    """Assert what `Pattern`, `Network` and `schedule_fault` promise."""
    assert [line.line_id for line in network.lines] == sorted(line.line_id for line in network.lines)
    assert [stop.stop_id for stop in network.stops] == sorted(stop.stop_id for stop in network.stops)
    for line in network.lines:
        assert schedule_fault(line) is None
        assert line.base_arrival_rate.keys() == line.stop_ids
        assert [bus.bus_id for bus in line.buses] == sorted(bus.bus_id for bus in line.buses)
        for pattern in line.patterns:
            assert pattern.stops[0].distance_m == pattern.shape[0].distance_m == 0
            assert pattern.stops[-1].distance_m == pattern.shape[-1].distance_m
            for one, other in itertools.pairwise(pattern.stops):
                assert one.distance_m < other.distance_m
            vertices = {(point.distance_m, point.latitude, point.longitude) for point in pattern.shape}
            for stop in pattern.stops:
                place = network.stop[stop.stop_id]
                assert (stop.latitude, stop.longitude) == (place.latitude, place.longitude)
                assert (stop.distance_m, stop.latitude, stop.longitude) in vertices
