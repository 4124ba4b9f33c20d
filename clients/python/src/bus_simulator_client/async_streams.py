"""What `AsyncClient` asks of the streams: counts, positions, sensors and visits; and how it asks."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, overload

from bus_simulator_client.calls import Box, Moment, Names, PagesCall, Query, When, one, path, visits_path
from bus_simulator_client.connection import AsyncConnection
from bus_simulator_client.decoding import decode
from bus_simulator_client.models import (
    BusPosition,
    BusSensors,
    PeopleCount,
    StopSensors,
    StopVisit,
)
from bus_simulator_client.records import AsyncPages, Records, Snapshot, listed, snapshot

T = TypeVar("T")
Asked: TypeAlias = Coroutine[Any, Any, T]
"""What `await` turns into the answer."""
OfEach: TypeAlias = Asked[T] | Asked[Snapshot[T]] | AsyncPages[T]
Sensors: TypeAlias = OfEach[BusSensors] | OfEach[StopSensors]


class AsyncStreams:
    """The part of `AsyncClient` for the streams."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Ask over a connection."""
        self._connection = connection

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
        return self._one_or_range(path("people-count", stop_id), PeopleCount, When.of(timestamp, start, end))

    @overload
    def people_counts(
        self,
        *,
        line_id: Names = None,
        stop_id: Names = None,
        bbox: Box = None,
        timestamp: Moment | None = None,
    ) -> Asked[Snapshot[PeopleCount]]: ...
    @overload
    def people_counts(
        self, *, line_id: Names = None, stop_id: Names = None, bbox: Box = None, start: Moment, end: Moment
    ) -> AsyncPages[PeopleCount]: ...
    def people_counts(
        self,
        *,
        line_id: Names = None,
        stop_id: Names = None,
        bbox: Box = None,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Asked[Snapshot[PeopleCount]] | AsyncPages[PeopleCount]:
        """Return the people waiting at every stop, or at those of lines or in a box, at once."""
        asked = When.of(timestamp, start, end).only(line_id, stop_id, bbox)
        return self._all_or_range("/people-count", PeopleCount, asked)

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
        return self._one_or_range(path("bus-position", bus_id), BusPosition, When.of(timestamp, start, end))

    @overload
    def bus_positions(
        self,
        *,
        line_id: Names = None,
        stop_id: Names = None,
        bbox: Box = None,
        timestamp: Moment | None = None,
    ) -> Asked[Snapshot[BusPosition]]: ...
    @overload
    def bus_positions(
        self, *, line_id: Names = None, stop_id: Names = None, bbox: Box = None, start: Moment, end: Moment
    ) -> AsyncPages[BusPosition]: ...
    def bus_positions(
        self,
        *,
        line_id: Names = None,
        stop_id: Names = None,
        bbox: Box = None,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Asked[Snapshot[BusPosition]] | AsyncPages[BusPosition]:
        """Return where every bus is, or those of lines, before stops or in a box, at once."""
        asked = When.of(timestamp, start, end).only(line_id, stop_id, bbox)
        return self._all_or_range("/bus-position", BusPosition, asked)

    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: str, *, timestamp: Moment | None = None
    ) -> Asked[BusSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: None = None, *, timestamp: Moment | None = None
    ) -> Asked[Snapshot[BusSensors]]: ...
    @overload
    def sensors(
        self, entity_type: Literal["bus"], entity_id: str | None = None, *, start: Moment, end: Moment
    ) -> AsyncPages[BusSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: str, *, timestamp: Moment | None = None
    ) -> Asked[StopSensors]: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: None = None, *, timestamp: Moment | None = None
    ) -> Asked[Snapshot[StopSensors]]: ...
    @overload
    def sensors(
        self, entity_type: Literal["stop"], entity_id: str | None = None, *, start: Moment, end: Moment
    ) -> AsyncPages[StopSensors]: ...
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
    ) -> Asked[Records[StopVisit]]: ...
    @overload
    def stop_visits(
        self,
        *,
        stop_id: str | None = None,
        bus_id: str | None = None,
        line_id: str | None = None,
        start: Moment,
        end: Moment,
    ) -> AsyncPages[StopVisit]: ...
    def stop_visits(
        self,
        *,
        stop_id: str | None = None,
        bus_id: str | None = None,
        line_id: str | None = None,
        timestamp: Moment | None = None,
        start: Moment | None = None,
        end: Moment | None = None,
    ) -> Asked[Records[StopVisit]] | AsyncPages[StopVisit]:
        """Return the visits of a stop, a bus or a line (one of the three): the newest, or over a range."""
        where = visits_path(stop_id, bus_id, line_id)
        asked = When.of(timestamp, start, end)
        if asked.is_range:
            return self._pages(where, StopVisit, asked.query)
        return self._connection.send(listed(where, StopVisit, asked.query))

    def _one_or_range(self, where: str, model: type[T], asked: When) -> Asked[T] | AsyncPages[T]:
        if asked.is_range:
            return self._pages(where, model, asked.query)
        return self._connection.send(one(where, model, asked.query))

    def _all_or_range(self, where: str, model: type[T], asked: When) -> Asked[Snapshot[T]] | AsyncPages[T]:
        if asked.is_range:
            return self._pages(where, model, asked.query)
        return self._connection.send(snapshot(where, model, asked.query))

    def _each(self, parts: Sequence[str], model: type[T], entity_id: str | None, asked: When) -> OfEach[T]:
        if entity_id is None:
            return self._all_or_range(path(*parts), model, asked)
        return self._one_or_range(path(*parts, entity_id), model, asked)

    def _pages(self, where: str, model: type[T], query: Query) -> AsyncPages[T]:
        return AsyncPages(PagesCall(where, query, lambda data: decode(model, data)), self._connection.send)
