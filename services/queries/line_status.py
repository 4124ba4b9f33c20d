"""The status of a line: its buses and their loads, headways, people at its stops, and next arrivals.

Computed from the newest positions, the stop visits of the last hour and a half, and the newest counts, all
from the store; it uses neither timetable nor model.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.errors import BadRequest
from services.queries import stream_queries
from services.queries.trip_progress import place_on_route
from simulator.network import Line, Network, Pattern
from storage.schema import BusPosition, PeopleCount, StopVisit, Stream
from storage.store import Reader

REACH = timedelta(minutes=90)
"""How far back to look for visits: longer than any headway, those of night lines included."""
MOST_VISITS = 1000
BUNCHED = 0.25
"""A bus is bunched if its headway is less than this share of its direction's mean headway."""
MEAN_SPEED_KMH = 13.16
"""Commercial speed of Madrid's buses, stops included (EMT, annual report 2017)."""


@dataclass(frozen=True, slots=True)
class BusStatus:
    """A bus on a trip. `headway_s` is the time since the previous bus left the same stop, None if unknown."""

    position: BusPosition
    capacity: int
    headway_s: float | None


@dataclass(frozen=True, slots=True)
class LineArrival:
    """A bus on its way to a stop, `stops_away` stops (0: the next one) and `distance_m` metres before it.

    `expected` is the arrival time: this bus's last departure plus the time that the latest bus took from the
    same stop (`by_last_bus`), or else the distance at mean speed. It is None for a bus that waits at its
    terminal, whose departure isn't known.
    """

    bus: BusStatus
    stops_away: int
    distance_m: float
    expected: datetime | None
    by_last_bus: bool


@dataclass(frozen=True, slots=True)
class DirectionStatus:
    """A direction of a line. `buses` are those on trips, the leading one first; unknown headways are None.

    `people_at_stops` counts people at its stops now, whatever line they wait for; `left_behind` people whom
    full buses left behind in the last `REACH`. `arrivals` is None unless a stop was given.
    """

    line: Line
    pattern: Pattern
    buses: Sequence[BusStatus]
    mean_headway_s: float | None
    headway_cv: float | None
    bunched: Sequence[str]
    people_at_stops: int
    left_behind: int
    arrivals: Sequence[LineArrival] | None


@dataclass(frozen=True, slots=True)
class _Underway:
    """A bus on a trip, the index of its next stop in its pattern, and its last visit on the trip."""

    status: BusStatus
    pattern: Pattern
    index: int
    last: StopVisit | None


def line_status(
    store: Reader, network: Network, *, line_id: str, stop_id: str | None = None, now: datetime
) -> Sequence[DirectionStatus]:
    """Return the status of a line's directions, with the next arrivals at `stop_id` if it is given.

    Closures aren't known here: `without_trips` leaves out buses that won't serve the stop.

    Raises `UnknownEntity` and `NoData` as `stream_queries` does, `BadRequest` for a stop of other lines.
    """
    line = stream_queries.known_line(network, line_id)
    if stop_id is not None and stop_id not in line.stop_ids:
        stream_queries.check_stop(network, stop_id)
        raise BadRequest(f"Stop {stop_id} is not served by line {line_id}. Its stops: bus://lines/{line_id}")
    positions = stream_queries.line_positions(store, network, line_id=line_id, now=now)
    visits = {position.bus_id: _visits(store, position.bus_id, now) for position in positions}
    waiting = _waiting(store, line, now)
    mains = [pattern for direction in (0, 1) if (pattern := line.main_pattern(direction)) is not None]
    return [
        _direction_status(line, pattern, positions, visits, waiting, stop_id=stop_id, now=now)
        for pattern in mains
    ]


def without_trips(found: Sequence[DirectionStatus], trip_ids: Collection[str]) -> Sequence[DirectionStatus]:
    """The status of directions without the arrivals of some trips."""
    return [
        way
        if way.arrivals is None
        else replace(way, arrivals=[a for a in way.arrivals if a.bus.position.trip_id not in trip_ids])
        for way in found
    ]


def _visits(store: Reader, bus_id: str, now: datetime) -> Sequence[StopVisit]:
    page = store.range(Stream.STOP_VISIT, bus_id, start=now - REACH, end=now, limit=MOST_VISITS)
    return [record for record in page.records if isinstance(record, StopVisit)]


def _waiting(store: Reader, line: Line, now: datetime) -> Mapping[str, int]:
    """The people waiting at each stop of a line; stops without a count are left out."""
    found = {stop_id: store.latest(Stream.PEOPLE_COUNT, stop_id, now=now) for stop_id in line.stop_ids}
    return {stop_id: count.count for stop_id, count in found.items() if isinstance(count, PeopleCount)}


def _direction_status(
    line: Line,
    pattern: Pattern,
    positions: Sequence[BusPosition],
    visits: Mapping[str, Sequence[StopVisit]],
    waiting: Mapping[str, int],
    *,
    stop_id: str | None,
    now: datetime,
) -> DirectionStatus:
    way = pattern.direction
    own = [visit for each in visits.values() for visit in each if visit.direction == way]
    out = [
        _underway(line, position, own)
        for position in positions
        if position.direction == way and position.trip_id
    ]
    out.sort(key=lambda bus: (-_progress_m(bus), bus.status.position.bus_id))
    headways = [bus.status.headway_s for bus in out if bus.status.headway_s is not None]
    mean = statistics.fmean(headways) if headways else None
    return DirectionStatus(
        line=line,
        pattern=pattern,
        buses=[bus.status for bus in out],
        mean_headway_s=mean,
        headway_cv=statistics.pstdev(headways) / mean if mean and len(headways) > 1 else None,
        bunched=[bus.status.position.bus_id for bus in out if _is_bunched(bus.status, mean)],
        people_at_stops=sum(waiting.get(stop.stop_id, 0) for stop in pattern.stops),
        left_behind=sum(visit.left_behind for visit in own),
        arrivals=None if stop_id is None else _arrivals(out, stop_id, own, now),
    )


def _underway(line: Line, position: BusPosition, visits: Sequence[StopVisit]) -> _Underway:
    own = [v for v in visits if v.bus_id == position.bus_id and v.trip_id == position.trip_id]
    last = max(own, key=lambda visit: visit.time, default=None)
    place = place_on_route(line, position, last)
    capacity = next(bus.capacity for bus in line.buses if bus.bus_id == position.bus_id)
    headway_s = None if last is None else _headway_s(last, visits)
    return _Underway(BusStatus(position, capacity, headway_s), place.pattern, place.index, last)


def _headway_s(last: StopVisit, visits: Sequence[StopVisit]) -> float | None:
    """The time from the previous bus's departure at the stop of `last` to this bus's."""
    before = [
        v.time
        for v in visits
        if v.stop_id == last.stop_id and v.trip_id != last.trip_id and v.time <= last.time
    ]
    return (last.time - max(before)).total_seconds() if before else None


def _is_bunched(bus: BusStatus, mean_s: float | None) -> bool:
    return mean_s is not None and bus.headway_s is not None and bus.headway_s < BUNCHED * mean_s


def _progress_m(bus: _Underway) -> float:
    return bus.pattern.stops[bus.index].distance_m - bus.status.position.distance_to_next_stop


def _arrivals(
    out: Sequence[_Underway], stop_id: str, visits: Sequence[StopVisit], now: datetime
) -> Sequence[LineArrival]:
    found = [arrival for bus in out if (arrival := _arrival(bus, stop_id, visits, now)) is not None]
    return sorted(found, key=lambda a: (a.expected is None, a.expected or now, a.distance_m))


def _arrival(bus: _Underway, stop_id: str, visits: Sequence[StopVisit], now: datetime) -> LineArrival | None:
    ahead = bus.pattern.stops[bus.index :]
    away = next((n for n, stop in enumerate(ahead) if stop.stop_id == stop_id), None)
    if away is None:
        return None
    position = bus.status.position
    metres = position.distance_to_next_stop + ahead[away].distance_m - ahead[0].distance_m
    taken = None if bus.last is None else _time_taken(bus.last, stop_id, visits)
    expected = None
    if bus.last is not None:
        guess = timedelta(seconds=metres / (MEAN_SPEED_KMH / 3.6))
        expected = max(bus.last.time + taken if taken is not None else position.time + guess, now)
    return LineArrival(bus.status, away, round(metres, 1), expected, taken is not None)


def _time_taken(last: StopVisit, stop_id: str, visits: Sequence[StopVisit]) -> timedelta | None:
    """The time that the latest bus took from the stop of `last` to its arrival at `stop_id`."""
    left = {visit.trip_id: visit.time for visit in visits if visit.stop_id == last.stop_id}
    came = [
        v for v in visits if v.stop_id == stop_id and v.trip_id in left and v.arrival_time >= left[v.trip_id]
    ]
    newest = max(came, key=lambda visit: visit.time, default=None)
    return None if newest is None else newest.arrival_time - left[newest.trip_id]
