"""On which dates a feed's services run, and which three dates represent weekdays, Saturdays and Sundays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from simulator.files.csv_table import TableFile, parsed_date
from simulator.gtfs.tables import DAYS
from simulator.types import DayType

LONGEST_DAYS = 2000
"""Days of a service period that are read, from its first."""
NEAR_DAYS = 14
"""A date represents others up to two weeks before and after it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The ids of the services that run on each date with service, dates ascending."""

    services: Mapping[date, frozenset[str]]

    @property
    def first(self) -> date:
        """The first date with service. ValueError for a calendar without any."""
        return min(self.services)

    @property
    def last(self) -> date:
        """The last date with service."""
        return max(self.services)


def read_calendar(tables: Mapping[str, TableFile]) -> Calendar:
    """The calendar of `calendar.txt` and `calendar_dates.txt`, at least one of which a feed has."""
    running: dict[date, set[str]] = {}
    weekly, exceptions = tables.get("calendar.txt"), tables.get("calendar_dates.txt")
    for row in _weekly(weekly) if weekly is not None else ():
        for number in range(min((row.end - row.start).days + 1, LONGEST_DAYS)):
            day = row.start + timedelta(days=number)
            if row.flags[day.weekday()] == "1":
                running.setdefault(day, set()).add(row.service)
    if exceptions is not None:
        columns = (exceptions[name].to_pylist() for name in ("service_id", "date", "exception_type"))
        for service, day_text, kind in zip(*columns, strict=True):
            on = running.setdefault(parsed_date(day_text), set())
            (on.add if kind == "1" else on.discard)(service)
    return Calendar({day: frozenset(on) for day, on in sorted(running.items()) if on})


class _Weekly(NamedTuple):
    """A row of `calendar.txt`: the service, its flags ("0" or "1") from Monday, its first and last date."""

    service: str
    flags: tuple[str, ...]
    start: date
    end: date


def _weekly(table: TableFile) -> list[_Weekly]:
    """The rows of `calendar.txt`."""
    flags = zip(*(table[day].to_pylist() for day in DAYS), strict=True)
    starts, ends = (map(parsed_date, table[name].to_pylist()) for name in ("start_date", "end_date"))
    rows = zip(table["service_id"].to_pylist(), flags, starts, ends, strict=True)
    return [_Weekly(*row) for row in rows]


def representative_days(
    calendar: Calendar, trips_of: Mapping[str, int], near: date | None
) -> dict[DayType, date]:
    """The date that represents each day type; a day type without trips has none.

    `near` represents its own day type, if it has trips; without `near` the date with the most trips does
    (`trips_of` has their number by service). For the other day types: of the dates up to two weeks from that
    one the one with the most trips, then the nearest, then the earliest; else the nearest with trips.
    """
    trips = {day: sum(trips_of.get(s, 0) for s in on) for day, on in calendar.services.items()}
    trips = {day: count for day, count in trips.items() if count}
    if not trips:
        return {}
    anchor = near or max(trips, key=lambda day: (trips[day], -day.toordinal()))
    result = {}
    for kind in DayType:
        days = [day for day in trips if weekday_kind(day) is kind]
        close = [day for day in days if abs((day - anchor).days) <= NEAR_DAYS]
        if anchor in days:
            result[kind] = anchor
        elif close:
            result[kind] = min(close, key=lambda day: (-trips[day], abs((day - anchor).days), day))
        elif days:
            result[kind] = min(days, key=lambda day: (abs((day - anchor).days), day))
    return result


def weekday_kind(day: date) -> DayType:
    """The day type of a date by its day of the week alone: a feed's own calendar knows its holidays."""
    return {5: DayType.SATURDAY, 6: DayType.SUNDAY}.get(day.weekday(), DayType.WEEKDAY)
