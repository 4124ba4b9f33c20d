"""Generating a lake: the dates that it lacks, as tasks for this machine or a Dask cluster."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias
from urllib.parse import urlsplit

from bus_simulator.lake import write_date
from services.errors import InputError
from services.inputs.load import Inputs
from services.lake.date_task import DateTask, packed
from simulator.city import process_pool
from simulator.progress import OnProgress, Progress
from storage.coverage import Interval, uncovered
from storage.errors import RunMismatch
from storage.lake.manifest import Manifest
from storage.lake.place import LakePlace
from storage.lake.writer import by_date, publish, written
from storage.runs import differences
from storage.schema import Stream

Workers: TypeAlias = Callable[[], AbstractContextManager[Executor]]
CONNECT_TIMEOUT_S = 10.0
ATTEMPTS = 3
"""How often the dates that are left are given out again after a process of this machine was lost."""


def generate(inputs: Inputs, span: Interval, url: str, workers: Workers, on_progress: OnProgress) -> Manifest:
    """Write what a lake lacks of a span, and then its manifest, which is returned.

    Dates that are written stay, so that an interrupted generation continues where it stopped. Raises
    `RunMismatch` for a lake of another run, `InputError` for a URL that is no place, and `StoreError` if it
    can't be read or written.
    """
    try:
        place = LakePlace(url)
    except ValueError as error:
        raise InputError(f"-o: {error}") from error
    content = packed(inputs)
    for attempt in range(1, ATTEMPTS + 1):
        tasks = [DateTask(url, *part, content) for part in missing(place, inputs, span)]
        on_progress(Progress("generating", 0, len(tasks), "dates"))
        try:
            with workers() as executor:
                futures = [executor.submit(write_date, pickle.dumps(task)) for task in tasks]
                for number, future in enumerate(as_completed(futures), 1):
                    future.result()
                    on_progress(Progress("generating", number, len(tasks), "dates"))
            break
        except BrokenProcessPool:
            if attempt == ATTEMPTS:
                raise
    return publish(place)


def missing(place: LakePlace, inputs: Inputs, span: Interval) -> list[Interval]:
    """The parts of a span that a lake lacks, each within a date."""
    held = written(place)
    if held is None:
        return [*by_date(span)]
    if held.run != inputs.run:
        found = differences(held.run, inputs.run, inputs.scenario_words)
        raise RunMismatch(f"The lake {place.url} holds data of another run: {found}; choose another -o.")
    # A record covers the same span of every stream.
    gaps = uncovered(held.coverage(Stream.PEOPLE_COUNT), *span)
    return [part for gap in gaps for part in by_date(gap)]


def local_workers(jobs: int) -> Workers:
    """Return what starts a pool of `jobs` processes on this machine."""
    return lambda: process_pool(jobs)


def cluster_workers(address: str) -> Workers:
    """The workers of the Dask scheduler at an address such as `tcp://HOST:8786`.

    They need this package, of the same version. A date whose worker is lost is given to another.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise InputError(f"--cluster needs {error.name}: install bus-simulator[lake]") from error

    _check_answers(address)

    @contextmanager
    def connected() -> Iterator[Executor]:
        try:
            client = Client(address, timeout=CONNECT_TIMEOUT_S)  # type: ignore[no-untyped-call] # it has no hints
        except (OSError, ValueError) as error:
            raise InputError(f"--cluster: no Dask scheduler answers at {address}: {error}") from error
        with client, client.get_executor(pure=False) as executor:  # type: ignore[no-untyped-call] # nor this
            yield executor

    return connected


def _check_answers(address: str) -> None:
    """Raise `InputError` unless something listens there: a client that fails leaves a thread behind."""
    try:
        parts = urlsplit(address)
        if parts.scheme not in ("tcp", "tls") or parts.hostname is None or parts.port is None:
            raise ValueError("expected tcp://HOST:PORT")
        socket.create_connection((parts.hostname, parts.port), CONNECT_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        raise InputError(f"--cluster: no Dask scheduler answers at {address}: {error}") from error
