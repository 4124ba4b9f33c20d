"""The clock of the real program, moved by POST /clock: stored data, responses, live messages."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from services.times import format_instant, parse_instant
from tests.process import ANSWER_S, KEY, Running, command, few_lines, running

pytestmark = pytest.mark.e2e

MORNING = parse_instant("2026-03-02T08:10:10+01:00")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ARGUMENTS = (*few_lines(), "--at", format_instant(MORNING), "--backfill", "0", "--clock-control")


def move(process: Running, **change: object) -> Any:
    """Change the clock; return its new state."""
    status, body = process.ask("/clock", body=change)
    assert status == 200, body
    assert process.ask("/clock")[0] == 200
    return body


def settled(process: Running) -> Any:
    """Wait until all due data are written; return `/health`."""
    return process.wait_for(lambda body: all(feeder["lag_s"] == 0 for feeder in body["feeders"]))


def stretches(health: Any, stream: str = "bus_position") -> list[tuple[str, str]]:
    return [(held["start"], held["end"]) for held in health["streams"][stream]["coverage"]]


def latest(process: Running) -> str:
    status, body = process.ask("/bus-position/B001?mode=latest")
    assert status == 200, body
    return str(body["time"])


@pytest.mark.long
def test_paused_stepped_and_jumped_it_stores_what_an_undisturbed_run_does(tmp_path: Path) -> None:
    with running(tmp_path, *ARGUMENTS, "--paused") as process:
        health = process.wait_for(lambda body: body["status"] == "healthy")
        assert health["clock"] == {"now": format_instant(MORNING), "rate": 0.0, "paused": True}
        stepped = move(process, step="90s")
        assert stepped == {"now": "2026-03-02T07:11:40Z", "rate": 0.0, "paused": True}
        assert latest(process) == "2026-03-02T07:11:30Z"
        move(process, jump=format_instant(MORNING + 5 * HOUR))
        assert latest(process) == "2026-03-02T12:10:00Z"
        move(process, jump=format_instant(MORNING - 3 * HOUR))
        assert latest(process) == "2026-03-02T04:10:00Z"
        move(process, jump=format_instant(MORNING))
        assert latest(process) == "2026-03-02T07:10:00Z"
        move(process, step=600)
        health = settled(process)
        assert health["status"] == "healthy"
        assert stretches(health) == [
            ("2026-03-02T04:00:00Z", "2026-03-02T04:10:30Z"),
            ("2026-03-02T07:00:00Z", "2026-03-02T07:20:30Z"),
            ("2026-03-02T12:00:00Z", "2026-03-02T12:10:30Z"),
        ]
        for hour in ("04", "12"):
            move(process, jump=f"2026-03-02T{hour}:59:50Z")
        move(process, jump="2026-03-02T07:59:59.999Z")
        settled(process)
        assert process.end().code == 0
    for hour in ("04", "07", "12"):
        stretch = ("--start", f"2026-03-02T{hour}:00Z", "--end", f"2026-03-02T{hour}:59Z")
        other = f"duckdb:{tmp_path}/undisturbed-{hour}.duckdb"
        assert command(tmp_path, "backfill", *few_lines(), "--store", other, *stretch).code == 0
        undisturbed = command(tmp_path, "digest", "--store", other, *stretch)
        moved = command(tmp_path, "digest", *stretch)
        assert (moved.code, moved.out) == (0, undisturbed.out)


def test_invalid_changes_are_refused_and_clients_are_sent_every_position_after_a_jump(
    tmp_path: Path,
) -> None:
    with running(tmp_path, *ARGUMENTS, "--paused") as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        check_refusals(process)
        move(process, step="10m")
        url = f"ws://{process.host}:{process.port}/production?api_key={KEY}&group_name=tests"
        with connect(url, open_timeout=ANSWER_S) as client:
            client.send(json.dumps({"action": "subscribe", "line_ids": ["L1"], "batch": True}))
            times = []
            assert json.loads(client.recv(ANSWER_S))["type"] == "subscribed"
            times.append(json.loads(client.recv(ANSWER_S))[0]["time"])
            move(process, jump=format_instant(MORNING + 5 * MINUTE))
            times.append(json.loads(client.recv(ANSWER_S))[0]["time"])
            for _ in range(14):
                move(process, step="30s")
                times.append(json.loads(client.recv(ANSWER_S))[0]["time"])
        there = parse_instant("2026-03-02T07:15:00Z")
        again = [format_instant(there + n * timedelta(seconds=30)) for n in range(15)]
        assert times == ["2026-03-02T07:20:00Z", *again]


def test_rates_change_while_it_runs_and_the_data_keep_up(tmp_path: Path) -> None:
    with running(tmp_path, *ARGUMENTS) as process:
        assert move(process, rate="max")["rate"] == "max"
        process.wait_for(lambda body: body["clock"]["now"] > "2026-03-02T10")
        assert move(process, pause=True)["rate"] == 0
        stands = process.ask("/clock")[1]["now"]
        settled(process)
        assert process.ask("/clock")[1]["now"] == stands
        assert move(process, jump=format_instant(MORNING + MINUTE))["paused"]
        assert move(process, pause=False)["rate"] == "max"
        process.wait_for(lambda body: body["clock"]["now"] > "2026-03-02T14")
        assert move(process, rate=60)["rate"] == 60
        health = settled(process)
        assert [start for start, _ in stretches(health)] == ["2026-03-02T07:00:00Z"]
        assert process.end().code == 0


def check_refusals(process: Running) -> None:
    """Invalid changes of the clock are refused, and leave it as it is."""
    assert process.ask("/clock", body={"rate": 0})[0] == 400
    assert process.ask("/clock", body={"rate": 1, "padding": "x" * 5000})[1] == {
        "error": "BadRequest",
        "message": "Body too long: at most 4096 bytes",
    }
    assert process.ask("/clock", body={"pause": True}, key="wrong")[0] == 401
    assert process.ask("/health", body={})[0] == 405
    assert process.ask("/clock")[1]["now"] == format_instant(MORNING)
