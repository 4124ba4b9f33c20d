"""The live hub's source where feeders publish: the events of an SQS queue that EventBridge fills.

What waited in the queue before is of the past, and purged. Messages come in any order and perhaps twice: a
bus's older positions are left out. A feeder that hears a little later that the clock was stopped is ahead of
it until then: what is of the future waits for its time, so that nobody is told more than REST says. Each
process that serves needs a queue of its own: a message goes to one.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.events import positions_of
from services.live.hub import Hub
from services.live.outbox import LONG_AGO
from services.queries.stream_queries import LINE_REACH
from services.retry import Backoff
from simulator.clock import Clock
from storage.schema import BusPosition

log = logging.getLogger("bus_simulator.live")

WAIT_S = 1
"""How long SQS holds a request open; told to end, a process waits no longer."""
MOST_MESSAGES = 10
LONGEST_LEAD = timedelta(minutes=10)
"""A feeder may be so far ahead; what is later is of before a jump back."""


class SqsSource:
    """Publishes to `hub` what comes by the queue. `run_until_closed` belongs in a thread of its own."""

    def __init__(self, client: Any, queue: str, clock: Clock) -> None:
        self._client, self._queue, self._clock = client, queue, clock
        self._sent: dict[str, datetime] = {}
        self._early: list[BusPosition] = []
        self._course = clock.course
        self._url = queue if "://" in queue else ""
        self.hub: Hub | None = None

    def run_until_closed(self) -> None:
        """Receive until the clock is closed; while SQS is away try again with growing pauses."""
        backoff, purged = Backoff(), False
        while not self._clock.closed:
            try:
                purged = purged or self._purge()
                self.receive()
                backoff.reset()
            except (BotoCoreError, ClientError) as error:
                if not backoff.is_retrying:
                    log.warning("no new positions: %s", error)
                    self._url = self._queue if "://" in self._queue else ""
                self._clock.rest(backoff.next_pause_s())

    def receive(self) -> None:
        """Take the next messages and publish what is new in them, and what its time has come for."""
        self._follow()
        due_s = self._due_s()
        if due_s < WAIT_S:
            self._clock.rest(due_s)
        asked = {"QueueUrl": self._at(), "MaxNumberOfMessages": MOST_MESSAGES}
        messages = self._client.receive_message(
            **asked, WaitTimeSeconds=WAIT_S if due_s >= WAIT_S else 0
        ).get("Messages", [])
        self._publish([*self._early, *(each for message in messages for each in self._read(message))])
        if not messages:
            return
        done = [
            {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
            for number, message in enumerate(messages)
            if message.get("understood", True)
        ]
        if done:
            self._client.delete_message_batch(QueueUrl=self._at(), Entries=done)

    def _due_s(self) -> float:
        """Wall seconds until something that came too early is due, as far as is known."""
        rate = self._clock.rate
        if not self._early or not rate:
            return math.inf
        first = min(each.time for each in self._early)
        return max((first - self._clock.now()).total_seconds() / rate, 0.0)

    def _read(self, message: dict[str, Any]) -> Sequence[BusPosition]:
        """A message's positions. What isn't understood stays, until it goes to the dead letters."""
        try:
            return positions_of(json.loads(message["Body"]))
        except ValueError as error:
            log.warning("a message is no event of ours: %s", error)
            message["understood"] = False
            return ()

    def _publish(self, positions: Sequence[BusPosition]) -> None:
        """Hand what is new to the hub's event loop, each tick on its own, in order; keep what is early."""
        now, hub = self._clock.now(), self.hub
        new: dict[tuple[datetime, str], BusPosition] = {}
        self._early = [each for each in positions if now < each.time <= now + LONGEST_LEAD]
        for each in positions:
            if now - LINE_REACH < each.time <= now and each.time > self._sent.get(each.bus_id, LONG_AGO):
                new[each.time, each.bus_id] = each
        self._sent |= {bus_id: time for time, bus_id in sorted(new)}
        for _, tick in groupby((new[place] for place in sorted(new)), key=attrgetter("time")):
            if hub is not None:
                run_in_loop(hub, hub.publish, list(tick))

    def _follow(self) -> None:
        """Begin anew where the clock has jumped."""
        course = self._clock.course
        if course != self._course:
            self._course, self._sent, self._early = course, {}, []
            if self.hub is not None:
                run_in_loop(self.hub, self.hub.begin_anew)

    def _purge(self) -> bool:
        with suppress(self._client.exceptions.PurgeQueueInProgress):
            self._client.purge_queue(QueueUrl=self._at())
        return True

    def _at(self) -> str:
        """The queue's URL, asked for by its name where that is what is known."""
        if not self._url:
            self._url = self._client.get_queue_url(QueueName=self._queue)["QueueUrl"]
        return self._url


def run_in_loop(hub: Hub, job: Callable[..., None], *arguments: object) -> None:
    """Have something done in the hub's event loop, if there is one."""
    if hub.loop is not None:
        with suppress(RuntimeError):  # the loop is closed: the process ends, or serves another network
            hub.loop.call_soon_threadsafe(job, *arguments)
