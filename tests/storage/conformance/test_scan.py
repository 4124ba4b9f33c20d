"""`Store.scan`: all records of a stream in an interval, in order, as tables."""

from __future__ import annotations

import pyarrow as pa
import pytest

from storage.arrow_schema import arrow_schema
from storage.schema import Stream
from storage.store import Store
from tests.case_table import each_case
from tests.storage.records import NOON, RUN, after, any_record, table

pytestmark = pytest.mark.integration

streams = each_case("stream", list(Stream))


def fill(store: Store, stream: Stream) -> pa.Table:
    """Write three hours out of order; return the batch of all of them."""
    records = [
        any_record(stream, after(minutes=m), number, value=m)
        for m in range(0, 180, 20)
        for number in (10, 2, 1)
    ]
    for hour in (2, 0, 1):
        start, end = after(hours=hour), after(hours=hour + 1)
        own = [record for record in records if start <= record.time < end]
        store.write(stream, table(stream, own), covers=(start, end), run=RUN)
    return table(stream, records)


@streams
def test_all_records_are_scanned_in_order(store: Store, stream: Stream) -> None:
    everything = fill(store, stream)
    tables = list(store.scan(stream, start=after(hours=-10), end=after(hours=10)))
    assert pa.concat_tables(tables).to_pylist() == everything.to_pylist()
    assert {table.schema for table in tables} == {arrow_schema(stream)}


@streams
def test_no_table_spans_two_hours_or_is_empty(store: Store, stream: Stream) -> None:
    fill(store, stream)
    for part in store.scan(stream, start=after(minutes=30), end=after(hours=2.5)):
        times = part.column("time").to_pylist()
        assert {time.hour for time in times} == {times[0].hour}


def test_the_start_is_included_and_the_end_is_not(store: Store) -> None:
    fill(store, Stream.PEOPLE_COUNT)
    tables = store.scan(Stream.PEOPLE_COUNT, start=after(minutes=20), end=after(minutes=60))
    times = [row["time"] for part in tables for row in part.to_pylist()]
    assert sorted(set(times)) == [after(minutes=20), after(minutes=40)]


@streams
def test_an_empty_store_or_interval_has_no_tables(store: Store, stream: Stream) -> None:
    assert list(store.scan(stream, start=NOON, end=after(hours=1))) == []
    fill(store, stream)
    assert list(store.scan(stream, start=after(hours=1), end=after(hours=1))) == []
    assert list(store.scan(stream, start=after(hours=2), end=after(hours=1))) == []
