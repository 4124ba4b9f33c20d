"""Writing dates of a lake, in any process that has this program: of this machine, or of a cluster."""

from __future__ import annotations

import pickle
import zlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from services.feeders.backfill import MOST_AT_ONCE, ROWS_AT_ONCE, hours
from services.times import HOUR, floor
from storage.batch import divided
from storage.coverage import Interval
from storage.lake.place import LakePlace
from storage.lake.writer import is_written, write_span
from storage.schema import Stream

if TYPE_CHECKING:
    import pyarrow as pa

    from services.inputs.load import Inputs
    from simulator.city import City


ROWS_AHEAD = 1_000_000
"""About how many rows are kept that wait for being written; at least a block."""


class Block(NamedTuple):
    """The rows of all streams within [start, end), which is within a date's `span`."""

    span: Interval
    start: datetime
    end: datetime
    tables: Mapping[Stream, pa.Table]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(map(len, self.tables.values()))


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
    with (
        ThreadPoolExecutor(1, "lake-simulator") as pool,
        closing(_ahead(pool, _blocks(city, place, task.spans))) as blocks,
    ):
        for span, of_date in groupby(blocks, key=attrgetter("span")):
            rows += write_span(place, inputs.run, span, chain.from_iterable(map(_hours, of_date)))
    return rows


@lru_cache(maxsize=1)
def _unpacked(content: bytes) -> tuple[Inputs, City]:
    """A run's inputs and its city, which keeps line-days for the next date."""
    inputs: Inputs = pickle.loads(zlib.decompress(content))  # noqa: S301 - from `packed`
    return inputs, inputs.city(jobs=1)


def _blocks(city: City, place: LakePlace, spans: Iterable[Interval]) -> Iterator[Block]:
    """The rows of the spans that aren't written. Hours with few rows are simulated together, for speed."""
    together = 1
    for start, end in spans:
        if is_written(place, (start, end)):
            continue
        begins = start
        while begins < end:
            ends = min(floor(begins, HOUR) + together * HOUR, end)
            block = Block((start, end), begins, ends, city.window(begins, ends, list(Stream)))
            together = min(max(ROWS_AT_ONCE * together // max(block.rows, 1), 1), MOST_AT_ONCE)
            yield block
            begins = ends


def _ahead(pool: Executor, blocks: Iterator[Block]) -> Generator[Block]:
    """Some blocks. The pool's thread makes those that follow, also of the next date, while one is written."""
    following = deque([pool.submit(next, blocks, None)])
    try:
        while (block := following.popleft().result()) is not None:
            while len(following) < max(ROWS_AHEAD // max(block.rows, 1), 1):
                following.append(pool.submit(next, blocks, None))
            yield block
    finally:
        for future in following:
            future.cancel()


def _hours(block: Block) -> Iterator[Mapping[Stream, pa.Table]]:
    """The rows of each hour of a block."""
    parts = [*hours(block.start, block.end)]
    bounds = [block.start, *(end for _, end in parts)]
    of_streams = {stream: divided(table, bounds) for stream, table in block.tables.items()}
    for number in range(len(parts)):
        yield {stream: tables[number] for stream, tables in of_streams.items()}
