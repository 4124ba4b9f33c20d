"""`vehicle-positions`: where every bus is at a tick, on which trip, and how full."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from google.transit.gtfs_realtime_pb2 import VehicleDescriptor, VehiclePosition

from services.feeds.gtfs_realtime.city_tick import CityTick, TickTrip
from services.feeds.gtfs_realtime.messages.descriptors import TripFields
from services.feeds.gtfs_realtime.messages.occupancy import occupancy_percentage, occupancy_status
from services.feeds.gtfs_realtime.messages.wire_rows import (
    ByteRows,
    delimited,
    float_field,
    joined,
    message_field,
    number_field,
    only,
    table,
)
from services.gtfs_trips.planned_days import PlannedDays
from simulator.network import Pattern, ShapePoint
from storage.schema import BusPosition

INCOMING_M = 60.0
"""A bus that is so near to its next stop is about to arrive there: it brakes from 40 km/h."""
STANDING_M = 0.1
KMH_PER_M_S = 3.6

_ENTITY, _ENTITY_ID, _VEHICLE = 2, 1, 4
_POSITION, _SEQUENCE, _STATUS, _TIMESTAMP, _STOP_ID, _DESCRIPTOR, _OCCUPANCY, _PERCENTAGE = (
    2,
    3,
    4,
    5,
    7,
    8,
    9,
    10,
)
_LATITUDE, _LONGITUDE, _BEARING, _SPEED = 1, 2, 3, 5
"""Numbers of fields: of a message and its entity, of a vehicle, and of its position."""


class _OnTrip(NamedTuple):
    """What a vehicle has of its trip; empty or 0 for a bus without one."""

    is_on: bool = False
    trip: bytes = b""
    stop_id: bytes = b""
    sequence: int = 0
    status: int = 0
    bearing: float | None = None


NO_TRIP = _OnTrip()


class VehiclePositions:
    """Writes the positions of ticks, one after the other, as columns: a city has thousands of buses."""

    def __init__(self, days: PlannedDays, trips: TripFields) -> None:
        self._buses, self._trips, self._bearings = days.network.bus, trips, Bearings()
        self._stop_ids = {
            stop: delimited(_STOP_ID, feed_id.encode()) for stop, feed_id in days.ids.stop.items()
        }
        self._ids: dict[str, tuple[bytes, bytes]] = {}

    def entities(self, tick: CityTick, shown: Sequence[BusPosition]) -> bytes:
        """The entities of buses: `shown` are the tick's positions, as wire faults leave them.

        They are the bytes of the field `entity` of a message. A bus that runs empty to a trip, or is parked,
        has no trip.
        """
        if not shown:
            return b""
        rows = [self._on_trip(tick.trips.get(position.bus_id), position) for position in shown]
        ids, descriptors = zip(*(self._ids_of(position.bus_id) for position in shown), strict=True)
        vehicle = message_field(_VEHICLE, self._vehicle(rows, shown, descriptors))
        content, _ = joined(message_field(_ENTITY, [table(ids), *vehicle]))
        return content

    def _on_trip(self, trip: TickTrip | None, position: BusPosition) -> _OnTrip:
        """What a vehicle has of its trip; nothing if a fault shows the bus on an earlier trip."""
        if trip is None or trip.bus.position.trip_id != position.trip_id or not is_in_service(trip, position):
            return NO_TRIP
        pattern, index = trip.pattern, trip.bus.place.index
        stops = pattern.stops
        if stops[index].stop_id != position.next_stop_id:  # a fault shows the bus as it was
            index = next((i for i in range(index) if stops[i].stop_id == position.next_stop_id), index)
        stop = stops[index]
        return _OnTrip(
            True,
            self._trips.of(trip),
            self._stop_ids[stop.stop_id],
            index + 1,
            _status(position),
            self._bearings.at(pattern, stop.distance_m - position.distance_to_next_stop),
        )

    def _vehicle(
        self, rows: Sequence[_OnTrip], shown: Sequence[BusPosition], descriptors: Sequence[bytes]
    ) -> Sequence[ByteRows]:
        """The fields of each vehicle, in the order of their numbers."""
        is_on, trips, stop_ids, sequences, stop_statuses, bearings = zip(*rows, strict=True)
        on_trip = np.array(is_on)
        buses = [self._buses.get(position.bus_id) for position in shown]
        known = np.array([bus is not None for bus in buses])
        full = [
            (0, 0)
            if bus is None
            else (
                int(occupancy_status(position.passenger_count, bus.capacity)),
                occupancy_percentage(position.passenger_count, bus.capacity),
            )
            for bus, position in zip(buses, shown, strict=True)
        ]
        statuses, percentages = np.array(full, np.int64).T
        times = np.array([int(position.time.timestamp()) for position in shown])
        return [
            table(trips),
            *message_field(_POSITION, _place(bearings, shown)),
            *only(on_trip, number_field(_SEQUENCE, np.array(sequences))),
            *only(on_trip, number_field(_STATUS, np.array(stop_statuses))),
            *number_field(_TIMESTAMP, times),
            table(stop_ids),
            table(descriptors),
            *only(known, number_field(_OCCUPANCY, statuses)),
            *only(known, number_field(_PERCENTAGE, percentages)),
        ]

    def _ids_of(self, bus_id: str) -> tuple[bytes, bytes]:
        """A bus's fields `id` of its entity and `vehicle`."""
        found = self._ids.get(bus_id)
        if found is None:
            descriptor = VehicleDescriptor(id=bus_id, label=bus_id).SerializeToString()
            found = self._ids[bus_id] = (
                delimited(_ENTITY_ID, bus_id.encode()),
                delimited(_DESCRIPTOR, descriptor),
            )
        return found


def _place(bearings: Sequence[float | None], shown: Sequence[BusPosition]) -> Sequence[ByteRows]:
    """The fields of each position."""
    has_bearing = np.array([degrees is not None for degrees in bearings])
    return [
        *float_field(_LATITUDE, [position.latitude for position in shown]),
        *float_field(_LONGITUDE, [position.longitude for position in shown]),
        *only(has_bearing, float_field(_BEARING, [degrees or 0.0 for degrees in bearings])),
        *float_field(_SPEED, [position.speed / KMH_PER_M_S for position in shown]),
    ]


def is_in_service(trip: TickTrip, position: BusPosition) -> bool:
    """Whether a bus has begun its trip, or stands where that begins."""
    return bool(trip.bus.visits) or position.distance_to_next_stop < STANDING_M


def _status(position: BusPosition) -> VehiclePosition.VehicleStopStatus:
    if position.distance_to_next_stop < STANDING_M and position.speed == 0:
        return VehiclePosition.STOPPED_AT
    if position.distance_to_next_stop <= INCOMING_M:
        return VehiclePosition.INCOMING_AT
    return VehiclePosition.IN_TRANSIT_TO


class Bearings:
    """The bearings of patterns' shapes, made once."""

    def __init__(self) -> None:
        self._of_pattern: dict[int, _ShapeBearings] = {}

    def at(self, pattern: Pattern, distance_m: float) -> float | None:
        """Degrees from north, clockwise, at a distance from a pattern's start; None where it is a point."""
        known = self._of_pattern.get(id(pattern))
        if known is None:
            known = self._of_pattern[id(pattern)] = _bearings(pattern)
        place = bisect_right(known.ends_m, distance_m)
        return known.degrees[min(place, len(known.degrees) - 1)]


class _ShapeBearings(NamedTuple):
    """A pattern, where the pieces of its shape end, and their bearings."""

    pattern: Pattern
    ends_m: Sequence[float]
    degrees: Sequence[float | None]


def _bearings(pattern: Pattern) -> _ShapeBearings:
    pieces = list(pairwise(pattern.shape))
    return _ShapeBearings(
        pattern, [end.distance_m for _, end in pieces], [bearing(*piece) for piece in pieces]
    )


def bearing(here: ShapePoint, there: ShapePoint) -> float | None:
    """Degrees from north, clockwise, from one point to another near it; None if both are the same."""
    north = there.latitude - here.latitude
    east = (there.longitude - here.longitude) * math.cos(math.radians(here.latitude))
    if not north and not east:
        return None
    return math.degrees(math.atan2(east, north)) % 360
