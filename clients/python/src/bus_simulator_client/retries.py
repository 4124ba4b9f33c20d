"""When to ask again: after 429 and 503 as `Retry-After` says, after lost connections ever later."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bus_simulator_client.errors import ErrorAnswer

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is sent again, and the longest wait that is worth it.

    A used-up daily limit asks for a wait of hours: the error is raised at once.
    """

    most: int = 5
    longest_wait_s: float = 60.0

    def wait_s(self, error: ErrorAnswer, tried: int) -> float | None:
        """Return the seconds to wait after `tried` attempts, None to give up."""
        if error.retry_after_s is None or tried > self.most or error.retry_after_s > self.longest_wait_s:
            return None
        return error.retry_after_s


def pause_s(failures: int) -> float:
    """Return the seconds to wait before connecting again: doubling, half of it by chance."""
    longest: float = min(FIRST_PAUSE_S * 2 ** min(failures, 10), LONGEST_PAUSE_S)
    return longest * (0.5 + random.random() / 2)


def retry_after_s(text: str | None) -> float | None:
    """Return the seconds of a `Retry-After` header; None without one, or for a date."""
    return float(text) if text is not None and text.isdecimal() else None
