"""Time until a started or restarted program answers, measured on real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.figures import Figure, timed
from simulator.clock import Clock

KEY = "benchmark-key"
PATIENCE_S = 120


def measure() -> Iterator[Figure]:
    """Rows 3 and 7 of the speed table."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with program(folder) as port:
            until(lambda: answers(port), "an answer")
            first_s = time.perf_counter() - began
            until(lambda: days_covered(port) >= 5, "5 days of history")
            all_s = time.perf_counter() - began
        began = time.perf_counter()
        with program(folder) as port:
            until(lambda: answers(port), "an answer")
            restarted_s = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as folder:
        caught_up_s = after_an_hour_away(folder)
    for row_id, what, seconds, target_s in (
        ("first", "first start until the first answer, 24 h of history written", first_s, 2.0),
        ("history", "5 days of history after the start", all_s - first_s, 15),
        ("restart", "restart until the first answer", restarted_s, 2.0),
        ("hour", "restart an hour after a kill, until no lag", caught_up_s, 2.0),
    ):
        yield timed(what, seconds, "s", target_s, row_id=row_id)


def after_an_hour_away(folder: str) -> float:
    """Seconds from start to no lag, with the store of a killed process an hour behind."""
    now = Clock().now()
    with program(folder, "--at", text(now - timedelta(hours=1))) as port:
        until(lambda: answers(port), "an answer")
    began = time.perf_counter()
    with program(folder) as port:
        until(lambda: answers(port) and lag_s(port) < 30, "no lag")
        return time.perf_counter() - began


@contextmanager
def program(folder: str, *options: str) -> Iterator[int]:
    """See `started`; yields the port only."""
    with started(folder, *options) as (port, _):
        yield port


@contextmanager
def started(
    folder: str, *options: str, command: str = "run", store: str | None = None
) -> Iterator[tuple[int, int]]:
    """`bus-simulator run`, or another server: its port, a free one, and its process id.

    Its store is a DuckDB file in `folder`, unless another is given. Killed at the end.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "bus_simulator", command, "--port", str(port), *options]
    store = store or f"duckdb:{Path(folder) / 'bus.duckdb'}"
    environment = {"PATH": os.defpath, "BUS_SIMULATOR_API_KEY": KEY, "BUS_SIMULATOR_STORE": store}
    with subprocess.Popen(
        words,
        cwd=Path(__file__).parent.parent,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGKILL)


def until(
    condition: Callable[[], bool], what: str, *, patience_s: float = PATIENCE_S, pause_s: float = 0.005
) -> None:
    """Poll until a condition is met, with pauses. TimeoutError if it isn't in time."""
    end, pause = time.perf_counter() + patience_s, threading.Event()
    while not condition():
        if time.perf_counter() > end:
            raise TimeoutError(f"no {what} within {patience_s} s")
        pause.wait(pause_s)


def get(port: int, path: str) -> dict[str, object]:
    """The JSON body of a route; an empty one if there is no answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"x-api-key": KEY, "x-group-name": "benchmark"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            body: dict[str, object] = json.load(answer)
            return body
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return {}


def answers(port: int) -> bool:
    """Whether the latest count of a stop is answered."""
    return "count" in get(port, "/people-count/S001?mode=latest")


def text(instant: datetime) -> str:
    """An instant in ISO 8601."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def days_covered(port: int) -> float:
    """Days of history without gaps that every stream has."""
    streams = get(port, "/health").get("streams")
    if not isinstance(streams, dict) or not streams:
        return 0.0
    return min(sum(days(held) for held in stream["coverage"]) for stream in streams.values())


def days(held: dict[str, str]) -> float:
    """The length of a covered interval."""
    start, end = (datetime.fromisoformat(held[name]) for name in ("start", "end"))
    return (end - start) / timedelta(days=1)


def lag_s(port: int) -> float:
    """The largest lag of a feeder, or the length of the history still missing, in seconds."""
    health = get(port, "/health")
    feeders, streams = health.get("feeders"), health.get("streams")
    if not isinstance(feeders, list) or not isinstance(streams, dict) or not feeders:
        return float("inf")
    if any(len(stream["coverage"]) != 1 for stream in streams.values()):
        return float("inf")
    return max(float(feeder["lag_s"]) for feeder in feeders)
