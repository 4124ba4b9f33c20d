"""Ticks of a line with many subscribers, sent by several invocations at once: chunks in an SQS queue.

One invocation posts some hundred messages a second, and a tick of a busy line to thousands of clients is tens
of thousands. The invocation that gets the tick sends one chunk itself and puts the others into a queue, whose
messages Lambda gives to as many invocations.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.connections import Subscriber
from storage.timestream_errors import summary_of

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

log = logging.getLogger("bus_simulator.live")

MOST_MESSAGES = 1_500
"""How many messages a chunk has: a few seconds of a function with one virtual CPU."""
LATEST_S = 25.0
"""How long after its tick a chunk may be sent; later the next tick is about to come."""


@dataclass(slots=True)
class Chunk:
    """A tick's texts for some connections: `single` get a message for each, `batch` all as one array."""

    texts: Sequence[str]
    single: list[str] = field(default_factory=list)
    batch: list[str] = field(default_factory=list)
    messages: int = 0

    def add(self, subscriber: Subscriber) -> None:
        """Add a connection."""
        (self.batch if subscriber.batch else self.single).append(subscriber.connection_id)
        self.messages += self.messages_to(subscriber)

    def messages_to(self, subscriber: Subscriber) -> int:
        """How many messages a connection gets."""
        return 1 if subscriber.batch else len(self.texts)

    def texts_of(self) -> Mapping[str, Sequence[str]]:
        """The messages of each connection."""
        array = [f"[{','.join(self.texts)}]"]
        return {**dict.fromkeys(self.batch, array), **dict.fromkeys(self.single, self.texts)}

    def json(self) -> str:
        """The chunk as a message of the queue."""
        return json.dumps({"texts": self.texts, "single": self.single, "batch": self.batch})

    @classmethod
    def parse(cls, text: str) -> Chunk:
        """The chunk in a message of the queue, which only functions write."""
        found = json.loads(text)
        return cls(found["texts"], found["single"], found["batch"])


def chunks_of(texts: Sequence[str], subscribers: Iterable[Subscriber]) -> list[Chunk]:
    """Divide a tick's subscribers into chunks of at most `MOST_MESSAGES`, or of one connection with more."""
    chunks: list[Chunk] = []
    for subscriber in subscribers:
        chunk = chunks[-1] if chunks else None
        if chunk is None or chunk.messages + chunk.messages_to(subscriber) > MOST_MESSAGES:
            chunk = Chunk(texts)
            chunks.append(chunk)
        chunk.add(subscriber)
    return chunks


@dataclass(frozen=True, slots=True)
class ChunkQueue:
    """The queue whose messages Lambda gives to further invocations."""

    client: SQSClient
    url: str

    def hand_over(self, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
        """Put all chunks but the first into the queue; return those left to send here."""
        for number, chunk in enumerate(chunks[1:], start=1):
            try:
                self.client.send_message(QueueUrl=self.url, MessageBody=chunk.json())
            except (BotoCoreError, ClientError) as error:
                log.warning("%d chunks not handed over: %s", len(chunks) - number, summary_of(error))
                return [chunks[0], *chunks[number:]]
        return chunks[:1]
