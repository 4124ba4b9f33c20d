"""Reading the rows of Arrow tables as records, all at once or one by one."""

from __future__ import annotations

from datetime import UTC

import pytest

from storage.records import record_at, records_of
from storage.schema import RECORD_TYPES, Stream
from tests.storage.records import after, any_record, table


@pytest.mark.parametrize("stream", Stream)
def test_rows_are_read_as_the_records_that_were_written(stream: Stream) -> None:
    written = [any_record(stream, after(60 * number), number, value=number) for number in range(3)]
    rows = table(stream, written)
    assert records_of(rows, RECORD_TYPES[stream]) == written
    assert [record_at(rows, stream, row) for row in range(3)] == written


def test_a_table_without_rows_has_no_records() -> None:
    assert records_of(table(Stream.STOP_VISIT, []), RECORD_TYPES[Stream.STOP_VISIT]) == []


def test_instants_are_in_utc() -> None:
    rows = table(Stream.STOP_VISIT, [any_record(Stream.STOP_VISIT, after(0))])
    (visit,) = records_of(rows, RECORD_TYPES[Stream.STOP_VISIT])
    assert visit.time.tzinfo is UTC
