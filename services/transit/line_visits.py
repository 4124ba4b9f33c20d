"""Visits of several lines' buses over a time, and around this time of day on an earlier day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.transit.timetable import service_date
from simulator.network import Line
from simulator.service_day import service_type
from storage.schema import StopVisit, Stream
from storage.store import Page, Selection

PAST_BEFORE, PAST_AFTER = timedelta(minutes=30), timedelta(minutes=60)
"""The part of an earlier day that tells how the line runs at this time of day."""
MOST_DAYS_BACK = 7
PAGE = 10_000


class PagedReader(Protocol):
    """The part of `storage.store.Reader` that is needed here."""

    def range_of(
        self,
        stream: Stream,
        selection: Selection,
        *,
        start: datetime,
        end: datetime,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Page:
        """See `Reader.range_of`."""


def visits_between(
    store: PagedReader, line_ids: Iterable[str], start: datetime, end: datetime
) -> Mapping[str, Sequence[StopVisit]]:
    """All visits of the lines' buses in [start, end), by line and time. May raise `StoreError`."""
    found: dict[str, list[StopVisit]] = defaultdict(list)
    selection = Selection((("line_id", tuple(line_ids)),))
    cursor = None
    while True:
        page = store.range_of(Stream.STOP_VISIT, selection, start=start, end=end, limit=PAGE, cursor=cursor)
        for record in page.records:
            if isinstance(record, StopVisit):
                found[record.line_id].append(record)
        cursor = page.next_cursor
        if cursor is None:
            return found


def past_visits(
    store: PagedReader, lines: Sequence[Line], now: datetime
) -> Mapping[str, Sequence[StopVisit]]:
    """The visits of each line around this time of day on its newest earlier day with the same service."""
    days_back: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        days_back[_days_back(line, now)].append(line)
    found: dict[str, Sequence[StopVisit]] = {line.line_id: () for line in lines}
    for back, together in days_back.items():
        then = now - timedelta(days=back)
        if back:
            line_ids = [line.line_id for line in together]
            found.update(visits_between(store, line_ids, then - PAST_BEFORE, then + PAST_AFTER))
    return found


def _days_back(line: Line, now: datetime) -> int:
    """How many days ago the line last had the present service, 0 if that is too long ago."""
    today = service_date(line, now)
    days = range(1, MOST_DAYS_BACK + 1)
    same = (back for back in days if service_type(line, today - timedelta(back)) == service_type(line, today))
    return next(same, 0)
