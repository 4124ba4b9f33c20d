"""Lakes of real networks by a Dask cluster that loses a worker in the middle of each date."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import IO, NamedTuple

import pytest
from distributed import Client

from services.cli import status_of
from services.inputs.load import load_inputs
from services.lake.generation import cluster_workers, generate, local_workers
from services.times import parse_instant
from simulator.progress import ignore_progress
from tests.environment import environment, feeds_folder, soak

pytestmark = pytest.mark.long

WORKERS = 2
FEED = "emt-madrid-gtfs.zip"
PATIENCE_S = 1200
PARQUET = b"PAR1"
"""The first bytes of a Parquet file."""


class Worker(NamedTuple):
    """A worker's process, and the folder of its temporary files."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def writes(self) -> bool:
        """Whether it is in the middle of a date: more than the first bytes of its positions are written."""
        for path in self.folder.glob("lake-*/bus_position.parquet"):
            with suppress(FileNotFoundError):  # the date is complete
                return path.stat().st_size > len(PARQUET)
        return False


class Cluster:
    """A Dask scheduler and two workers with one thread each, as processes."""

    def __init__(self, folder: Path, stack: ExitStack, log: IO[bytes]) -> None:
        self._folder, self._stack, self._log = folder, stack, log
        self._file, self._numbers = folder / "scheduler.json", count()
        scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", "0")
        while not self._file.exists():
            assert scheduler.poll() is None, (folder / "dask.log").read_text()
            threading.Event().wait(0.05)
        self._workers = [self._worker() for _ in range(WORKERS)]
        self.address: str = json.loads(self._file.read_text())["address"]
        with Client(self.address) as client:  # type: ignore[no-untyped-call] # Dask's
            client.wait_for_workers(WORKERS, timeout=60)

    def replace_a_writer(self) -> bool:
        """Kill a worker in the middle of a date, and start another; return whether there was one."""
        writer = next((worker for worker in self._workers if worker.writes), None)
        if writer is None:
            return False
        writer.process.kill()
        writer.process.wait()
        self._workers.remove(writer)
        self._workers.append(self._worker())
        return True

    def _worker(self) -> Worker:
        folder = self._folder / f"worker-{next(self._numbers)}"
        folder.mkdir()
        return Worker(self._started("worker", "--nthreads", "1", "--no-nanny", temporary=folder), folder)

    def _started(self, *arguments: str, temporary: Path | None = None) -> subprocess.Popen[bytes]:
        dask = Path(sys.executable).with_name("dask")
        command = [str(dask), *arguments, "--no-dashboard", "--scheduler-file", str(self._file)]
        variables = environment(TMPDIR=str(temporary or self._folder))
        process = subprocess.Popen(
            command, cwd=self._folder, env=variables, stdout=self._log, stderr=self._log
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    with (folder / "dask.log").open("wb") as log, ExitStack() as stack:
        yield Cluster(folder, stack, log)


def network_of(feed: str | None) -> Path | None:
    if feed is None:
        return None
    folder = feeds_folder()
    if folder is None or not (folder / feed).exists():
        pytest.skip(f"BUS_SIMULATOR_TEST_FEEDS names no folder with {feed}")
    return folder / feed


@pytest.mark.parametrize(
    ("feed", "begin", "dates"),
    [
        pytest.param(None, "2026-03-02T00:00Z", 30 if soak() else 4, id="shipped"),
        *([pytest.param(FEED, "2026-11-17T00:00Z", 3, id="madrid")] if soak() else []),
    ],
)
def test_a_cluster_that_loses_a_worker_in_each_date_makes_the_lake_of_one_process(
    tmp_path: Path, feed: str | None, begin: str, dates: int, capsys: pytest.CaptureFixture[str]
) -> None:
    network, start = network_of(feed), parse_instant(begin)
    inputs, span = load_inputs(network, None, None), (start, start + timedelta(days=dates))
    url, alone = str(tmp_path / "lake"), str(tmp_path / "alone")
    killed = 0
    with cluster(tmp_path) as dask, ThreadPoolExecutor(1) as pool:
        of = cluster_workers(dask.address)
        making = pool.submit(generate, inputs, span, url, of, ignore_progress)
        while not making.done():
            if len(list(tmp_path.glob("lake/_spans/*.json"))) >= killed:
                killed += dask.replace_a_writer()
            threading.Event().wait(0.05)
        manifest = making.result(PATIENCE_S)
    assert killed >= max(dates - WORKERS, 2)
    # Each file's SHA-256 is in the manifest.
    assert manifest == generate(inputs, span, alone, local_workers(1), ignore_progress)
    assert (
        status_of(["audit", "--store", f"lake:{url}", *(["--network", str(network)] if network else [])]) == 0
    )
    assert "0 violations" in capsys.readouterr().out
