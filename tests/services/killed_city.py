"""A steered city in a process of its own, which kills itself with signal 9 around interventions."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from simulator.city import City
from storage.duckdb_connection import DuckDBConnection
from storage.postgres.connection import PostgresConnections
from storage.store import JournalEntry, Store
from tests.services.fakes import MINUTE
from tests.services.steered_city import steered

PATIENCE_S = 60
KILLED = -signal.SIGKILL
ACKNOWLEDGED = "acknowledged"
"""The file with the texts of the entries that were answered, a line each."""

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])

Opener = Callable[[Path], Store]


class Countdown:
    """Counts moments from `start` on, and kills the process at the one with a number."""

    def __init__(self, number: int) -> None:
        self._left, self._lock = number, threading.Lock()
        self._started = False

    def start(self) -> None:
        self._started = True

    def moment(self) -> None:
        with self._lock:
            if not self._started:
                return
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self._left -= 1


def live(folder: Path, opener: Opener, start: datetime, number: int) -> None:
    """A life of the process: an intervention, ticks, its end, ticks; killed at the moment with a number."""
    countdown = Countdown(number)
    count_transactions(DuckDBConnection, countdown)
    count_transactions(PostgresConnections, countdown)
    count_calls(City, "follow", countdown)
    with steered(folder, start=start, opened=opener(folder)) as city:
        city.settle()
        countdown.start()
        made = city.interventions.intervene(surge(start + 4 * MINUTE))
        acknowledge(folder, made, countdown)
        city.wall.advance(MINUTE)
        city.settle()
        acknowledge(folder, city.interventions.end(str(made.number)), countdown)
        city.wall.advance(MINUTE)
        city.settle()


def surge(until: datetime) -> dict[str, object]:
    """A crowd, up to an instant: two at a stop at the same time are refused."""
    return {"surge": {"stop": "S002", "people_per_min": 40, "to": until.isoformat()}}


def acknowledge(folder: Path, entry: JournalEntry, countdown: Countdown) -> None:
    """Write down that an intervention was answered."""
    countdown.moment()
    with (folder / ACKNOWLEDGED).open("a", encoding="utf-8") as file:
        file.write(f"{entry.text}\n")
    countdown.moment()


def count_transactions(kind: type, countdown: Countdown) -> None:
    """Make the beginning, the last statement and the end of each transaction a moment."""
    transaction: Callable[[Any], AbstractContextManager[Any]] = kind.transaction  # type: ignore[attr-defined]  # both have it

    @contextmanager
    def counted(self: Any) -> Iterator[Any]:
        countdown.moment()
        with transaction(self) as opened:
            yield opened
            countdown.moment()
        countdown.moment()

    kind.transaction = counted  # type: ignore[attr-defined]  # of this process only


def count_calls(kind: type, name: str, countdown: Countdown) -> None:
    """Make the beginning and the end of each call a moment."""
    method = getattr(kind, name)

    def counted(*given: Any) -> None:
        countdown.moment()
        method(*given)
        countdown.moment()

    setattr(kind, name, counted)


def lived(folder: Path, opener: Opener, start: datetime, number: int) -> int | None:
    """The exit code of a process that has lived a life."""
    process = CONTEXT.Process(target=live, args=(folder, opener, start, number))
    process.start()
    process.join(PATIENCE_S)
    code = process.exitcode
    process.kill()
    process.join()
    process.close()
    return code
