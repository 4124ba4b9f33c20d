"""The shared clock in Lambda, where no thread runs between invocations."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from services.aws.ssm_clock import SsmClock, SsmClockParameter, refreshed_state

POLL_S = 10.0
"""How long a state that was read counts as current."""


class PolledClock(SsmClock):
    """A shared clock that reads its parameter when asked for the time, at most every ten seconds.

    If the parameter can't be read the clock runs on, at first as wall time.
    """

    def __init__(self, parameter: SsmClockParameter, *, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parameter)
        self._followed_state = refreshed_state(self, refresh_s=POLL_S, now_s=now_s)

    def now(self) -> datetime:
        """The simulated instant."""
        self._followed_state.get()
        return super().now()
