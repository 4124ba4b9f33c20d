"""The live hub: connections, the lines they subscribe to, and new positions to their outboxes.

It knows no transport. A position is serialised once and handed to every connection that subscribes to its
line. A slow connection holds only the newest position of each bus, so that it slows neither the feeder nor
other connections. All of it belongs to one event loop; other threads may read `subscribed_lines` and `loop`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol, TypeAlias

from services.errors import NoData, ServiceError, Unavailable, Unexpected
from services.live import messages
from services.live.outbox import LONG_AGO, LineTick, Outbox, Subscription
from services.queries import stream_queries
from services.queries.bodies import bus_position_text
from simulator.network import Network
from storage.errors import StoreError, StoreUnavailable
from storage.schema import BusPosition
from storage.store import Store

log = logging.getLogger("bus_simulator.live")

Snapshot: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[BusPosition]]]
"""Returns the latest position of each bus of some lines. May raise StoreError."""
Reply: TypeAlias = Callable[[str], Awaitable[None]]
"""Sends a message to a client, and returns when there is room for another."""


SendNow: TypeAlias = Callable[[tuple[str, ...]], bool]
"""Sends messages to a client at once; returns False, without sending any, if it would have to wait."""


def never_now(_messages: tuple[str, ...]) -> bool:
    """The `SendNow` of a transport that sends from the outbox only."""
    return False


class Connection:
    """A client: its key and group, its subscriptions by line id, its outbox, and how to send to it."""

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
        self.lines: dict[str, Subscription] = {}
        self._send_now = send_now

    def offer(self, tick: LineTick, *, batch: bool) -> None:
        """Send a tick of a line at once if nothing waits, else queue it.

        An array has the positions of all subscribed lines, which come one after the other: with several lines
        it is made from the outbox, in the next round of the event loop.
        """
        is_whole_message = not batch or len(self.lines) == 1
        messages = (tick.array,) if batch else tick.messages
        if is_whole_message and not len(self.outbox) and self._send_now(messages):
            return
        self.outbox.offer(tick.texts, batch=batch)


class ConnectionObserver(Protocol):
    """Called by the hub, in its event loop, about its connections. Must return at once."""

    def note(self, connection: Connection) -> None:
        """Called after `connection` has connected or changed its lines."""

    def forget(self, connection: Connection) -> None:
        """Called after `connection` has disconnected."""


class Hub:
    """The connections of a process, and the lines they subscribe to.

    `buses_of` has the bus ids of each known line. `position_text` serialises positions; `text_of`, if given,
    new ones, but not snapshots, which have no delivery faults.
    """

    def __init__(
        self,
        buses_of: Mapping[str, Collection[str]],
        snapshot: Snapshot,
        position_text: Callable[[BusPosition], str],
        text_of: Callable[[BusPosition], str] | None = None,
        observer: ConnectionObserver | None = None,
    ) -> None:
        self._buses_of, self._snapshot = buses_of, snapshot
        self._position_text, self._text_of = position_text, text_of or position_text
        self._observer = observer
        self._subscribers: dict[str, dict[Connection, Subscription]] = {line_id: {} for line_id in buses_of}
        self._connections: dict[str, int] = {}
        self._beginnings = 0
        self.subscribed_lines: frozenset[str] = frozenset()
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def connections(self) -> int:
        """The number of connections."""
        return sum(self._connections.values())

    def connections_of(self, key_name: str) -> int:
        """The number of connections that use a key."""
        return self._connections.get(key_name, 0)

    def subscribers_of(self, line_id: str) -> Collection[Connection]:
        """The connections that subscribe to a known line."""
        return self._subscribers[line_id].keys()

    def connect(
        self,
        key_name: str,
        group: str,
        reply: Reply,
        wake: Callable[[], None],
        send_now: SendNow = never_now,
    ) -> Connection:
        """Add a client. `wake` is called whenever something is added to its outbox.

        `send_now` must return False while a message that was taken from the outbox isn't sent yet.
        """
        self.loop = asyncio.get_running_loop()
        self._connections[key_name] = self.connections_of(key_name) + 1
        connection = Connection(key_name, group, reply, wake, send_now)
        self._note(connection)
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Remove a client and its subscriptions."""
        self._drop(connection, list(connection.lines))
        self._connections[connection.key_name] -= 1
        if not self._connections[connection.key_name]:
            del self._connections[connection.key_name]
        if self._observer is not None:
            self._observer.forget(connection)

    async def receive(self, connection: Connection, text: str) -> None:
        """Carry out a client's message: reply, then queue the snapshot of the lines just added."""
        try:
            command = messages.parse(text)
            match command:
                case messages.Ping():
                    await connection.reply(messages.pong())
                case messages.Subscribe():
                    await self._subscribe(connection, command)
                case messages.Unsubscribe():
                    self._drop(connection, command.line_ids)
                    self._note(connection)
                    await connection.reply(messages.unsubscribed(connection.lines))
        except ServiceError as error:
            await connection.reply(messages.error_message(error))

    def publish(self, positions: Iterable[BusPosition]) -> None:
        """Queue the new positions of one tick for the subscribers of their lines."""
        by_line: dict[str, dict[str, str]] = {}
        times: dict[str, datetime] = {}
        for position in positions:
            if self._subscribers.get(position.line_id):
                texts = by_line.setdefault(position.line_id, {})
                texts[position.bus_id] = self._text_of(position)
                times[position.line_id] = position.time
        for line_id, texts in by_line.items():
            self._offer(line_id, times[line_id], texts)

    def reset_after_jump(self) -> None:
        """Drop unsent positions after a jump of simulated time; the next positions may be older."""
        self._beginnings += 1
        for subscribers in self._subscribers.values():
            for connection, subscription in subscribers.items():
                connection.outbox.clear()
                subscription.reset_after_jump()

    def _offer(self, line_id: str, time: datetime, texts: Mapping[str, str]) -> None:
        tick = LineTick(texts)
        for connection, subscription in self._subscribers[line_id].items():
            if subscription.since is None:
                subscription.hold(time, texts)
            elif subscription.since < time:
                connection.offer(tick, batch=subscription.batch)

    async def _subscribe(self, connection: Connection, command: messages.Subscribe) -> None:
        messages.check_lines(command.line_ids, connection.lines, self._buses_of)
        new = [line_id for line_id in command.line_ids if line_id not in connection.lines]
        for line_id in command.line_ids:
            if line_id in new:
                subscription = Subscription(batch=command.batch)
                connection.lines[line_id] = self._subscribers[line_id][connection] = subscription
            else:
                connection.lines[line_id].batch = command.batch
                connection.outbox.switch(self._buses_of[line_id], batch=command.batch)
        self._note_subscribed_lines()
        self._note(connection)
        await connection.reply(messages.subscribed(connection.lines))
        if new:
            await self._send_snapshot(connection, new)

    async def _send_snapshot(self, connection: Connection, new: Sequence[str]) -> None:
        """Queue the latest positions of `new` lines, and let newer ones through from then on."""
        positions: Sequence[BusPosition] = ()
        try:
            positions = await self._current(new)
        except StoreError as error:
            log.error("snapshot not read: %s", error)
            refused = Unavailable() if isinstance(error, StoreUnavailable) else Unexpected()
            await connection.reply(messages.error_message(refused))
        for line_id in new:
            of_line = [position for position in positions if position.line_id == line_id]
            newest = max((position.time for position in of_line), default=LONG_AGO)
            snapshot = {position.bus_id: self._position_text(position) for position in of_line}
            texts = connection.lines[line_id].begin(newest, snapshot)
            connection.outbox.offer(texts, batch=connection.lines[line_id].batch)

    async def _current(self, line_ids: Sequence[str]) -> Sequence[BusPosition]:
        """Return the snapshot of some lines; read again if the clock jumps. May raise StoreError."""
        while True:
            beginnings = self._beginnings
            positions = await self._snapshot(line_ids)
            if beginnings == self._beginnings:
                return positions

    def _drop(self, connection: Connection, line_ids: Iterable[str]) -> None:
        for line_id in line_ids:
            if connection.lines.pop(line_id, None) is not None:
                del self._subscribers[line_id][connection]
                connection.outbox.forget(self._buses_of[line_id])
        self._note_subscribed_lines()

    def _note(self, connection: Connection) -> None:
        if self._observer is not None:
            self._observer.note(connection)

    def _note_subscribed_lines(self) -> None:
        self.subscribed_lines = frozenset(line_id for line_id, found in self._subscribers.items() if found)


def current_positions(
    store: Store, network: Network, line_ids: Iterable[str], now: Callable[[], datetime]
) -> list[BusPosition]:
    """Return the latest position of each bus of some lines. May raise StoreError."""
    positions: list[BusPosition] = []
    for line_id in line_ids:
        try:
            positions += stream_queries.line_positions(store, network, line_id=line_id, now=now())
        except NoData:
            continue
    return positions


def live_hub(
    store: Store,
    network: Network,
    now: Callable[[], datetime],
    text_of: Callable[[BusPosition], str] | None = None,
    observer: ConnectionObserver | None = None,
) -> Hub:
    """Return the hub of a network, with snapshots read from `store` in a thread. See `Hub` for the rest."""

    async def snapshot(line_ids: Sequence[str]) -> Sequence[BusPosition]:
        return await asyncio.to_thread(current_positions, store, network, line_ids, now)

    buses_of = {str(line.line_id): [bus.bus_id for bus in line.buses] for line in network.lines}
    return Hub(buses_of, snapshot, partial(bus_position_text, network=network), text_of, observer)
