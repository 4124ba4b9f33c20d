"""The live hub: who wants which lines, and what each is still to be sent. It knows no transport.

A position is serialised once and handed to every connection that wants its line. A connection that reads
slowly holds the newest position of each bus and no more, so that no reader slows the feeder or another
reader. Everything here belongs to one event loop; other threads may read `wanted` and `loop`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

from services.errors import NoData, ServiceError, Unavailable, Unexpected
from services.live import messages
from services.queries import stream_queries
from services.queries.bodies import bus_position_text
from simulator.network import Network
from storage.errors import StoreError, StoreUnavailable
from storage.schema import BusPosition
from storage.store import Store

log = logging.getLogger("bus_simulator.live")

Snapshot: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[BusPosition]]]
"""The latest position of each bus of some lines; may raise StoreError."""
Reply: TypeAlias = Callable[[str], Awaitable[None]]
"""Sends a client an answer, and returns when there is room for more."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Outbox:
    """The positions that a connection is still to be sent: the newest of each bus."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._single: dict[str, str] = {}
        self._batched: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._single) + len(self._batched)

    def offer(self, positions: Mapping[str, str], *, batch: bool) -> None:
        """Queue positions (texts by bus id), in the place of older ones of the same buses."""
        (self._batched if batch else self._single).update(positions)
        self._wake()

    def forget(self, bus_ids: Iterable[str]) -> None:
        """Drop the positions of buses that are no longer wanted."""
        for bus_id in bus_ids:
            self._single.pop(bus_id, None)
            self._batched.pop(bus_id, None)

    def switch(self, bus_ids: Iterable[str], *, batch: bool) -> None:
        """Let what waits of these buses be sent the other way, so that nothing newer overtakes it."""
        before, after = (self._single, self._batched) if batch else (self._batched, self._single)
        for bus_id in bus_ids:
            if bus_id in before:
                after[bus_id] = before.pop(bus_id)

    def clear(self) -> None:
        """Drop everything."""
        self._single.clear()
        self._batched.clear()

    def take(self) -> str | None:
        """The next message to be sent, None when nothing waits.

        One at a time: what a slow reader hasn't been sent yet can still be replaced by something newer.
        """
        if self._single:
            return self._single.pop(next(iter(self._single)))
        if self._batched:
            text = f"[{','.join(self._batched.values())}]"
            self._batched.clear()
            return text
        return None


class Subscription:
    """How a connection wants a line. New positions are held back until its snapshot is there."""

    __slots__ = ("_held", "_held_time", "batch", "since")

    def __init__(self, *, batch: bool) -> None:
        self.batch = batch
        self.since: datetime | None = None
        self._held: dict[str, str] = {}
        self._held_time = LONG_AGO

    def hold(self, time: datetime, texts: Mapping[str, str]) -> None:
        """Keep a tick for after the snapshot."""
        self._held.update(texts)
        self._held_time = time

    def begin_anew(self) -> None:
        """Take positions of any time again: simulated time has jumped."""
        self._held, self._held_time = {}, LONG_AGO
        if self.since is not None:
            self.since = LONG_AGO

    def begin(self, snapshot: Sequence[BusPosition]) -> Mapping[str, str]:
        """What to send first: the snapshot, or what came while it was read, whichever is newer."""
        self.since = max((position.time for position in snapshot), default=LONG_AGO)
        texts = {position.bus_id: bus_position_text(position) for position in snapshot}
        if self._held_time > self.since:
            texts |= self._held
        self._held = {}
        return texts


class Connection:
    """One client: who came, the lines it wants, and how it is answered and sent positions."""

    def __init__(self, key_name: str, group: str, reply: Reply, wake: Callable[[], None]) -> None:
        self.connection_id = secrets.token_urlsafe(11)
        self.key_name, self.group, self.reply, self.outbox = key_name, group, reply, Outbox(wake)
        self.lines: dict[str, Subscription] = {}


class Book(Protocol):
    """Where others can read who is connected. What it does must not take time: it is called in the loop."""

    def note(self, connection: Connection) -> None:
        """Take notice of a client's lines."""

    def forget(self, connection: Connection) -> None:
        """Take notice that a client is gone."""


class Hub:
    """Connections and their lines.

    `buses_of` has the bus ids of each known line; `text_of` writes the new positions, not the snapshots; a
    `book` is told who comes, wants what, and goes.
    """

    def __init__(
        self,
        buses_of: Mapping[str, Collection[str]],
        snapshot: Snapshot,
        text_of: Callable[[BusPosition], str] = bus_position_text,
        book: Book | None = None,
    ) -> None:
        self._buses_of, self._snapshot, self._text_of = buses_of, snapshot, text_of
        self._book = book
        self._wanting: dict[str, dict[Connection, Subscription]] = {line_id: {} for line_id in buses_of}
        self._connections: dict[str, int] = {}
        self._beginnings = 0
        self.wanted: frozenset[str] = frozenset()
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def connections(self) -> int:
        """How many clients there are."""
        return sum(self._connections.values())

    def connections_of(self, key_name: str) -> int:
        """How many clients came with a key."""
        return self._connections.get(key_name, 0)

    def connect(self, key_name: str, group: str, reply: Reply, wake: Callable[[], None]) -> Connection:
        """A new client of a group that came with a key.

        `wake` is called whenever its outbox gets something.
        """
        self.loop = asyncio.get_running_loop()
        self._connections[key_name] = self.connections_of(key_name) + 1
        connection = Connection(key_name, group, reply, wake)
        self._note(connection)
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Forget a client."""
        self._drop(connection, list(connection.lines))
        self._connections[connection.key_name] -= 1
        if not self._connections[connection.key_name]:
            del self._connections[connection.key_name]
        if self._book is not None:
            self._book.forget(connection)

    async def receive(self, connection: Connection, text: str) -> None:
        """Carry out a client's message: answer it, then queue the snapshot of lines just added."""
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
            await connection.reply(messages.refusal(error))

    def publish(self, positions: Iterable[BusPosition]) -> None:
        """Hand the new positions of one tick to all who want their lines."""
        by_line: dict[str, dict[str, str]] = {}
        times: dict[str, datetime] = {}
        for position in positions:
            if self._wanting.get(position.line_id):
                texts = by_line.setdefault(position.line_id, {})
                texts[position.bus_id] = self._text_of(position)
                times[position.line_id] = position.time
        for line_id, texts in by_line.items():
            self._offer(line_id, times[line_id], texts)

    def begin_anew(self) -> None:
        """Drop what is still to be sent: simulated time has jumped, and what comes next may be older."""
        self._beginnings += 1
        for wanting in self._wanting.values():
            for connection, subscription in wanting.items():
                connection.outbox.clear()
                subscription.begin_anew()

    def _offer(self, line_id: str, time: datetime, texts: Mapping[str, str]) -> None:
        for connection, subscription in self._wanting[line_id].items():
            if subscription.since is None:
                subscription.hold(time, texts)
            elif subscription.since < time:
                connection.outbox.offer(texts, batch=subscription.batch)

    async def _subscribe(self, connection: Connection, command: messages.Subscribe) -> None:
        messages.check_lines(command.line_ids, connection.lines, self._buses_of)
        new = [line_id for line_id in command.line_ids if line_id not in connection.lines]
        for line_id in command.line_ids:
            if line_id in new:
                subscription = Subscription(batch=command.batch)
                connection.lines[line_id] = self._wanting[line_id][connection] = subscription
            else:
                connection.lines[line_id].batch = command.batch
                connection.outbox.switch(self._buses_of[line_id], batch=command.batch)
        self._note_wanted()
        self._note(connection)
        await connection.reply(messages.subscribed(connection.lines))
        if new:
            await self._send_snapshot(connection, new)

    async def _send_snapshot(self, connection: Connection, new: Sequence[str]) -> None:
        """Queue the latest positions of lines; from then on what is newer is queued as it comes."""
        positions: Sequence[BusPosition] = ()
        try:
            positions = await self._current(new)
        except StoreError as error:
            log.error("no snapshot: %s", error)
            refused = Unavailable() if isinstance(error, StoreUnavailable) else Unexpected()
            await connection.reply(messages.refusal(refused))
        for line_id in new:
            ours = [position for position in positions if position.line_id == line_id]
            texts = connection.lines[line_id].begin(ours)
            connection.outbox.offer(texts, batch=connection.lines[line_id].batch)

    async def _current(self, line_ids: Sequence[str]) -> Sequence[BusPosition]:
        """The snapshot of some lines, read again if time jumps meanwhile. May raise StoreError."""
        while True:
            beginnings = self._beginnings
            positions = await self._snapshot(line_ids)
            if beginnings == self._beginnings:
                return positions

    def _drop(self, connection: Connection, line_ids: Iterable[str]) -> None:
        for line_id in line_ids:
            if connection.lines.pop(line_id, None) is not None:
                del self._wanting[line_id][connection]
                connection.outbox.forget(self._buses_of[line_id])
        self._note_wanted()

    def _note(self, connection: Connection) -> None:
        if self._book is not None:
            self._book.note(connection)

    def _note_wanted(self) -> None:
        self.wanted = frozenset(line_id for line_id, wanting in self._wanting.items() if wanting)


def current_positions(
    store: Store, network: Network, line_ids: Iterable[str], now: Callable[[], datetime]
) -> list[BusPosition]:
    """The latest position of each bus of some lines; nothing for a line without any. May raise StoreError."""
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
    text_of: Callable[[BusPosition], str] = bus_position_text,
    book: Book | None = None,
) -> Hub:
    """The hub of a network whose snapshots come from a store, read in a thread. For the rest see `Hub`."""

    async def snapshot(line_ids: Sequence[str]) -> Sequence[BusPosition]:
        return await asyncio.to_thread(current_positions, store, network, line_ids, now)

    buses_of = {str(line.line_id): [bus.bus_id for bus in line.buses] for line in network.lines}
    return Hub(buses_of, snapshot, text_of, book)
