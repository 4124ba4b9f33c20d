"""Records of many entities: `Store.tick`, `Store.records_at` and `Store.range_of`."""

from __future__ import annotations

import pytest

from storage.schema import SCHEMAS, Record, Stream
from storage.store import Selection, Store
from tests.case_table import each_case
from tests.storage.records import NOON, RUN, after, any_record, entity, order, table

pytestmark = pytest.mark.integration

TICKED = [stream for stream in Stream if SCHEMAS[stream].cadence_s is not None]


def fill(store: Store, stream: Stream, ticks: int = 6, entities: int = 5) -> list[Record]:
    numbers = range(1, entities + 1)
    records = [any_record(stream, after(60 * i), number, value=i) for i in range(ticks) for number in numbers]
    records.sort(key=order)
    store.write(stream, table(stream, records), covers=(NOON, after(60 * ticks)), run=RUN)
    return records


@each_case("stream", TICKED)
def test_the_newest_tick_has_all_its_records_in_order(store: Store, stream: Stream) -> None:
    records = fill(store, stream)
    tick = store.tick(stream, time=after(150))
    assert tick == after(120 if SCHEMAS[stream].cadence_s == 60 else 150)
    assert list(store.records_at(stream, after(120))) == [r for r in records if r.time == after(120)]
    assert store.tick(stream, time=NOON) == NOON
    assert store.tick(stream, time=after(-0.001)) is None
    assert store.tick(stream, time=after(86_400)) == after(360 - (SCHEMAS[stream].cadence_s or 0))
    assert list(store.records_at(stream, after(3600))) == []


@each_case("stream", TICKED)
def test_an_empty_store_has_no_tick(store: Store, stream: Stream) -> None:
    assert store.tick(stream, time=NOON) is None


def pages(store: Store, stream: Stream, selection: Selection, limit: int) -> list[list[Record]]:
    result: list[list[Record]] = []
    cursor = None
    while not result or cursor:
        page = store.range_of(stream, selection, start=NOON, end=after(3600), limit=limit, cursor=cursor)
        cursor = page.next_cursor
        result.append(list(page.records))
    return result


@each_case("stream", list(Stream))
def test_each_record_of_all_entities_is_returned_once_in_order(store: Store, stream: Stream) -> None:
    records = fill(store, stream)
    for limit in (1, 7, 29, 30, 1000):
        found = pages(store, stream, Selection(), limit)
        assert [record for page in found for record in page] == records, limit
        assert all(len(page) == limit for page in found[:-1]), limit


@each_case("stream", list(Stream))
def test_a_selection_has_the_records_with_its_values(store: Store, stream: Stream) -> None:
    records = fill(store, stream)
    names = tuple(sorted({entity(record) for record in records}))[1:3]
    chosen = Selection(((SCHEMAS[stream].entity, names),))
    wanted = [record for record in records if entity(record) in names]
    assert [record for page in pages(store, stream, chosen, 5) for record in page] == wanted
    unknown = Selection(((SCHEMAS[stream].entity, ("X999",)),))
    assert pages(store, stream, unknown, 5) == [[]]


def test_a_cursor_is_valid_for_its_own_selection_only(store: Store) -> None:
    fill(store, Stream.BUS_POSITION)
    all_buses, one = Selection(), Selection((("bus_id", ("B001",)),))
    cursor = store.range_of(Stream.BUS_POSITION, all_buses, start=NOON, end=after(600), limit=2).next_cursor
    with pytest.raises(ValueError, match="cursor"):
        store.range_of(Stream.BUS_POSITION, one, start=NOON, end=after(600), limit=2, cursor=cursor)
