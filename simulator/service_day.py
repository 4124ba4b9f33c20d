"""The service day in Europe/Madrid: dates, day types, holidays, and which instants a line-day owns.

Times of a service day count from its origin, noon minus 12 hours (GTFS reference, `stop_times`), so that
days of 23 and 25 hours come out right.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from simulator.network import Line
from simulator.types import DayType, Ms, to_datetime, to_ms

MADRID = ZoneInfo("Europe/Madrid")
DOORS_EARLY_S = 60
"""A bus opens its doors this long before a departure."""

FIXED_HOLIDAYS = frozenset(
    {(1, 1), (1, 6), (5, 1), (5, 2), (5, 15), (8, 15), (10, 12), (11, 1), (11, 9), (12, 6), (12, 8), (12, 25)}
)
"""National, regional (2 May) and municipal (15 May, 9 November) holidays of Madrid as (month, day)."""


@cache
def origin_ms(day: date) -> Ms:
    """Noon minus 12 hours of a civil date in Madrid."""
    noon = datetime.combine(day, time(12), MADRID)
    return Ms(to_ms(noon) - 12 * 3_600_000)


@cache
def easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, ch. 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def is_holiday(day: date) -> bool:
    """Whether a date is a public holiday of Madrid, on which buses run as on Sundays."""
    moved = {easter(day.year) - timedelta(days=3), easter(day.year) - timedelta(days=2)}
    return (day.month, day.day) in FIXED_HOLIDAYS or day in moved


@cache
def day_type(day: date) -> DayType:
    """The kind of service that a date has."""
    if day.weekday() == 6 or is_holiday(day):
        return DayType.SUNDAY
    return DayType.SATURDAY if day.weekday() == 5 else DayType.WEEKDAY


def handover_ms(line: Line, day: date) -> Ms:
    """The instant from which the line-day of `day` owns the line's buses and stops.

    Between the last trip's end and the next day's first departure every bus stands at home, so the line-day
    that ended owns them until a minute before that departure, when doors open for it.
    """
    service = line.services.get(day_type(day))
    start_s = line.day_start_s if service is None else service.start_s - DOORS_EARLY_S
    return Ms(origin_ms(day) + start_s * 1000)


def owner(line: Line, instant: int) -> date:
    """The service day whose line-day owns `instant` (ms since the epoch)."""
    day = to_datetime(instant).astimezone(MADRID).date() + timedelta(days=1)
    while handover_ms(line, day) > instant:
        day -= timedelta(days=1)
    return day


def days_between(line: Line, start: int, end: int) -> list[date]:
    """The service days whose line-days own some part of [start, end), in order."""
    first, last = owner(line, start), owner(line, max(start, end - 1))
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]
