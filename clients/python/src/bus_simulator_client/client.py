"""The client for programs without an event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeAlias, TypeVar, overload

import httpx

from bus_simulator_client.calls import GeoJson, Moment, Names, When, arrivals_query, one, path, raw
from bus_simulator_client.connection import Connection, Server
from bus_simulator_client.downloads import Format
from bus_simulator_client.live import POSITIONS, Live, StreamName, address, subscriptions
from bus_simulator_client.many_connections import merged
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
from bus_simulator_client.records import Pages, Snapshot
from bus_simulator_client.retries import Retries
from bus_simulator_client.streams import Streams

T = TypeVar("T")
OfEach: TypeAlias = T | Snapshot[T] | Pages[T]
Sensors: TypeAlias = OfEach[BusSensors] | OfEach[StopSensors]


class Client(Streams):
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
        super().__init__(Connection(server, retries or Retries(), transport, sleep))
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

    def line_shape(self, line_id: str) -> GeoJson:
        """Return a line's route patterns as GeoJSON."""
        return self._connection.send(raw(path("lines", line_id, "shape")))

    def line_timetable(self, line_id: str) -> Timetable:
        """Return a line's departures or headways today."""
        return self._connection.send(one(path("lines", line_id, "timetable"), Timetable))

    def network(self) -> GeoJson:
        """Return all routes with their colours, and the stops, as GeoJSON."""
        return self._connection.send(raw(path("network.geojson")))

    def stop(self, stop_id: str) -> StopDetails:
        """Return a stop and the lines that serve it."""
        return self._connection.send(one(path("stops", stop_id), StopDetails))

    def bus(self, bus_id: str) -> BusDetails:
        """Return a bus, its line and its newest position."""
        return self._connection.send(one(path("buses", bus_id), BusDetails))

    def trip(self, trip_id: str) -> Trip:
        """Return a trip: its visits so far, and when it is expected at the stops ahead."""
        return self._connection.send(one(path("trips", trip_id), Trip))

    def arrivals(
        self,
        stop_id: str,
        *,
        line_id: Names = None,
        limit: int | None = None,
        horizon_min: int | None = None,
    ) -> Arrivals:
        """Return the next buses at a stop, of every line or some, by when they are expected."""
        query = arrivals_query(line_id, limit, horizon_min)
        return self._connection.send(one(path("arrivals", stop_id), Arrivals, query))

    def health(self) -> Health:
        """Return the state of clock, feeders and store."""
        return self._connection.send(one("/health", Health))

    def export(
        self, stream: StreamName, *, start: Moment, end: Moment, to: str | Path, format: Format = "parquet"
    ) -> Path:
        """Write all records of a stream in [start, end) into the file `to`, and return its path."""
        query = {**When.of(None, start, end).query, "format": format}
        self._connection.download(path("export", stream), query, Path(to))
        return Path(to)

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
        A connection takes at most 50 lines; for more, several are made.
        """
        lines = [line.line_id for line in self.lines()] if line_ids is None else line_ids
        yield from merged(self._live, subscriptions(lines, streams), self._sleep)
