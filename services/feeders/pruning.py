"""Retention for stores that have none of their own: what is older than some days is pruned every hour."""

from __future__ import annotations

import logging
from datetime import timedelta

from services.times import floor
from simulator.clock import Clock
from storage.errors import StoreError
from storage.store import Store

log = logging.getLogger("bus_simulator.pruning")

DAY = timedelta(days=1)
PAUSE_S = 3600.0


class Pruning:
    """Removes the UTC days that ended more than `keep_days` before a clock's time.

    Only whole days are removed: PostgreSQL drops their tables, which frees the space at once.
    """

    def __init__(self, store: Store, clock: Clock, keep_days: int) -> None:
        self._store, self._clock, self._keep = store, clock, keep_days * DAY

    def run_until_closed(self) -> None:
        """Prune at once, and then after every hour of wall time, until the clock is closed.

        When that fails, log it, and try again in an hour: a feeder must not stop for it.
        """
        while not self._clock.closed:
            try:
                self._store.prune(floor(self._clock.now() - self._keep, DAY))
            except StoreError as error:
                log.warning("pruning failed, next attempt in an hour: %s", error)
            self._clock.rest(PAUSE_S)
