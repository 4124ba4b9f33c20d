"""`Store.range`: an entity's records of an interval, in pages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.schema import Record, Stream
from storage.store import Store
from tests.case_table import each_case
from tests.storage.records import NOON, RUN, after, any_record, entity, order, position, table, visit

pytestmark = pytest.mark.integration

POSITION = Stream.BUS_POSITION


def fill(store: Store, stream: Stream, ticks: int = 10) -> list[Record]:
    records = [any_record(stream, after(60 * i), number, value=i) for i in range(ticks) for number in (1, 2)]
    store.write(stream, table(stream, records), covers=(NOON, after(60 * ticks)), run=RUN)
    return records[::2]


def pages(store: Store, stream: Stream, key: str, limit: int) -> list[list[Record]]:
    result: list[list[Record]] = []
    cursor = None
    while not result or cursor:
        page = store.range(stream, key, start=NOON, end=after(3600), limit=limit, cursor=cursor)
        cursor = page.next_cursor
        result.append(list(page.records))
    return result


@each_case("stream", list(Stream))
def test_each_record_is_returned_once_in_order(store: Store, stream: Stream) -> None:
    records = fill(store, stream)
    for limit in (1, 3, 9, 10, 11, 1000):
        found = pages(store, stream, entity(records[0]), limit)
        assert [record for page in found for record in page] == records, limit
        assert all(len(page) == limit for page in found[:-1]), limit
        assert found[-1], limit


def test_the_start_is_included_and_the_end_is_not(store: Store) -> None:
    records = fill(store, POSITION)
    found = store.range(POSITION, "B001", start=after(60), end=after(180)).records
    assert found == records[1:3]
    shifted = store.range(POSITION, "B001", start=after(60.001), end=after(180.001)).records
    assert shifted == records[2:4]


def test_a_range_without_records_is_an_empty_page(store: Store) -> None:
    fill(store, POSITION)
    for key, start, end in (("B999", 0, 600), ("B001", -600, 0), ("B001", 60, 60), ("B001", 120, 60)):
        page = store.range(POSITION, key, start=after(start), end=after(end))
        assert (list(page.records), page.next_cursor) == ([], None)


def test_records_written_after_the_first_page_are_on_the_next(store: Store) -> None:
    fill(store, POSITION, ticks=2)
    page = store.range(POSITION, "B001", start=NOON, end=after(3600), limit=1)
    batch = table(POSITION, [position(after(120), passengers=2)])
    store.write(POSITION, batch, covers=(after(120), after(180)), run=RUN)
    rest = store.range(POSITION, "B001", start=NOON, end=after(3600), cursor=page.next_cursor).records
    assert [record.time for record in rest] == [after(60), after(120)]


def test_a_page_may_end_between_two_visits_at_the_same_time(store: Store) -> None:
    visits: list[Record] = [visit(NOON, stop_id=stop) for stop in ("S001", "S002", "S003")]
    store.write(Stream.STOP_VISIT, table(Stream.STOP_VISIT, visits), covers=(NOON, after(60)), run=RUN)
    assert pages(store, Stream.STOP_VISIT, "B001", 1) == [[visit] for visit in visits]


VISIT = Stream.STOP_VISIT
AT_STOPS: list[Record] = [
    replace(visit(after(s), bus, stop_id=stop), line_id=line_id, trip_id=f"{line_id}-{bus}")
    for s in (0, 60, 120)
    for bus, line_id in (("B001", "L1"), ("B002", "L2"), ("B003", "L1"))
    for stop in ("S001", "S002")
]


@each_case("by, key", [("stop_id", "S001"), ("line_id", "L1"), ("trip_id", "L2-B002"), ("bus_id", "B003")])
def test_a_range_by_another_column_has_each_record_once_in_order(store: Store, by: str, key: str) -> None:
    store.write(VISIT, table(VISIT, AT_STOPS), covers=(NOON, after(180)), run=RUN)
    for limit in (1, 4, 1000):
        found: list[Record] = []
        cursor = None
        while not found or cursor:
            page = store.range(VISIT, key, start=NOON, end=after(180), limit=limit, cursor=cursor, by=by)
            cursor = page.next_cursor
            found += page.records
        wanted = sorted((record for record in AT_STOPS if getattr(record, by) == key), key=order)
        assert found == wanted, limit


def test_a_range_by_another_column_has_nothing_for_an_unknown_id(store: Store) -> None:
    store.write(VISIT, table(VISIT, AT_STOPS), covers=(NOON, after(180)), run=RUN)
    for by in ("stop_id", "trip_id"):
        assert list(store.range(VISIT, "X", start=NOON, end=after(180), by=by).records) == []


@each_case("by", ["waiting", "time", "nothing"])
def test_a_range_needs_a_column_with_ids(store: Store, by: str) -> None:
    with pytest.raises(ValueError, match=by):
        store.range(VISIT, "1", start=NOON, end=after(180), by=by)


def test_a_cursor_is_valid_only_for_its_own_range(store: Store) -> None:
    fill(store, POSITION)
    fill(store, Stream.STOP_VISIT)
    end = after(3600)
    cursor = store.range(POSITION, "B001", start=NOON, end=end, limit=1).next_cursor
    foreign = [
        (POSITION, "B002", NOON, end),
        (Stream.STOP_VISIT, "B001", NOON, end),
        (POSITION, "B001", NOON, after(3601)),
        (POSITION, "B001", after(-1), end),
    ]
    for stream, key, first, last in foreign:
        with pytest.raises(ValueError, match="cursor"):
            store.range(stream, key, start=first, end=last, cursor=cursor)
    with pytest.raises(ValueError, match="cursor"):
        store.range(POSITION, "B001", start=NOON, end=end, cursor=cursor, by="line_id")


@each_case("cursor", ["", "x", "é", "AAAA", "e30", "null", "A" * 5000])
def test_an_invalid_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        store.range(POSITION, "B001", start=NOON, end=after(60), cursor=cursor)


@each_case("limit", [0, -1])
def test_a_limit_below_one_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        store.range(POSITION, "B001", start=NOON, end=after(60), limit=limit)
