"""Publishes a feeder's new records to EventBridge from a thread, so that an outage stalls no feeder.

The buffer is bounded and drops the oldest events first: events are for live use, the store keeps history.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from botocore.exceptions import BotoCoreError, ClientError

from services.aws.events import Event, events_of, put_events_batches
from services.background import background
from services.retry import Backoff
from simulator.clock import Clock, Course
from simulator.network import Network
from storage.schema import Stream

if TYPE_CHECKING:
    from types_boto3_events.client import EventBridgeClient

log = logging.getLogger("bus_simulator.events")

EVENT_MAX_AGE = timedelta(minutes=5)
"""Records older than this when they are stored are history, and not published."""
MOST_WAITING = 20_000
BATCH_EVENTS = 200
"""Events taken from the buffer at a time, for several calls."""


class EventPublisher:
    """Sends events to an event bus. `written` never waits; `run_until_closed` runs in a thread.

    `network` returns the current network.
    """

    def __init__(
        self, client: EventBridgeClient, bus: str, clock: Clock, network: Callable[[], Network]
    ) -> None:
        self._client, self._bus, self._clock, self._network = client, bus, clock, network
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.dropped = 0

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """Buffer the events of rows that a feeder has stored.

        Rows of a `course` before a clock jump are ignored.
        """
        if stream not in (Stream.BUS_POSITION, Stream.STOP_VISIT) or course != self._clock.course:
            return
        since = pa.scalar(self._clock.now() - EVENT_MAX_AGE)
        recent = rows.filter(pc.greater(rows.column("time"), since))
        new = list(events_of(stream, recent, self._network()))
        with self._changed:
            self._waiting.extend(new)
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let `run_until_closed` end after one last attempt to send."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run_until_closed(self) -> None:
        """Send events as they come; retry with growing pauses while EventBridge is unavailable."""
        backoff = Backoff()
        for events in self._batches():
            rest = events
            while rest := self._send(rest):
                if self._closed:
                    return
                if not backoff.is_retrying:
                    log.warning(
                        "events not accepted by EventBridge, retrying",
                        extra={"fields": {"waiting": len(rest)}},
                    )
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, backoff.next_pause_s())
            backoff.reset()

    def _batches(self) -> Iterator[list[Event]]:
        """Take batches from the buffer until the publisher is closed and the buffer is empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                count = min(BATCH_EVENTS, len(self._waiting))
                taken = [self._waiting.popleft() for _ in range(count)]
            yield taken

    def _send(self, events: Sequence[Event]) -> list[Event]:
        """Send events. Return those that EventBridge did not accept."""
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
    """Send events from a thread; on exit try once to send the buffered ones."""
    with background(publisher.run_until_closed, name="events", stop=publisher.close):
        yield
