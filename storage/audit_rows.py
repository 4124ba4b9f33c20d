"""The rows that the audit checks, with what the stream has before each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from storage.arrow_schema import arrow_schema
from storage.audit_legs import LegIndex
from storage.batch import Ints, key_rank, one_chunk, out_of_order, times_us
from storage.coverage import Interval
from storage.instants import to_us
from storage.schema import SCHEMAS, Stream


class Loaded(NamedTuple):
    """A table to load from a stream: which rows to read, and which of them to check.

    The rows in `checked` get true in the column `mark`. The others of `loaded` give the checks their context.
    Columns of `before` are also loaded as `before_<column>`: their value in the previous row of the entity.
    `bus`, if any, is the column with buses' ids, whose legs are loaded as `leg` and `before_leg`.
    """

    table: str
    stream: Stream
    loaded: Interval
    mark: str
    checked: Interval
    before: tuple[str, ...] = ()
    bus: str | None = None


def rows_to_check(tables: Iterable[pa.Table], wanted: Loaded, legs: LegIndex | None) -> pa.Table:
    """The rows of `tables`, which come in the store's order, with the columns that the checks need besides.

    `row` numbers them, `in_order` says whether a row is after the one before it by (time, key). The columns
    `before_…` are NULL in an entity's first row by time.
    """
    # The empty table gives an interval without records a schema.
    parts = [arrow_schema(wanted.stream).empty_table(), *tables]
    rows = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    times, rank, entity = _numbers(rows, wanted)
    before = _before(times, entity)
    start, end = (to_us(bound) for bound in wanted.checked)
    added: dict[str, pa.Array] = {
        "row": pa.array(np.arange(len(rows))),
        "in_order": pa.array(np.append(True, ~out_of_order(times, rank, strictly=True))[: len(rows)]),
        wanted.mark: pa.array((times >= start) & (times < end)),
        **{f"before_{name}": rows.column(name).take(before) for name in wanted.before},
    }
    if wanted.bus is not None and legs is not None:
        leg = legs.numbers(one_chunk(rows, wanted.bus), times // 1000)
        added |= {"leg": leg, "before_leg": leg.take(before)}
    for name, values in added.items():
        rows = rows.append_column(name, values)
    return rows


class _Numbers(NamedTuple):
    """For each row its time (µs since the epoch), its key's rank, and a number for its entity."""

    times: Ints
    rank: Ints
    entity: Ints


def _numbers(rows: pa.Table, wanted: Loaded) -> _Numbers:
    if not len(rows):
        return _Numbers(*(np.empty(0, np.int64) for _ in range(3)))
    schema = SCHEMAS[wanted.stream]
    of_entity = schema.key if wanted.stream is Stream.SENSOR_DATA else (schema.entity,)
    return _Numbers(times_us(rows), key_rank(rows, schema.key), key_rank(rows, of_entity))


def _before(times: Ints, entity: Ints) -> pa.Array:
    """The previous row by time of the same entity, for each row; NULL for the entity's first."""
    order = np.lexsort((times, entity))
    before = np.full(len(times), -1, np.int64)
    same = entity[order[1:]] == entity[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    return pa.array(before, mask=before < 0)
