"""`vehicle-positions`: where every bus is at a tick, on which trip, and how full."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from google.transit.gtfs_realtime_pb2 import FeedMessage, VehiclePosition

from services.feeds.gtfs_realtime.city_tick import CityTick, TickTrip
from services.feeds.gtfs_realtime.messages.descriptors import describe
from services.feeds.gtfs_realtime.messages.occupancy import occupancy_percentage, occupancy_status
from services.gtfs_trips.ids import FeedIds
from services.gtfs_trips.planned_days import PlannedDays
from simulator.network import Pattern, ShapePoint
from storage.schema import BusPosition

INCOMING_M = 60.0
"""A bus that is so near to its next stop is about to arrive there: it brakes from 40 km/h."""
STANDING_M = 0.1
KMH_PER_M_S = 3.6


def add_vehicles(
    message: FeedMessage, tick: CityTick, shown: Iterable[BusPosition], days: PlannedDays, bearings: Bearings
) -> None:
    """Add the positions of buses to a message: `shown` are the tick's, as wire faults leave them.

    A bus that runs empty to a trip, or is parked, has no trip.
    """
    buses = days.network.bus
    for position in shown:
        entity = message.entity.add()
        entity.id = position.bus_id
        vehicle = entity.vehicle
        vehicle.vehicle.id = vehicle.vehicle.label = position.bus_id
        vehicle.timestamp = int(position.time.timestamp())
        vehicle.position.latitude = position.latitude
        vehicle.position.longitude = position.longitude
        vehicle.position.speed = position.speed / KMH_PER_M_S
        bus = buses.get(position.bus_id)
        if bus is not None:
            vehicle.occupancy_status = occupancy_status(position.passenger_count, bus.capacity)
            vehicle.occupancy_percentage = occupancy_percentage(position.passenger_count, bus.capacity)
        trip = tick.trips.get(position.bus_id)
        if (
            trip is not None
            and trip.bus.position.trip_id == position.trip_id
            and is_in_service(trip, position)
        ):
            _add_trip(vehicle, trip, position, days.ids, bearings)


def is_in_service(trip: TickTrip, position: BusPosition) -> bool:
    """Whether a bus has begun its trip, or stands where that begins."""
    return bool(trip.bus.visits) or position.distance_to_next_stop < STANDING_M


def _add_trip(
    vehicle: VehiclePosition, trip: TickTrip, position: BusPosition, ids: FeedIds, bearings: Bearings
) -> None:
    describe(vehicle.trip, trip, ids)
    stops = trip.pattern.stops
    index = trip.bus.place.index
    if stops[index].stop_id != position.next_stop_id:  # a fault shows the bus as it was
        index = next((i for i in range(index) if stops[i].stop_id == position.next_stop_id), index)
    vehicle.current_stop_sequence = index + 1
    vehicle.stop_id = ids.stop[stops[index].stop_id]
    vehicle.current_status = _status(position)
    degrees = bearings.at(trip.pattern, stops[index].distance_m - position.distance_to_next_stop)
    if degrees is not None:
        vehicle.position.bearing = degrees


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
