"""The live hub over Server-Sent Events: a response that never ends, for clients without WebSockets.

Each event has the stream as its name, and an id that says what the client has received, so that one which
reconnects with `Last-Event-ID` continues there. A client that doesn't read misses older records, and is
disconnected after `SILENCE_S`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias
from zoneinfo import ZoneInfo

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from services.live.channel import stream_of
from services.live.connection import Connection
from services.live.event_ids import event_id, with_reached
from services.live.hub import Hub, Since
from services.web.formats.local_times import local_times
from services.web.handlers import JSON
from services.web.websocket import first_of
from storage.errors import StoreError
from storage.schema import Stream

log = logging.getLogger("bus_simulator.live")

EVENT_STREAM = "bus_simulator.event_stream"
"""The name of an ASGI extension: tells the server that a response won't end, returns how to abort it."""
SILENCE_S = 600.0
"""How long a client may not read."""
HEARTBEAT_S = 15.0
"""How often an idle client gets a comment, so that proxies keep the connection."""
MOST_PIECE = 32 * 1024
"""Characters that are sent at once."""
RETRY_MS = 3000
NO_ID = "0"
"""The id of the first events, after which a client starts with a snapshot again."""
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]

New: TypeAlias = Mapping[Stream, Sequence[str]]
"""Lines that a client has just subscribed to, by stream."""


@dataclass
class ClientChannel:
    """What the hub needs of a client before there is a connection to it: its replies and a way to wake it."""

    replies: list[str] = field(default_factory=list)
    something: asyncio.Event = field(default_factory=asyncio.Event)

    async def reply(self, text: str) -> None:
        """Queue an error."""
        self.replies.append(text)
        self.something.set()


class EventStream(StreamingResponse):
    """Sends a connection's records until the client or the server closes.

    `since` is what the client had received of each stream before, None for a new client.
    """

    def __init__(
        self,
        hub: Hub,
        connection: Connection,
        client: ClientChannel,
        new: New,
        since: Since | None,
        zone: ZoneInfo | None,
    ) -> None:
        super().__init__(iter(()), media_type="text/event-stream")
        self._hub, self._connection, self._client = hub, connection, client
        self._new, self._since, self._zone = new, since, zone
        self._sent: Since = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events; a HEAD request gets none."""
        extension = scope.get("extensions", {}).get(EVENT_STREAM)
        abort = extension() if extension is not None else None
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
            if scope["method"] != "HEAD":
                await first_of(until_disconnected(receive), self._write_all(send))
        except TimeoutError:
            if abort is not None:
                abort()
        except OSError:
            pass  # the client is gone
        finally:
            self._hub.disconnect(self._connection)
        with suppress(OSError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write_all(self, send: Send) -> None:
        """Send what was missed, or a snapshot, then everything new, as fast as the client reads."""
        await write(send, f"retry: {RETRY_MS}\n\n")
        if not await self._write_missed(send):
            await self._hub.begin(self._connection, self._new)
        while True:
            await self._write_waiting(send)
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._client.something.wait()
            except TimeoutError:
                await write(send, ": nothing new\n\n")
            self._client.something.clear()

    async def _write_missed(self, send: Send) -> bool:
        """Send the records since the client's last event; whether that was possible."""
        if self._since is None:
            return False
        reached = self._since
        try:
            records = await self._hub.missed(self._new, reached)
        except StoreError as error:
            log.error("missed records not read: %s", error)
            return False
        if records is None:
            return False
        events: list[str] = []
        for found, after in with_reached(records, reached):
            texts = [(stream_of(record), self._hub.record_text(record)) for record in found]
            events += events_of(texts, event_id(reached), event_id(after))
            reached = after
        await self._write(send, events)
        self._hub.resume(self._connection, self._new, reached)
        return True

    async def _write_waiting(self, send: Send) -> None:
        """Send what is in the outbox now."""
        before = event_id(self._sent) if self._sent else NO_ID
        replies, self._client.replies = self._client.replies, []
        texts = self._connection.outbox.take_single()
        self._sent = dict(self._connection.reached)
        errors = (f"event: error\ndata: {text}\n\n" for text in replies)
        await self._write(send, chain(errors, events_of(texts, before, event_id(self._sent))))

    async def _write(self, send: Send, events: Iterable[str]) -> None:
        """Send events, about `MOST_PIECE` characters at a time."""
        for piece in pieces_of(events):
            await write(send, piece if self._zone is None else in_local_time(piece, self._zone))


def events_of(texts: Sequence[tuple[Stream, str]], before: str, after: str) -> list[str]:
    """Records as events. The last one has the id `after`: it says that all have been received."""
    last = len(texts) - 1
    return [
        f"event: {stream.value}\nid: {after if number == last else before}\ndata: {text}\n\n"
        for number, (stream, text) in enumerate(texts)
    ]


def pieces_of(events: Iterable[str]) -> Iterator[str]:
    """Events together, about `MOST_PIECE` characters each time."""
    piece: list[str] = []
    size = 0
    for event in events:
        piece.append(event)
        size += len(event)
        if size >= MOST_PIECE:
            yield "".join(piece)
            piece, size = [], 0
    if piece:
        yield "".join(piece)


def in_local_time(events: str, zone: ZoneInfo) -> str:
    """Events with their times in a zone."""
    return local_times(events.encode("utf-8", "replace"), JSON, zone).decode()


async def write(send: Send, text: str) -> None:
    """Send a text. Raises TimeoutError if the client hasn't read for `SILENCE_S`."""
    body = text.encode("utf-8", "replace")
    async with asyncio.timeout(SILENCE_S):
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def until_disconnected(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
