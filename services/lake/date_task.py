"""Writing dates of a lake, in any process that has this program: of this machine, or of a cluster."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from services.times import HOUR, floor
from storage.coverage import Interval
from storage.lake.place import LakePlace
from storage.lake.writer import write_span
from storage.schema import Stream

if TYPE_CHECKING:
    import pyarrow as pa

    from services.inputs.load import Inputs
    from simulator.city import City


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
    """Simulate the spans, write each, and return the number of rows. Raises `StoreError` as a store does."""
    inputs, city = _unpacked(task.inputs)
    place = LakePlace(task.url)
    return sum(write_span(place, inputs.run, span, _windows(city, *span)) for span in task.spans)


@lru_cache(maxsize=1)
def _unpacked(content: bytes) -> tuple[Inputs, City]:
    """A run's inputs and its city, which keeps line-days for the next date."""
    inputs: Inputs = pickle.loads(zlib.decompress(content))  # noqa: S301 - from `packed`
    return inputs, inputs.city(jobs=1)


def _windows(city: City, start: datetime, end: datetime) -> Iterator[Mapping[Stream, pa.Table]]:
    while start < end:
        following = min(floor(start, HOUR) + HOUR, end)
        yield city.window(start, following, list(Stream))
        start = following
