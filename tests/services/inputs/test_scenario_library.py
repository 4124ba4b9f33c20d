"""Scenarios by name or path, their validation, and the JSON schema for editors."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest

from services import settings
from services.cli import status_of
from services.errors import InputError
from services.inputs import scenario_library
from services.inputs.load import load_scenario
from simulator.files.yaml_document import read_document
from simulator.scenario_files.loader import load_scenario as load_file
from tests.simulator.any_scenario import city
from tests.simulator.scenario_files.broken_scenarios import BROKEN, FULL, replaced

DATA = Path(__file__).parents[3] / "data"
SHIPPED = {path.stem: path for path in sorted((DATA / "scenarios").glob("*.yaml"))}
PLAIN = "name: plain\ndates: 2026-07-01\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_dozen_shipped_scenarios_are_found_from_any_directory(folder: Path) -> None:
    assert settings.shipped_scenarios() == DATA / "scenarios"
    assert set(scenario_library.shipped()) >= {
        *("weekday", "saturday", "august", "rain", "strike", "match-day", "closure", "faulty-wire"),
        *("breakdown-at-rush-hour", "bunching", "bunching-holding"),
    }


def test_scenarios_of_the_working_directory_come_first(folder: Path) -> None:
    own = folder / "data" / "scenarios"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text(PLAIN)
    assert scenario_library.find_scenario("mine") == Path("data/scenarios/mine.yaml")


def test_a_scenario_is_found_by_name_or_path(folder: Path) -> None:
    assert scenario_library.find_scenario("strike") == DATA / "scenarios" / "strike.yaml"
    path = folder / "strike.yaml"
    path.write_text(PLAIN)
    assert scenario_library.find_scenario("strike.yaml") == Path("strike.yaml")
    assert scenario_library.find_scenario(str(path)) == path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strikes", "there is no scenario 'strikes'; did you mean strike? There are august, breakdown-at-"),
        (
            "snow",
            "there is no scenario 'snow'; write a path, or one of august, breakdown-at-rush-hour",
        ),
        ("absent.yaml", "absent.yaml: no file here; write a path, or one of august"),
        ("folder/strike", "folder/strike: no file here"),
        ("", "there is no scenario ''"),
        (".", ".: no file here"),
    ],
)
def test_an_unknown_scenario_is_refused_with_the_known_ones(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario_library.find_scenario(text)
    assert str(caught.value).startswith(words)


def test_a_scenario_comes_with_its_network(folder: Path) -> None:
    scenario, network = load_scenario("match-day")
    assert scenario == load_file(SHIPPED["match-day"], lambda _: city())
    assert network == city()


def test_a_given_network_replaces_the_scenarios_own(folder: Path) -> None:
    (folder / "other.yaml").write_text(
        (DATA / "lines.yaml").read_text().replace("line_id: L1\n", "line_id: A\n")
    )
    (folder / "mine.yaml").write_text(PLAIN + "network: nowhere.yaml\n")
    scenario, network = load_scenario("mine.yaml", folder / "other.yaml")
    assert (scenario.network, network.name) == ("nowhere.yaml", "other")
    with pytest.raises(InputError, match='the network has no line "L1"'):
        load_scenario("strike", folder / "other.yaml")


def test_an_invalid_scenario_raises_one_input_error_with_all_lines(folder: Path) -> None:
    text = replaced("line: L2", "line: L20", replaced("seed: 7", "seed: x"))
    (folder / "broken.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        load_scenario("broken.yaml")
    assert [line.split(" ")[0] for line in str(caught.value).splitlines()] == [
        "broken.yaml:6:",
        "broken.yaml:17:",
    ]


def test_validate_takes_networks_and_scenarios(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "days.yaml").write_text(PLAIN.replace("07-01", "07-01 to 2026-07-03"))
    files = ["days.yaml", str(DATA / "lines.yaml"), str(SHIPPED["rain"])]
    assert status_of(["validate", *files]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "days.yaml: scenario plain, 2026-07-01 to 2026-07-03, network lines.",
        f"{files[1]}: 12 lines, 163 stops, 93 buses.",
        f"{files[2]}: scenario rain, 2026-03-04, network lines.",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dates: 2026-03-03\nlins: []\n", "1: `name` is missing"),
        ("lines: []\nname: x\n", "2: unknown field `name`"),
        ("colour: red\n", "1: unknown field `colour`: the fields here are lines, stops"),
        ("- strike\n", "1: a mapping is expected here, of lines, stops"),
        ("name: [\n", "1: not valid YAML"),
    ],
)
def test_validate_lists_errors_of_networks_and_scenarios(
    text: str, words: str, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    (folder / "file.yaml").write_text(text)
    assert status_of(["validate", "file.yaml"]) == 1
    assert f"file.yaml:{words}" in capsys.readouterr().err


SCHEMA = json.loads((DATA / "scenarios" / "scenario.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


@pytest.mark.parametrize("path", SHIPPED.values(), ids=SHIPPED)
def test_shipped_scenarios_are_valid_by_the_schema(path: Path) -> None:
    VALIDATOR.validate(read_document(path).data)


SEEN_BY_THE_SCHEMA = (
    "no name", "a misspelt field", "a misspelt disruption", "a field of another disruption", "a list",
    "two disruptions in one", "a disruption that is text", "a date with slashes", "speed fast", "speed 0",
    "a large factor", "no lines in a list", "a time without a colon", "unknown rain", "unknown control",
    "one end of a stretch", "a surge without an end", "half a bus", "no delay", "no way round",
)  # fmt: skip


@pytest.mark.parametrize("name", SEEN_BY_THE_SCHEMA)
def test_the_schema_refuses_invalid_scenarios(name: str, folder: Path) -> None:
    (folder / "file.yaml").write_text(FULL)
    VALIDATOR.validate(read_document(Path("file.yaml")).data)
    (folder / "file.yaml").write_text(BROKEN[name][0])
    assert not VALIDATOR.is_valid(read_document(Path("file.yaml")).data)
