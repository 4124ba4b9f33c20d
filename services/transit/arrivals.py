"""The next buses at a stop, predicted from what an operator knows: positions, visits, timetable, time of day.

A bus's time to a stop is the sum over the hops ahead of their running times, and over the stops between of
their dwell times (`running_times`), the former times the trip's pace so far. What is left of the present hop
follows from the distance to its end and from the bus's speed.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from services.queries.trip_progress import RoutePlace, place_on_route
from services.transit.closed_stops import StopsAhead
from services.transit.line_history import LineHistory, Outlook
from services.transit.timetable import parse_trip_id, planned_trip
from simulator.network import Line, Pattern
from storage.schema import BusPosition, StopVisit

SPEED_SHARE = 0.9
"""How much a moving bus's own speed counts on the present hop, against the mean running time."""
LEAST_SPEED = 0.5
"""Its speed counts from this share of the hop's mean speed on; below it is starting or braking."""
STANDING_LEFT = 0.6
"""The share of a mean dwell that a bus which stands at a stop still has, before its visit is recorded."""
LAYOVER_S = 120.0
"""The shortest layover."""
HEADWAY_S = 600.0
"""Between departures from a terminal where none was seen yet."""
CERTAINTY = ((0.0, 0.98), (120.0, 0.94), (300.0, 0.69), (600.0, 0.48), (1200.0, 0.31))
"""Share of predictions that were off by at most a minute, by their seconds ahead (docs/arrivals.md)."""
CERTAINTY_AT_TERMINAL = 0.5
"""Of a bus that hasn't departed, against one that has."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A bus that is to come to a stop, `stops_away` stops (0: the next one) and `distance_m` metres from now.

    At a trip's first stop `expected` and `planned` are its departure. `planned` is None on a line without a
    timetable. `certainty` is the probability that the bus comes within a minute of `expected`. `boards` is
    False where nobody may get in, as at the trip's last stop.
    """

    line: Line
    pattern: Pattern
    position: BusPosition
    expected: datetime
    planned: datetime | None
    stops_away: int
    distance_m: float
    certainty: float
    has_departed: bool
    boards: bool


class Underway(NamedTuple):
    """A bus with a trip, where it is, its visits so far, and the time since when its place counts."""

    line: Line
    position: BusPosition
    place: RoutePlace
    visits: Sequence[StopVisit]
    since: datetime
    distance_m: float

    @property
    def has_departed(self) -> bool:
        """Whether it has left the first stop."""
        return self.place.index > 0


def arrivals(outlook: Outlook, lines: Iterable[Line], *, stop_id: str) -> list[Arrival]:
    """The buses of some lines that are to come to a stop, by expected time. May raise `StoreError`."""
    serving, found = list(lines), list[Arrival]()
    outlook.read(serving)
    for line in serving:
        found += line_arrivals(outlook, line, stop_id=stop_id)
    return sorted(found, key=lambda each: (each.expected, each.line.line_id, each.position.bus_id))


def line_arrivals(outlook: Outlook, line: Line, *, stop_id: str) -> Iterator[Arrival]:
    """The buses of one line that are to come to a stop, in no order."""
    for bus in underway(line, outlook.history(line)):
        served = _served_calls(outlook, bus, stop_id)
        if served:
            yield arrival_of(outlook, bus, served[0])


class PassingBus(NamedTuple):
    """A bus that won't serve a stop ahead of it, and the stop's index in its pattern."""

    bus: Underway
    stop_index: int


def passing_buses(outlook: Outlook, line: Line, *, stop_id: str) -> Iterator[PassingBus]:
    """The buses of a line that won't serve a stop ahead of them. May raise `StoreError`."""
    for bus in underway(line, outlook.history(line)):
        calls = _calls_ahead(bus, stop_id)
        if calls and not _served_calls(outlook, bus, stop_id):
            yield PassingBus(bus, calls[0])


def passing_trips(outlook: Outlook, line: Line, *, stop_id: str) -> Collection[str]:
    """The trips of a line with a stop ahead that they won't serve. May raise `StoreError`."""
    return {each.bus.position.trip_id for each in passing_buses(outlook, line, stop_id=stop_id)}


def _served_calls(outlook: Outlook, bus: Underway, stop_id: str) -> Sequence[int]:
    calls = _calls_ahead(bus, stop_id)
    unserved = unserved_stops(outlook, bus) if calls else ()
    return [index for index in calls if index not in unserved]


def _calls_ahead(bus: Underway, stop_id: str) -> Sequence[int]:
    """The indexes of a stop in the pattern of a bus that hasn't passed it, which may call there twice."""
    stops = bus.place.pattern.stops
    return [index for index in range(bus.place.index, len(stops)) if stops[index].stop_id == stop_id]


def unserved_stops(outlook: Outlook, bus: Underway) -> Collection[int]:
    """The indexes in its pattern of the stops ahead that a bus won't serve, as roads or stops are closed."""
    place = bus.place

    def arrivals_s() -> Sequence[float]:
        departs, history = starts(outlook, bus).timestamp(), outlook.history(bus.line)
        return [departs + seconds for seconds in seconds_ahead(bus, history)]

    pattern = bus.line.patterns.index(place.pattern)
    return outlook.unserved(StopsAhead(bus.line, bus.position.trip_id, pattern, place.index, arrivals_s))


def underway(line: Line, history: LineHistory) -> Iterator[Underway]:
    """The buses of a line that have a trip, those that wait for its departure included."""
    directions = {pattern.direction for pattern in line.patterns}
    for position in history.positions:
        if position.trip_id and position.direction in directions:
            bus = _placed(line, position, history.of_trip.get(position.trip_id, ()))
            if bus is not None:
                yield bus


def _placed(line: Line, position: BusPosition, visits: Sequence[StopVisit]) -> Underway | None:
    """A bus at its last known place; None if its trip has ended since its position was sent."""
    last = visits[-1] if visits else None
    place = place_on_route(line, position, last)
    if last is None or last.time <= position.time or last.sequence <= place.index:
        return Underway(line, position, place, visits, position.time, position.distance_to_next_stop)
    # The bus has left the stop that was its next one when its position was sent.
    stops, index = place.pattern.stops, last.sequence
    if index >= len(stops):
        return None
    length_m = stops[index].distance_m - stops[index - 1].distance_m
    return Underway(line, position, RoutePlace(place.pattern, index), visits, last.time, length_m)


def arrival_of(outlook: Outlook, bus: Underway, index: int) -> Arrival:
    """The arrival of a bus at a later stop of its trip, by the stop's index in its pattern."""
    stops, here = bus.place.pattern.stops, bus.place.index
    planned = planned_times_of(outlook, bus)
    expected = expected_at(outlook, bus, index)
    return Arrival(
        line=bus.line,
        pattern=bus.place.pattern,
        position=bus.position,
        expected=expected,
        planned=planned[index] if planned and index < len(planned) else None,
        stops_away=index - here,
        distance_m=round(bus.distance_m + stops[index].distance_m - stops[here].distance_m, 1),
        certainty=certainty((expected - outlook.now).total_seconds(), has_departed=bus.has_departed),
        has_departed=bus.has_departed,
        boards=stops[index].boarding and index < len(stops) - 1,
    )


def expected_at(outlook: Outlook, bus: Underway, index: int) -> datetime:
    """When a bus is expected at a later stop of its trip, never before now."""
    ahead_s = seconds_ahead(bus, outlook.history(bus.line))
    until_s = next(itertools.islice(ahead_s, index - bus.place.index, None))
    return max(starts(outlook, bus) + timedelta(seconds=until_s), outlook.now)


def starts(outlook: Outlook, bus: Underway) -> datetime:
    """The instant from which `seconds_ahead` count: of its place, or its departure if it waits for that."""
    if bus.has_departed:
        return bus.since
    planned = planned_times_of(outlook, bus)
    departs = planned[0] if planned else departs_by_headway(bus, outlook.history(bus.line))
    return max(departs, outlook.now)


def planned_times_of(outlook: Outlook, bus: Underway) -> Sequence[datetime]:
    """When the trip is planned to be at each stop; empty on a line without a timetable."""
    name = parse_trip_id(bus.position.trip_id)
    of_day = () if name is None else outlook.departures(bus.line, name.day)
    if name is None or not of_day:
        return ()
    departed = bus.visits[0].time if bus.visits and bus.visits[0].sequence == 1 else None
    planned = planned_trip(bus.line, name, of_day, departed)
    return () if planned is None or planned.pattern != bus.place.pattern else planned.times


def departs_by_headway(bus: Underway, history: LineHistory) -> datetime:
    """When a bus departs that waits at a terminal: a usual headway after the departure before it there.

    Trips are numbered in the order of their departures, so their numbers say how many are still to depart.
    """
    first = bus.place.pattern.stops[0].stop_id
    left = [
        visit
        for visit in history.visits
        if visit.sequence == 1 and visit.stop_id == first and visit.direction == bus.position.direction
    ]
    if not left:
        return bus.since + timedelta(seconds=LAYOVER_S)
    gaps_s = [(b.time - a.time).total_seconds() for a, b in itertools.pairwise(left)]
    headway_s = statistics.median(gaps_s) if gaps_s else HEADWAY_S
    own, last = parse_trip_id(bus.position.trip_id), parse_trip_id(left[-1].trip_id)
    ahead = own.number - last.number if own and last and own.day == last.day else 1
    return left[-1].time + timedelta(seconds=headway_s * max(ahead, 1))


def seconds_ahead(bus: Underway, history: LineHistory) -> Iterator[float]:
    """Seconds from its `starts` until a bus is at its next stop, and at each stop after that."""
    stops, here, times = bus.place.pattern.stops, bus.place.index, history.times
    pace = times.pace_of(bus.visits)
    standing = bus.distance_m < 0.1 and bus.position.speed == 0
    found = 0.0 if standing or not here else rest_of_hop_s(bus, history, pace)
    yield found
    for i in range(here + 1, len(stops)):
        start, end = stops[i - 1], stops[i]
        if i > 1:
            left = STANDING_LEFT if standing and i == here + 1 else 1.0
            found += left * times.dwell_s(start.stop_id, bus.position.direction)
        found += pace * times.run_s(start.stop_id, end.stop_id, end.distance_m - start.distance_m)
        yield found


def rest_of_hop_s(bus: Underway, history: LineHistory, pace: float) -> float:
    """Seconds that a moving bus needs to its next stop."""
    stops, here = bus.place.pattern.stops, bus.place.index
    length_m = stops[here].distance_m - stops[here - 1].distance_m
    return rest_of_hop_at(
        bus, pace * history.times.run_s(stops[here - 1].stop_id, stops[here].stop_id, length_m)
    )


def rest_of_hop_at(bus: Underway, run_s: float) -> float:
    """Seconds that a moving bus needs to its next stop, if it takes `run_s` for the whole hop."""
    stops, here = bus.place.pattern.stops, bus.place.index
    mean_m_s = (stops[here].distance_m - stops[here - 1].distance_m) / max(run_s, 1.0)
    own_m_s = bus.position.speed / 3.6
    if own_m_s <= LEAST_SPEED * mean_m_s or bus.since != bus.position.time:
        return bus.distance_m / mean_m_s
    return bus.distance_m * (SPEED_SHARE / own_m_s + (1 - SPEED_SHARE) / mean_m_s)


def certainty(wait_s: float, *, has_departed: bool) -> float:
    """The probability that a bus comes within a minute of its expected time, `wait_s` ahead."""
    factor = 1.0 if has_departed else CERTAINTY_AT_TERMINAL
    for (start_s, more), (end_s, less) in itertools.pairwise(CERTAINTY):
        if wait_s <= end_s:
            share = (wait_s - start_s) / (end_s - start_s)
            return round(factor * (more + share * (less - more)), 2)
    return round(factor * CERTAINTY[-1][1], 2)
