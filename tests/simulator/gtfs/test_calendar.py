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


def chosen(dates: Calendar, near: date | None = None) -> dict[DayType, int]:
    """By day type the date that represents it, as days from the Monday."""
    found = representative_days(dates, TRIPS, near)
    return {kind: (day - MONDAY).days for kind, (day, _) in found.items()}


def test_a_date_whose_services_run_most_often_represents_its_day_type() -> None:
    dates = calendar(few="0 1 3", many="2 9")
    assert chosen(dates) == {DayType.WEEKDAY: 0}
    why = representative_days(dates, TRIPS, None)[DayType.WEEKDAY].why
    assert why == "its services (few) run on 3 of 5 such dates"


def test_a_date_on_which_two_versions_overlap_is_chosen_only_without_another() -> None:
    dates = calendar(few="0 1 2 3 4", many="2 3 4 7 8")
    assert chosen(dates) == {DayType.WEEKDAY: 7}
    why = representative_days(dates, TRIPS, None)[DayType.WEEKDAY].why
    assert (
        why
        == "its services (many) run on 2 of 7 such dates; on 3 others two versions of the timetable overlap"
    )
    asked = representative_days(dates, TRIPS, MONDAY + timedelta(days=3))[DayType.WEEKDAY]
    assert asked.why == "the date asked for: two versions of the timetable overlap on it"


def test_of_dates_that_all_differ_the_middle_one_by_trips_is_typical() -> None:
    trips = {f"s{day}": trips for day, trips in enumerate((20, 10, 1000, 30))}
    found = representative_days(calendar(s0="0", s1="1", s2="2", s3="3"), trips, None)
    assert found[DayType.WEEKDAY].day == MONDAY + timedelta(days=3)


def test_other_day_types_are_represented_by_busy_dates_nearby() -> None:
    assert chosen(calendar(few="0 5 6", many="2 12 34"), MONDAY) == {
        DayType.WEEKDAY: 0,
        DayType.SATURDAY: 12,
        DayType.SUNDAY: 6,
    }


def test_without_a_date_nearby_the_nearest_counts() -> None:
    assert chosen(calendar(few="0 26 33"), MONDAY)[DayType.SATURDAY] == 26


def test_a_calendar_without_trips_represents_nothing() -> None:
    assert representative_days(calendar(unused="0 1 2"), TRIPS, None) == {}


def test_the_day_of_the_week_alone_decides_the_day_type() -> None:
    kinds = [weekday_kind(MONDAY + timedelta(days=number)) for number in range(7)]
    assert kinds == [DayType.WEEKDAY] * 5 + [DayType.SATURDAY, DayType.SUNDAY]
