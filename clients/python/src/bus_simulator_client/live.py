"""Live records over the WebSocket: iterators that connect again when a connection is lost."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect

from bus_simulator_client.connection import PATIENCE_S, Server
from bus_simulator_client.decoding import decode
from bus_simulator_client.errors import BusSimulatorError, ErrorAnswer, error_answer, unreachable
from bus_simulator_client.models import BusPosition, BusSensors, PeopleCount, StopSensors, StopVisit
from bus_simulator_client.retries import pause_s, retry_after_s

Live: TypeAlias = BusPosition | PeopleCount | BusSensors | StopSensors | StopVisit
"""A record that `live()` yields."""
StreamName: TypeAlias = Literal["bus_position", "people_count", "sensor_data", "stop_visit"]
POSITIONS: Sequence[StreamName] = ("bus_position",)
PATH = "/production"
MOST_LINES = 50
"""Lines of a connection; more need several."""


@dataclass(frozen=True, slots=True)
class Address:
    """A WebSocket's URL and the headers of its handshake."""

    url: str
    headers: dict[str, str]
    is_here: bool


def address(server: Server, live_url: str | None) -> Address:
    """Return where live records come from: beside the REST API, or on AWS the URL of the WebSocket API.

    AWS's gateway takes credentials in the query only.
    """
    if live_url is None:
        parts = urlsplit(server.url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        return Address(f"{scheme}://{parts.netloc}{PATH}", server.headers, server.is_here)
    query = urlencode({"api_key": server.api_key, "group_name": server.group})
    return Address(f"{live_url}?{query}", {}, is_here=False)


def live_record(data: object) -> Live:
    """Read a record; those of other streams than the positions name their stream."""
    fields = data if isinstance(data, dict) else {}
    match fields.get("stream"), fields.get("entity_type"):
        case "people_count", _:
            return decode(PeopleCount, data)
        case "sensor_data", "bus":
            return decode(BusSensors, data)
        case "sensor_data", _:
            return decode(StopSensors, data)
        case "stop_visit", _:
            return decode(StopVisit, data)
    return decode(BusPosition, data)


Entity: TypeAlias = tuple[type[Live], str]


def entity_of(record: Live) -> Entity:
    """Return what a record is about: of its kind only the newest of an entity counts."""
    if isinstance(record, PeopleCount):
        return PeopleCount, record.stop_id
    if isinstance(record, BusSensors | StopSensors):
        return type(record), record.entity_id
    return type(record), record.bus_id


@dataclass(slots=True, eq=False)
class Subscription:
    """What a connection subscribes to, and what it has seen: nothing is yielded twice after a new connection.

    Subscriptions with the same `owners` share entities, as a stop of lines of both: one yields its records.
    """

    line_ids: Sequence[str]
    streams: Sequence[StreamName] = POSITIONS
    owners: dict[Entity, Subscription] = field(default_factory=dict)
    failures: int = 0
    _answered: bool = False
    _seen: dict[Entity, object] = field(default_factory=dict)

    def request(self) -> str:
        """Return the message that subscribes."""
        message = {"action": "subscribe", "line_ids": list(self.line_ids), "batch": True}
        return json.dumps(
            message if self.streams == POSITIONS else {**message, "streams": list(self.streams)}
        )

    def records(self, text: str | bytes) -> list[Live]:
        """Return the new records in a message. Raises `BusSimulatorError` for an error of the server."""
        self.failures, self._answered = 0, True
        message = json.loads(text)
        if isinstance(message, dict) and "type" in message:
            if message["type"] == "error":
                raise error_answer(400, message, "the WebSocket")
            return []
        found = map(live_record, message if isinstance(message, list) else [message])
        return [each for each in found if self._is_new(each)]

    def _is_new(self, record: Live) -> bool:
        entity = entity_of(record)
        if self.owners.setdefault(entity, self) is not self:
            return False
        new = self._seen.get(entity) != record.time
        self._seen[entity] = record.time
        return new

    def pause_s(self, error: BusSimulatorError) -> float:
        """Return the seconds to wait before connecting again. Raises the error if that won't help."""
        self.failures += 1
        if isinstance(error, ErrorAnswer):
            if error.retry_after_s is not None:
                return error.retry_after_s
            if error.status is None or error.status < 500:
                raise error
        elif self.failures == 1 and not self._answered:
            raise error
        return pause_s(self.failures)


def subscriptions(line_ids: Sequence[str], streams: Sequence[StreamName]) -> list[Subscription]:
    """Return the subscriptions to lines: one, or one for every 50 lines."""
    lines = list(dict.fromkeys(line_ids))
    owners: dict[Entity, Subscription] = {}
    starts = range(0, max(len(lines), 1), MOST_LINES)
    return [Subscription(lines[start : start + MOST_LINES], streams, owners) for start in starts]


def refused(response: Response, url: str) -> ErrorAnswer:
    """Return the error of a handshake that was refused."""
    body: object = None
    with suppress(ValueError):
        body = json.loads(response.body or b"")
    return error_answer(response.status_code, body, url, retry_after_s(response.headers.get("Retry-After")))


def problem(error: Exception, url: str) -> BusSimulatorError:
    """Return the error for a connection that was refused, or can't be made, or was lost."""
    if isinstance(error, InvalidStatus):
        return refused(error.response, url)
    return unreachable(url, error)


LOST = (OSError, ConnectionClosed, InvalidHandshake, TimeoutError)


def no_notice(_socket: ClientConnection) -> None:
    """Ignore that a connection was made."""


def records(
    where: Address,
    subscription: Subscription,
    sleep: Callable[[float], None],
    connected: Callable[[ClientConnection], None] = no_notice,
) -> Generator[Live, None, None]:
    """Yield records as they come; a lost connection is made again. `connected` is called with each."""
    proxy: Literal[True] | None = None if where.is_here else True
    shown = where.url.partition("?")[0]
    while True:
        try:
            with connect(
                where.url,
                additional_headers=where.headers,
                proxy=proxy,
                open_timeout=PATIENCE_S,
                max_size=None,
            ) as socket:
                connected(socket)
                socket.send(subscription.request())
                for text in socket:
                    yield from subscription.records(text)
            lost: BusSimulatorError = unreachable(shown, ConnectionResetError("closed"))
        except LOST as error:
            lost = problem(error, shown)
        sleep(subscription.pause_s(lost))


async def records_async(
    where: Address, subscription: Subscription, sleep: Callable[[float], Awaitable[None]]
) -> AsyncGenerator[Live, None]:
    """Yield records as they come; a lost connection is made again."""
    proxy: Literal[True] | None = None if where.is_here else True
    shown = where.url.partition("?")[0]
    while True:
        try:
            async with connect_async(
                where.url,
                additional_headers=where.headers,
                proxy=proxy,
                open_timeout=PATIENCE_S,
                max_size=None,
            ) as socket:
                await socket.send(subscription.request())
                async for text in socket:
                    for record in subscription.records(text):
                        yield record
            lost: BusSimulatorError = unreachable(shown, ConnectionResetError("closed"))
        except LOST as error:
            lost = problem(error, shown)
        await sleep(subscription.pause_s(lost))
