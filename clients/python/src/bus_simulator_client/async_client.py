"""The client for programs with an event loop (asyncio)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypeVar, overload

import httpx

from bus_simulator_client.async_streams import AsyncStreams
from bus_simulator_client.calls import GeoJson, Moment, Names, When, arrivals_query, one, path, raw
from bus_simulator_client.connection import AsyncConnection, Server
from bus_simulator_client.downloads import Format
from bus_simulator_client.live import POSITIONS, Live, StreamName, address, subscriptions
from bus_simulator_client.many_connections import Readers, merged_async
from bus_simulator_client.models import (
    Arrivals,
    Bus,
    BusDetails,
    BusPosition,
    BusSensors,
    Health,
    Line,
    LineRoute,
    Stop,
    StopDetails,
    StopSensors,
    Timetable,
    Trip,
)
from bus_simulator_client.records import AsyncPages, Snapshot
from bus_simulator_client.retries import Retries

T = TypeVar("T")
Asked: TypeAlias = Coroutine[Any, Any, T]
"""What `await` turns into the answer."""
OfEach: TypeAlias = Asked[T] | Asked[Snapshot[T]] | AsyncPages[T]
Sensors: TypeAlias = OfEach[BusSensors] | OfEach[StopSensors]


class AsyncClient(AsyncStreams):
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
        super().__init__(AsyncConnection(server, retries or Retries(), transport, sleep))
        self._live, self._sleep = address(server, live_url), sleep
        self._readers = Readers()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, also those of loops over `live()` that were left."""
        await self._readers.end()
        await self._connection.http.aclose()

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

    def line_shape(self, line_id: str) -> Asked[GeoJson]:
        """Return a line's route patterns as GeoJSON."""
        return self._connection.send(raw(path("lines", line_id, "shape")))

    def line_timetable(self, line_id: str) -> Asked[Timetable]:
        """Return a line's departures or headways today."""
        return self._connection.send(one(path("lines", line_id, "timetable"), Timetable))

    def network(self) -> Asked[GeoJson]:
        """Return all routes with their colours, and the stops, as GeoJSON."""
        return self._connection.send(raw(path("network.geojson")))

    def stop(self, stop_id: str) -> Asked[StopDetails]:
        """Return a stop and the lines that serve it."""
        return self._connection.send(one(path("stops", stop_id), StopDetails))

    def bus(self, bus_id: str) -> Asked[BusDetails]:
        """Return a bus, its line and its newest position."""
        return self._connection.send(one(path("buses", bus_id), BusDetails))

    def trip(self, trip_id: str) -> Asked[Trip]:
        """Return a trip: its visits so far, and when it is expected at the stops ahead."""
        return self._connection.send(one(path("trips", trip_id), Trip))

    def arrivals(
        self,
        stop_id: str,
        *,
        line_id: Names = None,
        limit: int | None = None,
        horizon_min: int | None = None,
    ) -> Asked[Arrivals]:
        """Return the next buses at a stop, of every line or some, by when they are expected."""
        query = arrivals_query(line_id, limit, horizon_min)
        return self._connection.send(one(path("arrivals", stop_id), Arrivals, query))

    def health(self) -> Asked[Health]:
        """Return the state of clock, feeders and store."""
        return self._connection.send(one("/health", Health))

    async def export(
        self, stream: StreamName, *, start: Moment, end: Moment, to: str | Path, format: Format = "parquet"
    ) -> Path:
        """Write all records of a stream in [start, end) into the file `to`, and return its path."""
        query = {**When.of(None, start, end).query, "format": format}
        await self._connection.download(path("export", stream), query, Path(to))
        return Path(to)

    @overload
    def live(self, line_ids: Sequence[str] | None = None) -> AsyncGenerator[BusPosition, None]: ...
    @overload
    def live(
        self, line_ids: Sequence[str] | None = None, *, streams: Sequence[StreamName]
    ) -> AsyncGenerator[Live, None]: ...
    async def live(
        self, line_ids: Sequence[str] | None = None, *, streams: Sequence[StreamName] = POSITIONS
    ) -> AsyncGenerator[Live, None]:
        """Yield the newest record of each bus and stop of lines (None: of all), then every new one.

        A lost connection is made again; what it missed of an entity is left out but for the newest record.
        A connection takes at most 50 lines; for more, several are made.
        """
        lines = [line.line_id async for line in self.lines()] if line_ids is None else line_ids
        found = merged_async(self._live, subscriptions(lines, streams), self._sleep, self._readers)
        async with aclosing(found):
            async for record in found:
                yield record
