"""The memory of a running city: 30 simulated days of the shipped network, as fast as they can be had.

The MCP SDK is imported before: a server does that ten seconds after its start, which is in the fifth day.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import psutil

from benchmarks.figures import Figure
from benchmarks.starting import KEY, days_covered, started, text, until

START = datetime(2026, 3, 2, tzinfo=UTC)
SETTLED_DAYS, DAYS = 5, 30
MB = 2**20
INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18", "capabilities": {},
        "clientInfo": {"name": "benchmark", "version": "1"},
    },
}  # fmt: skip


def measure() -> Iterator[Figure]:
    """The memory in the 30th day against that in the fifth, when all caches are full."""
    options = ("--backfill", "0", "--at", text(START), "--speed", "max")
    with tempfile.TemporaryDirectory() as folder, started(folder, *options) as (port, pid):
        until(lambda: days_covered(port) > 0, "an answer")
        begin_mcp(port)
        settled_mb, value = (memory_mb(port, pid, day) for day in (SETTLED_DAYS, DAYS))
    a_day_mb = (value - settled_mb) / (DAYS - SETTLED_DAYS)
    yield Figure(
        "memory of a running city in its 30th simulated day",
        value, "MB", "the same in the 5th day", settled_mb, "at most", 1.1,
        f"the shipped network at the greatest speed; median of a day, in which it varies by some 50 MB; "
        f"{a_day_mb:+.1f} MB a day",
        row_id="flat",
    )  # fmt: skip


def begin_mcp(port: int) -> None:
    """Send the first message of an MCP client."""
    headers = {
        "content-type": "application/json", "accept": "application/json, text/event-stream",
        "x-api-key": KEY, "x-group-name": "benchmark",
    }  # fmt: skip
    url, body = f"http://127.0.0.1:{port}/mcp", json.dumps(INITIALIZE).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
        answer.read()


def memory_mb(port: int, pid: int, day: int) -> float:
    """The median of a process's resident memory, MB, while it simulates a day, the first of which is 1."""
    until(lambda: days_covered(port) >= day - 1, f"day {day}", patience_s=3600, pause_s=1)
    process, readings = psutil.Process(pid), list[float]()

    def is_over() -> bool:
        readings.append(process.memory_info().rss / MB)
        return days_covered(port) >= day

    until(is_over, f"end of day {day}", patience_s=600, pause_s=0.05)
    return statistics.median(readings)
