"""Limits of requests that several servers over one database share, so that N servers admit what one would.

A server counts by itself, and a thread exchanges the counts with the table of all servers: at once for a key
that is new to it or has made `credit_of` requests, for the others after `EXCHANGE_S`. So no request waits for
the database. Over any time T all servers together admit at most `burst + rate × T` requests of a key, and
what each admits until an exchange is done; that is owed, and in the long run they admit exactly the rate.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from services.access.authentication import Caller
from services.access.rate_limits import UNLIMITED, WALL_S, Limits, RequestMeter, Use
from services.background import background
from storage.errors import StoreError
from storage.store import Store

log = logging.getLogger("bus_simulator.limits")

CREDIT = 5
"""How many requests of a key a server admits at least before it exchanges counts."""
OF_BURST, OF_DAY = 20, 2000
"""It admits so many times less than a burst and a day, if that is more: of the default limits `CREDIT`."""
EXCHANGE_S = 1.0
"""After how long fewer requests are exchanged."""
OUTAGE_S = 5.0
"""How long a server counts by itself after the database couldn't be reached."""


class StoredUse(Protocol):
    """What a key has used at all servers."""

    @property
    def tokens(self) -> float:
        """The requests that it may make at once; below zero if too many were admitted."""

    @property
    def day(self) -> int:
        """The UTC day, in days since the epoch."""

    @property
    def today(self) -> int:
        """Its requests on that day."""


class SharedUses(Protocol):
    """The uses of keys at all servers."""

    def add(self, requests: Mapping[str, int]) -> Mapping[str, StoredUse]:
        """Add the number of requests of each key, and return its use. Raises `StoreError`."""


@runtime_checkable
class SharesUses(Protocol):
    """A store that keeps the uses of keys for several servers."""

    def request_uses(self, *, rate_per_s: float, burst: float) -> SharedUses:
        """The uses under a rate, and a burst."""


def credit_of(limits: Limits) -> int:
    """How many requests of a key a server admits before it exchanges counts."""
    shares = [limits.burst / OF_BURST] if limits.rate_per_s else []
    shares += [limits.per_day / OF_DAY] if limits.per_day else []
    return max(CREDIT, int(min(shares, default=0)))


@dataclass(slots=True)
class Account:
    """What a server knows of a key, and its requests that aren't in the table yet."""

    use: Use
    owed: int = 0
    is_new: bool = True


class SharedMeter:
    """A `RequestMeter` over the uses at all servers. `exchange_until_closed` belongs in a thread of its own.

    While the database can't be reached every server applies the limits by itself.
    """

    def __init__(self, uses: SharedUses, limits: Limits, *, wall_s: Callable[[], float] = WALL_S) -> None:
        self._uses, self._limits, self._wall_s = uses, limits, wall_s
        self._credit = credit_of(limits)
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()
        self._due, self._closed = threading.Event(), threading.Event()
        self._is_alone = False

    def count(self, caller: Caller) -> None:
        """See `RequestMeter`."""
        with self._lock:
            account = self._account_of(caller.key_name)
            account.use.check(self._limits)
            account.use.add(1)
            account.owed += 1
            if account.is_new or account.owed >= self._credit:
                self._due.set()

    def used_today(self, caller: Caller) -> int:
        """See `RequestMeter`; as far as this server knows."""
        with self._lock:
            return self._account_of(caller.key_name).use.today

    @property
    def is_due(self) -> bool:
        """Whether counts should be exchanged at once."""
        return self._due.is_set()

    def exchange(self) -> None:
        """Add what is owed to the table, and take over what other servers have added. Raises `StoreError`."""
        self._due.clear()
        with self._lock:
            owed = {name: account.owed for name, account in self._accounts.items() if account.owed}
        if not owed:
            return
        stored = self._uses.add(owed)
        self._is_alone = False
        with self._lock:
            for name, use in stored.items():
                account = self._accounts[name]
                account.owed -= owed[name]
                account.is_new = False
                account.use = Use(use.tokens, self._wall_s(), use.day, use.today)
                account.use.add(account.owed)

    def exchange_until_closed(self) -> None:
        """Exchange when it is due, and once more at the end. After a failure pause for `OUTAGE_S`."""
        while not self._closed.is_set():
            self._due.wait(EXCHANGE_S)
            if not self.tried():
                self._closed.wait(OUTAGE_S)
        if not self._is_alone:
            self.tried()

    def close(self) -> None:
        """End `exchange_until_closed`."""
        self._closed.set()
        self._due.set()

    def tried(self) -> bool:
        """Exchange; whether the database could be reached when it was needed last."""
        try:
            self.exchange()
        except StoreError as error:
            if not self._is_alone:
                log.warning("limits count at this server alone: %s", error)
            self._is_alone = True
        return not self._is_alone

    def _account_of(self, key_name: str) -> Account:
        now_s = self._wall_s()
        account = self._accounts.setdefault(key_name, Account(Use.unused(self._limits, now_s)))
        account.use.refill(self._limits, now_s)
        return account


@contextmanager
def shared_meter(store: Store, limits: Limits) -> Iterator[RequestMeter | None]:
    """A meter that shares its counts through the store; None if the store can't, or there are no limits."""
    if limits == UNLIMITED or not isinstance(store, SharesUses):
        yield None
        return
    meter = SharedMeter(store.request_uses(rate_per_s=limits.rate_per_s, burst=limits.burst), limits)
    with background(meter.exchange_until_closed, name="limits", stop=meter.close):
        yield meter
