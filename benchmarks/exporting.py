"""A day of all buses' positions as a file of each format: megabytes per second of CPU, and memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from benchmarks.figures import Figure
from services.web.formats.stream_files import file_pieces, tables
from simulator.city import City
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Run, Store
from tests.synthetic import synthetic_network

START = datetime(2026, 11, 16, 3, tzinfo=UTC)
END, HOUR = START + timedelta(days=1), timedelta(hours=1)
STREAM = Stream.BUS_POSITION
FORMATS = ("parquet", "csv", "jsonl", "arrow")
WANTED_MB_S = 50.0
RUN = Run(seed=1, network_digest="export", scenario_digest="", model_version="2")


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A written file: its size, the seconds of CPU that it took, and the memory that it added at most."""

    size_mb: float
    cpu_s: float
    memory_mb: float


@contextmanager
def stored_day() -> Iterator[Store]:
    """A store with a weekday's positions of a network of Madrid's size."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store,
        closing(City(synthetic_network(), seed=1, jobs=2)) as city,
    ):
        hour = START
        while hour < END:
            rows = city.window(hour, hour + HOUR, [STREAM])[STREAM]
            store.write(STREAM, rows, covers=(hour, hour + HOUR), run=RUN)
            hour += HOUR
        yield store


def written(store: Store, form: str) -> ExportedFile:
    """Write the day, and drop it piece by piece."""
    process = psutil.Process()
    before, most, size = process.memory_info().rss, 0, 0
    began = time.process_time()
    for piece in file_pieces(store, STREAM, START, END, form):
        size += len(piece)
        most = max(most, process.memory_info().rss)
    return ExportedFile(size / 1e6, time.process_time() - began, (most - before) / 1e6)


def measure() -> Iterator[Figure]:
    """A figure for each format. Parquet's megabytes are those before its encoding and compression."""
    with stored_day() as store:
        plain_mb = sum(table.nbytes for table in tables(store, STREAM, START, END)) / 1e6
        for form in FORMATS:
            found = written(store, form)
            counted_mb = plain_mb if form == "parquet" else found.size_mb
            size = f"{found.size_mb:,.0f} MB"
            if form == "parquet":
                size += f" from {plain_mb:,.0f} MB in memory"
            yield Figure(
                f"a day of all buses' positions as {form}", counted_mb / found.cpu_s, "MB per CPU-second",
                "target", WANTED_MB_S, "at least", 1,
                f"{size}; {max(found.memory_mb, 0):.0f} MB more memory at most", row_id=f"export-{form}",
            )  # fmt: skip
