"""The live hub's source of counts, sensors and visits that feeders in other processes write.

It reads what the store covers newly, when a tick is due, then every second until the tick is covered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from services.live.feeder_source import VISITS_TICK, ticks_of
from services.live.hub import Hub
from services.retry import Backoff
from services.times import floor
from simulator.clock import Clock
from storage.errors import StoreError
from storage.schema import SCHEMAS, Stream
from storage.store import Store

log = logging.getLogger("bus_simulator.live")

POLL_S = 1.0
STREAMS = (Stream.PEOPLE_COUNT, Stream.SENSOR_DATA, Stream.STOP_VISIT)
CADENCES: Mapping[Stream, timedelta] = {
    stream: timedelta(seconds=seconds) if (seconds := SCHEMAS[stream].cadence_s) else VISITS_TICK
    for stream in STREAMS
}
MILLISECOND = timedelta(milliseconds=1)


class CoverageSource:
    """Publishes new records in `store` to `hub`. `run_until_closed` belongs in a thread of its own.

    `rest` pauses between polls, or until the store announces records.
    """

    def __init__(self, store: Store, clock: Clock, rest: Callable[[float], object] | None = None) -> None:
        self._store, self._clock, self._rest = store, clock, rest or clock.rest
        self.hub: Hub | None = None
        self._course = clock.course
        self._read_until: dict[Stream, datetime] = {}

    def run_until_closed(self) -> None:
        """Poll until the clock is closed. While the store can't be read, retry with growing pauses."""
        backoff = Backoff(POLL_S)
        while not self._clock.closed:
            try:
                self.poll()
            except StoreError as error:
                if not backoff.is_retrying:
                    log.warning("no new counts, sensors and visits: %s", error)
                self._clock.rest(backoff.next_pause_s())
                continue
            backoff.reset()
            self._rest(POLL_S)

    def poll(self) -> None:
        """Publish the new records of streams with subscribers, up to now."""
        now, hub = self._clock.now(), self.hub
        if self._clock.course != self._course:
            self._course, self._read_until = self._clock.course, {}
        for stream in STREAMS:
            wanted = frozenset() if hub is None else hub.wanted(stream)
            due = floor(now, CADENCES[stream])
            if hub is None or not wanted:
                self._read_until.pop(stream, None)
            elif not is_complete(stream, self._read_until.setdefault(stream, due), due):
                self._publish(hub, stream, wanted, now)

    def _publish(self, hub: Hub, stream: Stream, wanted: frozenset[str], now: datetime) -> None:
        """Schedule the publishing of newly covered records in the hub's event loop, tick by tick."""
        start = self._read_until[stream]
        ends = [span.end for span in self._store.coverage(stream) if span.start <= start < span.end]
        end = min(max(ends, default=start), now + MILLISECOND)
        if end <= start:
            return
        self._read_until[stream] = end
        for rows in self._store.scan(stream, start=start, end=end):
            for tick in ticks_of(stream, rows, wanted):
                if hub.loop is not None:
                    with suppress(RuntimeError):  # the loop is closed: the process ends
                        hub.loop.call_soon_threadsafe(hub.publish, tick.records, tick.stream)


def is_complete(stream: Stream, read_until: datetime, due: datetime) -> bool:
    """Whether the records of a due tick have been read; a visit belongs to the tick after it."""
    return read_until >= due if SCHEMAS[stream].cadence_s is None else read_until > due
