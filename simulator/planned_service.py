"""What a timetable shows of a line: the trips that are planned on a date, and when they call at each stop.

The planned departures are those that `dispatch` gives to buses which are always ready in time. Chance,
disruptions and late buses play no part.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from simulator.day import travel
from simulator.day.dispatch import dispatch
from simulator.network import Departure, Line, Service, Timing
from simulator.service_day import early, late
from simulator.types import DayType

HOUR_S = 3600


class PlannedTrip(NamedTuple):
    """A trip of a date: `number` counts those of its direction from 1, in the order of their departures.

    `departs_s` counts from the date's own origin, also where the trip runs in a neighbouring line-day.
    `pattern` and `timing` are indexes in the line and the pattern; `timing` is None for a trip at the line's
    speed. Trips of a date with the same `block` are run by one bus. `headway_s` is the time until the next
    departure by the plan, None for a trip of a timetable.
    """

    number: int
    direction: int
    departs_s: int
    pattern: int
    timing: int | None = None
    block: str = ""
    headway_s: int | None = None


class PlannedCall(NamedTuple):
    """When a trip reaches and leaves a stop, in seconds from its departure."""

    arrives_s: int
    leaves_s: int


def planned_trips(line: Line, kind: DayType, buses: int) -> list[PlannedTrip]:
    """The trips of the dates of a day type, by departure; `buses` are those that run on such a day.

    The number of buses matters only to a line that has neither a timetable nor headways.
    """
    service = line.services.get(kind)
    if service is not None and not service.departures:
        found = list(_by_headway(line, service, kind, buses))
    else:
        found = list(_by_timetable(line, kind))
    found.sort(key=attrgetter("departs_s", "direction", "pattern"))
    counts = {0: itertools.count(1), 1: itertools.count(1)}
    return [trip._replace(number=next(counts[trip.direction])) for trip in found]


def _by_headway(line: Line, service: Service, kind: DayType, buses: int) -> Iterator[PlannedTrip]:
    plan = dispatch(line, service, kind, travel.LineHops(line), buses)
    for direction in sorted({pattern.direction for pattern in line.patterns}):
        # A bus that is ready when service begins is never late: it gets each departure as planned.
        while (departure := plan.take(direction, service.start_s)) is not None:
            headway_s = round(plan.headway_s(direction, departure.time_s))
            yield PlannedTrip(0, direction, round(departure.time_s), departure.pattern, headway_s=headway_s)


def _by_timetable(line: Line, kind: DayType) -> Iterator[PlannedTrip]:
    """The departures of a date, also those that run in the line-days before and after its own."""
    index = {pattern.pattern_id: i for i, pattern in enumerate(line.patterns)}
    service = line.services.get(kind)
    own = service.departures if service is not None else ()

    def planned(departures: Sequence[Departure], suffix: str) -> Iterator[PlannedTrip]:
        for each in departures:
            number = index[each.pattern_id]
            block = each.block + suffix if each.block else ""
            yield PlannedTrip(0, line.patterns[number].direction, each.time_s, number, each.timing, block)

    # Other buses run the departures of other line-days: `service_day` sets their blocks apart so.
    yield from planned(early(line, kind), ">")
    yield from planned(own, "")
    yield from planned(late(line, kind), "<")


def planned_calls(line: Line, kind: DayType, trip: PlannedTrip) -> list[PlannedCall]:
    """When a trip calls at the stops of its pattern: by its timing, else at the line's speed of its hour."""
    pattern = line.patterns[trip.pattern]
    if trip.timing is not None:
        return _timed_calls(pattern.timings[trip.timing])
    factor = travel.speed_by_hour(kind)[trip.departs_s // HOUR_S]
    return _calls_at_speed(travel.hops(pattern, line.speed_kmh), factor)


def _timed_calls(timing: Timing) -> list[PlannedCall]:
    """The calls of a timing, which doesn't have the time that buses stand: they arrive and leave at once.

    At a timepoint they leave at its time, if they get there before.
    """
    holds = {hold.position: hold.leaves_s for hold in timing.holds}
    now_s, calls = 0, [PlannedCall(0, 0)]
    for position, run_s in enumerate(timing.runs_s, 1):
        arrives_s = now_s + run_s
        now_s = max(arrives_s, holds.get(position, 0))
        calls.append(PlannedCall(arrives_s, now_s))
    return calls


def _calls_at_speed(hops: Sequence[travel.Hop], factor: float) -> list[PlannedCall]:
    """The calls of a trip as long as `travel.planned_trip_s` has it."""
    now_s, calls = 0.0, [PlannedCall(0, 0)]
    for position, hop in enumerate(hops, 1):
        now_s += travel.planned_trip_s([hop], factor)
        leaves_s = round(now_s)
        arrives_s = round(now_s - travel.DWELL_ESTIMATE_S)
        calls.append(PlannedCall(arrives_s, arrives_s if position == len(hops) else leaves_s))
    return calls
