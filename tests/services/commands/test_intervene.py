"""`bus-simulator intervene`: fields on the command line, files of disruptions, and misuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli import status_of
from services.commands.intervene import disruptions_in, lines, parsed_field
from services.errors import InputError


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("bus=101", ("bus", "101")),
        ("repair_min=20", ("repair_min", 20)),
        ("share=0.33", ("share", 0.33)),
        ("short_turn=true", ("short_turn", True)),
        ("between=S004,S007", ("between", ["S004", "S007"])),
        ("lines=27", ("lines", ["27"])),
        ("from=18:10", ("from", "18:10")),
        ("how=headway", ("how", "headway")),
        ("repair_min=soon", ("repair_min", "soon")),
    ],
)
def test_fields_are_read_as_in_a_scenario_file(text: str, field: tuple[str, object]) -> None:
    assert parsed_field(text) == field


@pytest.mark.parametrize(
    "text",
    [
        "- breakdown: {bus: B001, at: 2026-03-02T08:30:00Z}\n",
        "name: evening\ndisruptions:\n  - breakdown: {bus: B001, at: '2026-03-02T08:30:00Z'}\n",
        '{"breakdown": {"bus": "B001", "at": "2026-03-02T08:30:00Z"}}',
    ],
)
def test_a_file_is_a_list_a_scenario_or_one_disruption(tmp_path: Path, text: str) -> None:
    file = tmp_path / "evening.yaml"
    file.write_text(text)
    ((kind, fields),) = disruptions_in(file)[0].items()
    assert isinstance(fields, dict)
    assert (kind, fields["bus"], str(fields["at"])[:10]) == ("breakdown", "B001", "2026-03-02")


@pytest.mark.parametrize("text", ["", "[]", "- 3\n", "a: [\n"])
def test_a_file_without_disruptions_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "evening.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match=r"evening\.yaml"):
        disruptions_in(file)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("breakdown", "--end", "1"),
        ("breakdown", "bus"),
        ("--end", "1", "bus=B001", "repair_min=3"),
        ("--file", "nowhere.yaml"),
    ],
)
def test_misuse_exits_with_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["intervene", *arguments]) == 2
    assert "Error" in capsys.readouterr().err


def test_without_a_running_simulator_the_message_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUS_SIMULATOR_API_KEY", "unused")
    store = f"duckdb:{tmp_path}/bus.duckdb"
    assert status_of(["intervene", "closed_stop", "stop=S012", "--store", store]) == 1
    assert "no simulator runs over" in capsys.readouterr().err


def test_an_intervention_is_one_line() -> None:
    closure = {"line": "L1", "between": ["S004", "S007"], "from": "2026-03-02T08:10:00Z"}
    body = {
        "id": "2",
        "takes_effect": "2026-03-02T08:10:00Z",
        "ends": None,
        "state": "active",
        "disruption": {"closure": closure},
    }
    assert list(lines([body])) == ["  2  2026-03-02T08:10:00Z  active     closure line=L1 between=S004,S007"]
    withdrawn = {**body, "state": "withdrawn", "ends": "2026-03-02T08:00:00Z"}
    shown = "  2  2026-03-02T08:10:00Z  withdrawn  closure line=L1 between=S004,S007"
    assert list(lines([withdrawn])) == [shown]
