"""`bus-simulator diff`: compare two runs from the command line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from services.cli import status_of
from services.reports.comparison import MEASURES, RunPerformance, compared_runs, line_days, measured
from services.reports.comparison_charts import diagram
from services.settings import default_network
from simulator.analysis.performance import NAMES, Performance, performance, total
from simulator.day.line_day import line_day
from simulator.types import LineId

pytestmark = pytest.mark.integration

SCENARIO = """
name: {name}
dates: {dates}
network: some.yaml
seed: 7
disruptions:
  - closure: {{line: L6, between: [S006, S003], from: "08:00", to: "09:00", short_turn: true}}
  - breakdown: {{bus: B003, at: "08:05", repair_min: 30}}
"""
NETWORK = Path("some.yaml")
NAMES_OF_CHARTS = ["headway-cv", "left-behind", "load", "space-time", "speed", "wait"]


@cache
def some_lines() -> str:
    """A network file of three of the shipped lines."""
    shipped = yaml.safe_load(default_network().read_text(encoding="utf-8"))["lines"]
    return yaml.safe_dump({"lines": [line for line in shipped if line["line_id"] in ("L1", "L3", "L6")]})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with a scenario for some of the shipped lines, and logging as it was."""
    text = some_lines()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUS_SIMULATOR_NETWORK", "some.yaml")
    Path("some.yaml").write_text(text)
    Path("blocked.yaml").write_text(SCENARIO.format(name="blocked", dates="2026-03-03"))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:], root.level = handlers, level


def reported(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert status_of(["diff", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_scenario_is_compared_with_its_undisturbed_days(capsys: pytest.CaptureFixture[str]) -> None:
    found = reported(capsys, "undisturbed", "blocked.yaml", "--by-line")
    assert found["a"] == {"name": "undisturbed", "days": ["2026-03-03"], "seed": 7, "network": "some"}
    assert found["b"] == {"name": "blocked", "days": ["2026-03-03"], "seed": 7, "network": "some"}
    assert found["hours"] is None
    assert list(found["lines"]) == ["L1", "L6"]
    assert found["lines"]["L6"]["wait_s"]["difference"] > 0
    for measure in (found["overall"], *found["lines"].values()):
        assert list(measure) == [each.key for each in MEASURES]
        for value in measure.values():
            assert value["difference"] == pytest.approx(value["b"] - value["a"])
            assert value["percent"] is None or value["percent"] == pytest.approx(
                100 * value["difference"] / value["a"]
            )


def test_exchanging_a_and_b_exchanges_their_values(capsys: pytest.CaptureFixture[str]) -> None:
    one = reported(capsys, "undisturbed", "blocked.yaml")["overall"]
    other = reported(capsys, "blocked.yaml", "undisturbed")["overall"]
    assert all(one[key]["a"] == other[key]["b"] for key in one)
    assert all(one[key]["b"] == other[key]["a"] for key in one)


def test_dates_are_service_days_without_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    found = reported(capsys, "2026-03-03", "2026-03-07", "--seed", "3")
    assert (found["a"]["seed"], found["b"]["seed"]) == (3, 3)
    assert 0.5 < found["overall"]["boardings"]["b"] / found["overall"]["boardings"]["a"] < 0.65
    same = reported(capsys, "2026-03-03", "2026-03-03", "--by-line")
    assert same["lines"] == {}
    assert {value["difference"] for value in same["overall"].values()} == {0}


def test_a_date_has_the_seed_and_network_of_the_scenario_it_is_compared_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = reported(capsys, "2026-03-03", "blocked.yaml")
    assert (found["a"]["seed"], found["a"]["network"]) == (7, "some")
    assert found["overall"] == reported(capsys, "undisturbed", "blocked.yaml")["overall"]
    other = reported(capsys, "blocked.yaml", "2026-03-03", "--seed", "9")
    assert (other["a"]["seed"], other["b"]["seed"]) == (9, 9)


def test_hours_restrict_what_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    parts = [
        reported(capsys, "undisturbed", "blocked.yaml", "--hours", hours)["overall"]
        for hours in ("00-08", "08-09", "09-48")
    ]
    whole = reported(capsys, "undisturbed", "blocked.yaml")["overall"]
    for key in ("people", "boardings", "left_behind", "trips"):
        assert sum(part[key]["b"] for part in parts) == whole[key]["b"]
    assert parts[0]["wait_s"]["difference"] == pytest.approx(0)
    assert parts[1]["wait_s"]["difference"] > parts[2]["wait_s"]["difference"]


def test_the_table_has_a_row_for_each_measure(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["diff", "undisturbed", "blocked.yaml", "--by-line", "--hours", "07-10"]) == 0
    shown = capsys.readouterr().out
    assert "A  undisturbed: 2026-03-03, seed 7" in shown
    assert "from 07:00 to 10:00 of each service day" in shown
    assert shown.count("mean wait (s)") == 3
    assert "\nL6  34 " in shown
    for measure in MEASURES:
        assert measure.title in shown
    Path("same.yaml").write_text(
        SCENARIO.format(name="same", dates="2026-03-03").replace("seed: 7", "seed: 8")
    )
    assert status_of(["diff", "same.yaml", "blocked.yaml"]) == 0
    assert "Their seeds differ, so random numbers do too" in capsys.readouterr().out
    Path("long.yaml").write_text(SCENARIO.format(name="long", dates="2026-03-03 to 2026-03-04"))
    assert status_of(["diff", "2026-03-03", "long.yaml"]) == 0
    assert "They have different numbers of days" in capsys.readouterr().out
    assert status_of(["diff", "2026-03-03", "2026-03-03", "--by-line"]) == 0
    assert "No line differs." in capsys.readouterr().out


def test_charts_are_written_whole_into_a_new_folder(folder: Path) -> None:
    target = folder / "new" / "charts"
    assert status_of(["diff", "undisturbed", "blocked.yaml", "--charts", str(target)]) == 0
    assert sorted(path.name for path in target.iterdir()) == [f"{name}.svg" for name in NAMES_OF_CHARTS]
    written = {path: path.read_bytes() for path in target.iterdir()}
    for content in written.values():
        ET.fromstring(content)
    assert b"road closed: buses turn" in written[target / "space-time.svg"]
    assert status_of(["diff", "undisturbed", "blocked.yaml", "--charts", str(target)]) == 0
    assert {path: path.read_bytes() for path in target.iterdir()} == written


BAD = [
    (["2026-03-03"], "Missing argument 'B'"),
    (["2026-03-03", "2026-02-30"], "'2026-02-30' is not a date"),
    (["2026-03-03", "1812-03-03"], "not in the years"),
    (["undisturbed", "undisturbed"], "must give the days"),
    (["undisturbed", "no-such-scenario"], "no-such-scenario"),
    (["2026-03-03", "missing.yaml"], "missing.yaml"),
    (["2026-03-03", "bad.yaml"], "bad.yaml:"),
    (["2026-03-03", "2026-03-04", "--hours", "10-07"], "'10-07' is not a range of hours"),
    (["2026-03-03", "2026-03-04", "--hours", "07-49"], "'07-49' is not a range of hours"),
    (["2026-03-03", "2026-03-04", "--hours", "all"], "'all' is not a range of hours"),
    (["2026-03-03", "2026-03-04", "--charts", "bad.yaml"], "'--charts'"),
    (["2026-03-03", "2026-03-04", "--network", "missing.yaml"], "missing.yaml"),
    (["2026-03-03", "2026-03-04", "--seed", "-1"], "'--seed'"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=lambda value: " ".join(value)[:40])
def test_bad_arguments_exit_with_2_and_one_message(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    Path("bad.yaml").write_text(SCENARIO.format(name="bad", dates="2026-03-99"))
    assert status_of(["diff", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert said in output.err
    assert output.err.count("Error") == 1
    assert "Traceback" not in output.err


def test_days_add_up() -> None:
    Path("three.yaml").write_text(SCENARIO.format(name="three", dates="2026-03-03 to 2026-03-05"))
    run = compared_runs("undisturbed", "three.yaml", network=NETWORK, seed=None)[0]
    line = run.network.line["L1"]
    days = [line_day(line, seed=7, day=date(2026, 3, number)) for number in (3, 4, 5)]
    expected = total(performance(day)[0] for day in days)
    result = measured(line_days(run)).of_line(LineId("L1"))
    for name in NAMES:
        assert getattr(result, name) == pytest.approx(getattr(expected, name)), name


def test_a_run_without_a_line_has_an_empty_performance_of_it() -> None:
    assert RunPerformance({}).of_line(LineId("L1")) == Performance()
    assert RunPerformance({}).overall() == Performance()


def test_the_diagram_shows_the_line_that_differs_most_around_the_event() -> None:
    runs = compared_runs("undisturbed", "blocked.yaml", network=NETWORK, seed=None)
    chart = diagram(runs, (measured(line_days(runs[0])), measured(line_days(runs[1]))))
    assert chart.title.startswith("34 ")
    assert [mark.label for mark in chart.marks] == ["road closed: buses turn"]
    (mark,) = chart.marks
    assert chart.start == mark.start - 1800 * 1000
    assert chart.end == mark.end + 3600 * 1000
    assert chart.trips
    assert chart.before


def test_days_that_do_not_differ_are_drawn_too() -> None:
    runs = compared_runs("2026-03-03", "2026-03-03", network=NETWORK, seed=None)
    result = measured(line_days(runs[0]))
    chart = diagram(runs, (result, result))
    assert (chart.end - chart.start, chart.marks) == (3 * 3_600_000, [])
    assert chart.trips
