"""A line's first and last departures of a day type and its shortest and longest headways, as planned."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from simulator.network import Line
from simulator.service_day import service_type
from simulator.types import DayType

DAY_TYPES = {DayType.WEEKDAY: "LA", DayType.SATURDAY: "SA", DayType.SUNDAY: "FE"}
"""EMT's day types: laborable, sábado, festivo."""


class ServiceHours(NamedTuple):
    """When a line runs in a direction; headways in whole minutes, 0 if there is but one departure."""

    day_type: DayType
    first: str
    last: str
    shortest_min: int
    longest_min: int


@dataclass(slots=True)
class HoursOfLines:
    """The hours of lines, each made when it is first asked for."""

    _kept: dict[tuple[str, DayType, int], ServiceHours] = field(default_factory=dict)

    def on(self, line: Line, day: date, direction: int) -> ServiceHours:
        """A line's hours on a date; those of another day type if it doesn't run then."""
        wanted = service_type(line, day)
        offered = [kind for kind in (wanted, *DayType) if kind is not None]
        found = (self._of(line, kind, direction) for kind in offered)
        return next(
            (hours for hours in found if hours.first), ServiceHours(offered[0], "00:00", "00:00", 0, 0)
        )

    def _of(self, line: Line, kind: DayType, direction: int) -> ServiceHours:
        key = line.line_id, kind, direction
        if key not in self._kept:
            self._kept[key] = _planned_hours(line, kind, direction)
        return self._kept[key]


def _planned_hours(line: Line, kind: DayType, direction: int) -> ServiceHours:
    # Here, since it pulls in the model, which functions on AWS do without.
    from simulator.planned_service import planned_trips

    departures = [
        trip.departs_s for trip in planned_trips(line, kind, len(line.buses)) if trip.direction == direction
    ]
    if not departures:
        return ServiceHours(kind, "", "", 0, 0)
    gaps = [round((after - before) / 60) for before, after in itertools.pairwise(departures)]
    return ServiceHours(
        kind, _clock(departures[0]), _clock(departures[-1]), min(gaps, default=0), max(gaps, default=0)
    )


def _clock(second: int) -> str:
    """A second of a service day as a time of day: 25:10 is 01:10."""
    return f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}"
