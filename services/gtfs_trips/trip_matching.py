"""Which planned trip each trip of a line-day is, from the day's visits alone.

REST numbers trips by their actual departures, the feed by their planned ones, and the two differ when trips
are cancelled or leave out of order. The rule:

1. A bus takes its next planned departure when it has ended the trip before. So on a line with a timetable the
   trips of a line-day are matched in the order in which their buses ended the trips before; the day's first
   trips come before, in the order of the buses' initial positions. Each gets the earliest planned
   departure of its pattern that no other trip has, and that its bus, ready two minutes after its last trip,
   could begin at most 30 minutes late. The departures of a block are those of one bus.
2. On a line that runs by headway a late bus moves the departures after its own, so there is no such order.
   Trips are matched in the order of their departures: each with the latest planned one of its pattern, of
   those that no earlier trip has, that was due in the last 30 minutes or is due within a minute; else with
   the next one, if that is due within five minutes.

A trip that begins at a later stop of its pattern, as one of a bus that turned before a closed road, is none
of the planned ones; nor is a trip that finds no departure.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from services.gtfs_trips.planned_days import FeedTrip
from simulator.network import Line

CANCELLED = timedelta(minutes=30)
"""A departure that would be later than this doesn't run."""
LAYOVER = timedelta(minutes=2)
EARLY, AHEAD = timedelta(minutes=1), timedelta(minutes=5)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class RunTrip:
    """What the visits so far say of a trip.

    `number` is that of its id. `taken` is when its bus ended the trip before, None for its first of the day.
    `departs` is when it left its first stop, or is expected to. `patterns` are the indexes of the patterns
    that its visits agree with; empty if it doesn't begin at a first stop.
    """

    trip_id: str
    direction: int
    number: int
    bus_id: str
    taken: datetime | None
    departs: datetime
    patterns: tuple[int, ...]


def match_trips(line: Line, planned: Sequence[FeedTrip], trips: Iterable[RunTrip]) -> Mapping[str, FeedTrip]:
    """The planned trip of each trip of a line-day that is one, by the trip's id.

    `planned` are the line-day's, by departure.
    """
    if planned and planned[0].headway is not None:
        return _by_time(planned, trips)
    return _in_turn(line, planned, trips)


def _in_turn(line: Line, planned: Sequence[FeedTrip], trips: Iterable[RunTrip]) -> Mapping[str, FeedTrip]:
    free = _by_pattern(planned)
    bus_of_block: dict[str, str] = {}
    found: dict[str, FeedTrip] = {}
    first_places: dict[str, float] = {bus.bus_id: -bus.initial_position for bus in line.buses}

    def turn(trip: RunTrip) -> tuple[datetime, float, str]:
        if trip.taken is not None:
            return trip.taken, 0.0, trip.bus_id
        return LONG_AGO, first_places.get(trip.bus_id, 0.0), trip.bus_id

    for trip in sorted(trips, key=turn):
        ready = trip.departs if trip.taken is None else trip.taken + LAYOVER
        earliest = ready - CANCELLED
        own: list[FeedTrip] = []
        for pattern in trip.patterns:
            left = free.get(pattern, [])
            # Buses take their turns by time, so what is too late for this one is so for all after it.
            while left and left[0].departs < earliest:
                left.pop(0)
            own += _allowed(left, trip.bus_id, bus_of_block)
        # The rest of the bus's own block comes before departures that any bus may take.
        own.sort(key=lambda each: (each.plan.block not in bus_of_block, each.departs))
        if own:
            found[trip.trip_id] = own[0]
            free[own[0].pattern].remove(own[0])
            if own[0].plan.block:
                bus_of_block[own[0].plan.block] = trip.bus_id
    return found


def _allowed(left: Sequence[FeedTrip], bus_id: str, bus_of_block: Mapping[str, str]) -> Iterator[FeedTrip]:
    """The next departure of a pattern that any bus may take, and the next of the bus's own block."""
    if not bus_of_block:
        yield from left[:1]
        return
    blocks = {block for block, of_bus in bus_of_block.items() if of_bus == bus_id}
    yield from itertools.islice((each for each in left if each.plan.block not in bus_of_block), 1)
    yield from itertools.islice((each for each in left if each.plan.block in blocks), 1)


def _by_time(planned: Sequence[FeedTrip], trips: Iterable[RunTrip]) -> Mapping[str, FeedTrip]:
    free = _by_pattern(planned)
    found: dict[str, FeedTrip] = {}
    for trip in sorted(trips, key=lambda each: (each.departs, each.direction, each.number)):
        for pattern in trip.patterns:
            left = free.get(pattern, [])
            place = bisect_right(left, trip.departs + EARLY, key=attrgetter("departs"))
            if place and left[place - 1].departs >= trip.departs - CANCELLED:
                found[trip.trip_id] = left.pop(place - 1)
                break
            if place < len(left) and left[place].departs <= trip.departs + AHEAD:
                found[trip.trip_id] = left.pop(place)
                break
    return found


def _by_pattern(planned: Sequence[FeedTrip]) -> dict[int, list[FeedTrip]]:
    found: dict[int, list[FeedTrip]] = {}
    for trip in planned:
        found.setdefault(trip.plan.pattern, []).append(trip)
    return found
