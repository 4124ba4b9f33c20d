"""How fast this machine is at present: a fixed workload of pure Python, NumPy and DuckDB.

Some targets are times, such as that of the first answer. On a machine that takes twice as long for the fixed
workload, the same program may take twice as long.
"""

from __future__ import annotations

import heapq
import os
import platform
import time
from collections.abc import Callable
from functools import cache

import duckdb
import numpy as np

REFERENCE_S = 0.48
"""Seconds of the workload on the reference machine, which this defines.

A target of 1 s is 1 ÷ 0.48 of the workload's time, and each run of a row measures that beside the row.
"""
ROUNDS = 5


@cache
def slowness() -> float:
    """Seconds of this machine for each second of the reference: the least of several rounds."""
    return min(workload_s() for _ in range(ROUNDS)) / REFERENCE_S


def calibrated() -> float:
    """The slowness at present, which counts until the next call."""
    slowness.cache_clear()
    return slowness()


def machine() -> str:
    """The machine and versions of a measurement."""
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, DuckDB {duckdb.__version__}"
    return f"Measured on {os.cpu_count()} cores ({platform.machine()}), {versions}."


def scaled(target: float) -> float:
    """A target in seconds, or milliseconds, as it is on this machine."""
    return target * slowness()


def scaled_name(target: float, unit: str) -> str:
    """What a scaled target is called in the table."""
    return f"{target:g} {unit} on the reference machine"


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
    """What the store does most: insert rows, select some of them."""
    with duckdb.connect() as connection:
        columns = "range AS n, range % 977 AS k, 'S' || range % 499 AS s"
        connection.execute(f"CREATE TABLE t AS SELECT {columns} FROM range(700_000)")
        return connection.execute("SELECT s, sum(n) FROM t WHERE k > 9 GROUP BY s ORDER BY s").fetchall()
