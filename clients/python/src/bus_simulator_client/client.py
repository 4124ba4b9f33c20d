"""The client for programs without an event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from types import TracebackType
from typing import Literal, TypeVar, overload

import httpx

from bus_simulator_client import live
from bus_simulator_client.calls import Moment, PagesCall, one, path, when
from bus_simulator_client.connection import Connection, Server
from bus_simulator_client.decoding import decode
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
)
from bus_simulator_client.records import Pages
from bus_simulator_client.retries import Retries

T = TypeVar("T")


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
        self._live, self._sleep = live.address(server, live_url), sleep

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
        return self._one_or_range(path("people-count", stop_id), PeopleCount, timestamp, start, end)

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
        return self._one_or_range(path("bus-position", bus_id), BusPosition, timestamp, start, end)

    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: str, *, timestamp: Moment | None = None
    ) -> BusSensors: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: str, *, timestamp: Moment | None = None
    ) -> StopSensors: ...
    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: str, *, start: Moment, end: Moment
    ) -> Pages[BusSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: str, *, start: Moment, end: Moment
    ) -> Pages[StopSensors]: ...
    def sensors(
        self,
        entity_type: Literal["bus", "stop"],
        entity_id: str,
        *,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> BusSensors | StopSensors | Pages[BusSensors] | Pages[StopSensors]:
        """Return the sensors of a bus or a stop: now, at an instant, or over a range."""
        where = path("sensors", entity_type, entity_id)
        if entity_type == "bus":
            of_bus: BusSensors | Pages[BusSensors] = self._one_or_range(
                where, BusSensors, timestamp, start, end
            )
            return of_bus
        of_stop: StopSensors | Pages[StopSensors] = self._one_or_range(
            where, StopSensors, timestamp, start, end
        )
        return of_stop

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

    def live(self, line_ids: Sequence[str]) -> Generator[live.Live, None, None]:
        """Yield the newest position of each bus of some lines, then every new one, as long as you ask.

        A lost connection is made again; what it missed of a bus is left out but for the newest position.
        """
        return live.records(self._live, live.Subscription(line_ids), self._sleep)

    def _one_or_range(
        self, where: str, model: type[T], timestamp: Moment | None, start: Moment | None, end: Moment | None
    ) -> T | Pages[T]:
        query, is_range = when(timestamp, start, end)
        return (
            self._pages(where, model, query) if is_range else self._connection.send(one(where, model, query))
        )

    def _pages(self, where: str, model: type[T], query: dict[str, str]) -> Pages[T]:
        return Pages(PagesCall(where, query, lambda data: decode(model, data)), self._connection.send)
