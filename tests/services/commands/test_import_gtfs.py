"""`import-gtfs`, and feeds and folders wherever a network is taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.cli import cli, status_of
from services.inputs.load import load_network
from services.reports.import_page import PAGE
from tests.gtfs_feeds import broken, feed, zipped

BROKEN = broken()
HOUR = ["--start", "2026-03-03T06:00Z", "--end", "2026-03-03T07:00Z"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, with a feed."""
    monkeypatch.chdir(tmp_path)
    zipped(tmp_path / "small.zip", feed())
    return tmp_path


@pytest.mark.integration
def test_a_feed_becomes_a_folder_and_the_assumptions_are_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(["import-gtfs", "small.zip", "-o", "city"]) == 0
    said = capsys.readouterr().out
    assert "weekday: the service of 2026-03-02" in said
    assert "left out, not bus routes: 1 route (M1)" in said
    assert "city/import-report.html" in said
    assert "<title>Import of small.zip</title>" in (folder / "city" / PAGE).read_text(encoding="utf-8")
    assert sorted(path.name for path in folder.iterdir()) == ["city", "small.zip"]
    assert sorted(path.name for path in (folder / "city").iterdir()) == [
        "import-report.html",
        "import-report.json",
        "network.yaml",
        "shapes.csv",
        "timetable.csv",
        "timings.csv",
    ]
    assert status_of(["validate", "city", "small.zip"]) == 0
    assert load_network(Path("city")).digest == load_network(Path("small.zip")).digest


@pytest.mark.integration
@pytest.mark.parametrize(
    "network", [["--network", "city"], ["--network", "small.zip"], ["--gtfs", "small.zip"]]
)
def test_history_of_a_folder_or_a_zip_passes_the_audit(network: list[str]) -> None:
    assert status_of(["import-gtfs", "small.zip", "-o", "city"]) == 0
    given = [*network, "--store", "duckdb:a.duckdb"]
    assert status_of(["backfill", *given, *HOUR]) == 0
    assert status_of(["audit", *given]) == 0


def test_the_last_of_two_network_options_counts_by_either_name(capsys: pytest.CaptureFixture[str]) -> None:
    minute = ["backfill", "--start", "2026-03-03T06:00Z", "--end", "2026-03-03T06:01Z"]
    assert status_of([*minute, "--network", "missing.yaml", "--gtfs", "small.zip"]) == 0
    assert status_of([*minute, "--gtfs", "small.zip", "--network", "missing.yaml"]) == 2
    assert "missing.yaml" in capsys.readouterr().err


def test_every_command_that_takes_a_network_takes_a_feed() -> None:
    names = {name: {o for p in command.params for o in p.opts} for name, command in cli.commands.items()}
    assert {name for name, options in names.items() if "--network" in options} >= {"run", "serve", "audit"}
    assert all(("--gtfs" in options) == ("--network" in options) for options in names.values())


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_feed_is_refused_in_one_message_and_nothing_is_written(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, file, line, words, refused = BROKEN[name]
    zipped(folder / "broken.zip", files)
    strict = [] if refused else ["--strict"]
    assert status_of(["import-gtfs", "broken.zip", "-o", "city", *strict]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"Error: broken.zip{'/' if file else ''}{file}:{line}: ")
    assert words in said
    assert len(said.splitlines()) == 1
    assert not (folder / "city").exists()
    if refused:
        assert status_of(["backfill", "--network", "broken.zip", *HOUR]) == 2


def test_the_command_that_follows_can_be_pasted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["import-gtfs", "small.zip", "-o", "my city"]) == 0
    assert capsys.readouterr().out.endswith("my city is ready: bus-simulator run --network 'my city'\n")


@pytest.mark.parametrize("name", [name for name in BROKEN if not BROKEN[name].refused])
def test_what_a_defect_costs_is_printed_and_in_the_report(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files, file, line, words, _ = BROKEN[name]
    zipped(folder / "broken.zip", files)
    assert status_of(["import-gtfs", "broken.zip", "-o", "city"]) == 0
    [said] = [each for each in capsys.readouterr().out.splitlines() if each.startswith("warning: ")]
    assert said.startswith(f"warning: broken.zip/{file}:{line}: ")
    assert words in said
    report = json.loads((folder / "city" / "import-report.json").read_text(encoding="utf-8"))
    assert report["warnings"] == 1
    found = report["findings"][0]
    assert (found["file"], found["lines"]) == (f"broken.zip/{file}", [line])
    assert words in found["message"]


@pytest.mark.parametrize("files", [{**feed(), "../stops.txt": "x"}, feed(stops="0" * 50_000_000)])
def test_nothing_is_written_of_a_malicious_zip(
    files: dict[str, str | bytes], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zipped(folder / "harm.zip", files)
    assert status_of(["import-gtfs", "harm.zip", "-o", "city"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) == ["harm.zip", "small.zip"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--date", "tomorrow"], "is not a date"),
        (["--date", "2031-01-01"], "has no calendar for 2031-01-01"),
        (["--routes", "27,28"], "no route 28"),
        (["--routes", "M1"], "no bus routes"),
        (["--route-types", "bus"], "is not a route type"),
        (["--from", "2026-03-09", "--to", "2026-03-02"], "is before --from"),
        (["--from", "2031-01-01"], "no service from 2031-01-01"),
        (["--capacity", "0"], "--capacity"),
        (["--people-per-trip", "-1"], "--people-per-trip"),
        (["-o", "nowhere/city"], "no such folder"),
    ],
)
def test_bad_options_are_refused(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(["import-gtfs", "small.zip", "-o", "city", *arguments]) in (1, 2)
    assert words in capsys.readouterr().err
    assert not (folder / "city").exists()


def test_options_choose_routes_buses_and_people() -> None:
    chosen = ["--routes", "27,N", "--capacity", "60", "--people-per-trip", "20"]
    assert status_of(["import-gtfs", "small.zip", "-o", "city", *chosen]) == 0
    network = load_network(Path("city"))
    assert [line.line_id for line in network.lines] == ["27", "N1"]
    assert {bus.capacity for line in network.lines for bus in line.buses} == {60}


def test_an_import_over_an_older_one_replaces_only_its_files(folder: Path) -> None:
    assert status_of(["import-gtfs", "small.zip", "-o", "city"]) == 0
    (folder / "city" / "notes.txt").write_text("mine")
    assert status_of(["import-gtfs", "small.zip", "-o", "city", "--routes", "27"]) == 0
    assert len(load_network(Path("city")).lines) == 1
    assert (folder / "city" / "notes.txt").read_text() == "mine"
