"""A city is disturbed while it runs, killed, continued and replayed: its data are those of one run."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from pathlib import Path

import pytest

from services.times import format_instant
from tests.environment import environment
from tests.process import KEY, Finished, Running, command, few_lines, running

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent
START = datetime(2026, 3, 2, 7, tzinfo=UTC)
STORE = "duckdb:bus.duckdb"
END = format_instant(START + timedelta(hours=1))
ATTEMPT = timedelta(minutes=10)
"""Simulated time between two starts, a second at 600 times real time."""
DISRUPTIONS: Sequence[dict[str, dict[str, object]]] = (
    {"surge": {"stop": "S003", "people_per_min": 30, "to": "2026-03-02T09:00:00Z"}},
    {"breakdown": {"bus": "B001", "repair_min": 15}},
    {"weather": {"rain": "heavy"}},
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
    return finished_well(folder, *arguments).out


def finished_well(folder: Path, *arguments: str) -> Finished:
    finished = command(folder, *arguments)
    assert finished.code == 0, (finished.out, finished.err)
    return finished


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
    stored = finished_well(tmp_path, "digest", *store, *span)
    assert stored.out == done(tmp_path, "digest", "day.yaml", *span)
    *_, last = done(tmp_path, "journal", *store).splitlines()
    # Each kill may come before its intervention is kept.
    assert stored.err == (f"journal {last.removeprefix('digest ')}\n" if kept else "")
    done(tmp_path, "audit", *few_lines(), *store)


def steps(page: str) -> Iterator[tuple[str, str]]:
    """The commands of a page and what each prints."""
    yield from re.findall(
        r"^```bash\n((?:(?!```).)*)```\n```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )


def gist(text: str) -> str:
    """What a command prints, without its progress and the numbers that it measures in the simulated data."""
    text = re.sub(r'^\{"time": .*"bus_simulator\.progress".*\n', "", text, flags=re.MULTILINE)
    table = re.compile(r"^(?P<title>.{33})(?: +[-+0-9.,]+){3,4}$", re.MULTILINE)
    return re.sub(r"\([0-9,]+ checked\)|[0-9,]+ records", "", table.sub(r"\g<title>", text))


@pytest.mark.long
def test_the_hour_of_an_event_goes_as_its_page_tells(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
    start = re.search(r"^bus-simulator run (.*)$", page, re.MULTILINE)
    store = re.search(r"^export BUS_SIMULATOR_STORE=(.*)$", page, re.MULTILINE)
    assert start is not None
    assert store is not None
    with running(tmp_path, *start[1].split(), "--store", store[1]) as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        variables = environment(
            BUS_SIMULATOR_API_KEY=KEY,
            BUS_SIMULATOR_STORE=store[1],
            PATH=f"{sys.prefix}/bin:{environment()['PATH']}",
        )
        for code, shown in steps(page):
            here = code.replace("127.0.0.1:8080", f"{process.host}:{process.port}")
            printed = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", here],
                cwd=tmp_path,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert (printed.returncode, gist(printed.stdout)) == (0, gist(shown)), code
