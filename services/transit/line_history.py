"""The visits that predictions for lines are made from, read from the store a little at a time and kept."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter

from services.queries.stream_queries import LINE_REACH
from services.times import floor
from services.transit.closed_stops import NONE, Closures, StopsAhead
from services.transit.line_visits import past_visits, visits_between
from services.transit.running_times import RunningTimes, running_times
from services.transit.timetable import departures
from simulator.network import Departure, Line
from storage.coverage import Interval, newest_tick, uncovered
from storage.schema import SCHEMAS, BusPosition, StopVisit, Stream
from storage.store import Covered, Reader

RECENT = timedelta(minutes=90)
"""How long visits count: longer than any headway, those of night lines included."""
LEARNED_EVERY = timedelta(minutes=1)
PAST_EVERY = timedelta(minutes=30)
"""How often the visits around this time of day on an earlier day are read anew."""
INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class LineHistory:
    """A line at an instant: its buses' positions, by bus, and its visits of the last `RECENT`, by time.

    `of_trip` has the visits of each trip, in order; `times` what was learned from earlier visits.
    """

    positions: Sequence[BusPosition]
    visits: Sequence[StopVisit]
    of_trip: Mapping[str, Sequence[StopVisit]]
    times: RunningTimes


@dataclass(slots=True)
class _Kept:
    """What is kept of a line: its visits in [`first`, `until`), and what was learned from them.

    `missing` are the parts of that time which the store didn't cover when it was read.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    visits: Sequence[StopVisit] = ()
    of_trip: Mapping[str, Sequence[StopVisit]] = field(default_factory=dict)
    first: datetime | None = None
    until: datetime | None = None
    missing: Sequence[Interval] = ()
    past: Sequence[StopVisit] = ()
    past_at: datetime | None = None
    times: RunningTimes | None = None
    learned: datetime | None = None
    positions: Sequence[BusPosition] = ()
    tick: datetime | None = None
    departures: Sequence[Departure] = ()
    day: date | None = None

    def unread_from(self, coverage: Sequence[Covered], first: datetime, stop: datetime) -> datetime | None:
        """Since when the store may have visits in [first, stop) that weren't read; None if it has none."""
        if self.until is None or not first <= self.until <= stop:
            return first
        for start, end in [*self.missing, (self.until, stop)]:
            start = max(start, first)
            if start < end and uncovered(coverage, start, end) != [(start, end)]:
                return start
        return None

    def add_visits(self, visits: Sequence[StopVisit], *, first: datetime, start: datetime) -> None:
        """Replace the visits from `start` on by `visits`, and drop those before `first`."""
        self.visits = [*(visit for visit in self.visits if first <= visit.time < start), *visits]
        self.first = first
        of_trip: dict[str, list[StopVisit]] = defaultdict(list)
        for visit in self.visits:
            of_trip[visit.trip_id].append(visit)
        self.of_trip = dict(of_trip)


class LineHistories:
    """The visits of a network's lines, kept between requests. Threads may share it."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def at(self, store: Reader, now: datetime, closures: Closures | None = None) -> Outlook:
        """What one request knows at an instant; without `closures` all stops are served."""
        return Outlook(self, store, now, closures)

    def histories(self, store: Reader, lines: Iterable[Line], now: datetime) -> Mapping[str, LineHistory]:
        """The histories of lines at an instant, by id. Nothing later is read. May raise `StoreError`."""
        # All requests take the locks in the same order, so that none waits for another for ever.
        wanted = sorted(lines, key=attrgetter("line_id"))
        with ExitStack() as locks:
            for line in wanted:
                locks.enter_context(self._of(line).lock)
            self._read_visits(store, wanted, now)
            self._learn(store, wanted, now)
            self._read_positions(store, wanted, now)
            return {line.line_id: self._history(line, now) for line in wanted}

    def departures(self, line: Line, day: date) -> Sequence[Departure]:
        """A line's scheduled departures on a service day."""
        kept = self._of(line)
        with kept.lock:
            if kept.day != day:
                kept.departures, kept.day = departures(line, day), day
            return kept.departures

    def _of(self, line: Line) -> _Kept:
        return self._kept.setdefault(line.line_id, _Kept())

    def _read_visits(self, store: Reader, lines: Sequence[Line], now: datetime) -> None:
        """Read the visits that came since the last request, of all lines at once."""
        first, stop = floor(now, LEARNED_EVERY) - RECENT, now + INSTANT
        coverage = store.coverage(Stream.STOP_VISIT)
        unread = {line.line_id: self._of(line).unread_from(coverage, first, stop) for line in lines}
        behind = {line_id: since for line_id, since in unread.items() if since is not None}
        start = min(behind.values(), default=stop)
        found = visits_between(store, behind, start, stop) if behind else {}
        for line in lines:
            kept = self._of(line)
            if line.line_id in behind:
                kept.add_visits(found.get(line.line_id, ()), first=first, start=start)
                kept.until, kept.missing = stop, uncovered(coverage, first, stop)
                if start < floor(now, LEARNED_EVERY):
                    kept.learned = None
            elif kept.first != first:
                kept.add_visits((), first=first, start=stop)

    def _learn(self, store: Reader, lines: Sequence[Line], now: datetime) -> None:
        """Learn running times from the visits before this minute, where that wasn't done yet."""
        learned, slot = floor(now, LEARNED_EVERY), floor(now, PAST_EVERY)
        past = past_visits(store, [line for line in lines if self._of(line).past_at != slot], slot)
        for line_id, visits in past.items():
            self._kept[line_id].past, self._kept[line_id].past_at = visits, slot
        for line in lines:
            kept = self._of(line)
            if kept.times is None or kept.learned != learned:
                recent = [visit for visit in kept.visits if visit.time < learned]
                kept.times, kept.learned = running_times(line, [*kept.past, *recent]), learned

    def _read_positions(self, store: Reader, lines: Sequence[Line], now: datetime) -> None:
        """Read the positions of those lines whose positions are of an earlier tick."""
        cadence_s = SCHEMAS[Stream.BUS_POSITION].cadence_s or 1
        tick = newest_tick(store.coverage(Stream.BUS_POSITION), now, cadence_s)
        for line in lines:
            kept = self._of(line)
            if tick is None or kept.tick != tick:
                kept.positions = store.latest_of_line(line.line_id, since=now - LINE_REACH, now=now)
                kept.tick = tick

    def _history(self, line: Line, now: datetime) -> LineHistory:
        kept = self._of(line)
        positions = [each for each in kept.positions if each.time >= now - LINE_REACH]
        return LineHistory(positions, kept.visits, kept.of_trip, kept.times or running_times(line, ()))


class Outlook:
    """The histories of lines at one instant, each read once."""

    def __init__(
        self, histories: LineHistories, store: Reader, now: datetime, closures: Closures | None = None
    ) -> None:
        self.store, self.now = store, now
        self._histories, self._closures = histories, closures
        self._of_line: dict[str, LineHistory] = {}

    def read(self, lines: Iterable[Line]) -> None:
        """Read the histories of lines at once. May raise `StoreError`."""
        unread = [line for line in lines if line.line_id not in self._of_line]
        if unread:
            self._of_line.update(self._histories.histories(self.store, unread, self.now))

    def history(self, line: Line) -> LineHistory:
        """A line's history. May raise `StoreError`."""
        self.read([line])
        return self._of_line[line.line_id]

    def departures(self, line: Line, day: date) -> Sequence[Departure]:
        """A line's scheduled departures on a service day."""
        return self._histories.departures(line, day)

    def unserved(self, ahead: StopsAhead) -> Collection[int]:
        """The indexes in its pattern of the stops ahead that a bus won't serve."""
        return NONE if self._closures is None else self._closures.unserved(ahead)
