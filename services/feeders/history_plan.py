"""Which history a live run backfills before it serves, which in the background, and where feeders begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.feeders.backfill import Window, plan
from services.times import HOUR, ceiling, floor
from storage.schema import Stream
from storage.store import Run, Store

REACH = timedelta(days=5)
"""How far back history is written in the background."""


def first_writable_hour(store: Store, run: Run, streams: Iterable[Stream] = Stream) -> datetime | None:
    """The first whole hour after everything that other runs have written; None without other runs."""
    coverage = (held for stream in streams for held in store.coverage(stream))
    others = [held.end for held in coverage if held.run != run]
    return ceiling(max(others), HOUR) if others else None


def live_start(store: Store, run: Run, now: datetime, streams: Iterable[Stream] = Stream) -> datetime:
    """Where feeders of `streams` begin: the start of this hour, or the first writable hour if later."""
    begins = first_writable_hour(store, run, streams)
    hour = floor(now, HOUR)
    return hour if begins is None else max(hour, begins)


def before_serving(store: Store, run: Run, *, live: datetime, span: timedelta) -> list[Window]:
    """Return the missing windows of the `span` before `live`, where feeders begin, newest first."""
    return _missing(store, run, live - span, live)


def in_background(
    store: Store, run: Run, *, live: datetime, span: timedelta, streams: Sequence[Stream] = tuple(Stream)
) -> list[Window]:
    """Return the missing windows of `streams` to write while serving, newest first.

    With a `span`, all that are missing in the last `REACH`. Without one, only the gaps in what earlier
    processes have written.
    """
    start = live - max(span, REACH) if span else _first_held(store, live, streams)
    return _missing(store, run, start, live, streams)


def _first_held(store: Store, live: datetime, streams: Iterable[Stream]) -> datetime:
    """The first covered instant in the `REACH` before `live`; `live` if nothing is covered."""
    reach = live - REACH
    held = (stretch for stream in streams for stretch in store.coverage(stream) if stretch.end > reach)
    return min((max(stretch.start, reach) for stretch in held), default=live)


def _missing(
    store: Store, run: Run, start: datetime, live: datetime, streams: Sequence[Stream] = tuple(Stream)
) -> list[Window]:
    begins = first_writable_hour(store, run, streams)
    start = start if begins is None else max(start, begins)
    return plan(store, start, live, newest_first=True, streams=streams)
