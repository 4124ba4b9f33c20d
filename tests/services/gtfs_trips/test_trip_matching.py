"""The rule that links the day's trips with the planned ones: by turns with a timetable, by time without."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from services.gtfs_trips.planned_days import FeedTrip, PlannedDays
from services.gtfs_trips.trip_matching import RunTrip, match_trips
from simulator.network import Departure, Line, Service
from simulator.types import DayType
from tests.networks import line, network, street

DAY = date(2026, 3, 3)
EIGHT = datetime(2026, 3, 3, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def scheduled(*departures: Departure) -> Line:
    """A line with departures from its first terminal, two buses."""
    plain = line("L1", street(3), buses=2)
    service = Service(departures[0].time_s, departures[-1].time_s, (), departures)
    return replace(plain, services={DayType.WEEKDAY: service})


def at(minute: float, block: str = "") -> Departure:
    return Departure(8 * 3600 + round(60 * minute), "L1-0", None, block)


def planned(of: Line) -> list[FeedTrip]:
    return list(PlannedDays(network(of)).of_line_day("L1", DAY))


def trip(number: int, bus: str, taken: float | None, departs: float) -> RunTrip:
    """A trip whose bus was free so many minutes after eight, and that departed so many after."""
    free = None if taken is None else EIGHT + taken * MINUTE
    return RunTrip(f"L1-20260303-0-{number:03d}", 0, number, bus, free, EIGHT + departs * MINUTE, (0,))


def matched(of: Line, *trips: RunTrip) -> dict[int, str]:
    """The minute of the planned departure of each trip, by its number."""
    found = match_trips(of, planned(of), trips)
    numbers = {each.trip_id: each.number for each in trips}
    return {numbers[name]: each.departs.strftime("%M") for name, each in found.items()}


def test_trips_have_their_turns_by_when_their_buses_were_free() -> None:
    of = scheduled(at(10), at(20), at(30))
    # The bus that was free first departs so late that the other one is ahead of it.
    trips = trip(2, "B001", 1, 24), trip(1, "B002", 5, 21), trip(3, "B001", 28, 31)
    assert matched(of, *trips) == {2: "10", 1: "20", 3: "30"}


def test_departures_that_would_be_over_half_an_hour_late_are_cancelled() -> None:
    of = scheduled(at(10), at(20), at(30))
    assert matched(of, trip(1, "B001", 39, 42)) == {1: "20"}
    assert matched(of, trip(1, "B001", 37.9, 42)) == {1: "10"}


def test_a_block_stays_with_its_bus() -> None:
    of = scheduled(at(10, "a"), at(12, "b"), at(30, "a"), at(31, "b"))
    trips = trip(1, "B001", 0, 10), trip(2, "B002", 1, 12), trip(3, "B002", 20, 32), trip(4, "B001", 21, 33)
    assert matched(of, *trips) == {1: "10", 2: "12", 3: "31", 4: "30"}


def test_trips_that_begin_at_a_later_stop_are_none_of_the_planned_ones() -> None:
    of = scheduled(at(10), at(20))
    assert matched(of, replace(trip(1, "B001", 0, 10), patterns=())) == {}


def test_without_a_timetable_a_trip_is_the_last_departure_that_was_due_or_the_next() -> None:
    of = line("L1", street(3), buses=2)
    departs = [each.departs for each in planned(of) if each.pattern == 0]
    first, second, third = departs[:3]
    early = second - timedelta(seconds=61)
    trips = [
        RunTrip(f"trip-{number}", 0, number, "B001", None, time, (0,))
        for number, time in enumerate((first + MINUTE, early, third))
    ]
    found = match_trips(of, planned(of), trips)
    assert {name: each.departs for name, each in found.items()} == {
        "trip-0": first,
        "trip-1": second,
        "trip-2": third,
    }


def test_ids_are_those_of_the_static_feed() -> None:
    of = scheduled(at(10), at(20))
    assert [(each.trip_id, each.start_date, each.headway) for each in planned(of)] == [
        ("L1-weekday-0-001", DAY, None),
        ("L1-weekday-0-002", DAY, None),
    ]
