"""Realtime messages against REST, visits and the static feed, at ticks of a morning."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pyarrow as pa
import pytest
from google.protobuf import json_format
from google.transit.gtfs_realtime_pb2 import FeedHeader, FeedMessage, TripDescriptor, VehiclePosition

from services.feeds.gtfs_realtime.feed_names import JSON, RealtimeFeed
from services.feeds.gtfs_realtime.realtime_feeds import RealtimeFeeds
from services.feeds.gtfs_static.feed_zip import write_feed
from services.queries.bodies import bus_position_body
from services.transit.arrivals import arrivals
from services.transit.line_history import LineHistories
from storage.errors import StoreUnavailable
from storage.schema import BusPosition, StopVisit, Stream
from storage.store import Selection, Store
from tests.node_client import node
from tests.services.feeds.gtfs_realtime.realtime_world import TICK, RealtimeWorld, at, part_of, world
from tests.services.rest_served import listening

pytestmark = pytest.mark.integration

START = at(2026, 3, 3, 7)
TICKS = [START + number * TICK for number in range(5)]
END = TICKS[-1] + TICK


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> RealtimeWorld:
    folder = tmp_path_factory.mktemp("morning")
    return world(None, START - timedelta(minutes=95), END, folder, ("L1", "L6"))


def vehicles(message: FeedMessage) -> dict[str, VehiclePosition]:
    return {entity.id: entity.vehicle for entity in message.entity}


def positions(of: RealtimeWorld, tick_number: int) -> list[BusPosition]:
    records = of.context.store.records_at(Stream.BUS_POSITION, TICKS[tick_number])
    return [record for record in records if isinstance(record, BusPosition)]


def visits(of: RealtimeWorld) -> Iterator[StopVisit]:
    page = of.context.store.range_of(
        Stream.STOP_VISIT, Selection(), start=START - timedelta(hours=1), end=END, limit=10_000
    )
    return (record for record in page.records if isinstance(record, StopVisit))


def test_the_header_has_the_time_of_the_tick(morning: RealtimeWorld) -> None:
    for feed in RealtimeFeed:
        header = morning.at(feed, START).header
        assert header == FeedHeader(
            gtfs_realtime_version="2.0",
            incrementality=FeedHeader.FULL_DATASET,
            timestamp=int(START.timestamp()),
            feed_version=morning.context.network.digest[:16],
        )


def test_visits_of_a_line_that_the_network_no_longer_has_are_left_out(morning: RealtimeWorld) -> None:
    network = part_of(morning.context.network, ("L1",))
    context = replace(morning.context, network=network)
    changed = RealtimeWorld(context, morning.wall, RealtimeFeeds(context))
    shown = {
        entity.id
        for entity in morning.at(RealtimeFeed.TRIP_UPDATES, START).entity
        if entity.trip_update.trip.route_id == "L1"
    }
    assert shown
    assert {entity.id for entity in changed.at(RealtimeFeed.TRIP_UPDATES, START).entity} == shown


class EndedScans:
    """A store, and a number of rows after which its next long scan fails."""

    def __init__(self, store: Store, rows: int) -> None:
        self._store, self._left = store, rows

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        for table in self._store.scan(stream, start=start, end=end):
            for first in range(0, len(table), 100):
                if end - start > timedelta(hours=1):
                    self._left -= 100
                    if self._left == 0:
                        raise StoreUnavailable("gone")
                yield table.slice(first, 100)


class NoPast:
    """A store whose first page of an earlier day fails."""

    def __init__(self, store: Store) -> None:
        self._store, self._has_failed = store, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def range_of(self, *given: object, **named: object) -> object:
        if not self._has_failed:
            self._has_failed = True
            raise StoreUnavailable("gone")
        return self._store.range_of(*given, **named)  # type: ignore[arg-type] # as they came


@pytest.mark.parametrize("rows", [100, 300, 500, None])
def test_after_a_reading_that_failed_midway_nothing_is_missing_or_twice(
    morning: RealtimeWorld, rows: int | None
) -> None:
    expected = morning.at(RealtimeFeed.TRIP_UPDATES, START)
    store = NoPast(morning.context.store) if rows is None else EndedScans(morning.context.store, rows)
    context = replace(morning.context, store=cast("Store", store))
    failing = RealtimeWorld(context, morning.wall, RealtimeFeeds(context))
    with pytest.raises(StoreUnavailable):
        failing.at(RealtimeFeed.TRIP_UPDATES, START)
    assert failing.at(RealtimeFeed.TRIP_UPDATES, START) == expected


def test_vehicles_are_where_rest_has_them(morning: RealtimeWorld) -> None:
    for number, tick in enumerate(TICKS):
        shown = vehicles(morning.at(RealtimeFeed.VEHICLE_POSITIONS, tick))
        assert len(shown) == len(positions(morning, number)) > 10
        for position in positions(morning, number):
            body = bus_position_body(position, morning.context.network)
            vehicle = shown[position.bus_id]
            assert vehicle.vehicle.id == vehicle.vehicle.label == body["bus_id"]
            assert vehicle.position.latitude == pytest.approx(body["latitude"], abs=1e-5)
            assert vehicle.position.longitude == pytest.approx(body["longitude"], abs=1e-5)
            assert vehicle.position.speed * 3.6 == pytest.approx(body["speed"], abs=1e-4)
            assert vehicle.timestamp == int(tick.timestamp())
            capacity = morning.context.network.bus[position.bus_id].capacity
            assert vehicle.occupancy_percentage == round(100 * position.passenger_count / capacity)
            if vehicle.HasField("trip"):
                assert vehicle.stop_id == body["next_stop_id"]


def test_no_bus_is_on_its_way_to_a_stop_that_it_has_left(morning: RealtimeWorld) -> None:
    left = {(visit.trip_id, visit.sequence): visit.time for visit in visits(morning)}
    seen = 0
    for number, tick in enumerate(TICKS):
        shown = vehicles(morning.at(RealtimeFeed.VEHICLE_POSITIONS, tick))
        for position in positions(morning, number):
            vehicle = shown[position.bus_id]
            if vehicle.HasField("trip"):
                seen += 1
                gone = left.get((position.trip_id, vehicle.current_stop_sequence))
                assert gone is None or gone > tick
                assert 0 <= vehicle.position.bearing < 360
                standing = vehicle.current_status == VehiclePosition.STOPPED_AT
                assert standing == (position.distance_to_next_stop < 0.1 and position.speed == 0)
    assert seen > 50


def test_times_are_those_that_arrivals_predicts(morning: RealtimeWorld) -> None:
    network = morning.context.network
    message = morning.at(RealtimeFeed.TRIP_UPDATES, START)
    expected = {
        (entity.trip_update.vehicle.id, stop.stop_id): stop.arrival.time
        for entity in message.entity
        for stop in entity.trip_update.stop_time_update
        if stop.HasField("arrival")
    }
    outlook = LineHistories().at(morning.context.store, START)
    compared = 0
    for stop in network.stops:
        for arrival in arrivals(outlook, network.lines, stop_id=stop.stop_id):
            time = expected.get((arrival.position.bus_id, stop.stop_id))
            if time is not None and arrival.has_departed and arrival.stops_away:
                compared += 1
                assert time == pytest.approx(arrival.expected.timestamp(), abs=1.5)
    assert compared > 100


def test_ids_resolve_and_delays_are_against_the_static_feed(morning: RealtimeWorld) -> None:
    file = io.BytesIO()
    write_feed(file, morning.context.network)
    with zipfile.ZipFile(file) as archive:
        trips, times, starts = (
            list(csv.DictReader(io.StringIO(archive.read(name).decode())))
            for name in ("trips.txt", "stop_times.txt", "frequencies.txt")
        )
    route_of = {row["trip_id"]: row["route_id"] for row in trips}
    start_of = {row["trip_id"]: row["start_time"] for row in starts}
    planned = {(row["trip_id"], row["stop_sequence"]): row for row in times}
    midnight = at(2026, 3, 2, 23).timestamp()
    compared = 0
    for entity in morning.at(RealtimeFeed.TRIP_UPDATES, START).entity:
        trip = entity.trip_update.trip
        if trip.schedule_relationship == TripDescriptor.ADDED:
            assert trip.trip_id not in route_of
            continue
        assert (trip.route_id, trip.start_time) == (route_of[trip.trip_id], start_of[trip.trip_id])
        assert trip.start_date == "20260303"
        for stop in entity.trip_update.stop_time_update:
            row = planned[trip.trip_id, str(stop.stop_sequence)]
            assert row["stop_id"] == stop.stop_id
            if stop.HasField("arrival"):
                hours, minutes, seconds = map(int, row["arrival_time"].split(":"))
                seconds_of_day = 3600 * hours + 60 * minutes + seconds
                assert stop.arrival.time - stop.arrival.delay == midnight + seconds_of_day
                assert 20 < stop.arrival.uncertainty < 400
                compared += 1
    assert compared > 100


def test_json_is_the_same_message(morning: RealtimeWorld) -> None:
    for feed in RealtimeFeed:
        message = morning.at(feed, START)
        text = morning.feeds.message(feed, START, JSON).body.decode()
        assert json_format.Parse(text, FeedMessage()) == message


@pytest.mark.long
@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm")
def test_the_bindings_for_node_read_the_same_messages(morning: RealtimeWorld) -> None:
    morning.wall.seconds = START.timestamp()
    with listening(morning.context) as port:
        url = f"http://127.0.0.1:{port}"
        done = node("gtfs_realtime.mjs", CITY_URL=url, API_KEY="right", GROUP_NAME="node")
    assert done.returncode == 0, done.stderr
    for feed, theirs in json.loads(done.stdout).items():
        ours = morning.at(RealtimeFeed(feed), START)
        assert json_format.ParseDict(theirs, FeedMessage()) == ours
        assert len(ours.entity) > 10 or feed == RealtimeFeed.ALERTS


def test_a_message_is_made_once(morning: RealtimeWorld) -> None:
    first = morning.feeds.message(RealtimeFeed.ALERTS, START, JSON)
    assert morning.feeds.message(RealtimeFeed.ALERTS, START, JSON) is first
