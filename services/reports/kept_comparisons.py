"""Comparisons of the service with and without disruptions, one made at a time and kept for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.errors import BadRequest, TooManyRequests, clipped
from services.inputs.load import Inputs
from services.inputs.scenario_library import shipped
from services.interventions.stored_journal import journal_of
from services.transit.service_comparison import JournalCost, ServiceComparison
from simulator.clock import SystemWall, Wall
from storage.journal import journal_digest
from storage.store import Store

MOST_WAITING = 4
"""Requests that wait for a comparison; each holds a thread of the server's."""
RETRY_AFTER_S = 5
KEPT_S = 60.0
"""For how many wall seconds the cost of a journal is kept: simulating it takes a few seconds of CPU."""


class ServiceComparisons:
    """Compares the day of a clock, on a run's network and with its seed. Threads may share it."""

    def __init__(self, inputs: Inputs, now: Callable[[], datetime]) -> None:
        self._inputs, self._now = inputs, now
        self._made: dict[tuple[str, date], ServiceComparison] = {}
        self._turns = Turns()

    def __call__(self, scenario: str) -> ServiceComparison:
        """See `CompareService`. Raises `TooManyRequests` while others wait for one."""
        # Loading the model takes a second, which servers that are never asked save.
        from services.reports.service_comparison import compared

        if scenario not in shipped():
            raise BadRequest(f"There is no scenario '{clipped(scenario)}'. There are {', '.join(shipped())}")
        day = self._now().astimezone(ZoneInfo(self._inputs.network.lines[0].timezone)).date()
        with self._turns.one():
            if (scenario, day) not in self._made:
                self._made = {of: kept for of, kept in self._made.items() if of[1] == day}
                self._made[scenario, day] = compared(self._inputs, scenario, day)
            return self._made[scenario, day]


class KeptJournalCosts:
    """What the interventions in a store have cost so far. Threads may share it."""

    def __init__(
        self, inputs: Inputs, store: Store, now: Callable[[], datetime], wall: Wall | None = None
    ) -> None:
        """`inputs` are the run's without its journal."""
        self._inputs, self._store, self._now = inputs, store, now
        self._wall = SystemWall() if wall is None else wall
        self._made: tuple[str, float, JournalCost] | None = None
        self._turns = Turns()

    def __call__(self) -> JournalCost:
        """See `JournalCosts`. Raises `TooManyRequests` while others wait for it."""
        from services.reports.journal_cost import journal_cost

        entries = self._store.journal()
        digest = journal_digest(entries)
        with self._turns.one():
            if self._made is None or self._made[0] != digest or self._wall.time() > self._made[1] + KEPT_S:
                cost = journal_cost(self._inputs, journal_of(entries), self._now())
                self._made = digest, self._wall.time(), cost
            return self._made[2]


class Turns:
    """Lets one thread work at a time and a few wait."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn. Raises `TooManyRequests` if too many wait."""
        if not self._waiting.acquire(blocking=False):
            raise TooManyRequests(
                "Other comparisons are being made. Please try again in some seconds.",
                retry_after_s=RETRY_AFTER_S,
            )
        try:
            with self._making:
                yield
        finally:
            self._waiting.release()
