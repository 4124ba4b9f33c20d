"""A city is disturbed while it runs, killed, continued and replayed: its data are those of one run."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path

import pytest

from services.times import format_instant
from tests.process import Running, command, few_lines, running

pytestmark = pytest.mark.e2e

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
STORE = "duckdb:bus.duckdb"
END = format_instant(START + timedelta(hours=1))
ATTEMPT = timedelta(minutes=10)
"""Simulated time between two starts, a second at 600 times real time."""
DISRUPTIONS: Sequence[dict[str, dict[str, object]]] = (
    {"surge": {"stop": "S003", "people_per_min": 30, "to": "2026-03-02T09:00:00Z"}},
    {"breakdown": {"bus": "B001", "repair_min": 15}},
    {"slow_zone": {"line": "L1", "between": ["S002", "S006"], "speed_factor": 0.5}},
    {"weather": {"rain": "heavy"}},
    {"control": {"how": "headway"}},
)


@contextmanager
def city(folder: Path, at: datetime) -> Iterator[Running]:
    options = ("--store", STORE, "--at", format_instant(at), "--speed", "600", "--backfill", "0", "--control")
    with running(folder, *few_lines(), *options) as process:
        yield process


def ask(process: Running, disruption: object, acknowledged: list[object]) -> None:
    """Make an intervention; keep its disruption if the answer arrives before the process is killed."""
    with suppress(OSError, HTTPException, ValueError):
        status, body = process.ask("/interventions", body=disruption)
        assert status == 201, body
        acknowledged.append(body["disruption"])


def done(folder: Path, *arguments: str) -> str:
    finished = command(folder, *arguments)
    assert finished.code == 0, (finished.out, finished.err)
    return finished.out


@pytest.mark.long
def test_a_run_killed_around_interventions_loses_neither_them_nor_a_record(tmp_path: Path) -> None:
    acknowledged: list[object] = []
    for number, disruption in enumerate(DISRUPTIONS):
        with city(tmp_path, START + number * ATTEMPT) as process:
            asking = threading.Thread(target=ask, args=(process, disruption, acknowledged))
            asking.start()
            # The kill comes before, during or after the answer.
            asking.join(number * 0.02)
            process.kill()
            asking.join()
    with city(tmp_path, START + len(DISRUPTIONS) * ATTEMPT) as process:
        process.wait_for(lambda body: all(feeder["last_tick"] > END for feeder in body["feeders"]))
        kept = [item["disruption"] for item in process.ask("/interventions")[1]["items"]]
        assert process.end().code == 0
    assert [each for each in kept if each in acknowledged] == acknowledged
    store, span = ("--store", STORE), ("--start", format_instant(START), "--end", END)
    done(tmp_path, "backfill", *few_lines(), *store, *span)
    done(tmp_path, "journal", *few_lines(), *store, "--as-scenario", "-o", "day.yaml")
    assert done(tmp_path, "digest", *store, *span) == done(tmp_path, "digest", "day.yaml", *span)
    done(tmp_path, "audit", *few_lines(), *store)
