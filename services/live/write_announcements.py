"""Announcements of writes by the store: they end the pauses of sources that poll it for new records.

While there are none, as at a replica, sources poll every second as they do for other stores.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import closing
from threading import Event
from typing import NamedTuple, Protocol, runtime_checkable

from services.retry import Backoff
from simulator.clock import Clock
from storage.errors import StoreError
from storage.schema import Stream

log = logging.getLogger("bus_simulator.live")


@runtime_checkable
class AnnouncesWrites(Protocol):
    """A store that tells what other processes write."""

    announces_writes: bool
    """False if it reads elsewhere, where writes arrive later."""

    def announced_writes(self) -> Generator[frozenset[Stream]]:
        """The streams that were just written; none from time to time. Raises `StoreError` when it ends."""


class Waiting(NamedTuple):
    """The streams that a source waits for, and what wakes it."""

    streams: frozenset[Stream]
    written: Event


class WriteAnnouncements:
    """Listens to a store's writes. `run_until_closed` belongs in a thread of its own."""

    def __init__(self, store: AnnouncesWrites, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._waiting: list[Waiting] = []

    def rest_until(self, *streams: Stream) -> Callable[[float], bool]:
        """A pause of wall seconds that ends, with True, as soon as one of the streams is written."""
        waiting = Waiting(frozenset(streams), Event())
        self._waiting.append(waiting)

        def rest(seconds: float) -> bool:
            woken = waiting.written.wait(seconds)
            waiting.written.clear()
            return woken

        return rest

    def run_until_closed(self) -> None:
        """Listen until the clock is closed. A lost connection is made anew, with growing pauses."""
        backoff = Backoff()
        while not self._clock.closed:
            try:
                self._listen(backoff)
            except StoreError as error:
                if not backoff.is_retrying:
                    log.warning("the store is polled, since its writes aren't announced: %s", error)
                self._clock.rest(backoff.next_pause_s())

    def _listen(self, backoff: Backoff) -> None:
        with closing(self._store.announced_writes()) as writes:
            for streams in writes:
                backoff.reset()
                self._wake(frozenset(Stream) if self._clock.closed else streams)
                if self._clock.closed:
                    return

    def _wake(self, streams: frozenset[Stream]) -> None:
        for waiting in self._waiting:
            if waiting.streams & streams:
                waiting.written.set()
