"""The service day: dates, day types, Madrid's holidays, departures, and which instants a line-day owns.

Times of a service day count from its origin, noon minus 12 hours (GTFS reference, `stop_times`), so that
days of 23 and 25 hours come out right.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulator.network import DAY_S, MADRID_TIME, Departure, Line, Service
from simulator.types import DayType, Ms, to_datetime, to_ms

MADRID = ZoneInfo(MADRID_TIME)
IDLE_LATER_S = 8 * 3600
DOORS_EARLY_S = 60
"""A bus opens its doors this long before a departure."""

FIXED_HOLIDAYS = frozenset(
    {(1, 1), (1, 6), (5, 1), (5, 2), (5, 15), (8, 15), (10, 12), (11, 1), (11, 9), (12, 6), (12, 8), (12, 25)}
)
"""National, regional (2 May) and municipal (15 May, 9 November) holidays of Madrid as (month, day)."""


@cache
def origin_ms(day: date, timezone: str = MADRID_TIME) -> Ms:
    """Noon minus 12 hours of a civil date in a time zone."""
    noon = datetime.combine(day, time(12), ZoneInfo(timezone))
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


def service_type(line: Line, day: date) -> DayType | None:
    """The day type whose service a line has on a date; None on a date without service."""
    return line.dates.get(day.isoformat(), day_type(day)) if line.dates else day_type(day)


class NeighbourDay(NamedTuple):
    """A service day's neighbour: the day type of its service, the seconds from one origin to the other."""

    kind: DayType | None
    shift_s: int


def _neighbours(line: Line, day: date) -> tuple[NeighbourDay, NeighbourDay]:
    """The dates before and after one."""
    origin = origin_ms(day, line.timezone)
    before, after = (
        NeighbourDay(service_type(line, each), (origin_ms(each, line.timezone) - origin) // 1000)
        for each in (day - timedelta(days=1), day + timedelta(days=1))
    )
    return before, after


def service_on(line: Line, day: date) -> Service | None:
    """The service of a line-day, with the departures of the neighbouring dates that lie in it.

    Times count from the line-day's own origin. None on a day without service.
    """
    kind = service_type(line, day)
    if not line.overnight:
        return None if kind is None else line.services.get(kind)
    return _joined(line, kind, *_neighbours(line, day))


def possible_services(line: Line) -> list[Service]:
    """The services of all line-days that may occur, whatever the day types of the neighbouring dates."""
    if not line.overnight:
        return list(line.services.values())
    kinds = itertools.product(DayType, repeat=3)
    found = (
        _joined(line, own, NeighbourDay(before, -DAY_S), NeighbourDay(after, DAY_S))
        for before, own, after in kinds
    )
    return [service for service in found if service is not None]


def usual_service(line: Line, kind: DayType) -> Service | None:
    """The service of a day type between dates of the same type."""
    if not line.overnight:
        return line.services.get(kind)
    return _joined(line, kind, NeighbourDay(kind, -DAY_S), NeighbourDay(kind, DAY_S))


def early(line: Line, kind: DayType | None) -> tuple[Departure, ...]:
    """The departures of a day type's dates that lie in the line-day before, by time."""
    of_day = () if kind is None else line.overnight.get(kind, ())
    return of_day[: bisect_left(of_day, line.day_start_s, key=attrgetter("time_s"))]


def late(line: Line, kind: DayType | None) -> tuple[Departure, ...]:
    """The departures of a day type's dates that lie in the line-day after, by time."""
    of_day = () if kind is None else line.overnight.get(kind, ())
    return of_day[bisect_left(of_day, line.day_start_s, key=attrgetter("time_s")) :]


def _joined(line: Line, kind: DayType | None, before: NeighbourDay, after: NeighbourDay) -> Service | None:
    own = None if kind is None else line.services.get(kind)
    found = sorted(
        (
            *_shifted(late(line, before.kind), before.shift_s),
            *(own.departures if own else ()),
            *_shifted(early(line, after.kind), after.shift_s),
        ),
        key=attrgetter("time_s", "pattern_id"),
    )
    return Service(found[0].time_s, found[-1].time_s, (), tuple(found)) if found else None


def _shifted(departures: tuple[Departure, ...], shift_s: int) -> Iterator[Departure]:
    """Departures with times from another origin. Blocks of different dates stay apart."""
    for each in departures:
        block = f"{each.block}{'<' if shift_s < 0 else '>'}" if each.block else ""
        yield Departure(each.time_s + shift_s, each.pattern_id, each.timing, block)


def _first_departure_s(line: Line, day: date) -> int | None:
    """The second of a line-day's first departure; None on a day without service."""
    kind = service_type(line, day)
    own = None if kind is None else line.services.get(kind)
    found = [] if own is None else [own.start_s]
    if line.overnight:
        before, after = _neighbours(line, day)
        found += [each.time_s + before.shift_s for each in late(line, before.kind)[:1]]
        found += [each.time_s + after.shift_s for each in early(line, after.kind)[:1]]
    return min(found, default=None)


def idle_start_s(line: Line) -> int:
    """The second from which a line-day without service owns the line."""
    # Lines with single dates without service run late before them, as before any other: no bus has to be home
    # by 04:00 for their sake.
    return line.day_start_s + (IDLE_LATER_S if line.dates else 0)


def handover_ms(line: Line, day: date) -> Ms:
    """The instant from which the line-day of `day` owns the line's buses and stops.

    Between the last trip's end and the next day's first departure every bus stands at home, so the line-day
    that ended owns them until a minute before that departure, when doors open for it.
    """
    first_s = _first_departure_s(line, day)
    start_s = idle_start_s(line) if first_s is None else first_s - DOORS_EARLY_S
    return Ms(origin_ms(day, line.timezone) + start_s * 1000)


def owner(line: Line, instant: int) -> date:
    """The service day whose line-day owns `instant` (ms since the epoch)."""
    day = to_datetime(instant).astimezone(ZoneInfo(line.timezone)).date() + timedelta(days=1)
    while handover_ms(line, day) > instant:
        day -= timedelta(days=1)
    return day


def days_between(line: Line, start: int, end: int) -> list[date]:
    """The service days whose line-days own some part of [start, end), in order."""
    first, last = owner(line, start), owner(line, max(start, end - 1))
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]
