"""Request limits for each key: a rate per second with bursts, and a number per day.

A token bucket (the one-rate meter of RFC 2697) and a count for the UTC day. Seconds are wall seconds,
whatever the speed of the simulated clock. Only requests with a valid key are counted, so there is at most one
count for each key.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from services.errors import DailyLimitExceeded, TooManyRequests
from simulator.clock import SystemWall

DAY_S = 86_400
RATE_PER_S, PER_DAY = 50.0, 10_000
BURST_S = 2
"""A burst is what the rate allows in this many seconds."""


WALL_S = SystemWall().time


@dataclass(frozen=True, slots=True)
class Limits:
    """At most `rate_per_s` requests a second (twice that in a burst), `per_day` a UTC day; 0 is no limit."""

    rate_per_s: float = RATE_PER_S
    per_day: int = PER_DAY

    @property
    def burst(self) -> float:
        """How many requests may come at once."""
        return max(BURST_S * self.rate_per_s, 1.0)


UNLIMITED = Limits(rate_per_s=0, per_day=0)


def limits_for(host: str, *, rate_per_s: float | None, per_day: int | None) -> Limits:
    """Return the limits; None means no limit on a loopback `host`, otherwise the default."""
    default = UNLIMITED if is_loopback(host) else Limits()
    return Limits(
        rate_per_s=default.rate_per_s if rate_per_s is None else rate_per_s,
        per_day=default.per_day if per_day is None else per_day,
    )


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or a loopback address, which other machines can't reach."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@dataclass(slots=True)
class _Use:
    tokens: float
    seen_s: float
    day: int
    today: int = 0


class Meter:
    """Counts requests by key name. Safe to call from several threads."""

    def __init__(self, limits: Limits, *, wall_s: Callable[[], float] = WALL_S) -> None:
        self._limits, self._wall_s = limits, wall_s
        self._uses: dict[str, _Use] = {}
        self._lock = Lock()

    def count(self, key_name: str) -> None:
        """Count a request. Raises `TooManyRequests` beyond a limit; that request isn't counted."""
        if self._limits == UNLIMITED:
            return
        with self._lock:
            self._count(self._use_at(key_name, self._wall_s()))

    def used_today(self, key_name: str) -> int:
        """How many requests of a key were counted on this UTC day; 0 without limits, which counts none."""
        with self._lock:
            return self._use_at(key_name, self._wall_s()).today

    def _use_at(self, key_name: str, now_s: float) -> _Use:
        """A key's use up to `now_s`. A wall clock that was set back neither adds nor removes tokens."""
        limits, day = self._limits, int(now_s // DAY_S)
        use = self._uses.setdefault(key_name, _Use(limits.burst, now_s, day))
        if use.day != day:
            use.day, use.today = day, 0
        elapsed_s = max(now_s - use.seen_s, 0.0)
        use.tokens = min(use.tokens + elapsed_s * limits.rate_per_s, limits.burst)
        use.seen_s = now_s
        return use

    def _count(self, use: _Use) -> None:
        limits = self._limits
        if limits.per_day and use.today >= limits.per_day:
            wait_s = (use.day + 1) * DAY_S - use.seen_s
            message = f"Daily limit of {limits.per_day} requests exceeded"
            raise DailyLimitExceeded(message, retry_after_s=_whole(wait_s))
        if limits.rate_per_s:
            if use.tokens < 1:
                wait_s = (1 - use.tokens) / limits.rate_per_s
                message = f"Rate limit of {limits.rate_per_s:g} requests per second exceeded"
                raise TooManyRequests(message, retry_after_s=_whole(wait_s))
            use.tokens -= 1
        use.today += 1


def _whole(wait_s: float) -> int:
    return max(math.ceil(wait_s), 1)
