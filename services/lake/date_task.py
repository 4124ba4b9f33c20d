"""Writing dates of a lake, in any process that has this program: of this machine, or of a cluster."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from services.feeders.backfill import MOST_AT_ONCE, ROWS_AT_ONCE
from services.times import HOUR, floor
from storage.batch import within
from storage.coverage import Interval
from storage.lake.place import LakePlace
from storage.lake.writer import is_written, write_span
from storage.schema import Stream

if TYPE_CHECKING:
    import pyarrow as pa

    from services.inputs.load import Inputs
    from simulator.city import City


Window: TypeAlias = "Mapping[Stream, pa.Table]"
"""The rows of all streams within an hour."""


@dataclass(frozen=True, slots=True)
class DateTask:
    """Spans in the order of time, each within a date, the lake to write them to, a run's packed inputs."""

    url: str
    spans: Sequence[Interval]
    inputs: bytes


def packed(inputs: Inputs) -> bytes:
    """A run's inputs, to be sent to other processes."""
    return zlib.compress(pickle.dumps(inputs), 1)


def write_dates(task: DateTask) -> int:
    """Simulate the spans, write each, and return the number of rows. Raises `StoreError` as a store does.

    Spans that a lost worker has written already are left out.
    """
    inputs, city = _unpacked(task.inputs)
    place, rows = LakePlace(task.url), 0
    with ThreadPoolExecutor(1, "lake-simulator") as pool:
        for span in task.spans:
            if not is_written(place, span):
                rows += write_span(place, inputs.run, span, _ahead(pool, _hours(city, *span)))
    return rows


@lru_cache(maxsize=1)
def _unpacked(content: bytes) -> tuple[Inputs, City]:
    """A run's inputs and its city, which keeps line-days for the next date."""
    inputs: Inputs = pickle.loads(zlib.decompress(content))  # noqa: S301 - from `packed`
    return inputs, inputs.city(jobs=1)


def _ahead(pool: Executor, windows: Iterator[Window]) -> Iterator[Window]:
    """Some windows, of which the pool makes the next one while the caller has the one before."""
    following = pool.submit(next, windows, None)
    while (window := following.result()) is not None:
        following = pool.submit(next, windows, None)
        yield window


def _hours(city: City, start: datetime, end: datetime) -> Iterator[Window]:
    """The hours of a span. Those with few rows are simulated together, which takes less time."""
    together = 1
    while start < end:
        following = min(floor(start, HOUR) + together * HOUR, end)
        tables = city.window(start, following, list(Stream))
        rows = sum(map(len, tables.values()))
        together = min(max(ROWS_AT_ONCE * together // max(rows, 1), 1), MOST_AT_ONCE)
        while start < following:
            hour = start, min(floor(start, HOUR) + HOUR, following)
            yield {stream: within(table, [hour]) for stream, table in tables.items()}
            start = hour[1]
