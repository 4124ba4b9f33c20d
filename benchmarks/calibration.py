"""How fast this machine is at present: a fixed workload of pure Python, NumPy and DuckDB.

Some targets are times, such as that of the first answer. On a machine that takes twice as long for the fixed
workload, the same program may take twice as long.
"""

from __future__ import annotations

import heapq
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable

import duckdb
import numpy as np

REFERENCE_S = 0.32
"""Seconds of the workload on the machine on which the targets in seconds were set.

The workload is younger than the targets. But the target for imports was set beside a measurement: 8.6 s for
the whole network's feed, by the program of then (commit 0355211). Four imports by that program, each between
rounds of the workload, took 26 to 29 times the CPU time of a round.
"""
ROUNDS = 5


def rounds_s() -> list[float]:
    """Seconds of each of several rounds of the workload, after one that isn't timed."""
    workload_s()
    return [workload_s() for _ in range(ROUNDS)]


def slowness_of(seconds: Iterable[float]) -> float:
    """Seconds of this machine for each second of the reference, by rounds of the workload.

    The median, as that of the rows: the quickest round would be that of a lucky moment.
    """
    return statistics.median(seconds) / REFERENCE_S


def machine() -> str:
    """The machine and versions of a measurement."""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, DuckDB {duckdb.__version__}"
    return f"Measured on {os.cpu_count()} cores ({platform.machine()}), {versions}."


def workload_s() -> float:
    """Seconds of wall time for one round of the workload."""
    return sum(timed(part) for part in (pure_python, numpy_arrays, duckdb_rows))


def timed(part: Callable[[], object]) -> float:
    """Seconds of wall time that a part takes."""
    began = time.perf_counter()
    part()
    return time.perf_counter() - began


def pure_python() -> int:
    """What SimPy does most: a heap of events, and callbacks."""
    events = [(number * 2_654_435_761 % 1_000_003, number) for number in range(60_000)]
    heapq.heapify(events)
    last = 0
    while events:
        last, number = heapq.heappop(events)
        if number % 3 == 0:
            heapq.heappush(events, (last + 1_000, number + 1))
    return last


def numpy_arrays() -> float:
    """What sampling does most: sorted arrays, lookups, sums."""
    values = np.arange(1_000_000, dtype=np.int64) * 2_654_435_761 % 1_000_003
    order = np.argsort(values, kind="stable")
    places = np.searchsorted(values[order], np.arange(0, 1_000_003, 7))
    return float(np.cumsum(values[order])[places[:-1]].sum())


def duckdb_rows() -> object:
    """What the store does most: insert rows, select some of them. On one core, as all else here."""
    with duckdb.connect(config={"threads": 1}) as connection:
        columns = "range AS n, range % 977 AS k, 'S' || range % 499 AS s"
        connection.execute(f"CREATE TABLE t AS SELECT {columns} FROM range(700_000)")
        return connection.execute("SELECT s, sum(n) FROM t WHERE k > 9 GROUP BY s ORDER BY s").fetchall()
