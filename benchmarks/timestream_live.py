"""The whole network live through Timestream: three `feed` processes over the endpoint, at the peak hour."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from benchmarks.figures import Figure, timed
from benchmarks.filling import FEED, SHIPPED
from benchmarks.timestream import DATABASE, REGION, endpoint, opened, variables
from services.feeders.feeder import FEEDERS
from services.times import format_instant
from simulator.clock import Clock
from storage.schema import Stream
from storage.store import Store
from tests.environment import feeds_folder

PEAK = datetime(2026, 11, 18, 7, tzinfo=UTC)
"""A Wednesday, 08:00 in Madrid: feeders begin with the current hour."""
SPAN_S = 150.0
STEP_S = 0.1
PATIENCE_S = 600


@dataclass(slots=True)
class Feeding:
    """A `feed` process and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    started: float

    def lags(self) -> Sequence[tuple[float, float]]:
        """From its log: wall seconds since the epoch, and the simulated seconds due at that time."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [
            (datetime.fromisoformat(line["time"]).timestamp(), line["lag_s"])
            for line in lines
            if "lag_s" in line
        ]


def measure() -> Iterator[Figure]:
    """The feeders' lag, and how soon a killed one has caught up."""
    network = whole_network_file()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        running = stack.enter_context(endpoint(folder))
        began = time.perf_counter()
        feeders = {
            kind.name: stack.enter_context(fed(kind.name, network, folder, store_at(running.url), PEAK))
            for kind in FEEDERS
        }
        until_caught_up(feeders.values())
        watching = Clock().now().timestamp()
        with closing(opened(running.url)) as store:
            processes = [running.process, *(each.process for each in feeders.values())]
            rows, seconds, cores = watched(store, processes)
        kept = [lag for feeder in feeders.values() for at, lag in feeder.lags() if at >= watching]
        victim = feeders["bus-position"]
        victim.process.kill()
        victim.process.wait()
        here = PEAK + timedelta(seconds=time.perf_counter() - began)
        again = stack.enter_context(fed("bus-position", network, folder, store_at(running.url), here))
        until_caught_up([again])
        back_s, back_cpu_s = time.perf_counter() - again.started, cpu_s([again.process])
    yield Figure(
        "the whole network live at 08:00 through boto3, greatest lag of three feeders",
        max(kept), "s", "a tick", 30, "at most", 1,
        f"{network.name}, {rows / seconds:.0f} records/s over {seconds:.0f} s; endpoint and feeders take "
        f"{cores:.2f} cores", row_id="ts-lag",
    )  # fmt: skip
    yield timed(
        "a killed feeder of the whole network, until it has caught up through Timestream", back_s, "s", 30,
        f"the bus positions' and visits'; {back_cpu_s:.0f} CPU-seconds of its own", row_id="ts-recovery",
    )  # fmt: skip


def whole_network_file() -> Path:
    """Madrid's feed if the test feeds have it, else the shipped network."""
    folder = feeds_folder()
    return SHIPPED if folder is None or not (folder / FEED).exists() else folder / FEED


def store_at(url: str) -> str:
    """The value of `--store` for the endpoint at an address."""
    return f"timestream://{DATABASE}?region={REGION}&endpoint_url={url}"


@contextmanager
def fed(
    kind: str, network: Path, folder: Path, store: str, at: datetime, shard: str = "1/1"
) -> Iterator[Feeding]:
    """Run a `feed` process; it is killed on exit."""
    log = folder / f"{kind}-{time.perf_counter_ns()}.log"
    options = ["--network", str(network), "--store", store, "--at", format_instant(at), "--shard", shard]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "bus_simulator", "feed", kind, *options],
            cwd=Path(__file__).parent.parent,
            env=variables(),
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        yield Feeding(process, log, time.perf_counter())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def until_caught_up(feeders: Iterable[Feeding]) -> None:
    """Wait until no feeder has anything due."""
    end = time.perf_counter() + PATIENCE_S
    for feeder in list(feeders):
        while not any(lag == 0 for _, lag in feeder.lags()):
            if time.perf_counter() > end or feeder.process.poll() is not None:
                raise TimeoutError(f"never caught up: {feeder.log.read_text()[-2000:]}")
            pause(STEP_S)


def watched(store: Store, processes: Sequence[subprocess.Popen[bytes]]) -> tuple[int, float, float]:
    """Rows written in the measured time, its seconds, and the number of cores that the processes used."""
    before, cpu, began = stored(store), cpu_s(processes), time.perf_counter()
    pause(SPAN_S)
    seconds = time.perf_counter() - began
    return stored(store) - before, seconds, (cpu_s(processes) - cpu) / seconds


def stored(store: Store) -> int:
    """The number of rows of all streams."""
    return sum(store.rows(stream) for stream in Stream)


def cpu_s(processes: Sequence[subprocess.Popen[bytes]]) -> float:
    """CPU seconds of processes and their children."""
    total = 0.0
    for process in processes:
        parent = psutil.Process(process.pid)
        for each in (parent, *parent.children(recursive=True)):
            total += sum(each.cpu_times()[:2])
    return total


def pause(seconds: float) -> None:
    """Sleep between two checks."""
    Clock().rest(seconds)
