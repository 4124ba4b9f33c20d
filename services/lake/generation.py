"""Generating a lake: the dates that it lacks, as tasks for this machine or a Dask cluster."""

from __future__ import annotations

import math
import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

from bus_simulator.lake import write_dates
from services.errors import InputError
from services.inputs.load import Inputs
from services.lake.date_task import DateTask, packed
from simulator.day.line_day_processes import ProcessPool
from simulator.progress import OnProgress, Progress
from storage.coverage import Interval, uncovered
from storage.errors import RunMismatch, StoreUnavailable, without_password
from storage.lake.manifest import Manifest
from storage.lake.place import LakePlace
from storage.lake.writer import by_date, number_written, publish, written
from storage.runs import differences
from storage.schema import Stream


class WorkersLost(StoreUnavailable):
    """Processes that wrote dates have ended, with more of them than the executor replaces."""


class Workforce(NamedTuple):
    """What runs tasks, how many at once, and by which errors it says that it has lost a task's workers."""

    executor: Executor
    workers: int
    lost: tuple[type[Exception], ...] = (BrokenProcessPool,)


Workers: TypeAlias = Callable[[], AbstractContextManager[Workforce]]
CONNECT_TIMEOUT_S = 10.0
MOST_DATES = 16
"""The most dates of a task. What a lost worker has written of one stays."""
LOOK_S = 2.0
"""How often the lake is looked through for dates that are written."""
ATTEMPTS = 3
"""How often the same dates are given out after workers were lost, as long as none of them is written."""


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
    left, attempts = missing(place, inputs, span), ATTEMPTS
    while True:
        try:
            _generate(left, place, content, workers, on_progress)
            return publish(place)
        except WorkersLost:
            before, left = left, missing(place, inputs, span)
            attempts = attempts - 1 if left == before else ATTEMPTS
            if not attempts:
                raise


def _generate(
    dates: Sequence[Interval], place: LakePlace, inputs: bytes, workers: Workers, on_progress: OnProgress
) -> None:
    """Write the dates. Raises `WorkersLost` if a task's workers ended more often than the executor bears."""

    def report(done: int) -> None:
        on_progress(Progress("generating", done, len(dates), "dates"))

    report(0)
    with workers() as force:
        try:
            pending = {
                force.executor.submit(write_dates, pickle.dumps(DateTask(place.url, part, inputs)))
                for part in shared_out(dates, force.workers)
            }
            while pending:
                finished, pending = wait(pending, LOOK_S, FIRST_COMPLETED)
                for future in finished:
                    future.result()
                with suppress(StoreUnavailable):  # the next look may tell
                    report(number_written(place, dates))
        except force.lost as error:
            raise WorkersLost(f"{place.url}: workers were lost again and again: {error}") from error


def shared_out(dates: Sequence[Interval], workers: int) -> Iterator[Sequence[Interval]]:
    """The dates in tasks of equally many consecutive ones, equally many tasks for each worker.

    A date needs the line-days of two service days, and a task simulates a line-day once.
    """
    tasks = min(workers * math.ceil(len(dates) / (workers * MOST_DATES)), len(dates))
    for number in range(tasks):
        yield dates[number * len(dates) // tasks : (number + 1) * len(dates) // tasks]


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
    """Return what starts a pool of `jobs` processes on this machine. After an error they end at once."""

    @contextmanager
    def started() -> Iterator[Workforce]:
        with ProcessPool(jobs) as pool:
            try:
                yield Workforce(pool, jobs)
            except BaseException:
                # A task can take minutes. What it has written stays, and nothing is seen half-written.
                pool.end_at_once()
                raise

    return started


def cluster_workers(address: str) -> Workers:
    """The workers of the Dask scheduler at an address such as `tcp://HOST:8786`.

    They need this package, of the same version. A date whose worker is lost is given to another.
    """
    try:
        from distributed import Client, KilledWorker
    except ModuleNotFoundError as error:
        raise InputError(f"--cluster needs {error.name}: install bus-simulator[lake]") from error

    _check_answers(address)

    @contextmanager
    def connected() -> Iterator[Workforce]:
        try:
            client = Client(address, timeout=CONNECT_TIMEOUT_S)  # type: ignore[no-untyped-call] # it has no hints
        except (OSError, ValueError) as error:
            raise InputError(
                f"--cluster: no Dask scheduler answers at {without_password(address)}: {error}"
            ) from error
        with client, client.get_executor(pure=False) as executor:  # type: ignore[no-untyped-call] # nor this
            threads = client.nthreads()  # type: ignore[no-untyped-call] # nor this
            # Without workers yet, it gets some later.
            yield Workforce(executor, sum(threads.values()) or 1, (KilledWorker,))

    return connected


def _check_answers(address: str) -> None:
    """Raise `InputError` unless something listens there: a client that fails leaves a thread behind."""
    try:
        parts = urlsplit(address)
        if parts.scheme not in ("tcp", "tls") or parts.hostname is None or parts.port is None:
            raise ValueError("expected tcp://HOST:PORT")
        socket.create_connection((parts.hostname, parts.port), CONNECT_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        raise InputError(
            f"--cluster: no Dask scheduler answers at {without_password(address)}: {error}"
        ) from error
