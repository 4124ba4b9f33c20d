"""The client for programs with an event loop (asyncio)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Literal, TypeAlias, TypeVar, overload

import httpx

from bus_simulator_client import live
from bus_simulator_client.calls import Moment, PagesCall, one, path, when
from bus_simulator_client.connection import AsyncConnection, Server
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
from bus_simulator_client.records import AsyncPages
from bus_simulator_client.retries import Retries

T = TypeVar("T")
Asked: TypeAlias = Coroutine[Any, Any, T]
"""What `await` turns into the answer."""


class AsyncClient:
    """`Client` with the same methods: `await` an answer, `async for` a range, a listing and live records."""

    def __init__(
        self,
        url: str,
        api_key: str,
        group: str,
        *,
        live_url: str | None = None,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Connect with the first request.

        `live_url` is that of the WebSocket API of a deployment on AWS. Raises `ValueError` for a bad URL.
        """
        server = Server(url.rstrip("/"), api_key, group)
        self._connection = AsyncConnection(server, retries or Retries(), transport, sleep)
        self._live, self._sleep = live.address(server, live_url), sleep

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.http.aclose()

    @overload
    def people_count(self, stop_id: str, *, timestamp: Moment | None = None) -> Asked[PeopleCount]: ...
    @overload
    def people_count(self, stop_id: str, *, start: Moment, end: Moment) -> AsyncPages[PeopleCount]: ...
    def people_count(
        self,
        stop_id: str,
        *,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Asked[PeopleCount] | AsyncPages[PeopleCount]:
        """Return the people waiting at a stop: now, at an instant, or over a range."""
        return self._one_or_range(path("people-count", stop_id), PeopleCount, timestamp, start, end)

    @overload
    def bus_position(self, bus_id: str, *, timestamp: Moment | None = None) -> Asked[BusPosition]: ...
    @overload
    def bus_position(self, bus_id: str, *, start: Moment, end: Moment) -> AsyncPages[BusPosition]: ...
    def bus_position(
        self,
        bus_id: str,
        *,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Asked[BusPosition] | AsyncPages[BusPosition]:
        """Return where a bus is: now, at an instant, or over a range."""
        return self._one_or_range(path("bus-position", bus_id), BusPosition, timestamp, start, end)

    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: str, *, timestamp: Moment | None = None
    ) -> Asked[BusSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: str, *, timestamp: Moment | None = None
    ) -> Asked[StopSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: str, *, start: Moment, end: Moment
    ) -> AsyncPages[BusSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: str, *, start: Moment, end: Moment
    ) -> AsyncPages[StopSensors]: ...
    def sensors(
        self,
        entity_type: Literal["bus", "stop"],
        entity_id: str,
        *,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Asked[BusSensors] | Asked[StopSensors] | AsyncPages[BusSensors] | AsyncPages[StopSensors]:
        """Return the sensors of a bus or a stop: now, at an instant, or over a range."""
        where = path("sensors", entity_type, entity_id)
        if entity_type == "bus":
            of_bus: Asked[BusSensors] | AsyncPages[BusSensors] = self._one_or_range(
                where, BusSensors, timestamp, start, end
            )
            return of_bus
        of_stop: Asked[StopSensors] | AsyncPages[StopSensors] = self._one_or_range(
            where, StopSensors, timestamp, start, end
        )
        return of_stop

    def lines(self) -> AsyncPages[Line]:
        """Iterate over the lines."""
        return self._pages("/lines", Line, {})

    def line(self, line_id: str) -> Asked[LineRoute]:
        """Return a line: the stops of each direction, and its buses."""
        return self._connection.send(one(path("lines", line_id), LineRoute))

    def stops(self) -> AsyncPages[Stop]:
        """Iterate over the stops."""
        return self._pages("/stops", Stop, {})

    def buses(self) -> AsyncPages[Bus]:
        """Iterate over the buses."""
        return self._pages("/buses", Bus, {})

    def health(self) -> Asked[Health]:
        """Return the state of clock, feeders and store."""
        return self._connection.send(one("/health", Health))

    def live(self, line_ids: Sequence[str]) -> AsyncGenerator[live.Live, None]:
        """Yield the newest position of each bus of some lines, then every new one, as long as you ask.

        A lost connection is made again; what it missed of a bus is left out but for the newest position.
        """
        return live.records_async(self._live, live.Subscription(line_ids), self._sleep)

    def _one_or_range(
        self, where: str, model: type[T], timestamp: Moment | None, start: Moment | None, end: Moment | None
    ) -> Asked[T] | AsyncPages[T]:
        query, is_range = when(timestamp, start, end)
        return (
            self._pages(where, model, query) if is_range else self._connection.send(one(where, model, query))
        )

    def _pages(self, where: str, model: type[T], query: dict[str, str]) -> AsyncPages[T]:
        return AsyncPages(PagesCall(where, query, lambda data: decode(model, data)), self._connection.send)
