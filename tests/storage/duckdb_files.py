"""DuckDB files for tests: filling a store, reading all of it, and checking that a file is unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from tests.storage.records import NOON, RUN, after, any_record, table

POSITION = Stream.BUS_POSITION


def fill(store: DuckDBStore, ticks: int = 10) -> None:
    for stream in Stream:
        records = [any_record(stream, after(60 * i), n, value=i) for i in range(ticks) for n in (1, 2)]
        store.write(stream, table(stream, records), covers=(NOON, after(60 * ticks)), run=RUN)


def everything(store: DuckDBStore) -> dict[Stream, pa.Table]:
    return {s: pa.concat_tables(store.scan(s, start=after(-9999), end=after(hours=99))) for s in Stream}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def untouched(path: Path) -> Iterator[None]:
    """Check that the block neither changes a file nor adds another to its folder."""
    before = digest(path), sorted(path.parent.iterdir())
    yield
    assert (digest(path), sorted(path.parent.iterdir())) == before


def complete_ticks(store: DuckDBStore, buses: int) -> int:
    """Check that every covered tick has all its records; return the number of ticks of positions."""
    ticks = {}
    for stream in (POSITION, Stream.STOP_VISIT):
        (covered,) = store.coverage(stream)
        ticks[stream] = round((covered.end - NOON).total_seconds()) // 30
        assert store.rows(stream) == ticks[stream] * buses
        rows = [len(part) for part in store.scan(stream, start=covered.start, end=covered.end)]
        assert sum(rows) == ticks[stream] * buses
    assert 0 <= ticks[POSITION] - ticks[Stream.STOP_VISIT] <= 1
    return ticks[POSITION]
