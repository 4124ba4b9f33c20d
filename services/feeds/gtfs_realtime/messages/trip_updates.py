"""`trip-updates`: when buses are expected at the stops ahead, skipped stops, cancelled and added trips."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from google.transit.gtfs_realtime_pb2 import FeedMessage, TripDescriptor, TripUpdate, VehicleDescriptor

from services.feeds.gtfs_realtime.city_tick import CancelledTrip, CityTick, CutTrip, TickTrip
from services.feeds.gtfs_realtime.messages.descriptors import TripFields, describe_planned
from services.feeds.gtfs_realtime.messages.stop_time_updates import SKIPPED, StopTimeUpdates
from services.feeds.gtfs_realtime.messages.wire_rows import delimited, varint
from services.gtfs_trips.ids import FeedIds
from services.gtfs_trips.planned_days import FeedTrip, PlannedDays
from services.transit.closed_stops import NONE, ClosedStops, Closures, StopsAhead
from simulator.scenario.scenario import Scenario

_ENTITY, _ENTITY_ID, _TRIP_UPDATE = 2, 1, 3
_VEHICLE, _TIMESTAMP = 3, 4
"""Numbers of fields: of a message and its entity, and of a trip update."""


_TripKey: TypeAlias = tuple[str, date | None]
"""A trip's id in the static feed and its date; its id in REST and None for one that isn't planned."""


class _Head(NamedTuple):
    """The bus of an update, and the fields that are the same as long as the bus is on the trip."""

    bus_id: str
    id_field: bytes
    trip_field: bytes
    vehicle_field: bytes


class TripUpdates:
    """Writes the updates of ticks, one after the other."""

    def __init__(self, days: PlannedDays, closed: ClosedStops, trips: TripFields) -> None:
        self._closed, self._ids, self._trips = closed, days.ids, trips
        self._stop_times = StopTimeUpdates(days)
        self._heads: dict[_TripKey, _Head] = {}

    def entities(self, tick: CityTick, shown: Collection[str], scenario: Scenario | None) -> bytes:
        """The entities of the buses that are `shown`, and of trips that no bus runs or completes.

        They are the bytes of the field `entity` of a message.
        """
        trips = [trip for bus_id, trip in tick.trips.items() if bus_id in shown]
        closures = Closures(self._closed, scenario)
        skipped: Sequence[Collection[int]] = [NONE] * len(trips)
        if closures.has_any:
            skipped = [closures.unserved(_stops_ahead(trip)) for trip in trips]
        stop_times = self._stop_times.of_trips(trips, skipped, tick.time)
        kept, self._heads = self._heads, {}
        heads = [self._head(trip, kept) for trip in trips]
        now_s = int(tick.time.timestamp())
        timestamp = bytes([_TIMESTAMP << 3]) + varint(now_s)
        found = [
            delimited(
                _ENTITY,
                head.id_field
                + delimited(_TRIP_UPDATE, head.trip_field + updates + head.vehicle_field + timestamp),
            )
            for head, updates in zip(heads, stop_times, strict=True)
        ]
        return b"".join(found) + self._not_run(tick, now_s)

    def _head(self, trip: TickTrip, kept: Mapping[_TripKey, _Head]) -> _Head:
        """What is the same in all updates of a bus's trip, from the tick before if that has it."""
        planned, position = trip.planned, trip.bus.position
        key = (planned.trip_id, planned.start_date) if planned else (position.trip_id, None)
        head = kept.get(key)
        if head is None or head.bus_id != position.bus_id:
            head = self._made(trip)
        self._heads[key] = head
        return head

    def _made(self, trip: TickTrip) -> _Head:
        bus_id = trip.bus.position.bus_id
        entity_id = _entity_id(trip.planned) if trip.planned else trip.bus.position.trip_id
        vehicle = VehicleDescriptor(id=bus_id, label=bus_id)
        return _Head(
            bus_id,
            delimited(_ENTITY_ID, entity_id.encode()),
            self._trips.of(trip),
            delimited(_VEHICLE, vehicle.SerializeToString()),
        )

    def _not_run(self, tick: CityTick, now_s: int) -> bytes:
        """The entities of trips that ended too early, and of those that no bus runs."""
        message = FeedMessage()
        for cut in tick.cut:
            entity = message.entity.add(id=_entity_id(cut.planned))
            self._add_cut(entity.trip_update, cut)
            entity.trip_update.timestamp = now_s
        for each in tick.cancelled:
            entity = message.entity.add(id=_entity_id(each.planned))
            _add_cancelled(entity.trip_update, each, self._ids)
            entity.trip_update.timestamp = now_s
        return message.SerializePartialToString()

    def _add_cut(self, update: TripUpdate, cut: CutTrip) -> None:
        describe_planned(update.trip, cut.line, cut.planned, self._ids)
        stops = cut.line.patterns[cut.planned.pattern].stops
        for index in range(cut.served, len(stops)):
            stop = update.stop_time_update.add()
            stop.stop_sequence, stop.stop_id = index + 1, self._ids.stop[stops[index].stop_id]
            stop.schedule_relationship = SKIPPED


def _stops_ahead(trip: TickTrip) -> StopsAhead:
    calls = trip.calls
    return StopsAhead(
        trip.bus.line, trip.bus.position.trip_id, trip.pattern_index, calls.first, calls.arrivals_s
    )


def _add_cancelled(update: TripUpdate, cancelled: CancelledTrip, ids: FeedIds) -> None:
    describe_planned(update.trip, cancelled.line, cancelled.planned, ids, TripDescriptor.CANCELED)


def _entity_id(planned: FeedTrip) -> str:
    """The same for all messages about a trip."""
    return f"{planned.trip_id}-{planned.start_date:%Y%m%d}"
