"""The memory of a running city: 30 simulated days of the shipped network, as fast as they can be had."""

from __future__ import annotations

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
    """The memory after 30 days against that after five, when all caches are full."""
    options = ("--backfill", "0", "--at", text(START), "--speed", "max")
    with tempfile.TemporaryDirectory() as folder, started(folder, *options) as (port, pid):
        until(lambda: days_covered(port) >= SETTLED_DAYS, "five days", patience_s=600, pause_s=1)
        settled_mb = memory_mb(pid)
        until(lambda: days_covered(port) >= DAYS, "thirty days", patience_s=3600, pause_s=1)
        value = memory_mb(pid)
    a_day_mb = (value - settled_mb) / (DAYS - SETTLED_DAYS)
    yield Figure(
        "memory of a running city after 30 simulated days",
        value, "MB", "the same after 5 days", settled_mb, "at most", 1.1,
        f"the shipped network at the greatest speed; {a_day_mb:+.1f} MB a day",
        row_id="flat",
    )  # fmt: skip


def memory_mb(pid: int) -> float:
    """The resident memory of a process, MB."""
    return float(psutil.Process(pid).memory_info().rss / MB)
