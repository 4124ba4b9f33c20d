"""The times of a schedule: `rate(5 minutes)`, or `cron(0 12 * * ? *)` in UTC, as EventBridge has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from services.timestream_local.errors import ValidationException

_RATE = re.compile(r"rate\(\s*([1-9][0-9]{0,5})\s+(minute|hour|day)s?\s*\)", re.ASCII)
_CRON = re.compile(r"cron\(\s*(\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s*\)", re.ASCII)
UNITS_S = {"minute": 60, "hour": 3600, "day": 86_400}
MONTHS = {date(2000, n, 1).strftime("%b").upper(): n for n in range(1, 13)}
DAYS = {name: n for n, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
NAMES: tuple[Mapping[str, int], ...] = ({}, {}, {}, MONTHS, DAYS, {})
FARTHEST_DAYS = 366 * 9

NextRun = Callable[[float], float | None]
"""The first time of a schedule after another, both in seconds since the epoch; None if there is none."""


def schedule_of(expression: str, since_s: float) -> NextRun:
    """The schedule of an expression; a rate counts from `since_s`. Raises `ValidationException`."""
    rate, cron = _RATE.fullmatch(expression.strip()), _CRON.fullmatch(expression.strip())
    if rate is not None:
        period = int(rate[1]) * UNITS_S[rate[2]]
        return lambda after: since_s + max(int((after - since_s) // period) + 1, 1) * period
    if cron is None:
        raise _wrong(expression)
    fields = [_values(expression, n, text) for n, text in enumerate(cron[1].split())]
    return Cron(*fields).after


def _wrong(expression: str) -> ValidationException:
    return ValidationException(
        f"ScheduleExpression '{expression[:64]}' is not valid: write rate(5 minutes) or cron(0 12 * * ? *)"
    )


def _values(expression: str, place: int, text: str) -> frozenset[int]:
    """The values that a field of a cron expression allows."""
    least, most = BOUNDS[place]
    found: set[int] = set()
    for part in text.upper().split(","):
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
    """The values that each field of a cron expression allows; weekdays count from Sunday, which is 1."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    def after(self, after_s: float) -> float | None:
        """The first time after `after_s`, in seconds since the epoch."""
        start = datetime.fromtimestamp(after_s, UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for day in range(FARTHEST_DAYS):
            on = start + timedelta(days=day)
            if not self._has_day(on):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    found = on.replace(hour=hour, minute=minute)
                    if found >= start:
                        return found.timestamp()
        return None

    def _has_day(self, on: datetime) -> bool:
        in_month = on.day in self.days and on.month in self.months
        in_week = on.isoweekday() % 7 + 1 in self.weekdays
        return in_month and in_week and on.year in self.years
