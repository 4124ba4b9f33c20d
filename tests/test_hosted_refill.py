"""A hosted endpoint with a new disk: its task has the same history, byte for byte, and feeders continue."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.times import HOUR, floor
from simulator.clock import Clock
from tests.environment import environment
from tests.process import PATIENCE_S, PROGRAM
from tests.timestream_endpoint import KEYS, Endpoint, endpoint

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@pytest.fixture
def hosted(tmp_path: Path) -> Iterator[Endpoint]:
    with endpoint(tmp_path) as running:
        yield running


def renew(hosted: Endpoint) -> None:
    """Put an endpoint with an empty disk in its place, as ECS puts a new task."""
    hosted.kill()
    for file in hosted.folder.glob("*.duckdb*"):
        file.unlink()
    hosted.restart()


def program(hosted: Endpoint, *arguments: str) -> tuple[str, ...]:
    return (
        *PROGRAM,
        *arguments,
        "--store",
        f"timestream://bus_simulator?region=eu-west-1&endpoint_url={hosted.url}",
    )


def said(hosted: Endpoint, *arguments: str) -> str:
    done = subprocess.run(
        program(hosted, *arguments),
        env=environment(**KEYS),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def feeder(hosted: Endpoint, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A feeder that has written some ticks."""
    with (
        log.open("wb") as out,
        subprocess.Popen(
            program(hosted, "feed", "people-count", "--speed", "60"),
            env=environment(**KEYS),
            stdout=out,
            stderr=out,
        ) as process,
    ):
        try:
            for _ in range(PATIENCE_S * 20):
                if "people-count written" in log.read_text():
                    break
                assert process.poll() is None, log.read_text()
                threading.Event().wait(0.05)
            else:
                raise AssertionError(log.read_text())
            yield process
        finally:
            process.kill()


def seeded(hosted: Endpoint) -> None:
    """Put an endpoint with a new disk in its place, which has its history before it answers."""
    hosted.kill()
    for file in hosted.folder.glob("*.duckdb*"):
        file.unlink()
    store = f"duckdb:{hosted.folder / 'timestream.duckdb'}"
    done = subprocess.run(
        (*PROGRAM, "ops", "seed", "--history", "2h", "--store", store),
        env=environment(**KEYS),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    hosted.restart()


def test_a_task_with_a_new_disk_starts_with_the_same_bytes(hosted: Endpoint) -> None:
    # In both histories, also if a new hour begins between them.
    end = floor(Clock().now(), HOUR)
    hour = ("--start", (end - HOUR).isoformat(), "--end", end.isoformat())
    seeded(hosted)
    before = said(hosted, "digest", *hour)
    assert len(before.splitlines()) == 4
    seeded(hosted)
    assert said(hosted, "digest", *hour) == before


def test_a_feeder_that_finds_a_new_disk_ends_and_the_next_one_continues(
    hosted: Endpoint, tmp_path: Path
) -> None:
    log = tmp_path / "feeder.log"
    with feeder(hosted, log) as process:
        renew(hosted)
        assert process.wait(PATIENCE_S) == 1
    assert "does not exist" in log.read_text().splitlines()[-1]
    with feeder(hosted, log) as process:
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
