"""Finding a bus's leg at a time by binary search, several times as fast as DuckDB's ASOF join over text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from storage.batch import Ints, one_chunk

BUS_KEY = 1 << 44
"""More milliseconds since the epoch than any time has (the year 2527)."""


class LegIndex:
    """The legs of some buses, by bus and start.

    `legs` has the columns `bus_id` and `since` (ms since the epoch), ordered by both. A leg's number is its
    row.
    """

    def __init__(self, legs: pa.Table) -> None:
        buses = one_chunk(legs, "bus_id").dictionary_encode()
        self._bus_of = {bus: code for code, bus in enumerate(buses.dictionary.to_pylist())}
        self._bus: Ints = buses.indices.to_numpy().astype(np.int64)
        # Codes follow the order of the rows, so that the keys ascend.
        self._key = self._bus * BUS_KEY + one_chunk(legs, "since").to_numpy()

    def numbers(self, ids: pa.DictionaryArray, times_ms: Ints) -> pa.Array:
        """For each row the number of its bus's last leg that begins at or before its time; NULL if none."""
        codes = np.array([self._bus_of.get(text, -1) for text in ids.dictionary.to_pylist()], np.int64)
        bus = codes[ids.indices.to_numpy()]
        found = np.searchsorted(self._key, bus * BUS_KEY + times_ms, side="right") - 1
        return pa.array(found, mask=(found < 0) | (self._bus[found] != bus))
