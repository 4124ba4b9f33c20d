"""The digest of a stream: SHA-256 of its rows as text, the same on every machine.

The text is UTF-8. Rows are in order of (time, key) and end with a newline, columns are in table order and
separated by tabs. NULL is empty, a time is milliseconds since the epoch, a boolean is `true` or `false`, and
a float has the number of decimals of the schema. Floats are converted through integers, so that the text
doesn't depend on how a library prints floats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.batch import one_chunk
from storage.schema import SCHEMAS, Column, Stream

ROWS_AT_ONCE = 65_536


def stream_digest(tables: Iterable[pa.Table], stream: Stream) -> str:
    """Return the digest in hex of the rows of `tables`, which must be in order, as from `Store.scan`.

    The division of the rows into tables doesn't matter. Raises ValueError for a float that isn't finite or
    has more decimals than the schema's.
    """
    digest = hashlib.sha256()
    for table in tables:
        for start in range(0, len(table), ROWS_AT_ONCE):
            digest.update(rows_as_text(table.slice(start, ROWS_AT_ONCE), stream))
    return digest.hexdigest()


def rows_as_text(table: pa.Table, stream: Stream) -> memoryview:
    """The rows as the text that is hashed."""
    cells = [_as_text(one_chunk(table, column.name), column) for column in SCHEMAS[stream].columns]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "", null_handling="replace")
    joined = pc.binary_join_element_wise(*cells, "\t", null_handling="replace")
    # Arrow keeps the texts of a column one after another: rows need not be joined, nor copied.
    offsets = np.frombuffer(joined.buffers()[1], np.int32)
    first, last = offsets[joined.offset], offsets[joined.offset + len(joined)]
    return memoryview(joined.buffers()[2])[first:last]


def _as_text(array: pa.Array, column: Column) -> pa.Array:
    match column.kind:
        case "time":
            return array.view(pa.int64()).cast(pa.string())
        case "float":
            return _fixed(array, column)
        case "id":
            return array.dictionary_decode()
        case _:
            return array.cast(pa.string())


def _fixed(array: pa.Array, column: Column) -> pa.Array:
    """Floats as text with a fixed number of decimals, through integers in units of the last decimal."""
    values = array.to_numpy(zero_copy_only=False)
    finite = np.isfinite(values)
    scaled = np.where(finite, values, 0) * 10**column.decimals
    whole = np.rint(scaled)
    exact = (np.abs(scaled - whole) < 1e-3) & finite
    if not exact.all():
        wrong = values[~exact][0]
        raise ValueError(f"{column.name} {wrong} isn't finite or has more than {column.decimals} decimals")
    units = pa.array(whole.astype(np.int64))
    return units.cast(pa.decimal128(19, 0)).view(pa.decimal128(19, column.decimals)).cast(pa.string())
