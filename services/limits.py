"""Request limits for each key: so many a second with a burst, and so many a day.

A token bucket (RFC 2697's meter with one rate) and a counter of the UTC day. Times are wall seconds, handed
in, so that a simulated clock's speed changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from threading import Lock

DAY_S = 86_400
RATE_PER_S, BURST, PER_DAY = 50.0, 100, 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """`rate_per_s` requests a second, twice as many at once, `per_day` a day. 0 is without limit."""

    rate_per_s: float = RATE_PER_S
    per_day: int = PER_DAY

    @property
    def burst(self) -> float:
        """How many may come at once."""
        return max(2 * self.rate_per_s, 1.0)


@dataclass(slots=True)
class _Use:
    tokens: float
    seen_s: float
    day: int
    today: int = 0


class Meter:
    """Counts requests by key. Safe to call from several threads."""

    def __init__(self, limits: Limits):
        self._limits = limits
        self._uses: dict[str, _Use] = {}
        self._lock = Lock()

    def retry_after_s(self, key: str, now_s: float) -> int | None:
        """Count a request of `key` at wall second `now_s`: None when it may pass, else seconds to wait."""
        limits = self._limits
        with self._lock:
            day = int(now_s // DAY_S)
            use = self._uses.setdefault(key, _Use(limits.burst, now_s, day))
            if use.day != day:
                use.day, use.today = day, 0
            elapsed_s = max(now_s - use.seen_s, 0.0)
            use.tokens = min(use.tokens + elapsed_s * limits.rate_per_s, limits.burst)
            use.seen_s = now_s
            if limits.per_day and use.today >= limits.per_day:
                return max(math.ceil((day + 1) * DAY_S - now_s), 1)
            if limits.rate_per_s and use.tokens < 1:
                return max(math.ceil((1 - use.tokens) / limits.rate_per_s), 1)
            use.tokens -= 1 if limits.rate_per_s else 0
            use.today += 1
            return None
