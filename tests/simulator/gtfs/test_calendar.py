from datetime import date, timedelta

from simulator.gtfs.calendar import Calendar, representative_days, weekday_kind
from simulator.types import DayType

MONDAY = date(2026, 3, 2)
TRIPS = {"few": 10, "many": 20}


def calendar(**services: str) -> Calendar:
    """By service the days with it, counted from a Monday."""
    days = {name: {int(number) for number in text.split()} for name, text in services.items()}
    wanted = sorted(set().union(*days.values()))
    return Calendar(
        {
            MONDAY + timedelta(days=number): frozenset(name for name in days if number in days[name])
            for number in wanted
        }
    )


def test_the_date_with_the_most_trips_represents_its_day_type() -> None:
    found = representative_days(calendar(few="0 1 3", many="2 9"), TRIPS, None)
    assert found == {DayType.WEEKDAY: MONDAY + timedelta(days=2)}


def test_other_day_types_are_represented_by_busy_dates_nearby() -> None:
    found = representative_days(calendar(few="0 5 6", many="2 12 34"), TRIPS, MONDAY)
    assert found == {
        DayType.WEEKDAY: MONDAY,
        DayType.SATURDAY: MONDAY + timedelta(days=12),
        DayType.SUNDAY: MONDAY + timedelta(days=6),
    }


def test_without_a_date_nearby_the_nearest_counts() -> None:
    found = representative_days(calendar(few="0 26 33"), TRIPS, MONDAY)
    assert found[DayType.SATURDAY] == MONDAY + timedelta(days=26)


def test_a_calendar_without_trips_represents_nothing() -> None:
    assert representative_days(calendar(unused="0 1 2"), TRIPS, None) == {}


def test_the_day_of_the_week_alone_decides_the_day_type() -> None:
    kinds = [weekday_kind(MONDAY + timedelta(days=number)) for number in range(7)]
    assert kinds == [DayType.WEEKDAY] * 5 + [DayType.SATURDAY, DayType.SUNDAY]
