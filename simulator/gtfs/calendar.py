"""On which dates a feed's services run, and which three dates represent weekdays, Saturdays and Sundays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from simulator.files.csv_checks import parsed_date
from simulator.files.csv_table import TableFile
from simulator.gtfs.reading.tables import DAYS
from simulator.service_day import is_holiday
from simulator.types import DayType

LONGEST_DAYS = 2000
"""Days of a service period that are read: some last from 2000 to 9999."""
NEAR_DAYS = 14
"""A date represents others up to two weeks before and after it."""

Services = frozenset[str]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The ids of the services that run on each date with service, dates ascending."""

    services: Mapping[date, Services]

    @property
    def first(self) -> date:
        """The first date with service. ValueError for a calendar without any."""
        return min(self.services)

    @property
    def last(self) -> date:
        """The last date with service."""
        return max(self.services)

    def between(self, first: date, last: date) -> Calendar:
        """The part from one date to another, both included."""
        return Calendar({day: on for day, on in self.services.items() if first <= day <= last})


class ChosenDay(NamedTuple):
    """The date that represents a day type, and why it was chosen."""

    day: date
    why: str


def read_calendar(tables: Mapping[str, TableFile], around: date | None = None) -> Calendar:
    """The calendar of `calendar.txt` and `calendar_dates.txt`, at least one of which a feed has.

    Of very long periods the dates `around` one are read; without it, around the feed's newest beginning.
    """
    running: dict[date, set[str]] = {}
    weekly, exceptions = tables.get("calendar.txt"), tables.get("calendar_dates.txt")
    rows = [] if weekly is None else _weekly(weekly)
    days = {} if exceptions is None else {day: parsed_date(day) for day in set(exceptions.texts("date"))}
    begins = [row.start for row in rows] + ([min(days.values())] if days else [])
    for row in rows:
        for day in row.dates(around or max(begins)):
            if row.flags[day.weekday()] == "1":
                running.setdefault(day, set()).add(row.service)
    if exceptions is not None:
        columns = (exceptions.texts(name) for name in ("service_id", "date", "exception_type"))
        for service, day_text, kind in zip(*columns, strict=True):
            on = running.setdefault(days[day_text], set())
            (on.add if kind == "1" else on.discard)(service)
    return Calendar({day: frozenset(on) for day, on in sorted(running.items()) if on})


class _Weekly(NamedTuple):
    """A row of `calendar.txt`: the service, its flags ("0" or "1") from Monday, its first and last date."""

    service: str
    flags: tuple[str, ...]
    start: date
    end: date

    def dates(self, around: date) -> Iterator[date]:
        """The dates of the period, at most `LONGEST_DAYS`, with `around` in the middle if it can be."""
        days = (self.end - self.start).days + 1
        skipped = min((around - self.start).days - LONGEST_DAYS // 2, days - LONGEST_DAYS)
        for number in range(max(skipped, 0), min(max(skipped, 0) + LONGEST_DAYS, days)):
            yield self.start + timedelta(days=number)


def _weekly(table: TableFile) -> list[_Weekly]:
    """The rows of `calendar.txt`."""
    flags = zip(*(table.texts(day) for day in DAYS), strict=True)
    starts, ends = (map(parsed_date, table.texts(name)) for name in ("start_date", "end_date"))
    rows = zip(table.texts("service_id"), flags, starts, ends, strict=True)
    return [_Weekly(*row) for row in rows]


def representative_days(
    calendar: Calendar, trips_of: Mapping[str, int], near: date | None
) -> dict[DayType, ChosenDay]:
    """The date that represents each day type; a day type without trips has none.

    `trips_of` is the number of trips by service. `near` represents its own day type, if it has trips. For the
    others, and without `near`, the typical date: one whose services run together on the most dates of its day
    type. Dates on which one version of the timetable overlaps the next are chosen only if there are no
    others. Dates up to two weeks from `near` (or from the typical weekday) come first, then the nearest.
    """
    on = {day: frozenset(s for s in found if trips_of.get(s)) for day, found in calendar.services.items()}
    on = {day: services for day, services in on.items() if services}
    kinds = [
        _Kind(kind, {day: on[day] for day in on if weekday_kind(day) is kind}, trips_of) for kind in DayType
    ]
    kinds = [kind for kind in kinds if kind.on]
    if not kinds:
        return {}
    anchor = near or kinds[0].typical(list(kinds[0].on), None)
    return {kind.kind: _chosen(kind, anchor, given=near is not None) for kind in kinds}


def _chosen(kind: _Kind, anchor: date, *, given: bool) -> ChosenDay:
    """The date of a day type: the anchor, if it has trips of this type, else a typical one near it."""
    if anchor in kind.on and given:
        overlap = ": two versions of the timetable overlap on it" if kind.on[anchor] in kind.doubled else ""
        return ChosenDay(anchor, f"the date asked for{overlap}")
    close = [day for day in kind.on if abs((day - anchor).days) <= NEAR_DAYS]
    alone = [day for day in close if kind.on[day] not in kind.doubled]
    if alone or close:
        day = kind.typical(alone or close, anchor)
    else:
        day = min(kind.on, key=lambda day: (kind.on[day] in kind.doubled, abs((day - anchor).days), day))
    return ChosenDay(day, kind.why(day))


class _Kind:
    """The dates of a day type with the services that have trips, and which of these are typical."""

    def __init__(self, kind: DayType, on: Mapping[date, Services], trips_of: Mapping[str, int]) -> None:
        self.kind, self.on = kind, on
        self.trips = {services: sum(trips_of[s] for s in services) for services in set(on.values())}
        self.dates = Counter(on.values())
        self.doubled = frozenset(_overlaps(on))

    def typical(self, days: Sequence[date], anchor: date | None) -> date:
        """The most typical date; of equals no holiday, the nearest to `anchor`, then the earliest."""
        alone = [day for day in days if self.on[day] not in self.doubled] or days
        weight = self._weights(alone)
        if anchor is None:
            return min(alone, key=lambda day: (weight[self.on[day]], is_holiday(day), day))
        return min(
            alone,
            key=lambda day: (weight[self.on[day]], is_holiday(day), abs((day - anchor).days), day),
        )

    def _weights(self, days: Sequence[date]) -> dict[Services, tuple[float, float]]:
        """By services a number that is the smaller the more typical they are."""
        found = {self.on[day] for day in days}
        if len(found) > 2 and max(self.dates[services] for services in found) == 1:
            # Feeds that give every date a service of its own: the number of trips in the middle is typical.
            counts = sorted(self.trips[services] for services in found)
            middle = counts[len(counts) // 2]
            return {services: (abs(self.trips[services] - middle), 0) for services in found}
        return {services: (-self.dates[services], -self.trips[services]) for services in found}

    def why(self, day: date) -> str:
        """Why a date is typical."""
        services = self.on[day]
        named = ", ".join(sorted(services)[:3]) + (" …" if len(services) > 3 else "")
        said = f"its services ({named}) run on {self.dates[services]} of {len(self.on)} such dates"
        overlapping = sum(self.dates[each] for each in self.doubled)
        if services in self.doubled:
            return f"{said}; two versions of the timetable overlap on all of them"
        if overlapping:
            said += f"; on {overlapping} others two versions of the timetable overlap"
        return said


def _overlaps(on: Mapping[date, Services]) -> Iterator[Services]:
    """The sets of services that are two versions at once: one that ends there and one that begins there.

    Each of the two runs without the other on dates before or after.
    """
    first: dict[Services, date] = {}
    last: dict[Services, date] = {}
    for day in sorted(on):
        first.setdefault(on[day], day)
        last[on[day]] = day
    for both in first:
        parts = [part for part in first if part < both]
        if any(
            last[old] < first[new] and old | new == both for old in parts for new in parts if old is not new
        ):
            yield both


def weekday_kind(day: date) -> DayType:
    """The day type of a date by its day of the week alone: a feed's own calendar knows its holidays."""
    return {5: DayType.SATURDAY, 6: DayType.SUNDAY}.get(day.weekday(), DayType.WEEKDAY)
