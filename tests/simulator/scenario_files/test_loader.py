from __future__ import annotations

import contextlib
import math
import textwrap
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from simulator.files.problems import InputFileError
from simulator.network import Network
from simulator.network_files.loader import load_network
from simulator.scenario.demand import DemandChange, Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.extra_buses import ExtraBuses
from simulator.scenario.headway_control import HeadwayControl
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import WHOLE_DAY, Span
from simulator.scenario.weather_changes import Rain, Weather
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.scenario_files.entries import DISRUPTIONS, WIRE
from simulator.scenario_files.loader import ScenarioFileError, load_scenario
from simulator.scenario_files.schema import DisruptionEntry, WireEntry
from simulator.types import BusId, LineId, StopId
from tests.case_table import each_case
from tests.examples import examples
from tests.simulator.any_scenario import as_plain, city, scenarios
from tests.simulator.network_files.broken_networks import BASIC
from tests.simulator.scenario_files.broken_scenarios import BROKEN, FULL, replaced

DATA = Path(__file__).parents[3] / "data"
SHIPPED = sorted((DATA / "scenarios").glob("*.yaml"))
HOUR = 3600

Writer = Callable[[str], Path]


def network_of(path: Path | None) -> Network:
    return city() if path is None else load_network(path)


@pytest.fixture
def written(tmp_path: Path) -> Writer:
    def write(content: str) -> Path:
        path = tmp_path / "scenario.yaml"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(ScenarioFileError) as caught:
        load_scenario(path, network_of)
    found = caught.value.problems
    assert {problem.file for problem in found} == {str(path)}
    assert str(caught.value).splitlines() == [f"{path}:{p.line}: {p.message}" for p in found]
    return [(problem.line, problem.message) for problem in found]


@each_case("name", BROKEN)
def test_a_broken_file_is_refused_with_line_and_mend(name: str, written: Writer) -> None:
    content, line, words = BROKEN[name]
    [(at, message)] = problems(written(content))
    assert at == line, message
    assert [word for word in words if word not in message] == [], message


def test_all_mistakes_of_a_file_are_reported_at_once_by_line(written: Writer) -> None:
    text = FULL
    for old, new in (
        ("seed: 7", "sed: 7"),
        ("speed: 60", "speed: 0"),
        ("rain: moderate", "rain: wet"),
        ("repair_min: 45", "repair_min: 0"),
        ("line: L1, between: [S008", "line: L01, between: [S008"),
        ('from: "20:00"', 'from: "22:00"'),
        ("stop: S012", "stop: S021"),
        ("count: 2", "count: none"),
        ("[B002]", "[B200]"),
    ):
        text = replaced(old, new, text)
    found = problems(written(text))
    assert [line for line, _ in found] == [6, 7, 11, 14, 15, 18, 19, 21, 25]


def test_every_field_of_a_file_is_in_the_scenario(written: Writer) -> None:
    assert load_scenario(written(FULL), network_of) == Scenario(
        name="everything",
        description="One of everything, on two days.",
        first_day=date(2026, 3, 3),
        last_day=date(2026, 3, 4),
        seed=7,
        start=datetime(2026, 3, 3, 6, 30, tzinfo=UTC),
        rate=60.0,
        demand=(
            DemandChange(1.4, (LineId("L1"),), (StopId("S001"), StopId("S004")), Span(7 * HOUR, 10 * HOUR)),
            DemandChange(0.5, span=Span(22 * HOUR, WHOLE_DAY.end_s)),
        ),
        weather=Weather(-4.0, 20.0, Rain.MODERATE),
        control=HeadwayControl.HEADWAY,
        breakdowns=(Breakdown(BusId("B003"), 29_700, 2700, StopId("S004")),),
        closures=(
            Closure(LineId("L1"), StopId("S008"), StopId("S010"), Span(8 * HOUR, 12 * HOUR), 150),
            Closure(LineId("L3"), StopId("S007"), StopId("S005"), Span(8 * HOUR, 12 * HOUR)),
        ),
        slow_zones=(SlowZone(LineId("L2"), StopId("S007"), StopId("S009"), Span(9 * HOUR, 10 * HOUR), 0.5),),
        closed_stops=(ClosedStop(StopId("S012"), Span(0, 91_800)),),
        surges=(Surge(StopId("S017"), 20.0, Span(20 * HOUR, 21 * HOUR), (LineId("L1"),)),),
        strikes=(Strike(0.5, (LineId("L4"), LineId("L5"))),),
        extra_buses=(ExtraBuses(LineId("L1"), 2, 95),),
        wire_faults=(
            WireFault(
                FaultKind.DROPPED, 0.05, (BusId("B001"), BusId("L1-extra-2")), Span(8 * HOUR, 9 * HOUR)
            ),
            WireFault(FaultKind.DELAYED, delay_s=90),
            WireFault(FaultKind.STUCK, buses=(BusId("B002"),)),
            WireFault(FaultKind.OUT_OF_ORDER, 0.1),
            WireFault(FaultKind.MALFORMED, 0.01),
        ),
    )


def test_only_name_and_dates_are_required(written: Writer) -> None:
    scenario = load_scenario(written("name: plain\ndates: 2026-07-01\n"), network_of)
    day = date(2026, 7, 1)
    assert scenario == Scenario("plain", day, day, start=datetime(2026, 7, 1, 3, tzinfo=UTC))
    assert scenario.digest == ""


@pytest.mark.parametrize(
    ("text", "start", "rate"),
    [
        ('{start: "25:30", speed: max}', datetime(2026, 3, 4, 0, 30, tzinfo=UTC), math.inf),
        ("{start: 2026-03-04 06:00:30Z, speed: 0.5}", datetime(2026, 3, 4, 6, 0, 30, tzinfo=UTC), 0.5),
    ],
)
def test_a_clock_may_start_by_time_or_instant(
    text: str, start: datetime, rate: float, written: Writer
) -> None:
    scenario = load_scenario(
        written(f"name: x\ndates: 2026-03-03 to 2026-03-04\nclock: {text}\n"), network_of
    )
    assert (scenario.start, scenario.rate) == (start, rate)


def test_the_word_none_is_no_rain(written: Writer) -> None:
    scenario = load_scenario(written("name: x\ndates: 2026-03-03\nweather: {rain: none}\n"), network_of)
    assert scenario.weather == Weather()


# the network


SMALL = """\
name: small
dates: 2026-03-03
network: networks/small.yaml
disruptions:
  - {entry}
"""


def with_network(folder: Path, entry: str, network: str = BASIC) -> Path:
    """A scenario with one disruption, on line 5, and its network file."""
    (folder / "networks").mkdir()
    (folder / "networks" / "small.yaml").write_text(network, encoding="utf-8")
    path = folder / "scenario.yaml"
    path.write_text(SMALL.replace("{entry}", entry), encoding="utf-8")
    return path


def with_patterns(fields: str) -> str:
    """The basic network, with more fields for L1."""
    return BASIC.replace("    stops:\n", textwrap.indent(fields, "    ") + "    stops:\n", 1)


def test_the_network_is_found_from_the_scenario(tmp_path: Path) -> None:
    path = with_network(tmp_path, "strike: {share: 0.5, lines: [L2]}")
    assert load_scenario(path, network_of).network == str(tmp_path / "networks" / "small.yaml")
    path.write_text(SMALL.replace("{entry}", "strike: {share: 0.5, lines: [L7]}"))
    assert problems(path) == [(5, 'strike: the network has no line "L7": it has L1, L2')]


def test_problems_of_the_network_are_reported_with_the_rest(tmp_path: Path) -> None:
    broken = BASIC.replace("capacity: 100", "capacity: 0")
    path = with_network(tmp_path, "strike: {share: 2}", broken)
    with pytest.raises(ScenarioFileError) as caught:
        load_scenario(path, network_of)
    found = [(Path(p.file).name, p.line) for p in caught.value.problems]
    assert found == [("small.yaml", 32), ("scenario.yaml", 3), ("scenario.yaml", 5)]


def test_a_network_that_is_not_there_is_a_problem(written: Writer) -> None:
    path = written("name: x\ndates: 2026-03-03\nnetwork: nowhere.yaml\n")
    with pytest.raises(ScenarioFileError) as caught:
        load_scenario(path, network_of)
    assert [(Path(p.file).name, p.line) for p in caught.value.problems] == [
        ("nowhere.yaml", 1),
        ("scenario.yaml", 3),
    ]


ONE_WAY = with_patterns("one_way: true\n")
APART = with_patterns("""\
patterns:
  - {pattern_id: out, direction: outbound, stops: [S001, S002, S003]}
  - {pattern_id: back, direction: inbound, stops: [S003, S001]}
""")
BRANCHES = with_patterns("""\
patterns:
  - {pattern_id: out, direction: outbound, stops: [S001, S003]}
  - {pattern_id: back, direction: inbound, stops: [S002, S001]}
""").replace("is_terminal: false", "is_terminal: true")
CLASH = BASIC.replace("bus_id: B003", "bus_id: L1-extra-2")
LONG = BASIC.replace("40.4194", "40.5").replace("40.4169", "40.39")
WEEKENDS = BASIC.replace(
    '    name: "5 Cibeles - Sol"\n',
    '    name: x\n    hours: {weekday: none, saturday: "06:00-22:00", sunday: none}\n',
)
TURN = "closure: {line: L1, between: [S001, S002], short_turn: true}"
SLOW_L1 = "slow_zone: {line: L1, between: [S002, S003], speed_factor: 0.5}"
SLOW_L2 = "slow_zone: {line: L2, between: [S003, S004], speed_factor: 1}"
BREAKDOWN = 'breakdown: {bus: B003, at: "08:00", repair_min: 1}'
BUSES_L1 = "extra_buses: {line: L1, count: 3, capacity: 80}"
LARGE_L2 = "extra_buses: {line: L2, count: 1, capacity: 1000}"


@pytest.mark.parametrize(
    ("network", "entry", "words"),
    [
        (ONE_WAY, TURN, "line L1 has no inbound direction"),
        (APART, TURN, "the main inbound pattern doesn't serve both"),
        (BRANCHES, SLOW_L1, "no pattern of line L1 serves both S002 and S003"),
        (CLASH, BUSES_L1, "the network has a bus or stop L1-extra-2 already"),
        (LONG, LARGE_L2, "with buses so large the service of line L2 has last departures"),
        (WEEKENDS, SLOW_L2, "line L2 doesn't run on the scenario's dates"),
        (WEEKENDS, BREAKDOWN, "line L2 doesn't run on the scenario's dates"),
    ],
)
def test_disruptions_that_the_network_does_not_allow_are_refused(
    network: str, entry: str, words: str, tmp_path: Path
) -> None:
    [(line, message)] = problems(with_network(tmp_path, entry, network))
    assert (line, words in message) == (5, True), message


def test_short_turns_apart_in_place_or_time_are_allowed(written: Writer) -> None:
    entries = [
        'closure: {line: L3, between: [S004, S006], to: "12:00", short_turn: true}',
        'closure: {line: L3, between: [S007, S009], to: "12:00", short_turn: true}',
        'closure: {line: L3, between: [S006, S004], from: "12:00", short_turn: true}',
    ]
    text = "name: x\ndates: 2026-03-03\ndisruptions:\n" + "".join(f"  - {entry}\n" for entry in entries)
    assert len(load_scenario(written(text), network_of).closures) == 3


# shipped


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_loads_and_is_known_by_its_file_name(path: Path) -> None:
    scenario = load_scenario(path, network_of)
    assert (scenario.name, scenario.network) == (path.stem, None)
    assert scenario.description
    assert scenario.first_day.year == 2026
    first_line = path.read_text(encoding="utf-8").splitlines()[0]
    assert first_line == "# yaml-language-server: $schema=scenario.schema.json"


def test_bunching_differs_from_bunching_holding_in_its_control_alone() -> None:
    free, held = (
        load_scenario(DATA / "scenarios" / f"bunching{kind}.yaml", network_of) for kind in ("", "-holding")
    )
    assert (free.control, held.control) == (HeadwayControl.NONE, HeadwayControl.HEADWAY)
    assert (free.first_day, free.demand, free.seed) == (held.first_day, held.demand, held.seed)


def test_every_kind_of_entry_is_checked_by_itself() -> None:
    assert DISRUPTIONS.keys() == DisruptionEntry.model_fields.keys()
    assert WIRE.keys() == WireEntry.model_fields.keys()
    assert {kind.replace("_", "-") for kind in WIRE} == set(FaultKind)


# any


any_file = examples(60, quick=6, suppress=list(HealthCheck))


@pytest.mark.integration
@any_file
@given(scenario=scenarios())
def test_a_scenario_written_to_a_file_is_read_again_as_it_was(scenario: Scenario, written: Writer) -> None:
    path = written(yaml.safe_dump(as_plain(scenario), allow_unicode=True))
    assert load_scenario(path, network_of) == scenario


@any_file
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_with_problems(data: st.DataObject, written: Writer) -> None:
    start = data.draw(st.integers(0, len(FULL) - 1))
    length = data.draw(st.integers(0, 40))
    damage = data.draw(
        st.one_of(st.text("abc{[]}:-,\"' \t0", max_size=8), st.sampled_from(["&a", "*a", "!!", "\n"]))
    )
    path = written(FULL[:start] + damage + FULL[start + length :])
    last = path.read_bytes().count(b"\n") + 1
    with contextlib.suppress(InputFileError):
        load_scenario(path, network_of)
        return
    assert all(1 <= line <= last and message for line, message in problems(path))
