"""Ids in a feed: those of the imported feed where they are unique, else the simulator's."""

from __future__ import annotations

from dataclasses import replace

from services.gtfs_trips.ids import feed_ids, trip_id
from tests.networks import line, network, street


def test_the_imported_feeds_ids_are_kept_where_nothing_else_has_them() -> None:
    one, two, three = (line(f"L{i}", street(4), first_bus=10 * i) for i in (1, 2, 3))
    plain = network(replace(one, gtfs_id="r"), replace(two, gtfs_id="r"), replace(three, gtfs_id="r:3"))
    theirs = {"S001": "stop:1", "S002": "S003", "S003": "", "S004": "S004"}
    city = replace(plain, stops=tuple(replace(stop, gtfs_id=theirs[stop.stop_id]) for stop in plain.stops))
    ids = feed_ids(city)
    assert ids.stop == {"S001": "stop:1", "S002": "S002", "S003": "S003", "S004": "S004"}
    assert ids.route == {"L1": "L1", "L2": "L2", "L3": "r:3"}


def test_a_trips_id_has_its_line_service_direction_and_place_but_no_date() -> None:
    assert trip_id("L1", "weekday", 0, 7) == "L1-weekday-0-007"
