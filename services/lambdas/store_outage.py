"""Bounds what a store that doesn't answer costs: after one wait a container asks it no more for a while.

Each wait holds an invocation for up to four seconds, so that 83 requests/s would hold 330 of an account's
invocations as long as the store is away. With the pause they are never more, and on the average less than
half; those that ask again find out when the store is back.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

PAUSE_S = 10.0
"""How long a container asks the store nothing."""
LONG_S = 1.0
"""An answer 503 that took so long has waited; one that came sooner costs nothing to repeat."""
UNAVAILABLE = 503


class StoreOutage:
    """Whether this container has just waited for the store in vain."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s, self._until_s = now_s, -math.inf

    @property
    def is_on(self) -> bool:
        """Whether the store isn't asked now."""
        return self._now_s() < self._until_s

    def note(self, status: int, took_s: float) -> None:
        """Note the status of an answer and how long it took."""
        if status == UNAVAILABLE and took_s >= LONG_S:
            self._until_s = self._now_s() + PAUSE_S

    def end(self) -> None:
        """Ask the store again."""
        self._until_s = -math.inf
