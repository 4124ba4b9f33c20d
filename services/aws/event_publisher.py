"""Publishes what a feeder has stored, from a thread of its own: EventBridge being away stalls no feeder.

What waits is bounded, and the oldest goes first: events tell of now, the store keeps what was.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from botocore.exceptions import BotoCoreError, ClientError

from services.aws.events import Event, events_of, put_events_batches
from services.background import background
from services.retry import Backoff
from simulator.clock import Clock, Course
from storage.schema import Stream

log = logging.getLogger("bus_simulator.events")

EVENT_MAX_AGE = timedelta(minutes=5)
"""What is older than this when it is stored is history, and told to nobody."""
MOST_WAITING = 20_000
BATCH_EVENTS = 200
"""Events taken from those that wait, for several calls."""


class EventPublisher:
    """Sends events to a bus. `written` never waits; `run_until_closed` belongs in a thread of its own."""

    def __init__(self, client: Any, bus: str, clock: Clock) -> None:
        self._client, self._bus, self._clock = client, bus, clock
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.dropped = 0

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """Take note of what a feeder has just stored, on a course of the clock."""
        if stream not in (Stream.BUS_POSITION, Stream.STOP_VISIT) or course != self._clock.course:
            return
        since = pa.scalar(self._clock.now() - EVENT_MAX_AGE)
        new = list(events_of(stream, rows.filter(pc.greater(rows.column("time"), since))))
        with self._changed:
            self._waiting.extend(new)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Send what waits, once, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run_until_closed(self) -> None:
        """Send events as they come, and again with growing pauses while EventBridge is away."""
        backoff = Backoff()
        for events in self._batches():
            rest = events
            while rest := self._sent(rest):
                if self._closed:
                    return
                if not backoff.is_retrying:
                    log.warning("events wait for EventBridge", extra={"fields": {"waiting": len(rest)}})
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, backoff.next_pause_s())
            backoff.reset()

    def _batches(self) -> Iterator[list[Event]]:
        """What waits, some at a time; ends when it is closed and nothing waits."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                count = min(BATCH_EVENTS, len(self._waiting))
                taken = [self._waiting.popleft() for _ in range(count)]
            yield taken

    def _sent(self, events: Sequence[Event]) -> list[Event]:
        """Send events; those that weren't taken."""
        left: list[Event] = []
        for part in put_events_batches(events):
            try:
                answer = self._client.put_events(Entries=[event.entry(self._bus) for event in part])
            except (BotoCoreError, ClientError) as error:
                log.debug("PutEvents: %s", error)
                left += part
                continue
            results = zip(part, answer["Entries"], strict=True)
            left += [event for event, result in results if "EventId" not in result]
        return left


@contextmanager
def publishing_events(publisher: EventPublisher) -> Iterator[None]:
    """Send events from a thread; on exit send once what still waits."""
    with background(publisher.run_until_closed, name="events", stop=publisher.close):
        yield
