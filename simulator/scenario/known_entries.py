"""Which entries with a period apply to a line-day, as far as is known at an instant of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple, TypeAlias, TypeVar

from simulator.network import Line
from simulator.scenario.demand import DemandChange, Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.headway_control import ControlChange
from simulator.scenario.spans import WHOLE_DAY, Period, Span
from simulator.scenario.weather_changes import WeatherChange
from simulator.service_day import handover_ms, origin_ms
from simulator.types import SECOND_MS

Timed: TypeAlias = (
    DemandChange
    | Surge
    | Breakdown
    | Closure
    | SlowZone
    | ClosedStop
    | Strike
    | WeatherChange
    | ControlChange
)
_Spanned = TypeVar(
    "_Spanned", DemandChange, Surge, Closure, SlowZone, ClosedStop, Strike, WeatherChange, ControlChange
)


class LineDayBounds(NamedTuple):
    """A line-day's origin and the bounds of what it owns, ms since the epoch."""

    origin: int
    starts: int
    ends: int

    @classmethod
    def of(cls, line: Line, day: date) -> LineDayBounds:
        """The bounds of a line's service day."""
        handovers = handover_ms(line, day), handover_ms(line, day + timedelta(days=1))
        return cls(origin_ms(day, line.timezone), *handovers)


class KnownEntries(NamedTuple):
    """What is known at an instant of a line-day; `touched`: it is one of the scenario's days."""

    bounds: LineDayBounds
    instant: int
    touched: bool

    def span(self, period: Period) -> Span | None:
        """The part of the line-day that lies in a period, as far as it is known; None for no part."""
        origin, starts = self.bounds.origin, self.bounds.starts
        start = starts if period.start is None else max(period.start, starts)
        if start > self.instant or (period.end is not None and period.end <= start):
            return None
        # An end that isn't known and one after the line-day are the same to it.
        is_over = period.end is not None and period.end <= self.instant
        end_s = (period.end - origin) // SECOND_MS if is_over and period.end is not None else WHOLE_DAY.end_s
        return Span((start - origin) // SECOND_MS, end_s)

    def of(self, entries: Iterable[_Spanned]) -> tuple[_Spanned, ...]:
        """The entries that apply in some part of the line-day, with that part as their span."""
        found: list[_Spanned] = []
        for entry in entries:
            if entry.period is None:
                found += [entry] if self.touched else []
            elif (span := self.span(entry.period)) is not None:
                found.append(dataclasses.replace(entry, span=span, period=None))
        return tuple(found)

    def breakdowns(self, entries: Iterable[Breakdown]) -> tuple[Breakdown, ...]:
        """The breakdowns of the line-day, with the seconds at which they begin."""
        found: list[Breakdown] = []
        for entry in entries:
            if entry.period is None:
                found += [entry] if self.touched else []
                continue
            span, start = self.span(entry.period), entry.period.start
            # A bus breaks down once: on the service day in which the period begins.
            if span is not None and start is not None and start >= self.bounds.starts:
                by_s = span.end_s if span.end_s < WHOLE_DAY.end_s else None
                found.append(dataclasses.replace(entry, time_s=span.start_s, period=None, repaired_by_s=by_s))
        return tuple(found)
