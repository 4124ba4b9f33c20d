"""Trip descriptors: which trip a message is about, by the ids of the static feed."""

from __future__ import annotations

from datetime import date

from google.transit.gtfs_realtime_pb2 import TripDescriptor

from services.feeds.gtfs_realtime.city_tick import TickTrip
from services.feeds.gtfs_realtime.messages.wire_rows import delimited
from services.feeds.gtfs_static.feed_trips import gtfs_time
from services.gtfs_trips.ids import FeedIds
from services.gtfs_trips.planned_days import FeedTrip
from services.transit.timetable import parse_trip_id
from simulator.network import Line

_TRIP = 1
"""The number of the field, in updates as in vehicles."""
MOST_KEPT = 100_000
"""Trips of some days of a whole city."""


def describe_planned(
    descriptor: TripDescriptor,
    line: Line,
    planned: FeedTrip,
    ids: FeedIds,
    relationship: TripDescriptor.ScheduleRelationship = TripDescriptor.SCHEDULED,
) -> None:
    """Fill a descriptor of a trip of the static feed.

    A trip in frequencies.txt has its start time, which identifies it there together with its id and date.
    """
    descriptor.trip_id = planned.trip_id
    descriptor.start_date = f"{planned.start_date:%Y%m%d}"
    if planned.plan.headway_s is not None:
        descriptor.start_time = gtfs_time(planned.plan.departs_s)
    descriptor.route_id = ids.route[line.line_id]
    descriptor.direction_id = planned.plan.direction
    descriptor.schedule_relationship = relationship


class TripFields:
    """The field `trip` of updates and vehicles, as bytes: the same as long as a bus is on a trip."""

    def __init__(self, ids: FeedIds) -> None:
        self._ids = ids
        self._kept: dict[tuple[str, date | None], bytes] = {}

    def of(self, trip: TickTrip) -> bytes:
        """The field of a bus's trip."""
        planned = trip.planned
        key = (trip.bus.position.trip_id, None) if planned is None else (planned.trip_id, planned.start_date)
        found = self._kept.get(key)
        if found is None:
            descriptor = TripDescriptor()
            describe(descriptor, trip, self._ids)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = delimited(_TRIP, descriptor.SerializeToString())
        return found


def describe(descriptor: TripDescriptor, trip: TickTrip, ids: FeedIds) -> None:
    """Fill the descriptor of a bus's trip; one that isn't planned is added, by its id in REST."""
    line, position = trip.bus.line, trip.bus.position
    if trip.planned is not None:
        describe_planned(descriptor, line, trip.planned, ids)
        return
    name = parse_trip_id(position.trip_id)
    descriptor.trip_id = position.trip_id
    if name is not None:
        descriptor.start_date = f"{name.day:%Y%m%d}"
    descriptor.route_id = ids.route[line.line_id]
    descriptor.direction_id = position.direction
    descriptor.schedule_relationship = TripDescriptor.ADDED
