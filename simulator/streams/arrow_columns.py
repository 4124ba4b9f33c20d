"""Columns to Arrow: the streams' batches from NumPy arrays and indices into lists of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulator.day.trajectory import Ints
from storage.arrow_schema import arrow_schema
from storage.schema import Stream


def ids(
    index: NDArray[np.integer], values: Sequence[str], *, missing: NDArray[np.bool_] | None = None
) -> pa.Array:
    """A dictionary-encoded column: `values[i]` for each i of `index`, NULL where `missing`."""
    indices = pa.array(index.astype(np.int32, copy=False), mask=missing)
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string()))


def instants(values: Ints) -> pa.Array:
    """A time column from ms since the epoch."""
    return pa.array(values, pa.int64()).cast(pa.timestamp("ms", tz="UTC"))


def batch(stream: Stream, columns: Mapping[str, pa.Array | NDArray[np.generic]]) -> pa.Table:
    """A table of `stream` from its columns by name."""
    schema = arrow_schema(stream)
    return pa.table([pa.array(columns[name]) for name in schema.names], schema=schema)
