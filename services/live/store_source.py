"""The live hub's source for feeders in other processes: it polls the store for new positions.

It polls when a tick is due and lines have subscribers, then every second until all their buses have a
position of that tick. Of a tick that isn't complete when the next one is due, clients may miss positions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from services.live.hub import Hub
from services.live.outbox import LONG_AGO
from services.queries.stream_queries import LINE_REACH
from services.retry import Backoff
from services.times import floor
from simulator.clock import Clock
from storage.errors import StoreError
from storage.schema import BusPosition
from storage.store import Store

log = logging.getLogger("bus_simulator.live")

CADENCE = timedelta(seconds=30)
POLL_S = 1.0


class StoreSource:
    """Publishes new positions in `store` to `hub`. `run_until_closed` belongs in a thread of its own.

    `rest` pauses between polls, or until the store announces positions.
    """

    def __init__(self, store: Store, clock: Clock, rest: Callable[[float], object] | None = None) -> None:
        self._store, self._clock, self._rest = store, clock, rest or clock.rest
        self.hub: Hub | None = None
        self._sent: dict[str, datetime] = {}

    def run_until_closed(self) -> None:
        """Poll until the clock is closed. While the store can't be read, retry with growing pauses."""
        backoff = Backoff(POLL_S)
        while not self._clock.closed:
            try:
                complete = self.poll()
            except StoreError as error:
                if not backoff.is_retrying:
                    log.warning("no new positions: %s", error)
                self._clock.rest(backoff.next_pause_s())
                continue
            backoff.reset()
            if complete:
                self._clock.wait_until(floor(self._clock.now(), CADENCE) + CADENCE)
            else:
                self._rest(POLL_S)

    def poll(self) -> bool:
        """Publish new positions of lines with subscribers; whether all their buses have the due tick."""
        now = self._clock.now()
        due = floor(now, CADENCE)
        complete, hub = True, self.hub
        for line_id in sorted(() if hub is None else hub.subscribed_lines):
            found = self._store.latest_of_line(line_id, since=now - LINE_REACH, now=now)
            complete &= all(position.time >= due for position in found) and bool(found)
            self._publish(hub, [each for each in found if each.time > self._sent.get(each.bus_id, LONG_AGO)])
        return complete

    def _publish(self, hub: Hub | None, new: Sequence[BusPosition]) -> None:
        """Schedule the publishing of positions in the hub's event loop, tick by tick, in order."""
        self._sent |= {position.bus_id: position.time for position in new}
        if hub is None or hub.loop is None:
            return
        for _, tick in groupby(sorted(new, key=attrgetter("time")), key=attrgetter("time")):
            with suppress(RuntimeError):  # the loop is closed: the process ends, or serves another network
                hub.loop.call_soon_threadsafe(hub.publish, list(tick))
