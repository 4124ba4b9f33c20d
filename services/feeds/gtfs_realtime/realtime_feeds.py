"""The three feeds of a process: made once a tick, when somebody asks, and kept until the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from google.transit.gtfs_realtime_pb2 import FeedHeader, FeedMessage

from services.errors import NoData
from services.feeds.feed_faults import FeedFaults
from services.feeds.gtfs_realtime.city_tick import CancelledTrip, CityTick, CityTicks
from services.feeds.gtfs_realtime.feed_names import PROTOBUF, RealtimeFeed
from services.feeds.gtfs_realtime.messages.alerts import add_alerts
from services.feeds.gtfs_realtime.messages.descriptors import TripFields
from services.feeds.gtfs_realtime.messages.message_json import message_json
from services.feeds.gtfs_realtime.messages.trip_updates import TripUpdates
from services.feeds.gtfs_realtime.messages.vehicle_positions import VehiclePositions
from services.feeds.gtfs_realtime.realtime_source import RealtimeSource
from services.feeds.gtfs_realtime.visit_log import VisitLog
from services.gtfs_trips.planned_days import PlannedDays
from services.transit.closed_stops import ClosedStops
from services.web.formats.content_codings import CodedBody
from simulator.garbage import without_collections
from storage.schema import BusPosition, Stream

MESSAGES_KEPT = 24
"""Some minutes of all feeds in both formats, so that late messages of a faulty wire are at hand."""


class RealtimeFeeds:
    """Makes and keeps the messages of one city. Threads may share it; one makes, the others wait."""

    def __init__(self, source: RealtimeSource) -> None:
        self._source = source
        self.days = PlannedDays(source.network, source.scenario_at_start)
        self._ticks = CityTicks(VisitLog(source.network, source.store), self.days)
        trips = TripFields(self.days.ids)
        self._updates = TripUpdates(self.days, ClosedStops(source.network), trips)
        self._vehicles = VehiclePositions(self.days, trips)
        self._making = Lock()
        self._tick: CityTick | None = None
        self._made: dict[tuple[RealtimeFeed, datetime, str], CodedBody] = {}

    def tick(self) -> datetime:
        """The newest tick whose positions, and the visits before it, are stored. Raises `NoData`."""
        store, now = self._source.store, self._source.now()
        ends = [min(span.end, now) for span in store.coverage(Stream.STOP_VISIT) if span.start <= now]
        found = store.tick(Stream.BUS_POSITION, time=ends[-1]) if ends else None
        if found is None:
            raise NoData("No data found for this feed")
        return found

    def message(self, feed: RealtimeFeed, tick: datetime, media_type: str) -> CodedBody:
        """The message of a feed at a tick, as wire faults leave it. May raise `StoreError`."""
        key = feed, tick, media_type
        kept = self._made.get(key)
        if kept is not None:
            return kept
        with self._making:
            if key not in self._made:
                while len(self._made) >= MESSAGES_KEPT:
                    self._made.pop(next(iter(self._made)))
                self._made[key] = self._disturbed(feed, tick, media_type)
            return self._made[key]

    def cancelled(self) -> Sequence[CancelledTrip]:
        """The planned trips that no bus runs at the newest tick. May raise `StoreError`."""
        try:
            tick = self.tick()
        except NoData:
            return ()
        with self._making, without_collections():
            return self._city(tick).cancelled

    def _disturbed(self, feed: RealtimeFeed, tick: datetime, media_type: str) -> CodedBody:
        faults = FeedFaults(self._source.scenario, self._source.run.seed)
        made_of = faults.tick_of(feed, tick)
        older = self._made.get((feed, made_of, media_type)) if made_of != tick else None
        # A city's objects are many: looking for cycles among them would take longer than some feeds.
        with without_collections():
            content = older.body if older is not None else self._content(feed, made_of, faults)
        is_new_json = older is None and media_type != PROTOBUF
        return CodedBody(
            faults.cut(feed, tick, message_json(content) if is_new_json else content), media_type
        )

    def _content(self, feed: RealtimeFeed, tick: datetime, faults: FeedFaults) -> bytes:
        """The message of a feed as protobuf's bytes."""
        message = FeedMessage()
        header = message.header
        header.gtfs_realtime_version, header.incrementality = "2.0", FeedHeader.FULL_DATASET
        header.timestamp = int(tick.timestamp())
        header.feed_version = self._source.network.digest[:16]
        scenario = self._source.scenario
        if feed is RealtimeFeed.ALERTS:
            add_alerts(message, tick, scenario, self._source.network, self.days.ids)
            return message.SerializeToString()
        city = self._city(tick)
        shown = faults.positions(tick, city.positions, self._positions)
        if feed is RealtimeFeed.VEHICLE_POSITIONS:
            return message.SerializeToString() + self._vehicles.entities(city, shown)
        entities = self._updates.entities(city, {each.bus_id for each in shown}, scenario)
        return message.SerializeToString() + entities

    def _city(self, tick: datetime) -> CityTick:
        if self._tick is None or self._tick.time != tick:
            self._tick = self._ticks.at(tick)
        return self._tick

    def _positions(self, tick: datetime) -> Sequence[BusPosition]:
        records = self._source.store.records_at(Stream.BUS_POSITION, tick)
        return [record for record in records if isinstance(record, BusPosition)]
