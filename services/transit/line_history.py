"""The visits that predictions for a line are made from, read from the store a little at a time and kept."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.queries.stream_queries import LINE_REACH
from services.times import floor
from services.transit.running_times import RunningTimes, running_times
from services.transit.timetable import departures, service_date
from simulator.network import Departure, Line
from simulator.service_day import service_type
from storage.schema import BusPosition, StopVisit, Stream
from storage.store import Reader

RECENT = timedelta(minutes=90)
"""How long visits count: longer than any headway, those of night lines included."""
OVERLAP = timedelta(minutes=3)
"""The newest visits are read again, since feeders write a tick's visits after the tick."""
PAST_BEFORE, PAST_AFTER = timedelta(minutes=30), timedelta(minutes=60)
"""The part of an earlier day that tells how the line runs at this time of day."""
MOST_DAYS_BACK = 7
SLOT = timedelta(minutes=30)
TICK = timedelta(seconds=30)
REREAD = timedelta(minutes=10)
PAGE = 5000


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
    """What is kept of a line: its visits up to `until`, and what was learned from them up to `learned`."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    visits: Sequence[StopVisit] = ()
    until: datetime | None = None
    past: Sequence[StopVisit] = ()
    past_slot: datetime | None = None
    times: RunningTimes | None = None
    learned: datetime | None = None
    departures: Sequence[Departure] = ()
    day: date | None = None


class LineHistories:
    """The visits of a network's lines, kept between requests. Threads may share it."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def at(self, store: Reader, now: datetime) -> Outlook:
        """What one request knows at an instant."""
        return Outlook(self, store, now)

    def history(self, store: Reader, line: Line, now: datetime) -> LineHistory:
        """A line's history at an instant. Nothing later than `now` is read. May raise `StoreError`."""
        kept = self._of(line)
        with kept.lock:
            self._read_visits(store, line, kept, now)
            times, visits = self._learn(store, line, kept, now), kept.visits
        of_trip: dict[str, list[StopVisit]] = {}
        for visit in visits:
            of_trip.setdefault(visit.trip_id, []).append(visit)
        positions = store.latest_of_line(line.line_id, since=now - LINE_REACH, now=now)
        return LineHistory(positions, visits, of_trip, times)

    def departures(self, line: Line, day: date) -> Sequence[Departure]:
        """A line's scheduled departures on a service day."""
        kept = self._of(line)
        with kept.lock:
            if kept.day != day:
                kept.departures, kept.day = departures(line, day), day
            return kept.departures

    def _of(self, line: Line) -> _Kept:
        return self._kept.setdefault(line.line_id, _Kept())

    def _read_visits(self, store: Reader, line: Line, kept: _Kept, now: datetime) -> None:
        """Read the visits since the last request; all of them after a jump, and every `REREAD`.

        History may be written late, so that what was read once must not stay for ever.
        """
        first = start = now - RECENT
        held: Sequence[StopVisit] = ()
        if kept.until is not None and floor(kept.until, REREAD) == floor(now, REREAD) and kept.until < now:
            start = max(first, kept.until - OVERLAP)
            held = [visit for visit in kept.visits if first <= visit.time < start]
        kept.visits = [*held, *visits_between(store, line, start, now + timedelta(milliseconds=1))]
        kept.until = now

    def _learn(self, store: Reader, line: Line, kept: _Kept, now: datetime) -> RunningTimes:
        """The running times, learned anew at every tick of the positions."""
        slot, learned = floor(now, SLOT), floor(now, TICK)
        if kept.past_slot != slot:
            kept.past, kept.past_slot = past_visits(store, line, slot), slot
        if kept.times is None or kept.learned != learned:
            recent = [visit for visit in kept.visits if learned - RECENT <= visit.time < learned]
            kept.times, kept.learned = running_times(line, [*kept.past, *recent]), learned
        return kept.times


class Outlook:
    """The histories of lines at one instant, each read once."""

    def __init__(self, histories: LineHistories, store: Reader, now: datetime) -> None:
        self.store, self.now = store, now
        self._histories = histories
        self._of_line: dict[str, LineHistory] = {}

    def history(self, line: Line) -> LineHistory:
        """A line's history. May raise `StoreError`."""
        if line.line_id not in self._of_line:
            self._of_line[line.line_id] = self._histories.history(self.store, line, self.now)
        return self._of_line[line.line_id]

    def departures(self, line: Line, day: date) -> Sequence[Departure]:
        """A line's scheduled departures on a service day."""
        return self._histories.departures(line, day)


def visits_between(store: Reader, line: Line, start: datetime, end: datetime) -> list[StopVisit]:
    """All visits of a line's buses in [start, end), by time."""
    found: list[StopVisit] = []
    cursor = None
    while True:
        page = store.range(
            Stream.STOP_VISIT, line.line_id, start=start, end=end, limit=PAGE, cursor=cursor, by="line_id"
        )
        found += [record for record in page.records if isinstance(record, StopVisit)]
        cursor = page.next_cursor
        if cursor is None:
            return found


def past_visits(store: Reader, line: Line, now: datetime) -> Sequence[StopVisit]:
    """The visits around this time of day on the newest earlier day with the same service; may be none."""
    today = service_date(line, now)
    for back in range(1, MOST_DAYS_BACK + 1):
        if service_type(line, today - timedelta(days=back)) == service_type(line, today):
            then = now - timedelta(days=back)
            return visits_between(store, line, then - PAST_BEFORE, then + PAST_AFTER)
    return ()
