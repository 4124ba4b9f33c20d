from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.network import Line, Service
from simulator.service_day import (
    day_type,
    days_between,
    easter,
    handover_ms,
    is_holiday,
    origin_ms,
    owner,
)
from simulator.types import HOUR_MS, MINUTE_MS, DayType, to_datetime, to_ms
from tests.networks import line, street

PLACES = street(4)
VARIED = {
    DayType.WEEKDAY: Service(19_800, 91_800),
    DayType.SATURDAY: Service(25_200, 93_600),
    DayType.SUNDAY: Service(28_800, 86_400),
}
LINES = {
    "day": line("L1", PLACES),
    "night": line("L2", PLACES, night=True),
    "hours by day type": line("L3", PLACES, services=VARIED),
    "no sundays": line("L4", PLACES, services={day: VARIED[day] for day in DayType if day != DayType.SUNDAY}),
}
FIRST, LAST = date(2024, 1, 1), date(2028, 12, 31)
DAYS = st.dates(FIRST, LAST)
INSTANTS = st.integers(to_ms(datetime(2024, 1, 2, tzinfo=UTC)), to_ms(datetime(2028, 12, 30, tzinfo=UTC)))
line_kinds = pytest.mark.parametrize("made", LINES.values(), ids=LINES)


@pytest.mark.parametrize(
    ("year", "day"),
    [
        (1961, date(1961, 4, 2)),
        (2000, date(2000, 4, 23)),
        (2008, date(2008, 3, 23)),
        (2011, date(2011, 4, 24)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),
    ],
)
def test_easter_is_when_the_almanac_says(year: int, day: date) -> None:
    assert easter(year) == day


@given(st.integers(1900, 2199))
def test_easter_is_a_sunday_in_spring(year: int) -> None:
    assert easter(year).weekday() == 6
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)


def test_the_holidays_of_2026() -> None:
    days = (date(2026, 1, 1) + timedelta(days=i) for i in range(365))
    assert [(day.month, day.day) for day in days if is_holiday(day)] == [
        (1, 1), (1, 6), (4, 2), (4, 3), (5, 1), (5, 2), (5, 15), (8, 15),
        (10, 12), (11, 1), (11, 9), (12, 6), (12, 8), (12, 25),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 3, 4), DayType.WEEKDAY),
        (date(2026, 3, 7), DayType.SATURDAY),
        (date(2026, 3, 8), DayType.SUNDAY),
        (date(2026, 4, 2), DayType.SUNDAY),  # Maundy Thursday
        (date(2026, 5, 2), DayType.SUNDAY),  # a holiday on a Saturday
        (date(2026, 5, 15), DayType.SUNDAY),  # San Isidro
    ],
)
def test_a_date_has_the_service_of_its_day_type(day: date, kind: DayType) -> None:
    assert day_type(day) == kind


@pytest.mark.parametrize(
    ("day", "origin", "hours"),
    [
        (date(2026, 3, 4), "2026-03-03T23:00:00+00:00", 24),
        (date(2026, 3, 28), "2026-03-27T23:00:00+00:00", 23),
        (date(2026, 3, 29), "2026-03-28T22:00:00+00:00", 24),  # noon minus 12 h on the day of 23 hours
        (date(2026, 7, 1), "2026-06-30T22:00:00+00:00", 24),
        (date(2026, 10, 24), "2026-10-23T22:00:00+00:00", 25),
        (date(2026, 10, 25), "2026-10-24T23:00:00+00:00", 24),  # and of 25
    ],
)
def test_a_service_day_counts_from_noon_minus_twelve_hours(day: date, origin: str, hours: int) -> None:
    assert to_datetime(origin_ms(day)).isoformat() == origin
    assert origin_ms(day + timedelta(days=1)) - origin_ms(day) == hours * HOUR_MS


@pytest.mark.parametrize("day", [date(2026, 3, 4), date(2026, 3, 29), date(2026, 10, 25)])
def test_a_departure_at_half_past_five_is_at_half_past_five_on_the_clock(day: date) -> None:
    offset_h = 1 if day < date(2026, 3, 29) or day >= date(2026, 10, 25) else 2
    first = to_datetime(handover_ms(LINES["day"], day) + MINUTE_MS)
    assert first == datetime(day.year, day.month, day.day, 5, 30, tzinfo=UTC) - timedelta(hours=offset_h)


def test_a_day_without_service_is_taken_over_at_the_start_of_the_service_day() -> None:
    sunday = date(2026, 3, 8)
    assert handover_ms(LINES["no sundays"], sunday) == origin_ms(sunday) + 4 * HOUR_MS


@line_kinds
def test_handovers_rise_strictly_day_by_day(made: Line) -> None:
    days = [FIRST + timedelta(days=i) for i in range((LAST - FIRST).days + 1)]
    handovers = [handover_ms(made, day) for day in days]
    assert all(20 * HOUR_MS < b - a < 30 * HOUR_MS for a, b in itertools.pairwise(handovers))


@line_kinds
@given(instant=INSTANTS)
def test_every_instant_has_exactly_one_owner(made: Line, instant: int) -> None:
    day = owner(made, instant)
    about = to_datetime(instant).date()
    near = [about + timedelta(days=i) for i in range(-3, 4)]
    owning = [d for d in near if handover_ms(made, d) <= instant < handover_ms(made, d + timedelta(days=1))]
    assert owning == [day]


@line_kinds
@given(day=DAYS)
def test_a_line_day_owns_from_its_handover_to_the_next(made: Line, day: date) -> None:
    handover = handover_ms(made, day)
    assert owner(made, handover) == day
    assert owner(made, handover - 1) == day - timedelta(days=1)


@line_kinds
@given(start=INSTANTS, length=st.integers(0, 5 * 24 * HOUR_MS))
def test_the_days_between_own_every_instant_between(made: Line, start: int, length: int) -> None:
    days = days_between(made, start, start + length)
    assert days == sorted(set(days))
    assert handover_ms(made, days[0]) <= start
    assert start + length <= handover_ms(made, days[-1] + timedelta(days=1))
    assert {owner(made, start + length * i // 7) for i in range(7)} <= set(days)
    assert length == 0 or days[-1] == owner(made, start + length - 1)


def test_an_hour_within_a_day_is_that_day_alone() -> None:
    noon = to_ms(datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert days_between(LINES["day"], noon, noon + HOUR_MS) == [date(2026, 3, 29)]
    assert days_between(LINES["night"], noon - 3 * HOUR_MS, noon) == [date(2026, 3, 28)]
