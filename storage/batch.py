"""A batch before a backend writes it: checks of schema, nulls, bounds and order, and what it adds.

Records must ascend strictly by (time, key). Timestream identifies records by these: it would store one of two
records with the same time and key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from storage.arrow_schema import arrow_schema
from storage.coverage import Interval, joined, overlapping, uncovered
from storage.instants import to_us
from storage.runs import refuse_overlap
from storage.schema import SCHEMAS, Stream
from storage.store import Covered, Run

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def checked(stream: Stream, batch: pa.Table, covers: Interval) -> pa.Table:
    """Return `batch` with one chunk per column. Raise ValueError if it is invalid for `stream`."""
    start, end = (to_us(bound) for bound in covers)
    if start >= end:
        raise ValueError(f"covers must be an interval, not {covers[0]} to {covers[1]}")
    schema = arrow_schema(stream)
    if not batch.schema.equals(schema):
        raise ValueError(f"{stream}: the batch's schema is {batch.schema}, not {schema}")
    if len(batch) == 0:
        return batch
    table = batch.unify_dictionaries().combine_chunks()
    _refuse_nulls(stream, table)
    times = times_us(table)
    if times.min() < start or times.max() >= end:
        raise ValueError(f"{stream}: rows outside of {covers[0].isoformat()} to {covers[1].isoformat()}")
    _refuse_disorder(stream, table, times)
    return table


def times_us(table: pa.Table) -> Ints:
    """The values of the `time` column in µs since the epoch."""
    ms: Ints = one_chunk(table, "time").view(pa.int64()).to_numpy()
    return ms * 1000


def one_chunk(table: pa.Table, column: str) -> pa.Array:
    """A column of a table as one array."""
    chunked = table.column(column)
    return chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()


def within(table: pa.Table, intervals: Sequence[Interval]) -> pa.Table:
    """The rows of an ordered table with times in the ascending `intervals`, as slices without a copy."""
    bounds = [bound for interval in intervals for bound in interval]
    return pa.concat_tables(divided(table, bounds)[::2])


def divided(table: pa.Table, bounds: Sequence[datetime]) -> list[pa.Table]:
    """An ordered table's rows from each of the ascending `bounds` to the next, as slices without a copy."""
    times = times_us(table) if len(table) else np.empty(0, np.int64)
    places = np.searchsorted(times, [to_us(bound) for bound in bounds])
    return [table.slice(first, last - first) for first, last in pairwise(places)]


class Addition(NamedTuple):
    """The rows to store, the coverage with them, and the one stretch of it that they lie in."""

    rows: pa.Table
    coverage: list[Covered]
    whole: Covered


def addition_to(held: Sequence[Covered], table: pa.Table, covers: Interval, run: Run) -> Addition | None:
    """What a checked batch adds to a stream's coverage; None if all of `covers` is covered.

    Raises `RunMismatch` if another run covers some of it.
    """
    refuse_overlap(held, covers, run)
    gaps = uncovered(held, *covers)
    if not gaps:
        return None
    coverage = joined([*held, Covered(*covers, run)])
    # `covers` now lies within a single stretch, which replaces those it was merged from.
    (whole,) = overlapping(coverage, *covers)
    return Addition(table if gaps == [covers] else within(table, gaps), coverage, whole)


def last_tick(table: pa.Table) -> pa.Table | None:
    """A copy of the rows with the last time of an ordered table, so that the table itself can be freed."""
    if len(table) == 0:
        return None
    times = times_us(table)
    return table.take(pa.array(np.arange(np.searchsorted(times, times[-1]), len(times)))).combine_chunks()


def ordered(stream: Stream, table: pa.Table) -> pa.Table:
    """The rows ordered by (time, key). A table of rows in order is returned as it is."""
    times, key = times_us(table), key_rank(table, SCHEMAS[stream].key)
    if not out_of_order(times, key, strictly=False).any():
        return table
    return table.take(pa.array(np.lexsort((key, times)))).combine_chunks()


def _refuse_nulls(stream: Stream, table: pa.Table) -> None:
    for column in SCHEMAS[stream].columns:
        array = one_chunk(table, column.name)
        # A dictionary may contain NULL itself, which the array doesn't count.
        hidden = array.dictionary.null_count if column.kind == "id" else 0
        if hidden or (array.null_count and not column.nullable):
            raise ValueError(f"{stream}: nulls in {column.name}")


def _refuse_disorder(stream: Stream, table: pa.Table, times: Ints) -> None:
    key = SCHEMAS[stream].key
    # If the first column of the key ascends strictly at each time, the others needn't be compared.
    if not out_of_order(times, key_rank(table, key[:1]), strictly=True).any():
        return
    wrong = out_of_order(times, key_rank(table, key), strictly=True)
    if wrong.any():
        row = table.slice(int(wrong.argmax()) + 1, 1).to_pylist()[0]
        raise ValueError(f"{stream}: rows must ascend strictly by time and key; out of order: {row}")


def out_of_order(times: Ints, key: Ints, *, strictly: bool) -> Bools:
    """For each row but the first, whether it is before the previous one, or equal to it if `strictly`."""
    later, further = np.diff(times), np.diff(key)
    wrong: Bools = (later < 0) | ((later == 0) & (further < strictly))
    return wrong


def key_rank(table: pa.Table, key: Sequence[str]) -> Ints:
    """A number for each row, ordered as the values of the key columns are by code point."""
    rank = np.zeros(len(table), np.int64)
    for name in key:
        array = one_chunk(table, name)
        ranks = (
            pc.rank(array.dictionary, sort_keys="ascending", tiebreaker="dense").to_numpy().astype(np.int64)
        )
        rank = rank * (len(ranks) + 1) + ranks[array.indices.to_numpy()]
    return rank
