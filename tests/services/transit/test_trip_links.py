"""Trips of REST and their ids in the GTFS feed: both ways, and as the realtime feed has them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.errors import NoData, UnknownEntity
from services.transit.trip_links import TripLinks
from tests.services.transit.city_morning import START, city_network, morning

pytestmark = pytest.mark.integration

DAY = date(2026, 3, 2)
NOW = START + timedelta(minutes=90)
LINKS = TripLinks(city_network(), None)


def test_a_trip_is_found_by_both_of_its_ids() -> None:
    first = LINKS.planned(morning(), "L1-20260302-0-009", NOW)
    assert first is not None
    assert (first.trip_id.rpartition("-")[0], first.start_date) == ("L1-weekday-0", DAY)
    assert LINKS.trip_id(morning(), first.trip_id, DAY, NOW) == "L1-20260302-0-009"


def test_trips_that_are_none_or_have_not_run_are_refused() -> None:
    assert LINKS.planned(morning(), "L1-20260302-0-999", NOW) is None
    assert LINKS.planned(morning(), "nonsense", NOW) is None
    with pytest.raises(UnknownEntity, match="Trip L1-sunday-0-001 not found on 2026-03-02"):
        LINKS.trip_id(morning(), "L1-sunday-0-001", DAY, NOW)
    with pytest.raises(NoData, match="No data found for trip L1-weekday-0-090 on 2026-03-02"):
        LINKS.trip_id(morning(), "L1-weekday-0-090", DAY, NOW)


def test_no_later_visit_counts() -> None:
    early = datetime(2026, 3, 2, 6, 1, tzinfo=UTC)
    assert LINKS.planned(morning(), "L1-20260302-0-015", early) is None
