"""The shared clock of a function, which has no thread between its invocations."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from services.aws.ssm_clock import SsmClock, SsmClockParameter
from storage.errors import DependencyInvalid, DependencyUnavailable

log = logging.getLogger("bus_simulator.clock")

POLL_S = 10.0
"""How old what is known of the clock's parameter may be."""


class PolledClock(SsmClock):
    """A shared clock whose parameter is looked at by whoever asks the time, at most every ten seconds.

    Where the parameter can't be read it goes on as before, at first with wall time.
    """

    def __init__(self, parameter: SsmClockParameter, *, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parameter)
        self._now_s, self._looked_s = now_s, -POLL_S

    def now(self) -> datetime:
        """The simulated instant."""
        now_s = self._now_s()
        if now_s - self._looked_s >= POLL_S:
            self._looked_s = now_s
            try:
                self.follow()
            except (DependencyUnavailable, DependencyInvalid) as error:
                log.warning("the clock goes on as it was: %s", error)
        return super().now()
