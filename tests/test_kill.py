"""Killed with SIGKILL again and again, then left alone: the data are those of an undisturbed run."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.times import format_instant, parse_instant
from tests.process import command, running, started

pytestmark = pytest.mark.e2e

KILLS = 10
START = datetime(2026, 3, 2, 5, tzinfo=UTC)
NETWORK = """
lines:
- line_id: L1
  name: Sol - Atocha
  stops:
  - {stop_id: S1, name: S, latitude: 40.4169, longitude: -3.7035, is_terminal: true, base_arrival_rate: 1}
  - {stop_id: S2, name: P, latitude: 40.4138, longitude: -3.6946, is_terminal: false, base_arrival_rate: 1}
  - {stop_id: S3, name: A, latitude: 40.4065, longitude: -3.6895, is_terminal: true, base_arrival_rate: 1}
  buses:
  - {bus_id: B1, capacity: 60, initial_position: 0.0}
  - {bus_id: B2, capacity: 60, initial_position: 0.5}
"""


def hour(number: int) -> str:
    return format_instant(START + timedelta(hours=number))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lines.yaml").write_text(NETWORK)
    return tmp_path


def filled(folder: Path, store: str, hours: int) -> int:
    """Fill the store; how many rows were still missing."""
    stretch = ("--start", hour(0), "--end", hour(hours))
    done = command(folder, "backfill", "--network", "lines.yaml", "--store", store, *stretch)
    assert done.code == 0, done.err
    return int(done.out.splitlines()[-1].split()[0].replace(",", ""))


def digests(folder: Path, store: str, hours: int) -> Sequence[str]:
    done = command(folder, "digest", "--store", store, "--start", hour(0), "--end", hour(hours))
    assert done.code == 0, done.err
    return done.out.splitlines()


def stored(folder: Path) -> int:
    """Bytes that have been written to the store, its log included."""
    return sum(path.stat().st_size for path in folder.glob("killed.duckdb*"))


@pytest.mark.long
def test_a_backfill_killed_again_and_again_ends_with_the_same_bytes(folder: Path) -> None:
    hours = 24 * 5
    store = "duckdb:killed.duckdb"
    arguments = (
        "backfill",
        "--network",
        "lines.yaml",
        "--store",
        store,
        "--start",
        hour(0),
        "--end",
        hour(hours),
    )
    for _ in range(KILLS):
        before = stored(folder)
        with started(folder, arguments) as process:
            while stored(folder) <= before:
                assert process.poll() is None
                threading.Event().wait(0.002)
            process.kill()
    missing = filled(folder, store, hours)
    assert 0 < missing < filled(folder, "duckdb:undisturbed.duckdb", hours)
    assert digests(folder, store, hours) == digests(folder, "duckdb:undisturbed.duckdb", hours)


@pytest.mark.long
def test_a_live_run_killed_again_and_again_ends_with_the_same_bytes(folder: Path) -> None:
    """At 3,600 times real time; a restarted run begins before or after the end of the stored data."""
    store = "duckdb:killed.duckdb"
    for attempt in range(KILLS):
        with live(folder, store, attempt) as process:
            process.wait_for(partial(is_past, hour(attempt)))
            process.kill()
    with live(folder, store, KILLS) as process:
        end = parse_instant(hour(KILLS + 1))
        process.wait_for(lambda body: all(covers(stream, end) for stream in body["streams"].values()))
        assert process.end().code == 0
    filled(folder, "duckdb:undisturbed.duckdb", KILLS + 1)
    assert digests(folder, store, KILLS + 1) == digests(folder, "duckdb:undisturbed.duckdb", KILLS + 1)


def live(folder: Path, store: str, attempt: int) -> Any:
    """A run whose clock starts some minutes into the hour of the attempt."""
    at = format_instant(START + timedelta(hours=attempt, minutes=7 * attempt % 60))
    return running(
        folder, "--network", "lines.yaml", "--store", store, "--at", at, "--speed", "3600", "--backfill", "0"
    )


def is_past(instant: str, health: Any) -> bool:
    """Whether every feeder has written a tick after `instant`."""
    return all(feeder["last_tick"] > instant for feeder in health["feeders"])


def covers(stream: Any, end: datetime) -> bool:
    """Whether one stretch reaches from the start to `end`."""
    return any(
        parse_instant(stretch["start"]) <= START and end <= parse_instant(stretch["end"])
        for stretch in stream["coverage"]
    )
