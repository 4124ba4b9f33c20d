"""The planned trips of a line are those that its dispatch plans; planned calls last as long as it expects."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from simulator.day import travel
from simulator.day.line_day import line_day
from simulator.network import Departure, Headway, Hold, Line, Service, Timing
from simulator.planned_service import PlannedCall, PlannedTrip, planned_calls, planned_trips
from simulator.types import DayType
from tests.networks import line, pattern, street

MONDAY = date(2026, 3, 2)
HOUR_S = 3600


def timetabled(**changed: object) -> Line:
    """A line with a departure at 08:00 in each direction."""
    departures = (Departure(8 * HOUR_S, "L1-0"), Departure(8 * HOUR_S, "L1-1"))
    service = Service(8 * HOUR_S, 8 * HOUR_S, (), departures)
    made = line("L1", street(4), services={DayType.WEEKDAY: service})
    for name, value in changed.items():
        object.__setattr__(made, name, value)
    return made


def test_headways_are_kept_within_their_bands_in_each_direction() -> None:
    bands = (Headway(6 * HOUR_S, 7 * HOUR_S, 1500), Headway(8 * HOUR_S, 8 * HOUR_S + 1800, 1800))
    service = Service(6 * HOUR_S, 9 * HOUR_S, bands)
    trips = planned_trips(line("L1", street(4), services={DayType.WEEKDAY: service}), DayType.WEEKDAY, 3)
    assert [(t.number, t.departs_s, t.headway_s) for t in trips if t.direction == 0] == [
        (1, 21600, 1500),
        (2, 23100, 1500),
        (3, 24600, 1500),
        (4, 28800, 1800),
        (5, 30600, 1800),
    ]
    assert Counter(trip.direction for trip in trips) == {0: 5, 1: 5}


def test_with_buses_to_spare_as_many_trips_run_as_are_planned() -> None:
    service = Service(6 * HOUR_S, 12 * HOUR_S, (Headway(6 * HOUR_S, 12 * HOUR_S, 1800),))
    made = line("L1", street(5), buses=8, services=dict.fromkeys(DayType, service), rate=0.05)
    planned = Counter(trip.direction for trip in planned_trips(made, DayType.WEEKDAY, 8))
    ran = Counter(int(name.split("-")[2]) for name in line_day(made, seed=1, day=MONDAY).trips)
    assert ran == planned == {0: 13, 1: 13}


def test_headways_follow_from_the_buses_where_none_are_given() -> None:
    made = line("L1", street(12), buses=6)
    few, many = (len(planned_trips(made, DayType.WEEKDAY, buses)) for buses in (2, 6))
    assert 2 * few < many


def test_a_date_has_its_departures_in_all_line_days_with_blocks_of_their_own() -> None:
    beyond = (Departure(1800, "L1-0", None, "a"), Departure(29 * HOUR_S, "L1-0", None, "a"))
    own = Service(36_000, 36_000, (), (Departure(36_000, "L1-0", None, "a"),))
    made = timetabled(services={DayType.SUNDAY: own}, overnight={DayType.SUNDAY: beyond})
    assert planned_trips(made, DayType.SUNDAY, 3) == [
        PlannedTrip(1, 0, 1800, 0, None, "a>"),
        PlannedTrip(2, 0, 36_000, 0, None, "a"),
        PlannedTrip(3, 0, 29 * HOUR_S, 0, None, "a<"),
    ]
    assert planned_trips(made, DayType.SATURDAY, 3) == []


def test_calls_of_a_timing_wait_at_timepoints() -> None:
    timing = Timing((60, 80, 70), (Hold(2, 200),))
    made = timetabled(patterns=(pattern("L1-0", 0, street(4)),))
    object.__setattr__(made.patterns[0], "timings", (timing,))
    calls = planned_calls(made, DayType.WEEKDAY, PlannedTrip(1, 0, 8 * HOUR_S, 0, timing=0))
    assert calls == [(0, 0), (60, 60), (140, 200), (270, 270)]


@pytest.mark.parametrize("hour", [8, 22, 25])
def test_calls_at_the_lines_speed_take_as_long_as_the_dispatch_plans(hour: int) -> None:
    made = line("L1", street(6), speed_kmh=19.0)
    calls = planned_calls(made, DayType.WEEKDAY, PlannedTrip(1, 0, hour * HOUR_S, 0))
    hops = travel.hops(made.patterns[0], made.speed_kmh)
    trip_s = travel.planned_trip_s(hops, travel.speed_by_hour(DayType.WEEKDAY)[hour])
    # The dispatch counts the last stop's dwell, too.
    assert calls[-1].leaves_s == pytest.approx(trip_s - travel.DWELL_ESTIMATE_S, abs=1)
    assert [call.leaves_s - call.arrives_s for call in calls] == [0, 11, 11, 11, 11, 0]
    assert calls == sorted(calls)
    assert calls[0] == PlannedCall(0, 0)
