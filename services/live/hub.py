"""The live hub: connections, the lines they subscribe to, and new records to their outboxes.

It knows no transport. A record is serialised once and handed to every connection that subscribes to its line.
A slow connection holds only the newest record of each entity, so that it slows neither the feeder nor other
connections. All of it belongs to one event loop; other threads may read `subscribed_lines`, `wanted` and
`loop`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from services.errors import ServiceError, Unavailable, Unexpected
from services.live import messages
from services.live.channel import Channel, LinesOf, lines_of_buses, stream_text
from services.live.connection import Connection, ConnectionObserver, Reply, SendNow, never_now
from storage.errors import StoreError, StoreUnavailable
from storage.schema import BusPosition, Record, Stream

log = logging.getLogger("bus_simulator.live")

Snapshot: TypeAlias = Callable[[Stream, Sequence[str]], Awaitable[Sequence[Record]]]
"""Returns the latest record of a stream of each entity of some lines. May raise StoreError."""
Since: TypeAlias = Mapping[Stream, datetime]
"""What a client has received of each stream."""
Missed: TypeAlias = Callable[[Mapping[Stream, frozenset[str]], Since], Sequence[Record] | None]
"""Returns the records of streams' ids since an instant, by time; None if they are too many.

It reads a store, and belongs in a thread. May raise StoreError.
"""
TextOf: TypeAlias = Callable[[BusPosition], str]
WANTED_BY: Mapping[Stream, str] = {
    Stream.PEOPLE_COUNT: "stop_id",
    Stream.SENSOR_DATA: "entity_id",
    Stream.BUS_POSITION: "line_id",
    Stream.STOP_VISIT: "line_id",
}
"""The column of a stream's table that has the ids of `Hub.wanted`."""


def never_resumed(_ids: Mapping[Stream, frozenset[str]], _since: Since) -> None:
    """The `Missed` of a hub without a store: clients start with a snapshot."""
    return


def text_by(position_text: TextOf) -> Callable[[Record], str]:
    """Return what serialises records of every stream, positions by `position_text`."""
    return lambda record: position_text(record) if isinstance(record, BusPosition) else stream_text(record)


class Hub:
    """The connections of a process, and the lines they subscribe to.

    `buses_of` has the bus ids of each known line. `position_text` serialises positions; `text_of`, if given,
    new ones, but not snapshots, which have no delivery faults. `lines_of` has the other streams that can be
    subscribed to, and the lines of the ids in their records' keys.
    """

    def __init__(
        self,
        buses_of: Mapping[str, Collection[str]],
        snapshot: Snapshot,
        position_text: TextOf,
        text_of: TextOf | None = None,
        observer: ConnectionObserver | None = None,
        lines_of: Mapping[Stream, LinesOf] = MappingProxyType({}),
        missed: Missed = never_resumed,
    ) -> None:
        self._line_ids, self._snapshot, self._observer = buses_of.keys(), snapshot, observer

        self.record_text = text_by(position_text)
        new_text = text_by(text_of or position_text)
        lines_of = {Stream.BUS_POSITION: lines_of_buses(buses_of), **lines_of}
        self._channels = {
            stream: Channel(stream, lines, new_text, self.record_text) for stream, lines in lines_of.items()
        }
        self._positions = self._channels[Stream.BUS_POSITION]
        self._missed = missed
        self.subscribed_lines: frozenset[str] = frozenset()
        self._connections: dict[str, int] = {}
        self._beginnings = 0
        self.loop: asyncio.AbstractEventLoop | None = None

    @property
    def connections(self) -> int:
        """The number of connections."""
        return sum(self._connections.values())

    def connections_of(self, key_name: str) -> int:
        """The number of connections that use a key."""
        return self._connections.get(key_name, 0)

    def wanted(self, stream: Stream) -> frozenset[str]:
        """The ids by which a stream's records with subscribers are chosen: see `WANTED_BY`."""
        if stream is Stream.BUS_POSITION:
            return self.subscribed_lines
        channel = self._channels.get(stream)
        return frozenset() if channel is None else channel.wanted

    def subscribers_of(self, line_id: str) -> Collection[Connection]:
        """The connections that subscribe to a line's positions."""
        return self._positions.subscribers_of(line_id)

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
        for channel in self._channels.values():
            channel.drop(connection, list(connection.subscriptions[channel.stream]))
        self._connections[connection.key_name] -= 1
        if not self._connections[connection.key_name]:
            del self._connections[connection.key_name]
        self.subscribed_lines = self._positions.lines
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
                    await self._unsubscribe(connection, command)
        except ServiceError as error:
            await connection.reply(messages.error_message(error))

    def publish(self, records: Iterable[Record], stream: Stream = Stream.BUS_POSITION) -> None:
        """Queue the new records of one tick of a stream for the subscribers of their lines."""
        self._channels[stream].publish(records)

    def reset_after_jump(self) -> None:
        """Drop unsent records after a jump of simulated time; the next ones may be older."""
        self._beginnings += 1
        for channel in self._channels.values():
            channel.reset_after_jump()

    def add(self, connection: Connection, command: messages.Subscribe) -> Mapping[Stream, Sequence[str]]:
        """Subscribe a client; return the lines that are new to it, by stream. Raises `BadRequest`.

        Their records are held back until `begin` is called.
        """
        messages.check_lines(command.line_ids, connection.line_ids, self._line_ids)
        messages.check_streams(command.streams, self._channels)
        new = {
            stream: self._channels[stream].add(connection, command.line_ids, batch=command.batch)
            for stream in command.streams
        }
        self._note(connection)
        return {stream: line_ids for stream, line_ids in new.items() if line_ids}

    async def begin(self, connection: Connection, new: Mapping[Stream, Sequence[str]]) -> None:
        """Queue the latest records of `new` lines, and let newer ones through from then on."""
        for stream, line_ids in new.items():
            records: Sequence[Record] = ()
            try:
                records = await self._current(stream, line_ids)
            except StoreError as error:
                log.error("snapshot not read: %s", error)
                refused = Unavailable() if isinstance(error, StoreUnavailable) else Unexpected()
                await connection.reply(messages.error_message(refused))
            self._channels[stream].begin(connection, line_ids, records)
        if connection.reached:  # streams without a snapshot continue from the newest one
            newest = max(connection.reached.values())
            connection.reached = dict.fromkeys(new, newest) | connection.reached

    async def missed(self, new: Mapping[Stream, Sequence[str]], since: Since) -> Sequence[Record] | None:
        """Return the records of lines since an instant; None if that isn't possible. May raise StoreError."""
        ids = {stream: self._ids_of(stream, line_ids) for stream, line_ids in new.items()}
        return await asyncio.to_thread(self._missed, ids, since)

    def resume(self, connection: Connection, new: Mapping[Stream, Sequence[str]], since: Since) -> None:
        """Let records of `new` lines through that are newer than `since`, up to which all were sent."""
        for stream, line_ids in new.items():
            for line_id in line_ids:
                self._channels[stream].begin_line(connection, line_id, since[stream], {})

    def _ids_of(self, stream: Stream, line_ids: Iterable[str]) -> frozenset[str]:
        """The ids (see `WANTED_BY`) of a stream's records of lines."""
        if stream is Stream.BUS_POSITION:
            return frozenset(line_ids)
        return self._channels[stream].ids_of(line_ids)

    async def _subscribe(self, connection: Connection, command: messages.Subscribe) -> None:
        new = self.add(connection, command)
        await connection.reply(messages.subscribed(connection.line_ids, connection.lines_of_streams))
        await self.begin(connection, new)

    async def _unsubscribe(self, connection: Connection, command: messages.Unsubscribe) -> None:
        streams = tuple(self._channels) if command.streams is None else command.streams
        messages.check_streams(streams, self._channels)
        for stream in streams:
            self._channels[stream].drop(connection, command.line_ids)
        self._note(connection)
        await connection.reply(messages.unsubscribed(connection.line_ids, connection.lines_of_streams))

    async def _current(self, stream: Stream, line_ids: Sequence[str]) -> Sequence[Record]:
        """Return the snapshot of some lines; read again if the clock jumps. May raise StoreError."""
        while True:
            beginnings = self._beginnings
            records = await self._snapshot(stream, line_ids)
            if beginnings == self._beginnings:
                return records

    def _note(self, connection: Connection) -> None:
        self.subscribed_lines = self._positions.lines
        if self._observer is not None:
            self._observer.note(connection)
