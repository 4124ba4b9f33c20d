"""The shared clock of a function, which has no thread between its invocations."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from services.aws.ssm_clock import SsmClock, SsmClockParameter, refreshed_state

POLL_S = 10.0
"""How old what is known of the clock's parameter may be."""


class PolledClock(SsmClock):
    """A shared clock whose parameter is looked at by whoever asks the time, at most every ten seconds.

    Where the parameter can't be read it goes on as before, at first with wall time.
    """

    def __init__(self, parameter: SsmClockParameter, *, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parameter)
        self._followed_state = refreshed_state(self, refresh_s=POLL_S, now_s=now_s)

    def now(self) -> datetime:
        """The simulated instant."""
        self._followed_state.get()
        return super().now()
