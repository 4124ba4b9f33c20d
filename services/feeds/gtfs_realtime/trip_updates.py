"""`trip-updates`: when buses are expected at the stops ahead, skipped stops, cancelled and added trips."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from google.transit.gtfs_realtime_pb2 import FeedMessage, TripDescriptor, TripUpdate

from services.feeds.gtfs_realtime.city_tick import CancelledTrip, CityTick, CutTrip, TickTrip
from services.feeds.gtfs_realtime.closed_stops import ClosedStops
from services.feeds.gtfs_realtime.descriptors import describe, describe_planned
from services.feeds.gtfs_realtime.expected_calls import LAST_STEP, STEP_S, uncertainties
from services.gtfs_trips.ids import FeedIds
from services.gtfs_trips.planned_days import FeedTrip, PlannedDays
from simulator.planned_service import PlannedCall
from simulator.scenario import Scenario

SKIPPED = TripUpdate.StopTimeUpdate.SKIPPED
SCHEDULED = TripUpdate.StopTimeUpdate.SCHEDULED
NO_PLAN: Sequence[PlannedCall] = ()


class TripUpdates:
    """Writes the updates of a tick into messages."""

    def __init__(self, days: PlannedDays, closed: ClosedStops) -> None:
        self._days, self._closed, self._ids = days, closed, days.ids

    def add_to(
        self, message: FeedMessage, tick: CityTick, shown: Collection[str], scenario: Scenario | None
    ) -> None:
        """Add the updates of the buses that are `shown`, and of trips that no bus runs or completes."""
        now_s = int(tick.time.timestamp())
        for bus_id, trip in tick.trips.items():
            if bus_id in shown:
                entity = message.entity.add()
                entity.id = _entity_id(trip.planned) if trip.planned else trip.bus.position.trip_id
                self._add_trip(entity.trip_update, trip, tick.time, self._closed.skipped(trip, scenario))
                entity.trip_update.timestamp = now_s
        for cut in tick.cut:
            entity = message.entity.add()
            entity.id = _entity_id(cut.planned)
            self._add_cut(entity.trip_update, cut)
            entity.trip_update.timestamp = now_s
        for each in tick.cancelled:
            entity = message.entity.add()
            entity.id = _entity_id(each.planned)
            _add_cancelled(entity.trip_update, each, self._ids)
            entity.trip_update.timestamp = now_s

    def _add_trip(self, update: TripUpdate, trip: TickTrip, now: datetime, skipped: Collection[int]) -> None:
        describe(update.trip, trip, self._ids)
        update.vehicle.id = update.vehicle.label = trip.bus.position.bus_id
        now_s = now.timestamp()
        planned_s, plan = 0.0, NO_PLAN
        if trip.planned is not None:
            planned_s, plan = trip.planned.departs.timestamp(), self._days.calls(trip.bus.line, trip.planned)
        likely_s = uncertainties(has_departed=bool(trip.bus.visits))
        stops, stop_ids, add = trip.pattern.stops, self._ids.stop, update.stop_time_update.add
        last, before_s = len(stops) - 1, int(now_s) - 600
        # This runs for each stop ahead of each bus, tens of thousands of times in a city.
        calls = zip(trip.calls.arrives_s, trip.calls.leaves_s, strict=True)
        for index, (arrives_s, leaves_s) in enumerate(calls, trip.calls.first):
            stop = add()
            stop.stop_sequence, stop.stop_id = index + 1, stop_ids[stops[index].stop_id]
            if index in skipped:
                stop.schedule_relationship = SKIPPED
                continue
            stop.schedule_relationship = SCHEDULED
            half_minutes = int(leaves_s - now_s) // STEP_S
            off_s = likely_s[half_minutes if 0 <= half_minutes < LAST_STEP else LAST_STEP]
            if index or not trip.calls.is_waiting:
                # Times of a trip rise by whole seconds, as validators expect.
                before_s = int(arrives_s) if arrives_s > before_s + 1 else before_s + 1
                event = stop.arrival
                event.time, event.uncertainty = before_s, off_s
                if plan:
                    event.delay = before_s - int(planned_s + plan[index].arrives_s)
            if index < last:
                before_s = int(leaves_s) if leaves_s > before_s else before_s
                event = stop.departure
                event.time, event.uncertainty = before_s, off_s
                if plan:
                    event.delay = before_s - int(planned_s + plan[index].leaves_s)

    def _add_cut(self, update: TripUpdate, cut: CutTrip) -> None:
        describe_planned(update.trip, cut.line, cut.planned, self._ids)
        stops = cut.line.patterns[cut.planned.pattern].stops
        for index in range(cut.served, len(stops)):
            stop = update.stop_time_update.add()
            stop.stop_sequence, stop.stop_id = index + 1, self._ids.stop[stops[index].stop_id]
            stop.schedule_relationship = SKIPPED


def _add_cancelled(update: TripUpdate, cancelled: CancelledTrip, ids: FeedIds) -> None:
    describe_planned(update.trip, cancelled.line, cancelled.planned, ids, TripDescriptor.CANCELED)


def _entity_id(planned: FeedTrip) -> str:
    """The same for all messages about a trip."""
    return f"{planned.trip_id}-{planned.start_date:%Y%m%d}"
