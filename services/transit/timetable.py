"""Planned trips: the departures of a line's service day, and which of them a trip is.

A trip's id is `LINE-YYYYMMDD-DIRECTION-NUMBER`: its line, its service day, and its number among the day's
trips in its direction.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from simulator.network import Departure, Line, Pattern
from simulator.service_day import origin_ms, owner, service_on
from simulator.types import to_datetime, to_ms

CANCELLED = timedelta(minutes=30)
"""A departure that would be later than this doesn't run."""
PLANNED_KMH, PLANNED_DWELL_S, PLANNED_CHANGE_S = 16.0, 11.0, 4.4
"""How trips without planned times are planned: speed between stops, dwell, speeding up and braking."""


@dataclass(frozen=True, slots=True)
class TripName:
    """The parts of a trip's id."""

    line_id: str
    day: date
    direction: int
    number: int


@dataclass(frozen=True, slots=True)
class PlannedTrip:
    """A trip as planned: its pattern, and when it is to be at each stop of it."""

    pattern: Pattern
    times: Sequence[datetime]


@lru_cache(16_384)
def parse_trip_id(text: str) -> TripName | None:
    """The parts of a trip's id, None if it isn't one."""
    line_id, *parts = text.rsplit("-", 3)
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    day, direction, number = parts
    if len(day) != 8 or direction not in ("0", "1") or len(number) > 9:
        return None
    try:
        return TripName(line_id, date.fromisoformat(day), int(direction), int(number))
    except ValueError:
        return None


def service_date(line: Line, now: datetime) -> date:
    """The service day of a line that an instant belongs to."""
    return owner(line, to_ms(now))


def departures(line: Line, day: date) -> Sequence[Departure]:
    """A line's scheduled departures on a service day, by time; empty if it runs by headway."""
    service = service_on(line, day)
    return () if service is None else sorted(service.departures, key=lambda d: (d.time_s, d.pattern_id))


def instant_of(line: Line, day: date, second: float) -> datetime:
    """The instant of a second of a line's service day."""
    return to_datetime(origin_ms(day, line.timezone) + round(second * 1000))


def planned_trip(
    line: Line, name: TripName, of_day: Sequence[Departure], departed: datetime | None
) -> PlannedTrip | None:
    """The planned trip that a trip runs, None on a line without a timetable.

    It is the departure with the trip's number in its direction, after those that can't have run: buses leave
    at most half an hour late. `departed` is when the trip left its first stop, None if it hasn't.
    """
    patterns = {pattern.pattern_id: pattern for pattern in line.patterns}
    own = [each for each in of_day if patterns[each.pattern_id].direction == name.direction]
    for departure in own[name.number - 1 :] if name.number else ():
        planned = instant_of(line, name.day, departure.time_s)
        if departed is None or planned >= departed - CANCELLED:
            pattern = patterns[departure.pattern_id]
            return PlannedTrip(pattern, planned_times(line, pattern, departure, planned))
    return None


def planned_times(
    line: Line, pattern: Pattern, departure: Departure, departs: datetime
) -> Sequence[datetime]:
    """When a trip that departs at an instant is planned to be at each stop."""
    return [departs + timedelta(seconds=s) for s in planned_seconds(line, pattern, departure.timing)]


def planned_seconds(line: Line, pattern: Pattern, timing: int | None) -> Sequence[float]:
    """Planned seconds from a departure to each stop of a pattern, by a timing or at the line's speed."""
    found: list[float] = [0.0]
    if timing is not None:
        return list(itertools.accumulate(pattern.timings[timing].runs_s, initial=0.0))
    speed_m_s = (line.speed_kmh or PLANNED_KMH) / 3.6
    for start, end in itertools.pairwise(pattern.stops):
        dwell_s = PLANNED_DWELL_S if len(found) > 1 else 0.0
        run_s = (end.distance_m - start.distance_m) / speed_m_s + PLANNED_CHANGE_S
        found.append(found[-1] + dwell_s + run_s)
    return found
