"""Scenarios by the real program: replayed, compared, digested, refused in a store of another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from websockets.sync.client import connect

from services.cli import status_of
from tests.process import KEY, Finished, command, running

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent
GOLDEN = json.loads((ROOT / "tests" / "golden" / "scenarios.json").read_text())


class Program:
    """The program's commands, run in this process, in a folder of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Finished:
        code = status_of(arguments)
        return Finished(code, *self._capsys.readouterr())


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    monkeypatch.chdir(tmp_path)
    return Program(capsys)


@pytest.mark.long
def test_a_replay_writes_what_the_digest_says(tmp_path: Path) -> None:
    """Two hours of the strike, live at the greatest speed, are the hours that `digest strike` is made of."""
    stretch = ("--start", "2026-03-03T07:00Z", "--end", "2026-03-03T09:00Z")
    arguments = ("strike", "--speed", "max", "--at", "2026-03-03T07:00Z")
    with running(tmp_path, *arguments, command="replay") as process:
        process.wait_for(lambda body: body["clock"]["now"] >= "2026-03-03T09:00:00Z")
        assert process.ask("/health")[1]["run"]["scenario_digest"] != ""
    live = command(tmp_path, "digest", *stretch, "--store", "duckdb:var/strike.duckdb")
    made = command(tmp_path, "digest", "strike", *stretch)
    assert (live.code, live.err) == (0, "")
    assert live.out == made.out
    audit = command(tmp_path, "audit", "--scenario", "strike", "--store", "duckdb:var/strike.duckdb")
    assert audit.code == 0, audit.out


@pytest.mark.long
def test_the_digest_of_a_scenario_is_its_golden_one(program: Program) -> None:
    done = program("digest", "breakdown-at-rush-hour")
    assert done.code == 0, done.err
    assert dict(line.split() for line in done.out.splitlines()) == GOLDEN["breakdown-at-rush-hour"]


@pytest.mark.long
def test_a_store_of_another_scenario_or_seed_is_refused_and_left_as_it_is(program: Program) -> None:
    stretch = ("--start", "2026-03-03T07:00Z", "--end", "2026-03-03T08:00Z", "--store", "duckdb:b.duckdb")
    assert program("backfill", "--scenario", "strike", *stretch).code == 0
    before = program("digest", "--store", "duckdb:b.duckdb").out
    for other, differs in (
        ((), "scenario"),
        (("--scenario", "bunching"), "scenario"),
        (("--scenario", "strike", "--seed", "2"), "seed"),
    ):
        refused = program("backfill", *other, *stretch)
        assert refused.code == 1
        assert refused.err.startswith("Error: The store holds data of another run:")
        assert differs in refused.err
        assert "--continue-with-new-inputs" in refused.err
    assert program("digest", "--store", "duckdb:b.duckdb").out == before
    judged = program("audit", "--store", "duckdb:b.duckdb")
    assert judged.code == 1
    assert "is of another scenario" in judged.out


def test_an_unknown_scenario_is_one_clear_message(program: Program, tmp_path: Path) -> None:
    for words in (
        ("replay", "strke"),
        ("digest", "strke"),
        ("backfill", "--scenario", "strke", "--days", "1"),
    ):
        done = program(*words)
        assert done.code == 2
        assert "did you mean strike?" in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "var").exists()


@pytest.mark.long
def test_faults_are_in_live_messages_and_the_log_but_not_in_the_store(tmp_path: Path) -> None:
    arguments = ("faulty-wire", "--at", "2026-03-03T07:00Z", "--speed", "60")
    with running(tmp_path, *arguments, command="replay") as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        url = f"ws://{process.host}:{process.port}/ws?api_key={KEY}&group_name=tests"
        with connect(url) as client:
            client.send(json.dumps({"action": "subscribe", "line_ids": ["L1", "L2", "L3", "L4", "L5", "L6"]}))
            broken = 0
            while not broken:
                broken += not is_json(client.recv(timeout=60))
        log = tmp_path / "var" / "faulty-wire.duckdb.faults.jsonl"
        entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        assert {"time", "fault", "bus_id", "line_id"} == set(entries[0])
        assert any(entry["fault"] == "malformed" for entry in entries)
        bus_id, time = entries[0]["bus_id"], entries[0]["time"]
        status, position = process.ask(f"/bus-position/{bus_id}?timestamp={time}")
        assert (status, position["time"]) == (200, time)


def is_json(text: str | bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
