"""`audit --realism`: text, JSON and charts."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from services.cli import status_of
from services.reports.bar_chart import bars_svg
from services.reports.realism_report import Realism, charts, measured, report, report_lines
from simulator.analysis.realism import BANDS, DATES, Reading, Study
from tests.services.backfilled import copy_backfilled
from tests.synthetic import synthetic_network

pytestmark = pytest.mark.integration

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A working directory with ten minutes of the shipped network, and logging as it was."""
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    copy_backfilled(tmp_path)
    yield
    root.handlers[:], root.level = handlers, level


@cache
def found() -> Realism:
    return measured(synthetic_network(3, 18, 60), seed=1, jobs=1)


@pytest.mark.long
@pytest.mark.usefixtures("store")
def test_audit_prints_realism_after_its_own_report(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert status_of(["audit", "--realism", "--jobs", "1"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    ends = next(i for i, line in enumerate(lines) if line.startswith("passed: 0 violations"))
    assert lines[ends + 1] == "realism of lines, seed 1:"
    shown = lines[ends + 2 : -2]
    assert [line.split("  ")[1].split(" (")[0] for line in shown] == [band.name for band in BANDS]
    assert sum(line.endswith("  holds") for line in shown) == 5
    assert sum(line.endswith("  not judged") for line in shown) == len(BANDS) - 5
    assert lines[-2] == (
        "  scheduled departures without a bus: weekday 0, saturday 0, sunday 0, august 0, holding 0"
    )
    assert lines[-1] == "realism: 5 of 5 bands hold"
    assert said.err == ""


@pytest.mark.long
@pytest.mark.usefixtures("store")
def test_audit_as_json_includes_the_bands(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert status_of(["audit", "--realism", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["passed"], said["realism"]["network"], said["realism"]["seed"]) == (True, "lines", 1)
    assert said["realism"]["days"]["august"] == "2026-08-11"
    assert said["realism"]["cancelled"]["weekday"] == 0
    bands = {band["key"]: band for band in said["realism"]["bands"]}
    assert list(bands) == [band.key for band in BANDS]
    speed = bands["speed"]
    assert (speed["low"], speed["high"], speed["unit"], speed["judged"]) == (12.5, 14.0, "km/h", True)
    assert speed["holds"] is (12.5 <= speed["value"] <= 14.0)
    assert (bands["buses_out"]["judged"], bands["buses_out"]["holds"]) == (False, None)


@pytest.mark.usefixtures("store")
def test_without_the_option_audit_has_no_realism(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert status_of(["audit", "--json"]) == 0
    assert "realism" not in json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("store")
def test_the_exit_code_is_the_audits(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(
        """
lines:
  - line_id: L1
    name: "1 West - East"
    stops:
      - {stop_id: S1, name: West, latitude: 40.40, longitude: -3.70, is_terminal: true, base_arrival_rate: 0}
      - {stop_id: S2, name: East, latitude: 40.41, longitude: -3.70, is_terminal: true, base_arrival_rate: 0}
    buses: [{bus_id: B1, capacity: 60, initial_position: 0}]
""",
        encoding="utf-8",
    )
    capsys.readouterr()
    assert status_of(["audit", "--realism", "--network", "other.yaml"]) == 1
    said = capsys.readouterr().out
    assert "FAILED" in said
    assert "realism of other, seed 1:" in said
    assert "boardings per trip (people)" in said
    outside = [line for line in said.splitlines() if line.endswith("OUTSIDE")]
    assert "boardings per trip (people)" in outside[0] + outside[1]


def test_lines_show_bounds_values_and_verdicts() -> None:
    bands = {band.key: band for band in BANDS}
    some = [
        Reading(bands["weekday_noon"], 14, True),
        Reading(bands["co2_full"], 1800.4, True),
        Reading(bands["co2_rank"], None, True),
        Reading(bands["cv_holding"], 0.9, False),
        Reading(bands["fastest_any"], 31.0, True),
        Reading(bands["buses_moving"], 2000, True),
    ]
    lines = list(report_lines(Realism(found().network, 7, found().days, some)))
    assert lines[0] == "realism of synthetic-3-18-60, seed 7:"
    assert [line.split()[-3:] for line in lines[1:4]] == [
        ["14", "14", "holds"],
        ["1,700", "1,800", "OUTSIDE"],
        ["0.8", "-", "OUTSIDE"],
    ]
    assert lines[4].split()[-5:] == ["most", "0.95", "0.900", "not", "judged"]
    assert [line.split("  ")[-1] for line in lines[5:7]] == ["alternative: outside", "alternative: holds"]
    assert lines[-1] == "realism: 1 of 3 bands hold"


def test_a_report_is_plain_data() -> None:
    assert json.loads(json.dumps(report(found()))) == report(found())


def test_charts_show_the_measured_values() -> None:
    drawn = dict(charts(found()))
    assert list(drawn) == ["boardings", "speed", "headways", "co2"]
    assert list(drawn["boardings"].names) == [
        f"{study.value.capitalize()}, {DATES[study]}"
        for study in (Study.WEEKDAY, Study.SATURDAY, Study.SUNDAY)
    ]
    for study, values in zip(
        (Study.WEEKDAY, Study.SATURDAY, Study.SUNDAY), drawn["boardings"].values, strict=True
    ):
        assert sum(value or 0 for value in values) == found().days[study].overall.boardings
    assert drawn["headways"].values[1] == [spread.cv for spread in found().days[Study.HOLDING].along]
    means = [value or 0 for value in drawn["co2"].values[0]]
    assert means == sorted(means)
    assert drawn["co2"].labels[0] == "0–9"
    for bars in drawn.values():
        root = ET.fromstring(bars_svg(bars))
        legend = [each.text for each in root.iter(f"{SVG}text")]
        assert all(name in legend for name in bars.names)
