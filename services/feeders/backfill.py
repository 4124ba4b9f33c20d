"""Backfill: simulate and write the hours of history that a store lacks.

A window is a UTC hour (less at the ends) that isn't covered, so an interrupted backfill continues where it
stopped. The next window is simulated while one is being written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from services.feeders.feeder import Model
from services.times import HOUR, floor
from storage.coverage import Interval, uncovered
from storage.schema import Stream
from storage.store import Run, Store

if TYPE_CHECKING:
    import pyarrow as pa


ROWS_AT_ONCE = 250_000
MOST_AT_ONCE = 6
HOURS_OF_DAY = 24


@runtime_checkable
class BulkStore(Protocol):
    """A store that stores streams at once, and a whole UTC day with less work than its hours."""

    rows_at_once: int
    """The most rows of a window, of all streams together."""


@runtime_checkable
class WindowStore(Protocol):
    """A store that writes a window of several streams in one transaction."""

    def write_window(
        self, batches: Mapping[Stream, pa.Table], *, covers: tuple[datetime, datetime], run: Run
    ) -> None:
        """Write all streams of a window, each as by `Store.write`, or nothing."""


@dataclass(frozen=True, slots=True)
class Window:
    """An interval [start, end), and the streams that lack it."""

    start: datetime
    end: datetime
    streams: tuple[Stream, ...]


@dataclass(frozen=True, slots=True)
class FilledWindow:
    """A window that was written, the number of planned windows that it joins, and its rows."""

    window: Window
    planned: int
    rows: int


def plan(
    store: Store, start: datetime, end: datetime, *, newest_first: bool, streams: Iterable[Stream] = Stream
) -> list[Window]:
    """Return the windows of [start, end) that are missing in `store`."""
    lacking: dict[tuple[datetime, datetime], list[Stream]] = {}
    for stream in streams:
        for missing in uncovered(store.coverage(stream), start, end):
            for hour in hours(*missing):
                lacking.setdefault(hour, []).append(stream)
    ordered = sorted(lacking, reverse=newest_first)
    return [Window(*interval, tuple(lacking[interval])) for interval in ordered]


def hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield [start, end) cut at whole UTC hours."""
    while start < end:
        following = min(floor(start, HOUR) + HOUR, end)
        yield start, following
        start = following


def fill(
    windows: Sequence[Window],
    *,
    model: Model,
    store: Store,
    run: Run,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[FilledWindow]:
    """Simulate and write `windows` in order; yield each one once it is in the store.

    Hours with few rows are joined, after the first, since a commit costs as much as thousands of rows; up to
    a day if the store takes much at once. When `stopped` returns True, ends after writing what was simulated.
    """
    waiting, most = deque(windows), 1
    most_rows, most_hours, by_day = ROWS_AT_ONCE, MOST_AT_ONCE, isinstance(store, BulkStore)
    if isinstance(store, BulkStore):
        most_rows, most_hours = store.rows_at_once, HOURS_OF_DAY
    with ThreadPoolExecutor(1, "backfill-writer") as writer:
        writing: Future[FilledWindow] | None = None
        while waiting and not stopped():
            window, planned = _take(waiting, most, by_day=by_day)
            batches = model.window(window.start, window.end, window.streams)
            rows = sum(len(batch) for batch in batches.values())
            most = min(max(most_rows * planned // max(rows, 1), 1), most_hours)
            if writing is not None:
                yield writing.result()
            writing = writer.submit(_write, store, run, FilledWindow(window, planned, rows), batches)
            # The thread alone keeps the batches, so that they are freed once written, not a window later.
            del batches
        if writing is not None:
            yield writing.result()


def _take(waiting: deque[Window], most: int, *, by_day: bool) -> tuple[Window, int]:
    """Take the first of `waiting`, joined with up to `most` - 1 adjacent ones; and how many were joined.

    With `by_day` those that are joined begin on the same UTC day.
    """
    window, count = waiting.popleft(), 1
    while waiting and count < most and waiting[0].streams == window.streams:
        other = waiting[0]
        if other.end != window.start and other.start != window.end:
            break
        if by_day and other.start.astimezone(UTC).date() != window.start.astimezone(UTC).date():
            break
        window = Window(min(window.start, other.start), max(window.end, other.end), window.streams)
        waiting.popleft()
        count += 1
    return window, count


def _write(store: Store, run: Run, done: FilledWindow, batches: Mapping[Stream, pa.Table]) -> FilledWindow:
    write_streams(store, run, (done.window.start, done.window.end), batches)
    return done


def write_streams(store: Store, run: Run, span: Interval, batches: Mapping[Stream, pa.Table]) -> None:
    """Write a window of several streams: in one transaction or at once, if the store can."""
    if isinstance(store, WindowStore):
        store.write_window(batches, covers=span, run=run)
        return
    if not isinstance(store, BulkStore):
        for stream, batch in batches.items():
            store.write(stream, batch, covers=span, run=run)
        return
    with ThreadPoolExecutor(len(batches), "stream-writer") as pool:
        writing = [
            pool.submit(store.write, stream, batch, covers=span, run=run) for stream, batch in batches.items()
        ]
    for each in writing:
        each.result()
