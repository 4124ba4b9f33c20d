"""A line's first and last departures of a day type and its shortest and longest headways, as planned."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from services.aws.compiled_network import PlannedHours
from simulator.network import Line, Network
from simulator.service_day import service_type
from simulator.types import DayType

DAY_TYPES: Mapping[str, str] = {DayType.WEEKDAY: "LA", DayType.SATURDAY: "SA", DayType.SUNDAY: "FE"}
"""EMT's day types: laborable, sábado, festivo."""


class HoursOfLines:
    """The hours of lines: those that are `known`, others made when they are first asked for."""

    def __init__(self, known: Iterable[PlannedHours] = ()) -> None:
        self._kept = {(each.line_id, each.day_type, each.direction): each for each in known}

    def on(self, line: Line, day: date, direction: int) -> PlannedHours:
        """A line's hours on a date; those of another day type if it doesn't run then."""
        wanted = service_type(line, day)
        offered = [kind for kind in (wanted, *DayType) if kind is not None]
        found = (self._of(line, kind, direction) for kind in offered)
        never = PlannedHours(line.line_id, str(offered[0]), direction, "00:00", "00:00", 0, 0)
        return next((hours for hours in found if hours.first), never)

    def _of(self, line: Line, kind: DayType, direction: int) -> PlannedHours:
        key = line.line_id, str(kind), direction
        if key not in self._kept:
            self._kept[key] = _planned_hours(line, kind, direction)
        return self._kept[key]


def all_hours(network: Network) -> Sequence[PlannedHours]:
    """The hours of all lines, for the functions on AWS."""
    return [
        _planned_hours(line, kind, direction)
        for line in network.lines
        for kind in DayType
        for direction in sorted({pattern.direction for pattern in line.patterns})
    ]


def _planned_hours(line: Line, kind: DayType, direction: int) -> PlannedHours:
    """A line's hours; `first` and `last` are empty if it doesn't run."""
    # Here, since it pulls in the model, which functions on AWS do without.
    from simulator.planned_service import planned_trips

    departures = [
        trip.departs_s for trip in planned_trips(line, kind, len(line.buses)) if trip.direction == direction
    ]
    hours = PlannedHours(line.line_id, str(kind), direction, "", "", 0, 0)
    if not departures:
        return hours
    gaps = [round((after - before) / 60) for before, after in itertools.pairwise(departures)]
    return hours._replace(
        first=_clock(departures[0]),
        last=_clock(departures[-1]),
        shortest_min=min(gaps, default=0),
        longest_min=max(gaps, default=0),
    )


def _clock(second: int) -> str:
    """A second of a service day as a time of day: 25:10 is 01:10."""
    return f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}"
