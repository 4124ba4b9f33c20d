"""The whole program: started as a process, requested over a socket, ended by a signal."""

from __future__ import annotations

import json
import re
import signal
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.times import parse_instant
from tests.process import Running, command, few_lines, running

pytestmark = pytest.mark.e2e

MORNING = "2026-03-02T08:10:00+01:00"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two of the shipped lines on a Monday morning."""
    folder = tmp_path_factory.mktemp("city")
    with running(folder, *few_lines(), "--at", MORNING, "--backfill", "0") as process:
        yield process


def test_every_route_answers_200(city: Running) -> None:
    status, body = city.ask("/people-count/S001?mode=latest")
    assert status == 200
    assert (body["stop_id"], body["time"][:16]) == ("S001", "2026-03-02T07:10")
    status, body = city.ask("/sensors/bus/B001?mode=latest")
    assert (status, body["entity_type"]) == (200, "bus")
    status, body = city.ask("/bus-position/line/L1?mode=latest")
    assert status == 200
    assert "B001" in [bus["bus_id"] for bus in body["buses"]]
    assert any(bus["speed"] > 0 for bus in body["buses"])
    status, body = city.ask("/bus-position/B001?timestamp=2026-03-02T07:05:29Z")
    assert (status, body["time"]) == (200, "2026-03-02T07:05:00Z")


def test_refusals_come_over_the_socket_too(city: Running) -> None:
    assert city.ask("/people-count/S001?mode=latest", key="wrong") == (
        401,
        {"error": "Unauthorized", "message": "Invalid API key"},
    )
    assert city.ask("/people-count/S999?mode=latest")[0] == 404


def test_without_clock_control_the_clock_is_read_and_not_moved(city: Running) -> None:
    status, refused = city.ask("/clock", body={"rate": 60})
    assert (status, refused["error"]) == (405, "MethodNotAllowed")
    assert "--clock-control" in refused["hint"]
    assert city.ask("/clock")[1]["rate"] == 1.0


def test_nothing_of_the_future_is_in_the_store(city: Running) -> None:
    now = parse_instant(city.ask("/health")[1]["clock"]["now"])
    ends = coverage_ends(city.wait_for(lambda body: body["status"] == "healthy"))
    assert ends["stop_visit"] <= now + timedelta(minutes=1)
    assert ends["bus_position"] <= now + timedelta(minutes=1)


def test_a_running_simulator_gives_a_snapshot_and_names_itself_as_the_holder(
    city: Running, tmp_path: Path
) -> None:
    folder = _folder_of(city)
    copy = tmp_path / "copy.duckdb"
    done = command(folder, "snapshot", "-o", str(copy))
    assert (done.code, done.err) == (0, "")
    digests = command(tmp_path, "digest", "--store", f"duckdb:{copy}")
    assert [line.split()[0] for line in digests.out.splitlines()] == [
        "people_count",
        "sensor_data",
        "bus_position",
        "stop_visit",
    ]
    held = command(folder, "digest")
    assert held.code == 1
    assert f"process {city.process.pid}" in held.err
    assert "snapshot" in held.err
    assert list(folder.rglob(".snapshot*")) == []


def _folder_of(city: Running) -> Path:
    return Path(f"/proc/{city.process.pid}/cwd").resolve()


def coverage_ends(health: Any) -> dict[str, datetime]:
    """Where each stream's newest stretch ends."""
    return {name: parse_instant(stream["coverage"][-1]["end"]) for name, stream in health["streams"].items()}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, how: int) -> None:
    with running(tmp_path, *few_lines(), "--at", MORNING, "--backfill", "0") as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        done = process.end(how)
    assert done.code == 0
    logged = [json.loads(line) for line in done.err.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in logged)
    assert {line["level"] for line in logged} == {"INFO"}
    assert not list((tmp_path / "var").glob("*.holder.json"))


def test_a_signal_during_the_backfill_ends_it_cleanly_too(tmp_path: Path) -> None:
    with running(tmp_path, "--at", MORNING, "--backfill", "20d") as process:
        done = process.end()
    assert (done.code, done.err.count("Traceback")) == (0, 0)
    assert command(tmp_path, "digest").code == 0


def test_at_half_past_three_at_night_every_line_has_positions_and_the_day_before_too(tmp_path: Path) -> None:
    with running(tmp_path, *few_lines(), "--at", "2026-03-03T03:30:00+01:00") as process:
        health = process.wait_for(lambda body: body["status"] == "healthy")
        assert health["clock"]["now"].startswith("2026-03-03T02:3")
        status, body = process.ask("/bus-position/line/L1?mode=latest")
        assert status == 200
        assert {bus["speed"] for bus in body["buses"]} == {0.0}
        status, body = process.ask("/bus-position/B001?timestamp=2026-03-02T06:30:29Z")
        assert (status, body["time"]) == (200, "2026-03-02T06:30:00Z")
        assert process.ask("/people-count/S001?mode=latest")[0] == 200


def test_a_first_start_shows_the_key_once_and_keeps_it_for_its_owner(tmp_path: Path) -> None:
    arguments = (*few_lines(), "--at", MORNING, "--backfill", "0")
    with running(tmp_path, *arguments, key=None) as process:
        found = re.search(r"kept in (\S+)\): (\S+)", process.welcome)
        assert found
        kept = tmp_path / found[1]
        assert kept.read_text().strip() == found[2]
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert process.ask("/people-count/S001?mode=latest", key=found[2])[0] == 200
        first = process.end()
    assert found[2] not in first.err
    with running(tmp_path, *arguments, key=None) as process:
        assert process.ask("/people-count/S001?mode=latest", key=found[2])[0] == 200
        second = process.end()
    assert found[2] not in second.out + second.err


def test_at_rate_max_the_data_keep_up_with_the_clock(tmp_path: Path) -> None:
    with running(tmp_path, *few_lines(), "--at", MORNING, "--backfill", "0", "--speed", "max") as process:
        health = process.wait_for(lambda body: body["clock"]["now"] > "2026-03-02T16")
        assert health["clock"]["rate"] == "max"
        assert process.ask("/people-count/S001?mode=latest")[0] == 200
        assert process.end().code == 0


def test_a_full_disk_is_one_message_and_complete_data_stay(tmp_path: Path) -> None:
    days = ("--start", "2026-03-02", "--end", "2026-03-05")
    done = command(tmp_path, "backfill", *few_lines(), *days, most_file_bytes=2_000_000)
    assert done.code == 1
    assert "Traceback" not in done.err
    said = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    assert said == done.err.splitlines()[-1:]
    assert "no room" in said[0]
    assert command(tmp_path, "digest").code == 0
