"""A live client: its key and group, its subscriptions, its outbox, and how to send to it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

from services.live.outbox import LineTick, Outbox, Subscription
from storage.schema import Stream

Reply: TypeAlias = Callable[[str], Awaitable[None]]
"""Sends a message to a client, and returns when there is room for another."""
SendNow: TypeAlias = Callable[[tuple[str, ...]], bool]
"""Sends messages to a client at once; returns False, without sending any, if it would have to wait."""


def never_now(_messages: tuple[str, ...]) -> bool:
    """The `SendNow` of a transport that sends from the outbox only."""
    return False


class Connection:
    """A client. `subscriptions` are by stream and line id.

    `reached` is, by stream, the newest time of the records that were sent or queued.
    """

    def __init__(
        self,
        key_name: str,
        group: str,
        reply: Reply,
        wake: Callable[[], None],
        send_now: SendNow = never_now,
    ) -> None:
        self.connection_id = secrets.token_urlsafe(11)
        self.key_name, self.group, self.reply, self.outbox = key_name, group, reply, Outbox(wake)
        self.subscriptions: dict[Stream, dict[str, Subscription]] = {stream: {} for stream in Stream}
        self.reached: dict[Stream, datetime] = {}
        self._send_now = send_now

    @property
    def lines(self) -> Mapping[str, Subscription]:
        """The subscriptions to positions, by line id."""
        return self.subscriptions[Stream.BUS_POSITION]

    @property
    def line_ids(self) -> Collection[str]:
        """The lines of all subscriptions."""
        return {line_id for lines in self.subscriptions.values() for line_id in lines}

    @property
    def lines_of_streams(self) -> Mapping[str, Collection[str]]:
        """The line ids of the subscriptions to each stream that has some."""
        return {stream.value: list(lines) for stream, lines in self.subscriptions.items() if lines}

    def offer(self, stream: Stream, tick: LineTick, *, batch: bool) -> None:
        """Send a tick of a line at once if nothing waits, else queue it.

        With several lines an array, which has the records of all of them, is made from the outbox in the next
        round of the event loop; so are the records of stops, which several lines may share.
        """
        self.reached[stream] = tick.time
        is_whole = len(self.subscriptions[stream]) == 1 or not (batch or tick.is_shared)
        messages = (tick.array,) if batch else tick.messages
        if is_whole and not len(self.outbox) and self._send_now(messages):
            return
        self.outbox.offer(tick.texts, batch=batch, stream=stream)


class ConnectionObserver(Protocol):
    """Called by the hub, in its event loop, about its connections. Must return at once."""

    def note(self, connection: Connection) -> None:
        """Called after `connection` has connected or changed its lines."""

    def forget(self, connection: Connection) -> None:
        """Called after `connection` has disconnected."""
