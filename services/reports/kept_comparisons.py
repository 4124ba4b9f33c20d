"""Comparisons of the present service day with shipped scenarios, one made at a time and kept for the day."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.errors import BadRequest, TooManyRequests, clipped
from services.inputs.load import Inputs
from services.inputs.scenario_library import shipped
from services.transit.service_comparison import ServiceComparison

MOST_WAITING = 4
"""Requests that wait for a comparison; each holds a thread of the server's."""
RETRY_AFTER_S = 5


class ServiceComparisons:
    """Compares the day of a clock, on a run's network and with its seed. Threads may share it."""

    def __init__(self, inputs: Inputs, now: Callable[[], datetime]) -> None:
        self._inputs, self._now = inputs, now
        self._made: dict[tuple[str, date], ServiceComparison] = {}
        self._making = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def __call__(self, scenario: str) -> ServiceComparison:
        """See `CompareService`. Raises `TooManyRequests` while others wait for one."""
        # Loading the model takes a second, which servers that are never asked save.
        from services.reports.service_comparison import compared

        if scenario not in shipped():
            raise BadRequest(f"There is no scenario '{clipped(scenario)}'. There are {', '.join(shipped())}")
        day = self._now().astimezone(ZoneInfo(self._inputs.network.lines[0].timezone)).date()
        with self._turn():
            if (scenario, day) not in self._made:
                self._made = {of: kept for of, kept in self._made.items() if of[1] == day}
                self._made[scenario, day] = compared(self._inputs, scenario, day)
            return self._made[scenario, day]

    @contextmanager
    def _turn(self) -> Iterator[None]:
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
