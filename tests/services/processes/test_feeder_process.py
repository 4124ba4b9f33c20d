"""A feeder as a process of its own: over Timestream, beside a server, until a signal ends it."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.processes.process_setup import retry_until_closed
from services.times import parse_instant
from storage.errors import StoreUnavailable
from storage.schema import Stream
from storage.timestream_store import TimestreamStore
from tests.process import KEY, Running, command, few_lines, running, started
from tests.services.fakes import MINUTE, NOW, fake_clock
from tests.timestream_endpoint import KEYS, REGION, Endpoint, endpoint

AT = "2026-03-02T07:30:05Z"
FEEDERS = ("people-count", "sensors", "bus-position")


def test_an_unreachable_store_is_waited_for_at_the_start() -> None:
    failures = [StoreUnavailable("away"), StoreUnavailable("away")]

    def attempt() -> str:
        if failures:
            raise failures.pop()
        return "here"

    assert retry_until_closed(attempt, fake_clock(lasts=10 * MINUTE)) == "here"


def test_a_signal_ends_the_waiting() -> None:
    def attempt() -> str:
        raise StoreUnavailable("away")

    assert retry_until_closed(attempt, fake_clock(lasts=MINUTE)) is None


def test_with_a_patience_the_last_failure_ends_the_waiting() -> None:
    clock = fake_clock(lasts=10 * MINUTE)

    def attempt() -> str:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable, match="away"):
        retry_until_closed(attempt, clock, patience_s=240)
    assert clock.now() == NOW + 4 * MINUTE


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with endpoint(tmp_path) as own:
        yield own


@pytest.mark.long
@pytest.mark.e2e
def test_feeders_and_a_server_share_a_store(served: Endpoint, tmp_path: Path) -> None:
    from websockets.sync.client import connect

    store = ("--store", f"timestream://bus_simulator?region={REGION}&endpoint_url={served.url}")
    clock = (*few_lines(), "--at", AT, "--speed", "10")
    feeding = [started(tmp_path, ("feed", name, *store, *clock)) for name in FEEDERS]
    processes = [each.__enter__() for each in feeding]
    try:
        with running(tmp_path, *store, *clock, command="serve") as server:
            body = wait_for(server, "/bus-position/line/L1?mode=latest")
            assert {bus["line_id"] for bus in body["buses"]} == {"L1"}
            assert wait_for(server, "/people-count/S001?mode=latest")["stop_id"] == "S001"
            assert wait_for(server, "/sensors/bus/B001?mode=latest")["door_status"]
            url = f"ws://{server.host}:{server.port}/ws?api_key={KEY}&group_name=tests"
            with connect(url) as socket:
                socket.send('{"action":"subscribe","line_ids":["L1"]}')
                assert json.loads(socket.recv(20))["type"] == "subscribed"
                times: set[str] = set()
                while len(times) < 3:
                    times.add(json.loads(socket.recv(20))["time"])
            assert server.end().code == 0
        for process in processes:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=30)
            assert process.returncode == 0, err
            check_log(err)
    finally:
        for each in feeding:
            each.__exit__(None, None, None)
    audited = command(tmp_path, "audit", *store, *few_lines())
    assert audited.code == 0, audited.out + audited.err


@pytest.mark.long
@pytest.mark.e2e
def test_gaps_of_earlier_processes_are_filled(served: Endpoint, tmp_path: Path) -> None:
    store = ("--store", f"timestream://bus_simulator?region={REGION}&endpoint_url={served.url}")
    for start, end in (("06:10", "06:20"), ("06:40", "06:50")):
        stretch = ("--start", f"2026-03-02T{start}Z", "--end", f"2026-03-02T{end}Z")
        done = command(tmp_path, "backfill", *few_lines(), *stretch, *store)
        assert done.code == 0, done.err
    with (
        started(tmp_path, ("feed", "people-count", *store, *few_lines(), "--at", AT)) as process,
        closing(TimestreamStore("bus_simulator", region=REGION, endpoint_url=served.url)) as read,
    ):
        for _ in range(600):
            held = [(each.start, each.end) for each in read.coverage(Stream.PEOPLE_COUNT)]
            if len(held) == 1 and held[0][1] > parse_instant(AT):
                break
            threading.Event().wait(0.05)
        assert [start for start, _ in held] == [parse_instant("2026-03-02T06:10Z")]
        assert len(read.coverage(Stream.SENSOR_DATA)) == 2
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 0, err


def wait_for(server: Running, path: str) -> Any:
    """Wait for a response with status 200; return its body."""
    for _ in range(600):
        status, body = server.ask(path)
        if status == 200:
            return body
        threading.Event().wait(0.05)
    raise AssertionError(body)


def check_log(text: str) -> None:
    """Every tick is a line with its lag, and the last line is the end."""
    lines = [json.loads(line) for line in text.splitlines()]
    ticks = [parse_instant(line["last_tick"]) for line in lines if line["message"].endswith(" written")]
    assert len(ticks) >= 2
    assert ticks == sorted(ticks)
    assert ticks[-1] >= parse_instant(AT) - timedelta(minutes=1)
    assert all(line["lag_s"] >= 0 for line in lines if "lag_s" in line)
    assert lines[-1]["message"].endswith(" ends")
