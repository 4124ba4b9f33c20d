"""A tick of the whole city, as all feeds show it: buses, their trips in the static feed, what is expected."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from services.feeds.gtfs_realtime.expected_calls import (
    ExpectedCalls,
    PatternTimes,
    calls_from_departure,
    expected_calls,
    hops_of,
    pace_so_far,
    pattern_times,
)
from services.feeds.gtfs_realtime.visit_log import LineDay, TripSoFar, VisitLog
from services.gtfs_trips.planned_days import FeedTrip, PlannedDays
from services.gtfs_trips.trip_matching import CANCELLED, RunTrip, match_trips
from services.queries.trip_progress import RoutePlace
from services.transit.arrivals import Underway, departs_by_headway, underway
from services.transit.line_history import LineHistory
from services.transit.running_times import HopSums, RunningTimes
from services.transit.timetable import parse_trip_id, service_date
from simulator.network import Line, Pattern
from storage.schema import BusPosition, StopVisit, Stream

LONGEST_TRIP = timedelta(hours=4)
"""Trips planned to depart longer ago have ended."""


class TickTrip(NamedTuple):
    """A trip that a bus is on, or waits for. `planned` is None for one that isn't in the static feed."""

    bus: Underway
    planned: FeedTrip | None
    pattern_index: int
    calls: ExpectedCalls

    @property
    def pattern(self) -> Pattern:
        """Its pattern."""
        return self.bus.line.patterns[self.pattern_index]


class CutTrip(NamedTuple):
    """A planned trip whose bus ended it after so many stops, too early."""

    line: Line
    planned: FeedTrip
    served: int


class CancelledTrip(NamedTuple):
    """A planned trip that no bus runs."""

    line: Line
    planned: FeedTrip


@dataclass(frozen=True, slots=True)
class CityTick:
    """See the module. `positions` are those of all buses, `trips` by bus id."""

    time: datetime
    positions: Sequence[BusPosition]
    trips: Mapping[str, TickTrip]
    cut: Sequence[CutTrip]
    cancelled: Sequence[CancelledTrip]


class _Matched(NamedTuple):
    """The planned trips of a line-day's trips, and what they were matched from."""

    known: object
    planned: Mapping[str, FeedTrip]
    run: frozenset[tuple[str, date]]
    """Ids and dates of the planned trips that are run."""


class _Means(NamedTuple):
    """The mean times of a pattern's hops, and the sums and the count of changes they are made from."""

    learned: int
    source: RunningTimes
    hops: Sequence[HopSums]
    times: PatternTimes


class _Waiting(NamedTuple):
    """A trip that hasn't left its first stop, and the bus's last visit and next stop, which name it."""

    next_stop_id: str
    last: StopVisit
    run: RunTrip


@dataclass(slots=True)
class CityTicks:
    """Makes ticks one after the other, each from what is new since the last. One thread at a time."""

    log: VisitLog
    days: PlannedDays
    _matched: dict[LineDay, _Matched] = field(default_factory=dict)
    _means: dict[tuple[str, int], _Means] = field(default_factory=dict)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _waited: Mapping[str, _Waiting] = field(default_factory=dict)

    def at(self, tick: datetime) -> CityTick:
        """Return the tick. May raise `StoreError`."""
        self.log.advance(tick)
        self._waiting, self._waited = {}, self._waiting
        positions = [
            each
            for each in self.log.store.records_at(Stream.BUS_POSITION, tick)
            if isinstance(each, BusPosition)
        ]
        of_line: dict[str, list[BusPosition]] = {}
        for position in positions:
            of_line.setdefault(position.line_id, []).append(position)
        trips: dict[str, TickTrip] = {}
        cut: list[CutTrip] = []
        cancelled: list[CancelledTrip] = []
        current: dict[LineDay, _Matched] = {}
        for line in self.log.network.lines:
            of_one = _LineTick(self, line, tick, of_line.get(line.line_id, ()))
            current[of_one.line_day] = self._matched[of_one.line_day]
            trips.update(of_one.trips())
            cut += of_one.cut()
            cancelled += of_one.cancelled()
        self._matched = current
        return CityTick(tick, positions, trips, cut, cancelled)

    def means(self, line: Line, index: int) -> PatternTimes:
        """The mean times of a line's pattern, by the pattern's index, as the log has learned them so far."""
        learned = self.log.learned[line.line_id]
        kept = self._means.get((line.line_id, index))
        if kept is not None and kept.learned == learned:
            return kept.times
        source, pattern = self.log.times[line.line_id], line.patterns[index]
        if kept is not None and kept.source is source:
            hops = kept.hops
        else:
            hops = source.sums_along(hops_of(pattern), pattern.direction)
        times = pattern_times(source.means_of(hops))
        self._means[line.line_id, index] = _Means(learned, source, hops, times)
        return times

    def waiting(
        self, bus: Underway, before: TripSoFar, made: Callable[[Underway, TripSoFar], RunTrip]
    ) -> RunTrip:
        """The trip that a bus waits for after one `before`, from the last tick unless it is `made` anew."""
        position = bus.position
        kept = self._waited.get(position.trip_id)
        if kept is None or kept.last is not before.last or kept.next_stop_id != position.next_stop_id:
            kept = _Waiting(position.next_stop_id, before.last, made(bus, before))
        self._waiting[position.trip_id] = kept
        return kept.run

    def matched(self, line: Line, of: LineDay, waiting: Sequence[RunTrip]) -> _Matched:
        """The planned trip of each trip of a line-day, also of those that buses wait for."""
        departed = self.log.trips.get(of, {})
        # Of several patterns of a direction, later visits tell which one a trip is on.
        several = len({pattern.direction for pattern in line.patterns}) < len(line.patterns)
        seen = sum(len(trip.visits) for trip in departed.values()) if several else len(departed)
        known = seen, [(trip.trip_id, trip.departs, trip.patterns) for trip in waiting]
        kept = self._matched.get(of)
        if kept is None or kept.known != known:
            planned = self.days.of_line_day(line.line_id, of.day)
            runs = [_run_trip(line, trip, several=several) for trip in departed.values()]
            found = match_trips(line, planned, [*runs, *waiting])
            run = frozenset((trip.trip_id, trip.start_date) for trip in found.values())
            kept = self._matched[of] = _Matched(known, found, run)
        return kept


def _run_trip(line: Line, trip: TripSoFar, *, several: bool) -> RunTrip:
    """What the matching needs of a trip that has left its first stop, kept until it may differ."""
    visits = len(trip.visits) if several else 1
    if trip.run is None or trip.run[0] != visits:
        trip.run = visits, run_trip(line, trip)
    return trip.run[1]


def run_trip(line: Line, trip: TripSoFar) -> RunTrip:
    """What the matching needs of a trip that has left its first stop."""
    first, last, name = trip.first, trip.last, trip.name
    patterns = tuple(
        index
        for index, pattern in enumerate(line.patterns)
        if first.sequence == 1
        and pattern.direction == name.direction
        and _serves(pattern, first)
        and _serves(pattern, last)
    )
    return RunTrip(first.trip_id, name.direction, name.number, trip.bus_id, trip.taken, first.time, patterns)


def _serves(pattern: Pattern, visit: StopVisit) -> bool:
    stops = pattern.stops
    return visit.sequence <= len(stops) and stops[visit.sequence - 1].stop_id == visit.stop_id


class _LineTick:
    """One line at a tick."""

    def __init__(
        self, ticks: CityTicks, line: Line, tick: datetime, positions: Sequence[BusPosition]
    ) -> None:
        self._ticks, self._line, self._tick, self._tick_s = ticks, line, tick, tick.timestamp()
        self._day = service_date(line, tick)
        self.line_day = LineDay(line.line_id, self._day)
        log = ticks.log
        of_today: Mapping[str, TripSoFar] = log.trips.get(self.line_day, {})
        found = (
            (p.trip_id, of_today.get(p.trip_id) or log.trip_of(line.line_id, p.trip_id))
            for p in positions
            if p.trip_id
        )
        self._trip_of = {trip_id: trip for trip_id, trip in found if trip is not None}
        of_trip = {trip_id: trip.visits for trip_id, trip in self._trip_of.items()}
        departures = list(log.departures.get(line.line_id, ()))
        self._history = LineHistory(positions, departures, of_trip, log.times[line.line_id])
        self._buses = list(underway(line, self._history))
        self._departs: dict[str, datetime] = {}
        self._of_day = ticks.days.of_line_day(line.line_id, self._day)
        self._by_headway = any(trip.headway is not None for trip in self._of_day[:1])
        waiting = [self._waiting(bus) for bus in self._buses if not bus.visits]
        matched = ticks.matched(line, self.line_day, waiting)
        self._planned, self._run = matched.planned, matched.run

    def _waiting(self, bus: Underway) -> RunTrip:
        """What is known of a trip that hasn't left its first stop."""
        before = self._ticks.log.last_trip(bus.position.bus_id, self._day)
        if before is None or self._by_headway:
            return self._run_trip(bus, before)
        return self._ticks.waiting(bus, before, self._run_trip)

    def _run_trip(self, bus: Underway, last: TripSoFar | None) -> RunTrip:
        position, name = bus.position, parse_trip_id(bus.position.trip_id)
        patterns = tuple(
            index
            for index, pattern in enumerate(self._line.patterns)
            if pattern.direction == position.direction and pattern.stops[0].stop_id == position.next_stop_id
        )
        return RunTrip(
            position.trip_id,
            position.direction,
            name.number if name else 0,
            position.bus_id,
            last.last.time if last else None,
            self._departs_by_headway(bus) if self._by_headway else last.last.time if last else self._tick,
            patterns,
        )

    def _departs_by_headway(self, bus: Underway) -> datetime:
        trip_id = bus.position.trip_id
        if trip_id not in self._departs:
            self._departs[trip_id] = max(departs_by_headway(bus, self._history), self._tick)
        return self._departs[trip_id]

    def trips(self) -> Iterator[tuple[str, TickTrip]]:
        """The trips by bus id."""
        for bus in self._buses:
            yield bus.position.bus_id, self._trip(bus)

    def _trip(self, bus: Underway) -> TickTrip:
        planned, place = self._planned.get(bus.position.trip_id), bus.place
        patterns = self._line.patterns
        if planned is not None and patterns[planned.pattern] is not place.pattern:
            stops = patterns[planned.pattern].stops
            if place.index < len(stops) and stops[place.index].stop_id == bus.position.next_stop_id:
                bus = bus._replace(place=RoutePlace(patterns[planned.pattern], place.index))
            else:
                planned = None
        index = patterns.index(bus.place.pattern) if planned is None else planned.pattern
        return TickTrip(bus, planned, index, self._calls(bus, index, planned))

    def _calls(self, bus: Underway, index: int, planned: FeedTrip | None) -> ExpectedCalls:
        means = self._ticks.means(self._line, index)
        if not bus.has_departed:
            scheduled = planned is not None and planned.headway is None
            departs = planned.departs if scheduled and planned else self._departs_by_headway(bus)
            return calls_from_departure(means, max(departs, self._tick))
        trip = self._trip_of.get(bus.position.trip_id)
        if trip is None or not trip.follows:
            pace = self._history.times.pace_of(bus.visits)
        else:
            pace = pace_so_far(means, trip.first.sequence - 1, trip.last.sequence - 1, trip.driven_s)
        return expected_calls(bus, means, self._tick_s, pace)

    def cut(self) -> Iterator[CutTrip]:
        """The planned trips that their buses ended too early, until their planned ends."""
        running = {bus.position.trip_id for bus in self._buses}
        for trip_id, trip in self._ticks.log.unfinished.get(self.line_day, {}).items():
            planned = self._planned.get(trip_id)
            if planned is None or trip_id in running:
                continue
            all_stops = len(self._line.patterns[planned.pattern].stops)
            if trip.last.sequence < all_stops and not self._ended(planned):
                yield CutTrip(self._line, planned, trip.last.sequence)

    def cancelled(self) -> Iterator[CancelledTrip]:
        """The planned trips that are half an hour late and that no bus runs, until their planned ends."""
        of_day = self._of_day
        first = bisect_left(of_day, self._tick - LONGEST_TRIP, key=attrgetter("departs"))
        end = bisect_left(of_day, self._tick - CANCELLED, key=attrgetter("departs"))
        for planned in of_day[first:end]:
            if (planned.trip_id, planned.start_date) not in self._run and not self._ended(planned):
                yield CancelledTrip(self._line, planned)

    def _ended(self, planned: FeedTrip) -> bool:
        """Whether a planned trip would have ended by now."""
        if planned.departs + LONGEST_TRIP < self._tick:
            return True
        last = self._ticks.days.calls(self._line, planned)[-1]
        return planned.departs + timedelta(seconds=last.leaves_s) <= self._tick
