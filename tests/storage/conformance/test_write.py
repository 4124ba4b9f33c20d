"""`Store.write`: batches are stored once and completely, and invalid ones are refused."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from storage.arrow_schema import arrow_schema
from storage.errors import RunMismatch
from storage.schema import SCHEMAS, Record, Stream
from storage.store import Covered, Store
from tests.case_table import each_case
from tests.storage.records import (
    NOON,
    OTHER_RUN,
    RUN,
    after,
    any_record,
    position,
    reading,
    table,
)

pytestmark = pytest.mark.integration

POSITION = Stream.BUS_POSITION
streams = each_case("stream", list(Stream))


def write(store: Store, stream: Stream, records: list[Record], start: datetime, end: datetime) -> None:
    store.write(stream, table(stream, records), covers=(start, end), run=RUN)


@streams
def test_every_column_is_read_back_unchanged(store: Store, stream: Stream) -> None:
    record = any_record(stream, after(0.007), value=7)
    write(store, stream, [record], NOON, after(1))
    name = getattr(record, SCHEMAS[stream].entity)
    assert store.at(stream, name, time=after(1)) == record
    (scanned,) = store.scan(stream, start=NOON, end=after(1))
    assert scanned.equals(table(stream, [record]))
    assert scanned.schema.equals(arrow_schema(stream))


def test_a_stop_has_no_co2_and_no_doors(store: Store) -> None:
    write(store, Stream.SENSOR_DATA, [reading(NOON, "S001"), reading(NOON, "B001")], NOON, after(60))
    at_stop = store.at(Stream.SENSOR_DATA, "S001", time=NOON)
    in_bus = store.at(Stream.SENSOR_DATA, "B001", time=NOON)
    assert (at_stop, in_bus) == (reading(NOON, "S001"), reading(NOON, "B001"))


@streams
def test_a_window_written_twice_is_stored_once(store: Store, stream: Stream) -> None:
    first = [any_record(stream, after(second), value=1) for second in (0, 30, 60)]
    again = [any_record(stream, after(second), value=2) for second in (0, 30, 60)]
    write(store, stream, first, NOON, after(90))
    write(store, stream, again, NOON, after(90))
    assert store.rows(stream) == 3
    (scanned,) = store.scan(stream, start=NOON, end=after(90))
    assert scanned.equals(table(stream, first))


def test_only_the_uncovered_part_of_a_window_is_added(store: Store) -> None:
    write(store, POSITION, [position(after(60), passengers=1)], after(60), after(90))
    write(store, POSITION, [position(after(120), passengers=1)], after(120), after(150))
    seconds = (0, 30, 60, 90, 120, 150)
    write(store, POSITION, [position(after(s), passengers=2) for s in seconds], NOON, after(180))
    found = store.range(POSITION, "B001", start=NOON, end=after(180)).records
    assert found == [position(after(s), passengers=1 if s in (60, 120) else 2) for s in seconds]
    assert list(store.coverage(POSITION)) == [Covered(NOON, after(180), RUN)]


@streams
def test_an_empty_batch_is_coverage_too(store: Store, stream: Stream) -> None:
    store.write(stream, arrow_schema(stream).empty_table(), covers=(NOON, after(60)), run=RUN)
    assert list(store.coverage(stream)) == [Covered(NOON, after(60), RUN)]
    assert store.rows(stream) == 0
    assert list(store.scan(stream, start=NOON, end=after(60))) == []


def test_rows_at_the_first_and_last_millisecond_are_accepted(store: Store) -> None:
    records: list[Record] = [position(NOON), position(after(59.999))]
    write(store, POSITION, records, NOON, after(60))
    assert store.range(POSITION, "B001", start=NOON, end=after(60)).records == records


@pytest.mark.parametrize("second", [-0.001, 60])
def test_a_row_outside_the_window_is_refused_with_its_batch(store: Store, second: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        write(store, POSITION, [position(after(30)), position(after(second))], NOON, after(60))
    assert store.rows(POSITION) == 0
    assert list(store.coverage(POSITION)) == []


def test_an_overlapping_batch_of_another_run_is_refused(store: Store) -> None:
    write(store, POSITION, [position(NOON)], NOON, after(60))
    batch = table(POSITION, [position(after(30)), position(after(90))])
    with pytest.raises(
        RunMismatch, match=r"seed 1 in the store, 2 in this run; network aaaaaaaaaaaa in the store"
    ):
        store.write(POSITION, batch, covers=(after(30), after(120)), run=OTHER_RUN)
    assert store.rows(POSITION) == 1
    assert list(store.coverage(POSITION)) == [Covered(NOON, after(60), RUN)]


def test_another_run_may_begin_where_a_run_ended(store: Store) -> None:
    write(store, POSITION, [position(NOON)], NOON, after(60))
    store.write(
        POSITION, table(POSITION, [position(after(60))]), covers=(after(60), after(90)), run=OTHER_RUN
    )
    stretches = [Covered(NOON, after(60), RUN), Covered(after(60), after(90), OTHER_RUN)]
    assert list(store.coverage(POSITION)) == stretches


def test_streams_do_not_affect_each_other(store: Store) -> None:
    write(store, POSITION, [position(NOON)], NOON, after(60))
    store.write(Stream.STOP_VISIT, table(Stream.STOP_VISIT, []), covers=(NOON, after(60)), run=OTHER_RUN)
    assert [store.rows(stream) for stream in Stream] == [0, 0, 1, 0]


def test_another_schema_is_refused(store: Store) -> None:
    batch = table(POSITION, [position(NOON)])
    wrong = [
        batch.drop_columns("trip_id"),
        batch.rename_columns(["when", *batch.column_names[1:]]),
        batch.set_column(0, "time", batch.column("time").cast(pa.timestamp("us", tz="UTC"))),
        batch.cast(pa.schema([field.with_nullable(True) for field in batch.schema])),
    ]
    for each in wrong:
        with pytest.raises(ValueError, match="schema"):
            store.write(POSITION, each, covers=(NOON, after(60)), run=RUN)


def test_nulls_in_a_column_that_is_not_nullable_are_refused(store: Store) -> None:
    row = {**table(POSITION, [position(NOON)]).to_pylist()[0], "speed": None}
    batch = pa.Table.from_pylist([row], schema=arrow_schema(POSITION))
    with pytest.raises(ValueError, match="nulls in speed"):
        store.write(POSITION, batch, covers=(NOON, after(60)), run=RUN)


def test_rows_out_of_order_are_refused(store: Store) -> None:
    records = [position(NOON, "B001"), position(NOON, "B002"), position(after(30), "B001")]
    ordered = table(POSITION, records)
    for places in ([1, 0, 2], [0, 2, 1], [0, 0, 1]):
        with pytest.raises(ValueError, match="order"):
            store.write(POSITION, ordered.take(pa.array(places)), covers=(NOON, after(60)), run=RUN)
    store.write(POSITION, ordered, covers=(NOON, after(60)), run=RUN)


def test_rows_of_one_entity_and_time_are_ordered_by_the_rest_of_the_key(store: Store) -> None:
    ordered = table(POSITION, [position(NOON, line_id=line) for line in ("L1", "L2")] + [position(after(30))])
    with pytest.raises(ValueError, match="order"):
        store.write(POSITION, ordered.take(pa.array([1, 0, 2])), covers=(NOON, after(60)), run=RUN)
    store.write(POSITION, ordered, covers=(NOON, after(60)), run=RUN)


def test_a_batch_may_have_many_chunks(store: Store) -> None:
    buses = [[f"B{number:03}" for number in numbers] for numbers in ((10, 2), (3, 30))]
    chunks = [table(POSITION, [position(after(s), bus) for bus in chunk]) for s, chunk in enumerate(buses)]
    store.write(POSITION, pa.concat_tables(chunks), covers=(NOON, after(60)), run=RUN)
    (scanned,) = store.scan(POSITION, start=NOON, end=after(60))
    assert scanned.column("bus_id").to_pylist() == ["B002", "B010", "B003", "B030"]


@pytest.mark.parametrize("seconds", [0, -60])
def test_an_empty_or_reversed_window_is_refused(store: Store, seconds: int) -> None:
    with pytest.raises(ValueError, match="interval"):
        write(store, POSITION, [], NOON, after(seconds))


def test_times_without_a_zone_are_refused(store: Store) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        write(store, POSITION, [], naive, naive + timedelta(seconds=60))
    with pytest.raises(ValueError, match="time zone"):
        store.at(POSITION, "B001", time=naive)
