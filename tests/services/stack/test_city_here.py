"""`intervene`, `journal` and `api-key` beside running parts are about these, unless a store is given."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services import settings
from services.cli import status_of
from services.stack import city_here
from services.stack.local_parts import LocalParts
from services.stack.supervisor_config import FOLDER, Ports, local_endpoints
from tests.fake_servers import Answer, http_server

KEY = "key-of-the-parts"
BODIES: Mapping[str, object] = {
    "/interventions": {
        "id": "1",
        "takes_effect": "2026-03-02T12:00:00Z",
        "ends": None,
        "state": "planned",
        "disruption": {"closed_stop": {"stop": "S012"}},
        "items": [],
        "time": "2026-03-02T12:00:00Z",
        "digest": "",
    },
    "/health": {"run": {"seed": 1, "network_digest": "n", "scenario_digest": "", "model_version": "2"}},
}


def answer(path: str, headers: Mapping[str, str]) -> Answer:
    """Answer as a city does, if the key is the parts'."""
    known = headers["x-api-key"] == KEY
    return (200, json.dumps(BODIES[path])) if known else (401, '{"message": "Invalid API key"}')


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of parts that run in this folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUS_SIMULATOR_API_KEY", "")
    monkeypatch.delenv("BUS_SIMULATOR_STORE", raising=False)
    FOLDER.mkdir(parents=True)
    with http_server(answer) as found:
        parts = LocalParts("processes", found, f"{found}/mcp", local_endpoints(Ports()))
        parts.key_file.write_text(f"{KEY}\n")
        monkeypatch.setattr(city_here, "find_local_parts", lambda: parts)
        yield found


def test_an_intervention_goes_to_the_parts(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["intervene", "closed_stop", "stop=S012"]) == 0
    said = capsys.readouterr()
    assert said.out == "  1  2026-03-02T12:00:00Z  planned    closed_stop stop=S012\n"
    assert said.err == f"On the parts that run here as processes ({url}):\n"


def test_the_journal_is_the_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["journal"]) == 0
    assert capsys.readouterr().out == "The journal is empty.\n"


def test_the_key_is_the_parts_and_none_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["api-key"]) == 0
    assert capsys.readouterr().out == f"{KEY}\n"
    assert not Path("var/bus.duckdb.api-key").exists()


@pytest.mark.parametrize("words", [["api-key"], ["intervene", "closed_stop", "stop=S012"], ["journal"]])
@pytest.mark.parametrize("kept", [None, "\n"])
def test_parts_with_the_key_of_their_environment_get_no_other(
    words: list[str], kept: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = FOLDER / "api-key"
    file.unlink()
    if kept is not None:
        file.write_text(kept)
    assert status_of(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{file} has no key: set BUS_SIMULATOR_API_KEY as when the parts were started" in said.err
    assert (file.read_text() if file.exists() else None) == kept


def test_a_given_store_is_meant_also_beside_parts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert status_of(["api-key", "--store", "duckdb:two.duckdb"]) == 0
    assert capsys.readouterr().out == Path("two.duckdb.api-key").read_text()
    monkeypatch.setenv("BUS_SIMULATOR_STORE", "duckdb:two.duckdb")
    assert status_of(["intervene", "closed_stop", "stop=S012"]) == 1
    assert "no simulator runs over duckdb:two.duckdb" in capsys.readouterr().err
    assert settings.api_key() is None


ON_A_STORE = [
    ["audit"],
    ["digest"],
    ["export", "--stream", "stop_visit", "--format", "csv", "-o", "a.csv"],
    ["snapshot", "-o", "a.duckdb"],
    ["backfill", "--start", "2026-03-02T02:00Z", "--end", "2026-03-02T03:00Z"],
    ["import-lake", "no-lake"],
]


@pytest.mark.parametrize("words", ON_A_STORE, ids=lambda words: words[0])
def test_commands_on_the_default_store_say_that_the_parts_have_another(
    words: list[str], url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status_of(words)
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("On "))
    assert line == (
        f"On duckdb:var/bus.duckdb. The store of the parts that run here as processes ({url}) is another: "
        "--store 'timestream://bus_simulator?region=eu-west-1&endpoint_url=http://127.0.0.1:4568'"
    )
    status_of([*words, "--store", "duckdb:two.duckdb"])
    assert "On " not in capsys.readouterr().err


def test_the_store_of_parts_with_postgresql_is_named() -> None:
    parts = LocalParts("processes", "", "", local_endpoints(Ports(), "postgres"), store="postgresql://a/b")
    assert parts.store_url == "postgresql://a/b"
