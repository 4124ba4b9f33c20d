"""Direct rides between two stops: only buses that go there, the earliest arrival first."""

from __future__ import annotations

import pytest

from services.agents.ride_tools import stops_named
from services.errors import UnknownEntity
from services.transit.line_history import LineHistories
from services.transit.rides import rides
from tests.services.transit.city_morning import all_visits, city_network, morning
from tests.services.transit.test_arrivals import NOW

pytestmark = pytest.mark.integration


def test_a_ride_boards_before_it_alights_and_the_earliest_comes_first() -> None:
    outlook = LineHistories().at(morning(), NOW)
    found = rides(city_network(), outlook, start=["S004"], end=["S015"])
    assert len(found) > 1
    assert [ride.arrives for ride in found] == sorted(ride.arrives for ride in found)
    for ride in found:
        assert NOW <= ride.board.expected < ride.arrives
        assert (ride.board_stop_id, ride.alight_stop_id, ride.board.pattern.direction) == ("S004", "S015", 0)
        assert ride.stop_count == 11
        assert ride.board.boards
    first = found[0]
    came = next(v for v in all_visits() if v.trip_id == first.board.position.trip_id and v.stop_id == "S015")
    assert abs((came.arrival_time - first.arrives).total_seconds()) < 600


def test_no_bus_goes_between_stops_without_a_common_line() -> None:
    outlook = LineHistories().at(morning(), NOW)
    only = {str(line.line_id): line.stop_ids for line in city_network().lines}
    start, end = next(iter(only["L1"] - only["L6"])), next(iter(only["L6"] - only["L1"]))
    assert rides(city_network(), outlook, start=[start], end=[end]) == []


def test_stops_are_found_by_id_or_by_name() -> None:
    assert stops_named(city_network(), "S004") == ["S004"]
    assert stops_named(city_network(), "cibeles") == ["S007"]
    with pytest.raises(UnknownEntity, match="Stop Timbuktu not found"):
        stops_named(city_network(), "Timbuktu")
