"""The whole network live at the morning peak: its share of a core, and how soon it recovers when killed.

The real program, over a DuckDB file, with the network folder that `import-gtfs` makes of the test feed; a
client asks it for something every second.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import psutil

from benchmarks.figures import Figure, Unmeasured, timed
from benchmarks.filling import FEED, WEDNESDAY
from benchmarks.starting import get, lag_s, started, text, until
from services.times import HOUR
from simulator.gtfs.folder import write_folder
from simulator.gtfs.importer import import_feed
from simulator.network import Network
from tests.environment import feeds_folder

PEAK = WEDNESDAY + timedelta(hours=4, minutes=30)
"""08:30 in Madrid."""
SECONDS = 180.0
TICK_S = 30.0
DAY_S = 86_400
LIVE = "the whole network live at the morning peak"
AGAIN = "the whole network, restarted an hour after a kill"


def measure() -> Iterator[Figure | Unmeasured]:
    """The share of a core, and row 7 of the speed table for the whole network."""
    folder = feeds_folder()
    if folder is None or not (folder / FEED).exists():
        needs = f"`BUS_SIMULATOR_TEST_FEEDS` names no folder with {FEED}"
        yield Unmeasured(LIVE, needs, row_id="live")
        yield Unmeasured(AGAIN, needs, row_id="recovery")
        return
    with tempfile.TemporaryDirectory() as name:
        imported = import_feed(folder / FEED)
        city = Path(name) / "city"
        city.mkdir()
        write_folder(imported, city)
        yield from _measured(imported.network, name, ("--network", str(city), "--backfill", "0"))


def _measured(network: Network, folder: str, options: Sequence[str]) -> Iterator[Figure]:
    with started(folder, *options, "--at", text(PEAK)) as (port, pid):
        until(lambda: healthy(port), "good health")
        begun_s = cpu_s(pid)
        ticks_s = ticking_s(port, pid, network)
        size = f"{len(network.lines)} lines, {len(network.line_of_bus):,} buses, {len(network.stops):,} stops"
        note = (
            f"{size}; {SECONDS:.0f} s from 08:30 in real time, a query each second: {ticks_s:.1f} s of CPU; "
            f"and the start with all line-days, {begun_s:.1f} s, once a day"
        )
        share = ticks_s / SECONDS + begun_s / DAY_S
        yield Figure(LIVE, share, "of a core", "target", 0.5, "at most", 1, note, row_id="live")
    began = time.perf_counter()
    with started(folder, *options, "--at", text(PEAK + HOUR)) as (port, _):
        until(lambda: lag_s(port) < TICK_S, "no lag")
        seconds = time.perf_counter() - began
    yield timed(AGAIN, seconds, "s", 30, "from its start to no lag and no gap", row_id="recovery")


def healthy(port: int) -> bool:
    """Whether no feeder lags."""
    return get(port, "/health").get("status") == "healthy"


def ticking_s(port: int, pid: int, network: Network) -> float:
    """CPU seconds in `SECONDS`, with a query each second. RuntimeError if a feeder lags."""
    before, began = cpu_s(pid), time.perf_counter()
    pause = threading.Event()
    for number in itertools.count():
        if time.perf_counter() - began > SECONDS:
            break
        stop_id = network.stops[number % len(network.stops)].stop_id
        if "count" not in get(port, f"/people-count/{stop_id}?mode=latest"):
            raise RuntimeError(f"no count of stop {stop_id}")
        pause.wait(1)
    spent = cpu_s(pid) - before
    if lag_s(port) > TICK_S:
        raise RuntimeError("the feeders are behind")
    return spent


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children."""
    process = psutil.Process(pid)
    times = (each.cpu_times() for each in (process, *process.children(recursive=True)))
    return sum(each.user + each.system for each in times)
