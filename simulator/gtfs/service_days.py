"""Where a feed's trips lie in line-days, and cuts of a route's service: day and night, without its last hour.

A trip counts its time from noon minus 12 hours of its service date (GTFS reference, `stop_times`), and a
line-day lasts 24 hours from 04:00 (night lines: 12:00) of its date. So a trip at 00:30 is part of the
line-day before its date, whatever service runs on that, and one at 30:30 of the line-day after it.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date, timedelta
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from simulator.gtfs.calendar import Calendar
from simulator.gtfs.routes import RouteService, ScheduledTrip
from simulator.network import DAY_S
from simulator.network_files.timetable import HOUR_S, day_start_s
from simulator.service_day import day_type
from simulator.types import DayType

MOST_DATES = 2000
"""Dates of a feed's calendar whose exceptions are taken: those around the chosen ones."""
NIGHT_FROM_S, NIGHT_UNTIL_S = 23 * HOUR_S, 6 * HOUR_S
OWN_AND_NEIGHBOURS = (1, 0, -1)
"""A line-day's trips: the date before's that depart a line-day later, its own, the next one's early ones."""


class OtherDates(NamedTuple):
    """The dates on which a route doesn't have the service of their day type.

    `with_type` has by date (ISO 8601) the day type whose service it has, None for no service; `unlike` the
    dates with services that are those of no day type.
    """

    with_type: Mapping[str, DayType | None]
    unlike: Sequence[date]


def other_dates(calendar: Calendar, chosen: Mapping[DayType, date], services: Set[str]) -> OtherDates:
    """The exceptions in a calendar of a route with these services; `chosen` dates represent the day types."""

    def running(day: date) -> Set[str]:
        return calendar.services.get(day, frozenset()) & services

    usual = {kind: running(chosen[kind]) if kind in chosen else frozenset() for kind in DayType}
    with_type: dict[str, DayType | None] = {}
    unlike = []
    days = (calendar.last - calendar.first).days + 1
    before = (min(chosen.values()) - calendar.first).days - MOST_DATES // 2
    skipped = max(min(before, days - MOST_DATES), 0)
    for number in range(skipped, min(skipped + MOST_DATES, days)):
        day = calendar.first + timedelta(days=number)
        found, kind = running(day), day_type(day)
        if found == usual[kind]:
            continue
        same = [other for other in DayType if usual[other] == found]
        if found and not same:
            unlike.append(day)
        else:
            with_type[day.isoformat()] = same[0] if found else None
    return OtherDates(with_type, unlike)


def usual_day(service: RouteService, kind: DayType, night: bool) -> list[ScheduledTrip]:
    """The trips of a line-day between dates of the same type, by time on its own scale."""
    return _line_day(_parts(service, night), (kind, kind, kind))


def possible_days(service: RouteService, night: bool) -> Iterator[list[ScheduledTrip]]:
    """The trips of each line-day that may occur, whatever the day types of the neighbouring dates."""
    parts = _parts(service, night)
    # A neighbouring date without trips in this line-day is none, so that equal line-days are made once.
    kinds = [
        dict.fromkeys(kind if (kind, days_off) in parts else None for kind in DayType)
        for days_off in OWN_AND_NEIGHBOURS
    ]
    return (trips for each in itertools.product(*kinds) if (trips := _line_day(parts, each)))


_Parts: TypeAlias = Mapping[tuple[DayType, int], Sequence[ScheduledTrip]]
"""The trips of a day type's dates by the line-day in which they depart (see `_days_off`), on its scale."""


def _parts(service: RouteService, night: bool) -> _Parts:
    start_s = day_start_s(night)
    end_s = start_s + DAY_S
    parts: dict[tuple[DayType, int], list[ScheduledTrip]] = defaultdict(list)
    for kind, runs in service.runs.items():
        for run in runs:
            days_off = 0 if start_s <= run.departs_s < end_s else _days_off(run, start_s)
            parts[kind, days_off].append(_moved(run, days_off) if days_off else run)
    return parts


def _line_day(parts: _Parts, kinds: Sequence[DayType | None]) -> list[ScheduledTrip]:
    """A line-day's trips, by the day types of the date before it, its own, and the one after."""
    found = [
        run
        for days_off, kind in zip(OWN_AND_NEIGHBOURS, kinds, strict=True)
        if kind is not None
        for run in parts.get((kind, days_off), ())
    ]
    return sorted(found, key=attrgetter("departs_s", "pattern", "takes_s"))


def _moved(run: ScheduledTrip, days_off: int) -> ScheduledTrip:
    """A trip of a neighbouring date on the line-day's scale; the blocks of different dates stay apart."""
    block = f"{run.block}{'<' if days_off > 0 else '>'}" if run.block else ""
    return replace(run, departs_s=run.departs_s - days_off * DAY_S, block=block)


def _days_off(run: ScheduledTrip, start_s: int) -> int:
    """How many line-days after that of its date a trip departs: -1, 0, or 1."""
    return min(max((run.departs_s - start_s) // DAY_S, -1), 1)


def day_or_night_part(service: RouteService, at_night: bool) -> RouteService | None:
    """The trips that depart at night, or those by day, with the patterns that they use; None for none."""

    def belongs(run: ScheduledTrip) -> bool:
        second = run.departs_s % DAY_S
        return (second >= NIGHT_FROM_S or second < NIGHT_UNTIL_S) == at_night

    return _with(service, {day: list(filter(belongs, runs)) for day, runs in service.runs.items()})


def without_last_hour(service: RouteService, night: bool) -> tuple[RouteService, int]:
    """A service without the last hour of its longest line-day, and how many departures that removes."""
    start_s = day_start_s(night)

    def second(run: ScheduledTrip) -> int:
        return run.departs_s - _days_off(run, start_s) * DAY_S

    last = max(second(run) for runs in service.runs.values() for run in runs) - HOUR_S
    kept = {day: [run for run in runs if second(run) < last] for day, runs in service.runs.items()}
    count = sum(map(len, service.runs.values())) - sum(map(len, kept.values()))
    shorter = _with(service, kept)
    # A service of less than an hour would vanish: keep each day's first departure.
    if shorter is None:
        first = {day: runs[:1] for day, runs in service.runs.items()}
        shorter = replace(service, runs=first)
    return shorter, count


def _with(service: RouteService, runs: Mapping[DayType, list[ScheduledTrip]]) -> RouteService | None:
    """A service with these trips only, and its patterns renumbered; None for no trips."""
    used = sorted({run.pattern for of_day in runs.values() for run in of_day})
    if not used:
        return None
    patterns = [service.patterns[i] for i in used]
    # If only inbound patterns remain they become outbound: every line has an outbound direction.
    if all(pattern.direction for pattern in patterns):
        patterns = [replace(pattern, direction=0) for pattern in patterns]
    kept = {
        day: [replace(run, pattern=used.index(run.pattern)) for run in of_day]
        for day, of_day in runs.items()
        if of_day
    }
    return replace(service, patterns=patterns, runs=kept)
