"""The visits of all lines up to a tick: trips so far, and running times of the last 90 minutes.

`transit.line_history` has the same for one line, read when somebody asks for it. Here all lines are read at
once, only what is new since the last tick, so that a whole city costs a few milliseconds a tick.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from services.feeds.gtfs_realtime.realtime_source import TickReader
from services.gtfs_trips.trip_matching import RunTrip
from services.times import floor
from services.transit.line_history import LEARNED_EVERY, PAST_EVERY, RECENT
from services.transit.line_visits import past_visits
from services.transit.running_times import RunningTimes, running_times
from services.transit.timetable import TripName, parse_trip_id
from simulator.network import Network
from simulator.service_day import handover_ms, owner
from simulator.types import to_datetime, to_ms
from storage.records import records_of
from storage.schema import StopVisit, Stream

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class TripSoFar:
    """A trip that has left its first stop, with its visits.

    `taken` is when its bus ended the trip before, None for its first of the line-day. `driven_s` is
    the time between stops so far; `follows` says that no visit is missing between the first and the last.
    `run` keeps what was last matched of it, with the number of visits that it followed from.
    """

    name: TripName
    bus_id: str
    taken: datetime | None
    visits: list[StopVisit]
    driven_s: float = 0.0
    follows: bool = True
    run: tuple[int, RunTrip] | None = None

    @property
    def first(self) -> StopVisit:
        """Its first visit."""
        return self.visits[0]

    @property
    def last(self) -> StopVisit:
        """Its newest visit."""
        return self.visits[-1]


class LineDay(NamedTuple):
    """A line's service day."""

    line_id: str
    day: date


class _Hop(NamedTuple):
    """Two visits of a trip that follow each other."""

    before: StopVisit
    after: StopVisit


@dataclass(slots=True)
class VisitLog:
    """See the module. It belongs to one thread at a time."""

    network: Network
    store: TickReader
    times: dict[str, RunningTimes] = field(default_factory=dict)
    """Running times of each line."""
    learned: Counter[str] = field(default_factory=Counter)
    """How often the running times of each line have changed."""
    departures: dict[str, deque[StopVisit]] = field(default_factory=dict)
    """The visits of the last 90 minutes to first stops, by line and time."""
    trips: dict[LineDay, dict[str, TripSoFar]] = field(default_factory=dict)
    """The trips of line-days since the earliest one that hasn't ended, by trip id."""
    unfinished: dict[LineDay, dict[str, TripSoFar]] = field(default_factory=dict)
    """Those that haven't been at the last stop of the longest pattern of their direction."""
    _last_trip: dict[str, TripSoFar] = field(default_factory=dict)
    _hops: dict[datetime, list[_Hop]] = field(default_factory=dict)
    _new: list[_Hop] = field(default_factory=list)
    _until: datetime | None = None
    _slot: datetime | None = None
    _stored_from: datetime = NEVER
    _longest: dict[tuple[str, int], int] = field(init=False)

    def __post_init__(self) -> None:
        sizes = [
            ((line.line_id, pattern.direction), len(pattern.stops))
            for line in self.network.lines
            for pattern in line.patterns
        ]
        self._longest = dict(sorted(sizes, key=itemgetter(1)))

    def advance(self, tick: datetime) -> None:
        """Read the visits up to a tick. May raise `StoreError`."""
        stored_from = self._stored_since(tick)
        follows = self._until is not None and self._until <= tick <= self._until + RECENT
        # History may be written late: then it begins earlier than when it was read.
        is_longer = stored_from < self._stored_from
        if not follows or (is_longer and self._stored_from > self._start(tick)):
            self._restart(self._start(tick), tick)
            self._stored_from = stored_from
        # All are read before one counts: after a failure they are read again.
        for table in [*self.store.scan(Stream.STOP_VISIT, start=self._until or tick, end=tick)]:
            for visit in records_of(table, StopVisit):
                self._add(visit)
        self._until = tick
        learned = floor(tick, LEARNED_EVERY)
        self._expire(learned - RECENT)
        if self._slot != floor(tick, PAST_EVERY):
            self._learn_past(tick)
        self._learn_new(learned)

    def trip_of(self, line_id: str, trip_id: str) -> TripSoFar | None:
        """A trip that has left its first stop; None if it hasn't."""
        name = parse_trip_id(trip_id)
        return None if name is None else self.trips.get(LineDay(line_id, name.day), {}).get(trip_id)

    def last_trip(self, bus_id: str, day: date) -> TripSoFar | None:
        """The newest trip of a bus on a service day that has left its first stop."""
        last = self._last_trip.get(bus_id)
        return last if last is not None and last.name.day == day else None

    def _stored_since(self, tick: datetime) -> datetime:
        """Since when the visits up to a tick are stored without a gap."""
        spans = self.store.coverage(Stream.STOP_VISIT)
        return max((span.start for span in spans if span.start < tick), default=NEVER)

    def _start(self, tick: datetime) -> datetime:
        """When the earliest line-day began that owns its line at a tick."""
        now = to_ms(tick)
        starts = [handover_ms(line, owner(line, now)) for line in self.network.lines]
        return to_datetime(min(starts, default=now))

    def _restart(self, start: datetime, tick: datetime) -> None:
        """Forget everything, and read the first and last visits of the trips before the last 90 minutes."""
        self.times, self.departures, self.trips, self.unfinished = {}, {}, {}, {}
        self._last_trip, self._hops, self._slot, self._until = {}, {}, None, None
        recent = floor(tick, LEARNED_EVERY) - RECENT
        if start < recent:
            for table in self.store.scan(Stream.STOP_VISIT, start=start, end=recent):
                for visit in records_of(ends_of_trips(table), StopVisit):
                    self._add(visit)
        self._new = []
        self._until = recent

    def _learn_past(self, tick: datetime) -> None:
        """Learn the running times anew from an earlier day, and from the last 90 minutes."""
        slot = floor(tick, PAST_EVERY)
        past = past_visits(self.store, self.network.lines, slot)
        self.times = {line.line_id: running_times(line, past[line.line_id]) for line in self.network.lines}
        self.learned.update(self.times.keys())
        for hops in self._hops.values():
            self._learn(hops)
        self._slot = slot

    def _learn(self, hops: Iterable[_Hop], weight: float = 1.0) -> None:
        for before, after in hops:
            self.times[before.line_id].add(before, after, weight)
            self.learned[before.line_id] += 1

    def _learn_new(self, until: datetime) -> None:
        """Learn from the hops that ended before an instant."""
        for hop in self._new:
            if hop.after.time < until and hop.before.time >= until - RECENT:
                self._hops.setdefault(floor(hop.before.time, LEARNED_EVERY), []).append(hop)
                self._learn([hop])
        self._new = [hop for hop in self._new if hop.after.time >= until]

    def _add(self, visit: StopVisit) -> None:
        trip = self.trip_of(visit.line_id, visit.trip_id)
        if trip is None:
            self._begin(visit)
            return
        before = trip.last
        if visit.sequence == before.sequence + 1:
            self._new.append(_Hop(before, visit))
            trip.driven_s += (visit.arrival_time - before.time).total_seconds()
        else:
            trip.follows = False
        trip.visits.append(visit)
        if visit.sequence >= self._longest.get((visit.line_id, trip.name.direction), 0):
            self.unfinished[LineDay(visit.line_id, trip.name.day)].pop(visit.trip_id, None)

    def _begin(self, visit: StopVisit) -> None:
        name = parse_trip_id(visit.trip_id)
        # The network before may have had lines that this one lacks.
        if name is None or visit.line_id not in self.network.line:
            return
        before = self.last_trip(visit.bus_id, name.day)
        trip = TripSoFar(name, visit.bus_id, None if before is None else before.last.time, [visit])
        of = LineDay(visit.line_id, name.day)
        self.trips.setdefault(of, {})[visit.trip_id] = trip
        self.unfinished.setdefault(of, {})[visit.trip_id] = trip
        self._last_trip[visit.bus_id] = trip
        if visit.sequence == 1:
            self.departures.setdefault(visit.line_id, deque()).append(visit)

    def _expire(self, before: datetime) -> None:
        """Forget running times, departures and line-days that no longer count."""
        for old in [bucket for bucket in self._hops if bucket < before]:
            self._learn(self._hops.pop(old), -1.0)
        for visits in self.departures.values():
            while visits and visits[0].time < before:
                visits.popleft()
        oldest = before.date() - timedelta(days=2)
        self.trips = {of: trips for of, trips in self.trips.items() if of.day >= oldest}
        self.unfinished = {of: trips for of, trips in self.unfinished.items() if of.day >= oldest}


def ends_of_trips(visits: pa.Table) -> pa.Table:
    """The first and the last visit of each trip in a table of visits, in the table's order."""
    trips = visits.column("trip_id").combine_chunks()
    coded = trips if isinstance(trips, pa.DictionaryArray) else trips.dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    _, firsts = np.unique(codes, return_index=True)
    _, from_end = np.unique(codes[::-1], return_index=True)
    rows = np.unique(np.concatenate([firsts, len(codes) - 1 - from_end]))
    return visits.take(pa.array(rows))
