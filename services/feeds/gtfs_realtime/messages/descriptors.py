"""Trip descriptors: which trip a message is about, by the ids of the static feed."""

from __future__ import annotations

from google.transit.gtfs_realtime_pb2 import TripDescriptor

from services.feeds.gtfs_realtime.city_tick import TickTrip
from services.feeds.gtfs_static.feed_trips import gtfs_time
from services.gtfs_trips.ids import FeedIds
from services.gtfs_trips.planned_days import FeedTrip
from services.transit.timetable import parse_trip_id
from simulator.network import Line


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
