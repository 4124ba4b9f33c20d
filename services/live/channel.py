"""A stream's subscribers by line, and how its records become messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from services.live.connection import Connection
from services.live.outbox import LONG_AGO, Key, LineTick, Subscription
from services.queries.bodies import people_count_body, sensors_body, stop_visit_body
from simulator.network import Network
from storage.schema import BusPosition, PeopleCount, Record, SensorReading, StopVisit, Stream

LinesOf: TypeAlias = Mapping[str, Collection[str]]
"""The lines of the ids in a stream's keys."""


def stream_text(record: PeopleCount | SensorReading | StopVisit) -> str:
    """A record as a message: REST's body, with the field `stream`."""
    match record:
        case PeopleCount():
            body = people_count_body(record)
        case SensorReading():
            body = sensors_body(record)
        case StopVisit():
            body = stop_visit_body(record)
    message = {"stream": stream_of(record).value, **body}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def stream_of(record: Record) -> Stream:
    """The stream of a record."""
    match record:
        case PeopleCount():
            return Stream.PEOPLE_COUNT
        case SensorReading():
            return Stream.SENSOR_DATA
        case BusPosition():
            return Stream.BUS_POSITION
        case StopVisit():
            return Stream.STOP_VISIT


def key_of(record: Record) -> Key:
    """What a newer record shares with the one that it replaces in the queue of a slow client.

    The first part is the id by which `LinesOf` finds the lines.
    """
    match record:
        case PeopleCount():
            return record.stop_id
        case SensorReading():
            return record.entity_id, record.entity_type
        case BusPosition():
            return record.bus_id
        case StopVisit():
            return record.line_id, record.bus_id, record.stop_id, str(record.sequence)


def id_in(key: Key) -> str:
    """The id by which a key's lines are found."""
    return key if isinstance(key, str) else key[0]


def lines_of_buses(buses_of: Mapping[str, Iterable[str]]) -> LinesOf:
    """The line of each bus id; `buses_of` has the bus ids of each line."""
    return {bus_id: (line_id,) for line_id, buses in buses_of.items() for bus_id in buses}


def lines_of_ids(network: Network) -> Mapping[Stream, LinesOf]:
    """The lines of the ids in the keys of each stream but positions."""
    stops: LinesOf = network.lines_of_stop
    buses = lines_of_buses({line.line_id: [bus.bus_id for bus in line.buses] for line in network.lines})
    entities = {name: {*stops.get(name, ()), *buses.get(name, ())} for name in {*stops, *buses}}
    lines: LinesOf = {line_id: (line_id,) for line_id in network.line}
    return {
        Stream.PEOPLE_COUNT: stops,
        Stream.SENSOR_DATA: entities,
        Stream.STOP_VISIT: lines,
    }


class Channel:
    """The subscribers of one stream, by line. It belongs to one event loop.

    `lines` are those with subscribers, `wanted` the ids in the keys of their records; other threads may read
    both. `text_of` serialises new records, `snapshot_text` those of snapshots.
    """

    def __init__(
        self,
        stream: Stream,
        lines_of: LinesOf,
        text_of: Callable[[Record], str],
        snapshot_text: Callable[[Record], str],
    ) -> None:
        self.stream, self._lines_of = stream, lines_of
        self._text_of, self._snapshot_text = text_of, snapshot_text
        self._subscribers: dict[str, dict[Connection, Subscription]] = {}
        self.lines: frozenset[str] = frozenset()
        self.wanted: frozenset[str] = frozenset()

    def subscribers_of(self, line_id: str) -> Collection[Connection]:
        """The connections that subscribe to a line."""
        return self._subscribers.get(line_id, {}).keys()

    def ids_of(self, line_ids: Iterable[str]) -> frozenset[str]:
        """The ids in the keys of lines' records."""
        lines = set(line_ids)
        return frozenset(name for name, of in self._lines_of.items() if not lines.isdisjoint(of))

    def add(self, connection: Connection, line_ids: Iterable[str], *, batch: bool) -> Sequence[str]:
        """Subscribe a connection to lines; return those that are new to it."""
        held, new = connection.subscriptions[self.stream], []
        for line_id in line_ids:
            if line_id in held:
                held[line_id].batch = batch
                keys = self._keys_of(connection, {line_id})
                connection.outbox.switch(keys, batch=batch, stream=self.stream)
            else:
                new.append(line_id)
                subscription = held[line_id] = Subscription(batch=batch)
                self._subscribers.setdefault(line_id, {})[connection] = subscription
        self._note_wanted()
        return new

    def begin(self, connection: Connection, line_ids: Iterable[str], records: Sequence[Record]) -> None:
        """Queue the snapshot of lines, and let newer records through from then on."""
        of_line: dict[str, list[Record]] = {line_id: [] for line_id in line_ids}
        for record in records:
            for line_id in self._lines(key_of(record)):
                if line_id in of_line:
                    of_line[line_id].append(record)
        for line_id, found in of_line.items():
            since = max((record.time for record in found), default=LONG_AGO)
            texts = {key_of(each): self._snapshot_text(each) for each in found}
            self.begin_line(connection, line_id, since, texts)

    def begin_line(
        self, connection: Connection, line_id: str, since: datetime, texts: Mapping[Key, str]
    ) -> None:
        """Queue a line's snapshot of records up to `since`, and let newer ones through from then on."""
        subscription = connection.subscriptions[self.stream].get(line_id)
        if subscription is None:
            return
        if since > LONG_AGO:
            reached = connection.reached.get(self.stream, since)
            connection.reached[self.stream] = min(since, reached)
        first = subscription.begin(since, texts)
        connection.outbox.offer(first, batch=subscription.batch, stream=self.stream)

    def drop(self, connection: Connection, line_ids: Iterable[str]) -> None:
        """Unsubscribe a connection from lines, and drop its unsent records of no other line."""
        held = connection.subscriptions[self.stream]
        dropped = {line_id for line_id in line_ids if held.pop(line_id, None) is not None}
        for line_id in dropped:
            del self._subscribers[line_id][connection]
        if dropped:
            gone = [key for key in self._keys_of(connection, dropped) if not held.keys() & self._lines(key)]
            connection.outbox.forget(gone, self.stream)
            self._note_wanted()

    def publish(self, records: Iterable[Record]) -> None:
        """Send the new records of one tick to the subscribers of their lines, or queue them."""
        texts: dict[str, dict[Key, str]] = {}
        times: dict[str, dict[Key, datetime]] = {}
        for record in records:
            key = key_of(record)
            lines = [line_id for line_id in self._lines(key) if self._subscribers.get(line_id)]
            text = self._text_of(record) if lines else ""
            for line_id in lines:
                texts.setdefault(line_id, {})[key] = text
                times.setdefault(line_id, {})[key] = record.time
        is_shared = self.stream in (Stream.PEOPLE_COUNT, Stream.SENSOR_DATA)
        for line_id, of_line in texts.items():
            newest = max(times[line_id].values())
            differing = times[line_id] if self.stream is Stream.STOP_VISIT else None
            self._offer(line_id, LineTick(newest, of_line, differing, is_shared=is_shared))

    def reset_after_jump(self) -> None:
        """Drop unsent records; the next ones may be older."""
        for subscribers in self._subscribers.values():
            for connection, subscription in subscribers.items():
                connection.outbox.clear()
                connection.reached.pop(self.stream, None)
                subscription.reset_after_jump()

    def _offer(self, line_id: str, tick: LineTick) -> None:
        for connection, subscription in self._subscribers[line_id].items():
            if subscription.since is None:
                subscription.hold(tick)
            elif subscription.since < tick.time:
                connection.offer(self.stream, tick.after(subscription.since), batch=subscription.batch)

    def _lines(self, key: Key) -> Collection[str]:
        return self._lines_of.get(id_in(key), ())

    def _keys_of(self, connection: Connection, line_ids: Collection[str]) -> list[Key]:
        """The keys of a connection's unsent records of lines."""
        keys = connection.outbox.keys(self.stream)
        return [key for key in keys if not set(line_ids).isdisjoint(self._lines(key))]

    def _note_wanted(self) -> None:
        """Set `lines` and `wanted`."""
        lines = frozenset(line_id for line_id, found in self._subscribers.items() if found)
        if lines != self.lines:
            self.lines = lines
            self.wanted = self.ids_of(lines)
