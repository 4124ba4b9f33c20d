"""The digest's text, compared with fixed examples and with a plain Python implementation."""

from __future__ import annotations

import hashlib
from dataclasses import astuple
from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.digest import rows_as_text, stream_digest
from storage.instants import to_us
from storage.schema import SCHEMAS, BusPosition, Column, PeopleCount, Record, SensorReading, StopVisit, Stream
from tests.storage.records import NOON, after, order, position, reading, table, visit

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SAMPLES: dict[Stream, list[Record]] = {
    Stream.PEOPLE_COUNT: [PeopleCount(NOON, "S001", "L1,L2", 3, 2, 1, 0)],
    Stream.SENSOR_DATA: [
        reading(NOON, "B001"),
        SensorReading(NOON, "S001", "stop", -0.05, 100.0, None, None),
    ],
    Stream.BUS_POSITION: [
        position(NOON),
        BusPosition(after(30), "B001", "L1", 40.4169, -0.000001, 12, "S002", 0.0, 49.9, 1, ""),
    ],
    Stream.STOP_VISIT: [
        visit(NOON),
        StopVisit(after(9), "B1", "ñ", "S", "t", 2, 1, after(9), False, 0, 0, 0, 0, 5),
    ],
}
TEXTS = {
    Stream.PEOPLE_COUNT: "1772452800000\tS001\tL1,L2\t3\t2\t1\t0\n",
    Stream.SENSOR_DATA: "1772452800000\tB001\tbus\t20.50\t40.0\t600\tclosed\n"
    "1772452800000\tS001\tstop\t-0.05\t100.0\t\t\n",
    Stream.BUS_POSITION: "1772452800000\tB001\tL1\t40.416900\t-3.703500\t0\tS002\t120.5\t18.3\t0\tL1-1\n"
    "1772452830000\tB001\tL1\t40.416900\t-0.000001\t12\tS002\t0.0\t49.9\t1\t\n",
    Stream.STOP_VISIT: "1772452800000\tB001\tL1\tS001\tL1-1\t1\t0\t1772452787655\ttrue\t0\t0\t0\t0\t0\n"
    "1772452809000\tB1\tñ\tS\tt\t2\t1\t1772452809000\tfalse\t0\t0\t0\t0\t5\n",
}
FROZEN = {
    Stream.PEOPLE_COUNT: "6dbfb8cce4f0e4b2bf8a64e44059fd7d8c8d18a36890f728e060669cd9bab3c9",
    Stream.SENSOR_DATA: "27026b6332e7d6eb5d3f03ba5dd7538c22a2d13159ab80295b71de009c5d7c22",
    Stream.BUS_POSITION: "8ca7313ea84492e3ea1c809b61af4c5cd583c064cfaa03e7369cc348cd4f44f9",
    Stream.STOP_VISIT: "b3bb8a6c3220417e1421cfecb886928848baf63da98e59050379f7cb49d29c74",
}
streams = pytest.mark.parametrize("stream", list(Stream))


def plain(records: list[Record], stream: Stream) -> str:
    """The text of rows, as a plain Python implementation writes it."""
    return "".join(
        "\t".join(map(_cell, astuple(record), SCHEMAS[stream].columns)) + "\n"
        for record in sorted(records, key=order)
    )


def _cell(value: object, column: Column) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return str(to_us(value) // 1000)
        case float():
            return f"{Decimal(repr(value)) + Decimal(0):.{column.decimals}f}"
        case _:
            return str(value)


@streams
def test_the_text_has_not_changed(stream: Stream) -> None:
    assert bytes(rows_as_text(table(stream, SAMPLES[stream]), stream)).decode() == TEXTS[stream]
    assert plain(SAMPLES[stream], stream) == TEXTS[stream]


@streams
def test_the_digest_has_not_changed(stream: Stream) -> None:
    digest = stream_digest([table(stream, SAMPLES[stream])], stream)
    assert digest == FROZEN[stream] == hashlib.sha256(TEXTS[stream].encode()).hexdigest()


@streams
def test_a_stream_without_rows_has_the_digest_of_an_empty_text(stream: Stream) -> None:
    assert stream_digest([], stream) == stream_digest([table(stream, [])], stream) == EMPTY


@streams
def test_the_division_into_tables_and_chunks_does_not_matter(stream: Stream) -> None:
    whole = table(stream, SAMPLES[stream])
    rows = [whole.slice(row, 1) for row in range(len(whole))]
    digests = [stream_digest(parts, stream) for parts in ([whole], rows, [pa.concat_tables(rows)])]
    assert len(set(digests)) == 1


def test_zero_has_no_sign_and_all_decimals_are_kept() -> None:
    values = [-0.0, 0.0, 0.000001, -0.000001, 179.999999, -179.999999, 40.4169]
    records = [BusPosition(after(i), "B", "L", v, v, 0, "", 0.0, 0.0, 0, "") for i, v in enumerate(values)]
    lines = (
        bytes(rows_as_text(table(Stream.BUS_POSITION, records), Stream.BUS_POSITION)).decode().splitlines()
    )
    expected = ["0.000000", "0.000000", "0.000001", "-0.000001", "179.999999", "-179.999999", "40.416900"]
    assert [line.split("\t")[3] for line in lines] == expected


@pytest.mark.parametrize("temperature", [20.123, float("nan"), float("inf")])
def test_a_float_that_the_text_cannot_hold_is_refused(temperature: float) -> None:
    batch = table(Stream.SENSOR_DATA, [reading(NOON, temperature=temperature)])
    with pytest.raises(ValueError, match="temperature"):
        stream_digest([batch], Stream.SENSOR_DATA)


def test_a_table_of_more_rows_than_are_hashed_at_once_has_the_same_digest() -> None:
    records: list[Record] = [visit(after(i / 1000), boarding=i) for i in range(3)]
    batch = table(Stream.STOP_VISIT, records).take(pa.array(np.arange(200_000) % 3))
    text = (plain(records, Stream.STOP_VISIT) * 66_667).splitlines(keepends=True)[:200_000]
    assert stream_digest([batch], Stream.STOP_VISIT) == hashlib.sha256("".join(text).encode()).hexdigest()


@pytest.mark.integration
@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**6), 10**6),
            st.integers(-180_000_000, 180_000_000),
            st.integers(0, 10**9),
            st.text(st.characters(exclude_categories=["Cs", "Cc"])),
        ),
        unique_by=lambda row: row[0],
    )
)
def test_the_text_of_any_rows_equals_the_plain_one(rows: list[tuple[int, int, int, str]]) -> None:
    records: list[Record] = [
        BusPosition(after(s), "B", "L", place / 10**6, -place / 10**6, n, name, n / 10, 0.0, 0, name)
        for s, place, n, name in rows
    ]
    expected = hashlib.sha256(plain(records, Stream.BUS_POSITION).encode()).hexdigest()
    assert stream_digest([table(Stream.BUS_POSITION, records)], Stream.BUS_POSITION) == expected
