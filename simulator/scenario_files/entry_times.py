"""When entries apply, compared with one another: parts of the service day on some dates, or periods."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TypeAlias

from simulator.network_files.timetable import clock
from simulator.scenario.spans import Period, Span
from simulator.service_day import origin_ms
from simulator.types import SECOND_MS, to_datetime

When: TypeAlias = Span | Period
"""When an entry applies: in a part of each of the scenario's days, or once."""
Days: TypeAlias = tuple[date, date]
"""The first and the last service day of a scenario."""
LONGEST_SPAN = timedelta(days=3)
"""No service day's times reach farther from its date."""


def instant_text(instant: int) -> str:
    """An instant as 2026-03-03T18:10:05Z."""
    return f"{to_datetime(instant):%Y-%m-%dT%H:%M:%SZ}"


def is_empty(when: When) -> bool:
    """Whether it ends before it begins, or at once."""
    if isinstance(when, Span):
        return when.start_s >= when.end_s
    return when.start is not None and when.end is not None and when.start >= when.end


def spoken_bounds(when: When) -> tuple[str, str]:
    """The start and the end in words, "always" for none."""
    if isinstance(when, Span):
        return clock(when.start_s), clock(when.end_s)
    start, end = ("always" if each is None else instant_text(each) for each in (when.start, when.end))
    return start, end


def overlap(one: When, other: When, days: Days | None, *, touch: bool = False) -> bool:
    """Whether two entries of a scenario on some dates apply at one instant; `touch`: or meet."""
    if isinstance(one, Span) and isinstance(other, Span):
        return _meet(one.start_s, one.end_s, other.start_s, other.end_s, touch=touch)
    return any(
        _meet(a.start, a.end, b.start, b.end, touch=touch)
        for a in _periods(one, other, days)
        for b in _periods(other, one, days)
    )


def dates_near(period: Period, days: Days) -> Iterator[date]:
    """The dates among `days` whose service days a period may meet."""
    first, last = days
    if period.start is not None:
        first = max(first, to_datetime(period.start).date() - LONGEST_SPAN)
    if period.end is not None:
        last = min(last, to_datetime(period.end).date() + LONGEST_SPAN)
    yield from (first + timedelta(days=number) for number in range((last - first).days + 1))


def _periods(when: When, other: When, days: Days | None) -> Iterator[Period]:
    """The periods in which an entry applies, as far as another one, a period, may meet them."""
    if isinstance(when, Period):
        yield when
    elif days is not None and isinstance(other, Period):
        for day in dates_near(other, days):
            origin = origin_ms(day)
            yield Period(origin + when.start_s * SECOND_MS, origin + when.end_s * SECOND_MS)


def _meet(
    start: int | None, end: int | None, other_start: int | None, other_end: int | None, *, touch: bool
) -> bool:
    def before(ends: int | None, starts: int | None) -> bool:
        if ends is None or starts is None:
            return False
        return ends < starts if touch else ends <= starts

    return not before(end, other_start) and not before(other_end, start)
