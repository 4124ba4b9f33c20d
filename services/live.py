"""The live hub: who wants which lines, and what each is still to be sent. It knows no transport.

A position is serialised once and handed to every connection that wants its line. A connection that reads
slowly holds the newest position of each bus and no more, so that no reader slows the feeder or another
reader. All methods belong to one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from services import live_messages as messages
from services.schemas import bus_position_text
from storage.schema import BusPosition

MOST_REPLIES = 256
"""Answers that may wait for a client that sends and never reads; the oldest are dropped."""

Snapshot = Callable[[str], Sequence[BusPosition]]


class Outbox:
    """What a connection is still to be sent: answers in order, then the newest position of each bus."""

    def __init__(self, wake: Callable[[], None]):
        self._wake = wake
        self._replies: deque[str] = deque(maxlen=MOST_REPLIES)
        self._single: dict[str, str] = {}
        self._batched: dict[str, str] = {}

    def reply(self, text: str) -> None:
        """Queue an answer."""
        self._replies.append(text)
        self._wake()

    def offer(self, positions: Mapping[str, str], *, batch: bool) -> None:
        """Queue positions (texts by bus id), in the place of older ones of the same buses."""
        (self._batched if batch else self._single).update(positions)
        self._wake()

    def forget(self, bus_ids: Iterable[str]) -> None:
        """Drop the positions of buses that are no longer wanted."""
        for bus_id in bus_ids:
            self._single.pop(bus_id, None)
            self._batched.pop(bus_id, None)

    def drain(self) -> list[str]:
        """All that waits, as messages in the order to be sent; nothing waits after."""
        texts = [*self._replies, *self._single.values()]
        if self._batched:
            texts.append(f"[{','.join(self._batched.values())}]")
        self._replies.clear()
        self._single, self._batched = {}, {}
        return texts


class Connection:
    """One client: the lines it wants, each with whether in batches, and its outbox."""

    def __init__(self, key: str, outbox: Outbox):
        self.key = key
        self.outbox = outbox
        self.lines: dict[str, bool] = {}


class Hub:
    """Connections and their lines. `buses_of` has the bus ids of each known line.

    `snapshot` gives the latest position of each bus of a line, none where there are none.
    """

    def __init__(self, buses_of: Mapping[str, Collection[str]], snapshot: Snapshot):
        self._buses_of, self._snapshot = buses_of, snapshot
        self._wanting: dict[str, set[Connection]] = {line_id: set() for line_id in buses_of}
        self._connections: dict[str, int] = {}

    @property
    def connections(self) -> int:
        """How many clients there are."""
        return sum(self._connections.values())

    def connections_of(self, key: str) -> int:
        """How many clients came with a key."""
        return self._connections.get(key, 0)

    def connect(self, key: str, wake: Callable[[], None]) -> Connection:
        """A new client that came with `key`; `wake` is called whenever its outbox gets something."""
        self._connections[key] = self.connections_of(key) + 1
        return Connection(key, Outbox(wake))

    def disconnect(self, connection: Connection) -> None:
        """Forget a client."""
        for line_id in connection.lines:
            self._wanting[line_id].discard(connection)
        connection.lines = {}
        self._connections[connection.key] -= 1
        if not self._connections[connection.key]:
            del self._connections[connection.key]

    def receive(self, connection: Connection, text: str) -> None:
        """Carry out a client's message, and queue the answer, then the snapshot of lines just added."""
        try:
            command = messages.parse(text)
            match command:
                case messages.Ping():
                    connection.outbox.reply(messages.pong())
                case messages.Subscribe():
                    self._subscribe(connection, command)
                case messages.Unsubscribe():
                    self._unsubscribe(connection, command)
        except messages.Refused as refused:
            connection.outbox.reply(messages.refusal(str(refused)))

    def publish(self, positions: Iterable[BusPosition]) -> None:
        """Hand new positions to all who want their lines."""
        by_line: dict[str, dict[str, str]] = {}
        for position in positions:
            if self._wanting.get(position.line_id):
                texts = by_line.setdefault(position.line_id, {})
                texts[position.bus_id] = bus_position_text(position)
        for line_id, texts in by_line.items():
            for connection in self._wanting[line_id]:
                connection.outbox.offer(texts, batch=connection.lines[line_id])

    def _subscribe(self, connection: Connection, command: messages.Subscribe) -> None:
        new = messages.added(command.line_ids, connection.lines, self._buses_of)
        for line_id in new:
            connection.lines[line_id] = command.batch
            self._wanting[line_id].add(connection)
        connection.outbox.reply(messages.subscribed(connection.lines))
        for line_id in new:
            texts = {p.bus_id: bus_position_text(p) for p in self._snapshot(line_id)}
            if texts:
                connection.outbox.offer(texts, batch=command.batch)

    def _unsubscribe(self, connection: Connection, command: messages.Unsubscribe) -> None:
        for line_id in command.line_ids:
            if connection.lines.pop(line_id, None) is not None:
                self._wanting[line_id].discard(connection)
                connection.outbox.forget(self._buses_of[line_id])
        connection.outbox.reply(messages.unsubscribed(connection.lines))
