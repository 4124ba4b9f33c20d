"""Arrow tables converted to WriteRecords requests, and rows of queries to Arrow tables and records."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.arrow_schema import arrow_schema
from storage.schema import SCHEMAS, Record, Stream
from storage.timestream_batch import ROWS_AT_ONCE, Chunk, chunks, table_of
from storage.timestream_rows import record
from storage.timestream_writer import MOST_RECORDS
from tests.storage.records import NOON, after, any_record, count, position, positions, reading, table, visit

if TYPE_CHECKING:
    from types_boto3_timestream_write.type_defs import MeasureValueTypeDef

streams = pytest.mark.parametrize("stream", list(Stream))


def answered(stream: Stream, chunk: Chunk) -> list[list[str | None]]:
    """The rows that Timestream would return for a chunk, with the columns in the stream's order."""
    rows = []
    for each in chunk.records:
        dimensions = [*chunk.common.get("Dimensions", ()), *each.get("Dimensions", ())]
        cells = {d["Name"]: d["Value"] for d in dimensions} | {
            "time": each.get("Time") or chunk.common["Time"]
        }
        cells |= {m["Name"]: m["Value"] for m in each["MeasureValues"]}
        times = {c.name for c in SCHEMAS[stream].columns if c.kind == "time"}
        rows.append([shown(cells[n]) if n in times else cells.get(n) for n in SCHEMAS[stream].names])
    return rows


def shown(ms: str) -> str:
    stamp = pa.scalar(int(ms), pa.timestamp("ms")).cast(pa.string()).as_py()
    return f"{stamp}000000"


def values(items: Sequence[MeasureValueTypeDef]) -> dict[str, tuple[str, str]]:
    return {item["Name"]: (item["Value"], item["Type"]) for item in items}


def test_a_record_has_all_columns_with_their_types() -> None:
    (chunk,) = chunks(Stream.STOP_VISIT, table(Stream.STOP_VISIT, [visit(NOON), visit(after(0.007), "B002")]))
    assert chunk.common == {
        "Dimensions": [{"Name": "line_id", "Value": "L1"}, {"Name": "stop_id", "Value": "S001"}]
    }
    assert chunk.records[1]["Time"] == "1772452800007"
    assert chunk.records[1]["Dimensions"] == [{"Name": "bus_id", "Value": "B002"}]
    assert values(chunk.records[1]["MeasureValues"]) == {
        "trip_id": ("L1-1", "VARCHAR"),
        "sequence": ("1", "BIGINT"),
        "direction": ("0", "BIGINT"),
        "arrival_time": ("1772452787662", "TIMESTAMP"),
        "doors_open": ("true", "BOOLEAN"),
        "boarding": ("0", "BIGINT"),
        "alighting": ("0", "BIGINT"),
        "left_behind": ("0", "BIGINT"),
        "passenger_count": ("0", "BIGINT"),
        "waiting": ("0", "BIGINT"),
    }


def test_records_of_one_tick_share_their_time() -> None:
    (chunk,) = chunks(Stream.PEOPLE_COUNT, table(Stream.PEOPLE_COUNT, [count(NOON), count(NOON, "S002")]))
    assert chunk.common["Time"] == "1772452800000"
    assert all("Time" not in each for each in chunk.records)


def test_an_empty_text_is_omitted_and_read_as_empty() -> None:
    batch = table(Stream.BUS_POSITION, [position(NOON)])
    place = batch.schema.get_field_index("trip_id")
    batch = batch.set_column(place, batch.schema.field(place), pa.array([""]).dictionary_encode())
    (chunk,) = chunks(Stream.BUS_POSITION, batch)
    assert "trip_id" not in values(chunk.records[0]["MeasureValues"])
    (row,) = answered(Stream.BUS_POSITION, chunk)
    assert getattr(record(Stream.BUS_POSITION, row), "trip_id", None) == ""
    assert table_of(Stream.BUS_POSITION, [row]).equals(batch)


def test_a_stop_has_neither_co2_nor_doors() -> None:
    readings = [reading(NOON, "B001"), reading(NOON, "S001")]
    (chunk,) = chunks(Stream.SENSOR_DATA, table(Stream.SENSOR_DATA, readings))
    names = [set(values(each["MeasureValues"])) for each in chunk.records]
    assert names[0] - names[1] == {"co2_level", "door_status"}
    rows = answered(Stream.SENSOR_DATA, chunk)
    assert [record(Stream.SENSOR_DATA, row) for row in rows] == readings


@pytest.mark.parametrize("rows", [1, 99, 100, 101, ROWS_AT_ONCE + 1])
@pytest.mark.integration
def test_a_request_has_at_most_a_hundred_records_and_none_is_lost(rows: int) -> None:
    batch = positions(range(-(-rows // 50)), buses=50).combine_chunks().slice(0, rows).unify_dictionaries()
    found = list(chunks(Stream.BUS_POSITION, batch.combine_chunks()))
    assert all(0 < len(chunk.records) <= MOST_RECORDS for chunk in found)
    assert len(found) == -(-rows // MOST_RECORDS)
    everything = [row for chunk in found for row in answered(Stream.BUS_POSITION, chunk)]
    assert table_of(Stream.BUS_POSITION, everything).to_pylist() == batch.to_pylist()


@streams
def test_rows_are_read_as_the_records_and_tables_that_were_written(stream: Stream) -> None:
    records = [any_record(stream, after(s), n, value=n) for s in (0, 0.001, 60) for n in (1, 2, 3)]
    batch = table(stream, records)
    (chunk,) = chunks(stream, batch.combine_chunks())
    rows = answered(stream, chunk)
    assert sorted(map(str, (record(stream, row) for row in rows))) == sorted(map(str, records))
    assert table_of(stream, rows[::-1]).equals(batch)


@streams
def test_no_rows_give_an_empty_table_and_no_request(stream: Stream) -> None:
    assert table_of(stream, []).schema.equals(arrow_schema(stream))
    assert list(chunks(stream, arrow_schema(stream).empty_table())) == []


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**63), 2**63 - 1))
def test_numbers_are_read_back_exactly(number: float, whole: int) -> None:
    written: list[Record] = [reading(NOON, temperature=number), reading(NOON, "B002")]
    batch = table(Stream.SENSOR_DATA, written)
    place = batch.schema.get_field_index("co2_level")
    batch = batch.set_column(place, batch.schema.field(place), pa.array([whole, 0], pa.int64()))
    (chunk,) = chunks(Stream.SENSOR_DATA, batch)
    assert table_of(Stream.SENSOR_DATA, answered(Stream.SENSOR_DATA, chunk)).to_pylist() == batch.to_pylist()


@pytest.mark.parametrize("value", ["1.0E-4", "1.25E7", "-0.5"])
def test_numbers_are_read_as_java_writes_them(value: str) -> None:
    row = ["2026-03-02 12:00:00.000000000", "B001", "bus", value, "40.0", "600", "closed"]
    assert getattr(record(Stream.SENSOR_DATA, row), "temperature", None) == float(value)
    assert table_of(Stream.SENSOR_DATA, [row]).column("temperature").to_pylist() == [float(value)]


def test_ids_may_have_any_characters() -> None:
    (chunk,) = chunks(Stream.PEOPLE_COUNT, table(Stream.PEOPLE_COUNT, [count(NOON, "Plaza España's")]))
    (row,) = answered(Stream.PEOPLE_COUNT, chunk)
    assert re.search("España's", str(record(Stream.PEOPLE_COUNT, row)))
