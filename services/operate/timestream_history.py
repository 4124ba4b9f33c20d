"""Check that a deployment's Timestream tables hold five days of history.

Records older than a day go to the magnetic store, where queries may see them up to 6 hours later (AWS:
"Magnetic store writes"). Coverage tells such records from missing ones. Coverage of old hours is itself
written late, so a backfill also leaves a notice with the current time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.operate.api_client import CheckFailed
from services.operate.verify import FRESHNESS, HISTORY, format_days
from services.times import HOUR, floor, format_instant
from storage.coverage import Interval, uncovered
from storage.errors import StoreError
from storage.schema import Stream
from storage.store import Covered
from storage.timestream_rows import Hour
from storage.timestream_tables import MEMORY_HOURS

LATE = timedelta(hours=6)
MEMORY = timedelta(hours=MEMORY_HOURS)
NOT_YET = "written, not yet queryable (Timestream shows what is older than a day up to 6 hours later)"


class HistoryStore(Protocol):
    """The part of `storage.timestream_store.TimestreamStore` that the check reads."""

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """The complete time spans, ascending."""

    def hours(self, stream: Stream, *, start: datetime, end: datetime) -> Sequence[Hour]:
        """The UTC hours in [start, end) that have records, ascending."""

    def backfills(self, *, since: datetime, now: datetime) -> Sequence[Interval]:
        """The time spans of backfills since a time."""


def check_history(store: HistoryStore, stream: Stream, now: datetime) -> str:
    """Say how many days before `now` a table holds without a gap. Raises `CheckFailed` for less than five."""
    start = now - HISTORY
    try:
        covered, held = store.coverage(stream), store.hours(stream, start=floor(start, HOUR), end=now)
        filled = store.backfills(since=now - LATE, now=now)
    except StoreError as error:
        raise CheckFailed(str(error)) from error
    lacking = missing_hours(held, start, now)
    written = [each for each in lacking if is_written(covered, filled, *each)]
    if lacking and written == lacking and lacking[-1][1] <= now - MEMORY:
        raise CheckFailed(f"{len(lacking)} hours are {NOT_YET}")
    if not held:
        raise CheckFailed("no data")
    if held[-1].newest < now - FRESHNESS:
        raise CheckFailed(
            f"ends {format_instant(held[-1].newest)}, {now - held[-1].newest} before simulated now"
        )
    begins = start_of_newest_run(held)
    if begins > start + FRESHNESS:
        raise CheckFailed(f"{format_days(now - begins)} without a gap, {format_days(HISTORY)} are needed")
    return f"{format_days(now - start)} without a gap"


def is_written(
    covered: Sequence[Covered], filled: Sequence[Interval], start: datetime, end: datetime
) -> bool:
    """Whether coverage or a recent backfill includes [start, end)."""
    return not uncovered(covered, start, end) or any(a <= start and end <= b for a, b in filled)


def missing_hours(held: Sequence[Hour], start: datetime, now: datetime) -> list[tuple[datetime, datetime]]:
    """The parts of [start, now), an hour or less each, whose hour has no record."""
    there = {hour.start for hour in held}
    found, begins = [], floor(start, HOUR)
    while begins < now:
        if begins not in there:
            found.append((max(begins, start), min(begins + HOUR, now)))
        begins += HOUR
    return found


def start_of_newest_run(held: Sequence[Hour]) -> datetime:
    """The time of the first record in the newest run of consecutive hours."""
    first = len(held) - 1
    while first > 0 and held[first - 1].start == held[first].start - HOUR:
        first -= 1
    return held[first].oldest
