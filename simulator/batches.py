"""Columns to Arrow: the streams' batches from NumPy arrays and indices into lists of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulator.trajectory import Ints
from storage.arrow_schema import arrow_schema
from storage.schema import Stream


def ids(index: NDArray[np.integer], values: Sequence[str | None]) -> pa.Array:
    """A dictionary-encoded column: `values[i]` for each i of `index`. None becomes NULL."""
    if None in values:
        present = [value for value in values if value is not None]
        position = {value: i for i, value in enumerate(present)}
        mapped = pa.array([None if v is None else position[v] for v in values], pa.int32())
        return pa.DictionaryArray.from_arrays(mapped.take(pa.array(index)), pa.array(present, pa.string()))
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(values, pa.string()))


def instants(values: Ints) -> pa.Array:
    """A time column from ms since the epoch."""
    return pa.array(values, pa.int64()).cast(pa.timestamp("ms", tz="UTC"))


def batch(stream: Stream, columns: Mapping[str, pa.Array | NDArray[np.generic]]) -> pa.Table:
    """A table of `stream` from its columns by name."""
    schema = arrow_schema(stream)
    return pa.table([pa.array(columns[name]) for name in schema.names], schema=schema)
