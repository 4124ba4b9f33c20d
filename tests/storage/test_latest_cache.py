"""The cache of newest records: what was read doesn't keep the tables of older ticks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from storage.latest_cache import NewestRecords
from storage.schema import Stream
from tests.storage.records import count, table

TIME = datetime(2026, 3, 6, 7, 30, tzinfo=UTC)
STOPS = [f"S{number:03d}" for number in range(200)]


def test_records_read_at_many_ticks_keep_the_newest_table_only() -> None:
    newest = NewestRecords(Stream.PEOPLE_COUNT, 0)
    sizes = []
    for tick, stop in enumerate(STOPS[:50]):
        time = TIME + tick * timedelta(minutes=1)
        batch = table(Stream.PEOPLE_COUNT, [count(time, each) for each in STOPS])
        newest.add(batch)
        found = newest.of(stop)
        assert found is not None
        assert found.record.time == time
        sizes.append(pa.total_allocated_bytes())
    assert sizes[-1] - sizes[0] < 5 * batch.nbytes, "the tables of 49 older ticks are free"
