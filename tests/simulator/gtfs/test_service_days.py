"""When the trips of a feed run: nights, clock changes, time zones, trips of the next day."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.day.line_day import line_day
from simulator.gtfs.calendar import weekday_kind
from simulator.gtfs.folder import write_folder
from simulator.gtfs.importer import import_feed
from simulator.network import Line, Network
from simulator.network_files.loader import load_network
from simulator.service_day import MADRID, days_between, handover_ms, origin_ms, service_on
from simulator.types import DayType, to_datetime
from tests.examples import examples
from tests.simulator.gtfs.feed_builder import HOUR_S, Trip, every_five_minutes, hourly, zip_of
from tests.test_invariants import assert_clean, audited

pytestmark = pytest.mark.integration

FRIDAY = date(2026, 3, 6)
X1 = Trip("X1", "SA", 0, every_five_minutes(1800))
ONE_DAY = timedelta(days=1)
SERVICE_OF = {DayType.WEEKDAY: "WK", DayType.SATURDAY: "SA", DayType.SUNDAY: "SU"}


def imported(folder: Path, trips: Sequence[Trip], **options: str) -> Network:
    return import_feed(zip_of(folder, trips, **options)).network


def planned(line: Line, day: date) -> list[datetime]:
    """The instants of a line-day's departures, in UTC."""
    service = service_on(line, day)
    origin = origin_ms(day, line.timezone)
    return [] if service is None else [to_datetime(origin + 1000 * d.time_s) for d in service.departures]


def in_madrid(*when: int) -> datetime:
    return datetime(*when, tzinfo=MADRID)  # type: ignore[arg-type,misc]  # year, month, day, hour, minute


def departures(line: Line, day: date) -> list[datetime]:
    """When the buses of a line-day really leave the first stop of their trips."""
    legs = line_day(line, seed=1, day=day).legs
    return [to_datetime(int(ms)) for ms in np.sort(legs.leaves[legs.sequence == 1])]


def test_a_trip_at_0030_of_saturdays_service_runs_in_the_night_from_friday(tmp_path: Path) -> None:
    [line] = imported(tmp_path, [*hourly(), X1]).lines
    assert planned(line, FRIDAY)[-1] == in_madrid(2026, 3, 7, 0, 30)
    left = departures(line, FRIDAY)
    assert in_madrid(2026, 3, 7, 0, 30) <= left[-1] < in_madrid(2026, 3, 7, 1)
    assert len(left) == 29
    assert len(departures(line, FRIDAY - ONE_DAY)) == len(departures(line, FRIDAY + ONE_DAY)) == 28


@pytest.mark.integration
def test_the_night_passes_the_audit_and_survives_the_folder(tmp_path: Path) -> None:
    made = import_feed(zip_of(tmp_path, [*hourly(), X1]))
    write_folder(made, tmp_path)
    assert load_network(tmp_path).digest == made.network.digest
    start = in_madrid(2026, 3, 6, 23)
    assert_clean(audited(made.network, start, start + timedelta(hours=9)))


def test_a_trip_past_30_00_runs_only_on_the_day_after_its_own_date(tmp_path: Path) -> None:
    late = Trip("late", "SA", 0, every_five_minutes(30 * HOUR_S + 1800))
    [line] = imported(tmp_path, [*hourly(), late]).lines
    first = [planned(line, FRIDAY + timedelta(days=number))[0] for number in range(4)]
    hours = [(each.astimezone(MADRID).weekday(), each.astimezone(MADRID).hour) for each in first]
    assert hours == [(4, 7), (5, 7), (6, 6), (0, 7)]


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)])
def test_night_lines_lose_no_departure_in_the_nights_of_the_clock_changes(
    change: date, tmp_path: Path
) -> None:
    trips = [
        Trip(f"{service}{hour}{way}", service, way, every_five_minutes(hour * HOUR_S + 1800 * way, stops))
        for service in ("WK", "SA", "SU")
        for hour in range(6)
        for way, stops in ((0, "ABC"), (1, "CBA"))
    ]
    [line] = imported(tmp_path, trips).lines
    assert line.night
    days = [change + timedelta(days=number) for number in (-2, -1, 0, 1)]
    assert [len(planned(line, day)) for day in days] == [12] * 4
    # Times count from noon minus 12 hours, so the trip at 00:00 leaves at 23:00 or 01:00 by the wall clock.
    noon = datetime(change.year, change.month, change.day, 12, tzinfo=MADRID).astimezone(ZoneInfo("UTC"))
    expected = [noon - timedelta(minutes=720 - 30 * number) for number in range(12)]
    assert planned(line, change - ONE_DAY) == expected
    assert len(departures(line, change - ONE_DAY)) == 12


def test_a_feed_in_another_time_zone_runs_by_its_own_clock(tmp_path: Path) -> None:
    made = import_feed(zip_of(tmp_path, hourly(), timezone="America/New_York"))
    [line] = made.network.lines
    new_york = ZoneInfo("America/New_York")
    for day in (FRIDAY, date(2026, 3, 10), date(2026, 7, 1)):  # the clocks differ by 6, 5 and 6 hours
        first = departures(line, day)[0]
        assert datetime(day.year, day.month, day.day, 7, tzinfo=new_york) <= first
        assert first.astimezone(new_york).hour == 7
    write_folder(made, tmp_path)
    assert load_network(tmp_path).digest == made.network.digest


def test_dates_with_other_services_or_none_are_those_of_the_feed(tmp_path: Path) -> None:
    holiday, closed = date(2026, 3, 19), date(2026, 3, 24)
    sundays = [trip for trip in hourly(["SU"]) if trip.direction == 0]
    exceptions = (
        "service_id,date,exception_type\nWK,20260319,2\nSU,20260319,1\nWK,20260324,2\n"
        "WK,20260326,2\nSA,20260326,1\n"
    )
    trips = [*hourly(["WK", "SA"]), *sundays, Trip("night", "SU", 0, every_five_minutes(1800))]
    made = import_feed(zip_of(tmp_path, trips, calendar_dates=exceptions))
    [line] = made.network.lines
    assert line.dates["2026-03-19"] is DayType.SUNDAY
    assert line.dates["2026-03-24"] is None
    assert line.dates["2026-05-15"] is DayType.WEEKDAY  # a holiday of Madrid's, but not of the feed's
    counts = {
        day: len(departures(line, day)) for day in (holiday, closed, holiday - ONE_DAY, date(2026, 5, 14))
    }
    assert counts == {holiday: 14, closed: 0, holiday - ONE_DAY: 29, date(2026, 5, 14): 28}
    assert any(
        text.startswith("as in the feed, lines have another day type's service") for text in made.report
    )
    write_folder(made, tmp_path)
    assert load_network(tmp_path).digest == made.network.digest
    start = in_madrid(2026, 3, 23, 18)
    assert_clean(audited(made.network, start, start + timedelta(hours=40)))


@examples(40, quick=4)
@given(
    at_minutes=st.lists(st.integers(0, 34 * 60), min_size=1, max_size=6, unique=True),
    services=st.lists(st.sampled_from(["WK", "SA", "SU"]), min_size=6, max_size=6),
    first=st.dates(date(2026, 1, 2), date(2026, 12, 20)),
)
@pytest.mark.integration
def test_every_trip_of_a_date_runs_once_at_its_instant(
    at_minutes: list[int], services: list[str], first: date, tmp_path_factory: pytest.TempPathFactory
) -> None:
    minutes = [60 * each for each in at_minutes]
    trips = [
        Trip(f"T{number}", service, 0, every_five_minutes(at))
        for number, (at, service) in enumerate(zip(minutes, services, strict=False))
    ]
    made = import_feed(zip_of(tmp_path_factory.mktemp("feed"), trips))
    days = [first + timedelta(days=number) for number in range(-3, 7)]
    window = (first.toordinal(), first.toordinal() + 3)
    found: Counter[datetime] = Counter()
    for line in made.network.lines:
        handovers = [handover_ms(line, day) for day in days]
        for day, (start, end) in zip(days, itertools.pairwise(handovers), strict=False):
            assert days_between(line, start, end) == [day]
            assert all(to_datetime(start) < each < to_datetime(end) for each in planned(line, day))
            found.update(planned(line, day))
    expected = Counter(
        to_datetime(origin_ms(day) + 1000 * at)
        for day in days
        for at, service in zip(minutes, services, strict=False)
        if service == SERVICE_OF[weekday_kind(day)]
    )
    found, expected = (
        Counter({at: n for at, n in times.items() if window[0] <= at.toordinal() < window[1]})
        for times in (found, expected)
    )
    assert found - expected == Counter()
    left_out = any(text.startswith("left out, too late") for text in made.report)
    assert left_out or found == expected
