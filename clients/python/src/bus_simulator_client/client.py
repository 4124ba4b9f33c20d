"""The client for programs without an event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import Literal, TypeAlias, TypeVar, overload

import httpx

from bus_simulator_client.calls import Box, Moment, Names, PagesCall, Query, When, one, path, visits_path
from bus_simulator_client.connection import Connection, Server
from bus_simulator_client.decoding import decode
from bus_simulator_client.live import POSITIONS, Live, StreamName, Subscription, address, records
from bus_simulator_client.models import (
    Bus,
    BusPosition,
    BusSensors,
    Health,
    Line,
    LineRoute,
    PeopleCount,
    Stop,
    StopSensors,
    StopVisit,
)
from bus_simulator_client.records import Pages, Records, Snapshot, listed, snapshot
from bus_simulator_client.retries import Retries

T = TypeVar("T")
OfEach: TypeAlias = T | Snapshot[T] | Pages[T]
Sensors: TypeAlias = OfEach[BusSensors] | OfEach[StopSensors]


class Client:
    """A bus simulator at `url`, asked with a key in the name of a group.

    Requests that the server puts off (429, 503) are sent again after the time it names. All errors are
    `BusSimulatorError`s. A client is a context manager, which closes its connections.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        group: str,
        *,
        live_url: str | None = None,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect with the first request.

        `live_url` is that of the WebSocket API of a deployment on AWS. Raises `ValueError` for a bad URL.
        """
        server = Server(url.rstrip("/"), api_key, group)
        self._connection = Connection(server, retries or Retries(), transport, sleep)
        self._live, self._sleep = address(server, live_url), sleep

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.http.close()

    @overload
    def people_count(self, stop_id: str, *, timestamp: Moment | None = None) -> PeopleCount: ...
    @overload
    def people_count(self, stop_id: str, *, start: Moment, end: Moment) -> Pages[PeopleCount]: ...
    def people_count(
        self,
        stop_id: str,
        *,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> PeopleCount | Pages[PeopleCount]:
        """Return the people waiting at a stop: now, at an instant, or over a range."""
        return self._one_or_range(path("people-count", stop_id), PeopleCount, When.of(timestamp, start, end))

    @overload
    def people_counts(
        self,
        *,
        line_id: Names = None,
        stop_id: Names = None,
        bbox: Box = None,
        timestamp: Moment | None = None,
    ) -> Snapshot[PeopleCount]: ...
    @overload
    def people_counts(
        self, *, line_id: Names = None, stop_id: Names = None, bbox: Box = None, start: Moment, end: Moment
    ) -> Pages[PeopleCount]: ...
    def people_counts(
        self,
        *,
        line_id: Names = None,
        stop_id: Names = None,
        bbox: Box = None,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Snapshot[PeopleCount] | Pages[PeopleCount]:
        """Return the people waiting at every stop, or at those of lines or in a box, at once."""
        asked = When.of(timestamp, start, end).only(line_id, stop_id, bbox)
        return self._all_or_range("/people-count", PeopleCount, asked)

    @overload
    def bus_position(self, bus_id: str, *, timestamp: Moment | None = None) -> BusPosition: ...
    @overload
    def bus_position(self, bus_id: str, *, start: Moment, end: Moment) -> Pages[BusPosition]: ...
    def bus_position(
        self,
        bus_id: str,
        *,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> BusPosition | Pages[BusPosition]:
        """Return where a bus is: now, at an instant, or over a range."""
        return self._one_or_range(path("bus-position", bus_id), BusPosition, When.of(timestamp, start, end))

    @overload
    def bus_positions(
        self,
        *,
        line_id: Names = None,
        stop_id: Names = None,
        bbox: Box = None,
        timestamp: Moment | None = None,
    ) -> Snapshot[BusPosition]: ...
    @overload
    def bus_positions(
        self, *, line_id: Names = None, stop_id: Names = None, bbox: Box = None, start: Moment, end: Moment
    ) -> Pages[BusPosition]: ...
    def bus_positions(
        self,
        *,
        line_id: Names = None,
        stop_id: Names = None,
        bbox: Box = None,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Snapshot[BusPosition] | Pages[BusPosition]:
        """Return where every bus is, or those of lines, before stops or in a box, at once."""
        asked = When.of(timestamp, start, end).only(line_id, stop_id, bbox)
        return self._all_or_range("/bus-position", BusPosition, asked)

    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: str, *, timestamp: Moment | None = None
    ) -> BusSensors: ...
    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: None = None, *, timestamp: Moment | None = None
    ) -> Snapshot[BusSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: str | None = None, *, start: Moment, end: Moment
    ) -> Pages[BusSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: str, *, timestamp: Moment | None = None
    ) -> StopSensors: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: None = None, *, timestamp: Moment | None = None
    ) -> Snapshot[StopSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: str | None = None, *, start: Moment, end: Moment
    ) -> Pages[StopSensors]: ...
    def sensors(
        self,
        entity_type: Literal["bus", "stop"],
        entity_id: str | None = None,
        *,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Sensors:
        """Return the sensors of a bus or a stop, or without an id of all of them."""
        asked = When.of(timestamp, start, end)
        if entity_type == "bus":
            of_bus: OfEach[BusSensors] = self._each(("sensors", "bus"), BusSensors, entity_id, asked)
            return of_bus
        of_stop: OfEach[StopSensors] = self._each(("sensors", "stop"), StopSensors, entity_id, asked)
        return of_stop

    @overload
    def stop_visits(
        self,
        *,
        stop_id: str | None = None,
        bus_id: str | None = None,
        line_id: str | None = None,
        timestamp: Moment | None = None,
    ) -> Records[StopVisit]: ...
    @overload
    def stop_visits(
        self,
        *,
        stop_id: str | None = None,
        bus_id: str | None = None,
        line_id: str | None = None,
        start: Moment,
        end: Moment,
    ) -> Pages[StopVisit]: ...
    def stop_visits(
        self,
        *,
        stop_id: str | None = None,
        bus_id: str | None = None,
        line_id: str | None = None,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Records[StopVisit] | Pages[StopVisit]:
        """Return the visits of a stop, a bus or a line (one of the three): the newest, or over a range."""
        where = visits_path(stop_id, bus_id, line_id)
        asked = When.of(timestamp, start, end)
        if asked.is_range:
            return self._pages(where, StopVisit, asked.query)
        return self._connection.send(listed(where, StopVisit, asked.query))

    def lines(self) -> Pages[Line]:
        """Iterate over the lines."""
        return self._pages("/lines", Line, {})

    def line(self, line_id: str) -> LineRoute:
        """Return a line: the stops of each direction, and its buses."""
        return self._connection.send(one(path("lines", line_id), LineRoute))

    def stops(self) -> Pages[Stop]:
        """Iterate over the stops."""
        return self._pages("/stops", Stop, {})

    def buses(self) -> Pages[Bus]:
        """Iterate over the buses."""
        return self._pages("/buses", Bus, {})

    def health(self) -> Health:
        """Return the state of clock, feeders and store."""
        return self._connection.send(one("/health", Health))

    @overload
    def live(self, line_ids: Sequence[str] | None = None) -> Generator[BusPosition, None, None]: ...
    @overload
    def live(
        self, line_ids: Sequence[str] | None = None, *, streams: Sequence[StreamName]
    ) -> Generator[Live, None, None]: ...
    def live(
        self, line_ids: Sequence[str] | None = None, *, streams: Sequence[StreamName] = POSITIONS
    ) -> Generator[Live, None, None]:
        """Yield the newest record of each bus and stop of lines (None: of all), then every new one.

        A lost connection is made again; what it missed of an entity is left out but for the newest record.
        """
        lines = [line.line_id for line in self.lines()] if line_ids is None else line_ids
        yield from records(self._live, Subscription(lines, streams), self._sleep)

    def _one_or_range(self, where: str, model: type[T], asked: When) -> T | Pages[T]:
        if asked.is_range:
            return self._pages(where, model, asked.query)
        return self._connection.send(one(where, model, asked.query))

    def _all_or_range(self, where: str, model: type[T], asked: When) -> Snapshot[T] | Pages[T]:
        if asked.is_range:
            return self._pages(where, model, asked.query)
        return self._connection.send(snapshot(where, model, asked.query))

    def _each(self, parts: Sequence[str], model: type[T], entity_id: str | None, asked: When) -> OfEach[T]:
        if entity_id is None:
            return self._all_or_range(path(*parts), model, asked)
        return self._one_or_range(path(*parts, entity_id), model, asked)

    def _pages(self, where: str, model: type[T], query: Query) -> Pages[T]:
        return Pages(PagesCall(where, query, lambda data: decode(model, data)), self._connection.send)
