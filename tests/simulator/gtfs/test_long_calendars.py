"""Calendars that begin long ago or never end, and trips that depart days after their date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from simulator.files.findings import Severity
from simulator.files.problems import InputFileError
from simulator.gtfs.importer import Imported, import_feed
from simulator.types import DayType
from tests.simulator.gtfs.feed_builder import CALENDAR, HOUR_S, Trip, every_five_minutes, hourly, zip_of

MARCH = date(2026, 3, 3)


def warnings(made: Imported) -> list[str]:
    found = [each for each in made.details.findings if each.severity is Severity.WARNING]
    return [f"{Path(each.file).name}:{each.line}: {each.message}" for each in found]


@pytest.mark.parametrize(
    ("first", "last"), [("20000101", "20991231"), ("19000101", "99991231"), ("20260101", "29991231")]
)
def test_a_date_of_a_very_long_calendar_can_be_chosen(first: str, last: str, tmp_path: Path) -> None:
    calendar = CALENDAR.replace("20260101", first).replace("20261231", last)
    made = import_feed(zip_of(tmp_path, hourly(), calendar=calendar), near=MARCH)
    assert made.details.days[0].date == "2026-03-03"
    assert warnings(made) == []


def test_exceptions_around_the_chosen_date_count_however_long_the_calendar(tmp_path: Path) -> None:
    calendar = CALENDAR.replace("20260101", "20100101").replace("20261231", "20991231")
    dates = "service_id,date,exception_type\nWK,20260306,2\nSU,20260306,1\n"
    path = zip_of(tmp_path, hourly(), calendar=calendar, calendar_dates=dates)
    for near in (MARCH, None):
        [line] = import_feed(path, near=near).network.lines
        assert line.dates["2026-03-06"] is DayType.SUNDAY


@pytest.mark.parametrize("hour", [54, 76, 99])
def test_trips_days_after_their_date_are_left_out_by_name(hour: int, tmp_path: Path) -> None:
    late = Trip("LATE", "WK", 0, every_five_minutes(hour * HOUR_S))
    made = import_feed(zip_of(tmp_path, [*hourly(), late]), near=MARCH)
    [said] = warnings(made)
    assert said.startswith("trips.txt:86: trip LATE departs over 54 hours after its date begins")
    assert made.network.digest == import_feed(zip_of(tmp_path, hourly()), near=MARCH).network.digest


def test_of_a_repeated_trip_only_late_departures_are_left_out(tmp_path: Path) -> None:
    rows = "trip_id,start_time,end_time,headway_secs\nWK70,07:00:00,99:00:00,3600\n"
    made = import_feed(zip_of(tmp_path, hourly(), frequencies=rows), near=MARCH)
    assert warnings(made)[0].startswith("trips.txt:2: trip WK70 departs over 54 hours")
    assert {line.line_id for line in made.network.lines} == {"1", "1-night"}


def test_a_trip_of_over_a_day_is_refused_without_impossible_times(tmp_path: Path) -> None:
    calls = every_five_minutes(8 * HOUR_S, "AB") + every_five_minutes(33 * HOUR_S, "C")
    with pytest.raises(
        InputFileError, match="take so long that no bus can be home and rested before the same"
    ):
        import_feed(zip_of(tmp_path, [Trip("LONG", "WK", 0, calls)]), near=MARCH)
