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
from typing import Protocol

from services.access.authentication import Caller
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
class Use:
    """What a client has used: its tokens at `seen_s`, and how many requests it made on a UTC day.

    Tokens are below zero if requests were admitted before they were counted.
    """

    tokens: float
    seen_s: float
    day: int
    today: int = 0

    @classmethod
    def unused(cls, limits: Limits, now_s: float) -> Use:
        """A client without requests so far."""
        return cls(limits.burst, now_s, int(now_s // DAY_S))

    def refill(self, limits: Limits, now_s: float) -> None:
        """Bring the use to `now_s`. A wall clock that was set back neither adds nor removes tokens."""
        day = int(now_s // DAY_S)
        if self.day != day:
            self.day, self.today = day, 0
        elapsed_s = max(now_s - self.seen_s, 0.0)
        self.tokens = min(self.tokens + elapsed_s * limits.rate_per_s, limits.burst)
        self.seen_s = now_s

    def check(self, limits: Limits) -> None:
        """Raise `TooManyRequests` if another request would be beyond a limit."""
        if limits.per_day and self.today >= limits.per_day:
            wait_s = (self.day + 1) * DAY_S - self.seen_s
            message = f"Daily limit of {limits.per_day} requests exceeded"
            raise DailyLimitExceeded(message, retry_after_s=_whole(wait_s))
        if limits.rate_per_s and self.tokens < 1:
            wait_s = (1 - self.tokens) / limits.rate_per_s
            message = f"Rate limit of {limits.rate_per_s:g} requests per second exceeded"
            raise TooManyRequests(message, retry_after_s=_whole(wait_s))

    def add(self, requests: int) -> None:
        """Count requests."""
        self.tokens -= requests
        self.today += requests


class RequestMeter(Protocol):
    """Counts the requests of callers against their limits. Safe to call from several threads."""

    def count(self, caller: Caller) -> None:
        """Count a request. Raises `TooManyRequests` beyond a limit; that request isn't counted."""

    def used_today(self, caller: Caller) -> int:
        """How many of a caller's requests were counted on this UTC day; 0 without limits."""


class Meter:
    """Counts requests by key name, in this process."""

    def __init__(self, limits: Limits, *, wall_s: Callable[[], float] = WALL_S) -> None:
        self._limits, self._wall_s = limits, wall_s
        self._uses: dict[str, Use] = {}
        self._lock = Lock()

    def count(self, caller: Caller) -> None:
        """See `RequestMeter`."""
        if self._limits == UNLIMITED:
            return
        with self._lock:
            use = self._use_of(caller.key_name)
            use.check(self._limits)
            use.add(1)

    def used_today(self, caller: Caller) -> int:
        """See `RequestMeter`."""
        with self._lock:
            return self._use_of(caller.key_name).today

    def _use_of(self, key_name: str) -> Use:
        now_s = self._wall_s()
        use = self._uses.setdefault(key_name, Use.unused(self._limits, now_s))
        use.refill(self._limits, now_s)
        return use


def _whole(wait_s: float) -> int:
    return max(math.ceil(wait_s), 1)
