"""The times of a schedule: `rate(5 minutes)`, or `cron(0 12 * * ? *)` in UTC, as EventBridge has them.

A day of the month may be `L`, the last, or `15W`, the weekday nearest to the 15th; a day of the week `MON#2`,
the second Monday of a month, `6L`, its last Friday, or `L`, the last day of the week. One of both is `?`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from services.timestream_local.errors import ValidationException

_RATE = re.compile(r"rate\(\s*([1-9][0-9]{0,5})\s+(minute|hour|day)s?\s*\)", re.ASCII)
_NEAREST = re.compile(r"([1-9]|[12][0-9]|3[01])W", re.ASCII)
_NTH = re.compile(r"([1-7]|[A-Z]{3})(?:#([1-5])|L)", re.ASCII)
_CRON = re.compile(r"cron\(\s*(\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s*\)", re.ASCII)
UNITS_S = {"minute": 60, "hour": 3600, "day": 86_400}
MONTHS = {date(2000, n, 1).strftime("%b").upper(): n for n in range(1, 13)}
DAYS = {name: n for n, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
NAMES: tuple[Mapping[str, int], ...] = ({}, {}, {}, MONTHS, DAYS, {})
FARTHEST_DAYS = 366 * 9

NextRun = Callable[[float], float | None]
"""The first time of a schedule after another, both in seconds since the epoch; None if there is none."""

Days = Callable[[datetime], bool]
"""Whether a day is one that a schedule allows."""


def schedule_of(expression: str, since_s: float) -> NextRun:
    """The schedule of an expression; a rate counts from `since_s`. Raises `ValidationException`."""
    rate, cron = _RATE.fullmatch(expression.strip()), _CRON.fullmatch(expression.strip())
    if rate is not None:
        period = int(rate[1]) * UNITS_S[rate[2]]
        return lambda after: since_s + max(int((after - since_s) // period) + 1, 1) * period
    if cron is None:
        raise _wrong(expression)
    texts = cron[1].upper().split()
    days = _days(expression, texts[2], texts[4])
    minutes, hours, months, years = (_values(expression, n, texts[n]) for n in (0, 1, 3, 5))
    return Cron(minutes, hours, days, months, years).after


def _days(expression: str, of_month: str, of_week: str) -> Days:
    """The days that the fields of a cron expression for them allow."""
    if (of_month == "?") == (of_week == "?"):
        raise _wrong(expression)
    if of_week == "?":
        return _days_of_month(expression, of_month)
    nth = _NTH.fullmatch(of_week)
    if nth is None:
        weekdays = _values(expression, 4, "7" if of_week == "L" else of_week)
        return lambda on: _weekday(on) in weekdays
    (weekday,) = _values(expression, 4, nth[1])
    if nth[2] is not None:
        return lambda on: _weekday(on) == weekday and (on.day + 6) // 7 == int(nth[2])
    return lambda on: _weekday(on) == weekday and on.day + 7 > _last_day(on)


def _days_of_month(expression: str, text: str) -> Days:
    nearest = _NEAREST.fullmatch(text)
    if nearest is not None:
        return lambda on: on.day == _nearest_weekday(on, int(nearest[1]))
    if text == "L":
        return lambda on: on.day == _last_day(on)
    days = _values(expression, 2, text)
    return lambda on: on.day in days


def _last_day(on: datetime) -> int:
    return monthrange(on.year, on.month)[1]


def _weekday(on: datetime) -> int:
    """1 is Sunday."""
    return on.isoweekday() % 7 + 1


def _nearest_weekday(on: datetime, day: int) -> int | None:
    """The day from Monday to Friday nearest to a day of the month, in the same month."""
    last = _last_day(on)
    if day > last:
        return None
    weekday = _weekday(on.replace(day=day))
    if weekday == 7:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < last else day - 2
    return day


def _wrong(expression: str) -> ValidationException:
    return ValidationException(
        f"ScheduleExpression '{expression[:64]}' is not valid: write rate(5 minutes) or cron(0 12 * * ? *)"
    )


def _values(expression: str, place: int, text: str) -> frozenset[int]:
    """The values that a field of a cron expression allows."""
    least, most = BOUNDS[place]
    found: set[int] = set()
    for part in text.split(","):
        whole, _, step = part.partition("/")
        first, dash, last = whole.partition("-")
        try:
            if whole in ("*", "?"):
                begin, end = least, most
            else:
                begin = NAMES[place].get(first) or int(first)
                end = (NAMES[place].get(last) or int(last)) if dash else (most if step else begin)
            found |= set(range(begin, end + 1, int(step or 1)))
        except ValueError:
            raise _wrong(expression) from None
    if not found or min(found) < least or max(found) > most:
        raise _wrong(expression)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each field of a cron expression allows."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: Days
    months: frozenset[int]
    years: frozenset[int]

    def after(self, after_s: float) -> float | None:
        """The first time after `after_s`, in seconds since the epoch."""
        start = datetime.fromtimestamp(after_s, UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for day in range(FARTHEST_DAYS):
            on = start + timedelta(days=day)
            if on.month not in self.months or on.year not in self.years or not self.days(on):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    found = on.replace(hour=hour, minute=minute)
                    if found >= start:
                        return found.timestamp()
        return None
