"""The live hub's source on AWS: position events that EventBridge sends to an SQS queue.

At the start the queue is purged of old messages. Messages may come in any order and twice, so positions older
than a bus's last one are dropped. A feeder that learns late of a paused clock runs ahead: positions of the
future wait for their time, so that clients see no more than REST shows. Each server needs a queue of its own,
since SQS delivers a message once.
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
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.events import positions_of
from services.live.hub import Hub
from services.live.outbox import LONG_AGO
from services.queries.stream_queries import LINE_REACH
from services.retry import Backoff
from simulator.clock import Clock
from storage.schema import BusPosition

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef

log = logging.getLogger("bus_simulator.live")

WAIT_S = 1
"""How long SQS holds a request open, and so the longest wait of a process that ends."""
MOST_MESSAGES = 10
LONGEST_LEAD = timedelta(minutes=10)
"""How far a feeder may be ahead. Later positions are from before a jump back, and dropped."""


class SqsSource:
    """Publishes the positions of a queue to `hub`. `run_until_closed` runs in a thread."""

    def __init__(self, client: SQSClient, queue: str, clock: Clock) -> None:
        self._client, self._queue, self._clock = client, queue, clock
        self._sent: dict[str, datetime] = {}
        self._early: list[BusPosition] = []
        self._course = clock.course
        self._url = queue if "://" in queue else ""
        self.hub: Hub | None = None

    def run_until_closed(self) -> None:
        """Receive until the clock is closed; retry with growing pauses while SQS is unavailable."""
        backoff, purged = Backoff(), False
        while not self._clock.closed:
            try:
                purged = purged or self._purge()
                self.receive()
                backoff.reset()
            except (BotoCoreError, ClientError) as error:
                if not backoff.is_retrying:
                    log.warning("no positions received, retrying: %s", error)
                    self._url = self._queue if "://" in self._queue else ""
                self._clock.rest(backoff.next_pause_s())

    def receive(self) -> None:
        """Receive messages; publish their new positions and the early ones that are now due.

        Messages that are no events of positions stay in the queue, which moves them to its dead letters.
        """
        self._follow()
        due_s = self._due_s()
        if due_s < WAIT_S:
            self._clock.rest(due_s)
        messages = self._client.receive_message(
            QueueUrl=self._queue_url(),
            MaxNumberOfMessages=MOST_MESSAGES,
            WaitTimeSeconds=WAIT_S if due_s >= WAIT_S else 0,
        ).get("Messages", [])
        positions = list(self._early)
        done: list[DeleteMessageBatchRequestEntryTypeDef] = []
        for number, message in enumerate(messages):
            try:
                positions += positions_of(json.loads(message["Body"]))
            except ValueError as error:
                log.warning("SQS message is not a position event: %s", error)
            else:
                done.append({"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]})
        self._publish(positions)
        if done:
            self._client.delete_message_batch(QueueUrl=self._queue_url(), Entries=done)

    def _due_s(self) -> float:
        """Wall seconds until the first early position is due; infinite without one or while paused."""
        rate = self._clock.rate
        if not self._early or not rate:
            return math.inf
        first = min(each.time for each in self._early)
        return max((first - self._clock.now()).total_seconds() / rate, 0.0)

    def _publish(self, positions: Sequence[BusPosition]) -> None:
        """Hand new positions to the hub's event loop tick by tick, in order; keep the early ones."""
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
        """Start over if the clock has jumped."""
        course = self._clock.course
        if course != self._course:
            self._course, self._sent, self._early = course, {}, []
            if self.hub is not None:
                run_in_loop(self.hub, self.hub.reset_after_jump)

    def _purge(self) -> bool:
        with suppress(self._client.exceptions.PurgeQueueInProgress):
            self._client.purge_queue(QueueUrl=self._queue_url())
        return True

    def _queue_url(self) -> str:
        """The queue's URL, looked up by its name if only that was given."""
        if not self._url:
            self._url = self._client.get_queue_url(QueueName=self._queue)["QueueUrl"]
        return self._url


def run_in_loop(hub: Hub, job: Callable[..., None], *arguments: object) -> None:
    """Call `job` in the hub's event loop, if it has one."""
    if hub.loop is not None:
        with suppress(RuntimeError):  # the loop is closed: the process ends, or serves another network
            hub.loop.call_soon_threadsafe(job, *arguments)
