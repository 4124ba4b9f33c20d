"""History: the hours that a store lacks, simulated and written, the next one while one is being written.

Windows are whole UTC hours (less at the ends), only what is not covered: an interrupted backfill goes on
where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from services.feeder import Model
from services.times import HOUR, floor
from storage.coverage import uncovered
from storage.schema import Stream
from storage.store import Run, Store

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch [start, end) of at most an hour, and the streams that lack it."""

    start: datetime
    end: datetime
    streams: tuple[Stream, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A window that is complete now, and how many rows it took."""

    window: Window
    rows: int


def plan(store: Store, start: datetime, end: datetime, *, newest_first: bool) -> list[Window]:
    """The windows of [start, end) that are missing in `store`."""
    lacking: dict[tuple[datetime, datetime], list[Stream]] = {}
    for stream in Stream:
        for missing in uncovered(store.coverage(stream), start, end):
            for hour in hours(*missing):
                lacking.setdefault(hour, []).append(stream)
    ordered = sorted(lacking, reverse=newest_first)
    return [Window(*interval, tuple(lacking[interval])) for interval in ordered]


def hours(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """[start, end) cut at whole UTC hours."""
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
) -> Iterator[Done]:
    """Simulate and write `windows` in order; yields each when it is in the store.

    While one is being written the next is simulated. Ends early, with everything begun written, when
    `stopped` says so.
    """
    with ThreadPoolExecutor(1, "backfill-writer") as writer:
        writing: Future[Done] | None = None
        for window in windows:
            if stopped():
                break
            batches = model.window(window.start, window.end, window.streams)
            if writing is not None:
                yield writing.result()
            writing = writer.submit(_write, store, run, window, batches)
        if writing is not None:
            yield writing.result()


def _write(store: Store, run: Run, window: Window, batches: Mapping[Stream, pa.Table]) -> Done:
    for stream, batch in batches.items():
        store.write(stream, batch, covers=(window.start, window.end), run=run)
    return Done(window, sum(len(batch) for batch in batches.values()))
