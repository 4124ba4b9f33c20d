"""`bus-simulator api-key` prints the general key in whatever form it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli import status_of
from services.inputs.load import beside

JSON = '{"api_key": "general", "keys": {"team-alpha": "alpha"}}'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUS_SIMULATOR_API_KEY", raising=False)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert status_of(["api-key", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("text", ["general\n", JSON])
def test_it_prints_the_key_of_the_file_beside_the_store(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "two.duckdb.api-key").write_text(text)
    assert printed(capsys, "--store", "duckdb:two.duckdb") == "general\n"


@pytest.mark.parametrize("text", ["general", JSON])
def test_the_environments_key_comes_before_the_file(
    text: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "two.duckdb.api-key").write_text("of the file\n")
    monkeypatch.setenv("BUS_SIMULATOR_API_KEY", text)
    assert printed(capsys, "--store", "duckdb:two.duckdb") == "general\n"


def test_before_the_first_run_it_creates_the_key_that_the_run_will_use(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = printed(capsys)
    assert len(shown.strip()) == 32
    assert (folder / "var" / "bus.duckdb.api-key").read_text() == shown
    assert printed(capsys) == shown


def test_a_file_with_something_else_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = beside("duckdb:two.duckdb", ".api-key")
    path.write_text('{"keys": {}}')
    assert status_of(["api-key", "--store", "duckdb:two.duckdb"]) == 2
    assert capsys.readouterr().err == 'Error: two.duckdb.api-key: "api_key" must be one word of text\n'
