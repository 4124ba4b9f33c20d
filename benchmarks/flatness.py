"""The memory of a running city: 30 simulated days of the shipped network, as fast as they can be had."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime

import psutil

from benchmarks.figures import Figure
from benchmarks.starting import days_covered, started, text, until

START = datetime(2026, 3, 2, tzinfo=UTC)
SETTLED_DAYS, DAYS = 5, 30
MB = 2**20


def measure() -> Iterator[Figure]:
    """The memory in the 30th day against that in the fifth, when all caches are full."""
    options = ("--backfill", "0", "--at", text(START), "--speed", "max")
    with tempfile.TemporaryDirectory() as folder, started(folder, *options) as (port, pid):
        settled_mb, value = (memory_mb(port, pid, day) for day in (SETTLED_DAYS, DAYS))
    a_day_mb = (value - settled_mb) / (DAYS - SETTLED_DAYS)
    yield Figure(
        "memory of a running city in its 30th simulated day",
        value, "MB", "the same in the 5th day", settled_mb, "at most", 1.1,
        f"the shipped network at the greatest speed; median of a day, in which it varies by some 50 MB; "
        f"{a_day_mb:+.1f} MB a day",
        row_id="flat",
    )  # fmt: skip


def memory_mb(port: int, pid: int, day: int) -> float:
    """The median of a process's resident memory, MB, while it simulates a day, the first of which is 1."""
    until(lambda: days_covered(port) >= day - 1, f"day {day}", patience_s=3600, pause_s=1)
    process, readings = psutil.Process(pid), list[float]()

    def is_over() -> bool:
        readings.append(process.memory_info().rss / MB)
        return days_covered(port) >= day

    until(is_over, f"end of day {day}", patience_s=600, pause_s=0.05)
    return statistics.median(readings)
