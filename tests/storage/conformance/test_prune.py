"""`Store.prune`: removes old coverage, and old records where the backend can delete them."""

from __future__ import annotations

from datetime import datetime

from storage.schema import BusPosition, Stream
from storage.store import Covered, Run, Store
from tests.storage.records import NOON, OTHER_RUN, RUN, after, position, table

POSITION = Stream.BUS_POSITION


def fill(store: Store) -> None:
    for start, run in ((0, RUN), (300, OTHER_RUN)):
        write(store, (after(start), after(start + 300)), positions(start, start + 300), run)


def positions(start: int, end: int, *, more: int = 0) -> list[BusPosition]:
    return [position(after(s), passengers=s + more) for s in range(start, end, 30)]


def write(
    store: Store, window: tuple[datetime, datetime], records: list[BusPosition], run: Run = RUN
) -> None:
    store.write(POSITION, table(POSITION, records), covers=window, run=run)


def scanned(store: Store) -> list[dict[str, object]]:
    tables = store.scan(POSITION, start=NOON, end=after(hours=1))
    return [row for part in tables for row in part.to_pylist()]


def test_pruning_removes_earlier_coverage_only(store: Store) -> None:
    fill(store)
    store.prune(after(90))
    assert list(store.coverage(POSITION)) == [
        Covered(after(90), after(300), RUN),
        Covered(after(300), after(600), OTHER_RUN),
    ]
    assert scanned(store) == table(POSITION, positions(90, 600)).to_pylist()
    assert store.at(POSITION, "B001", time=after(90)) == position(after(90), passengers=90)


def test_pruning_may_remove_all_coverage_of_a_run(store: Store) -> None:
    fill(store)
    store.prune(after(300))
    assert list(store.coverage(POSITION)) == [Covered(after(300), after(600), OTHER_RUN)]


def test_everything_may_be_pruned_and_written_again(store: Store) -> None:
    fill(store)
    store.prune(after(hours=1))
    assert list(store.coverage(POSITION)) == []
    assert scanned(store) == []
    fill(store)
    assert scanned(store) == table(POSITION, positions(0, 600)).to_pylist()
    assert store.rows(POSITION) == 20


def test_another_run_may_write_where_coverage_was_pruned(store: Store) -> None:
    fill(store)
    store.prune(after(300))
    window, records = (NOON, after(300)), positions(0, 300, more=7)
    write(store, window, records, OTHER_RUN)
    assert list(store.coverage(POSITION)) == [Covered(NOON, after(600), OTHER_RUN)]
    assert scanned(store)[:10] == table(POSITION, records).to_pylist()
    assert store.at(POSITION, "B001", time=after(29)) == records[0]
    assert store.rows(POSITION) == 20


def test_older_records_are_deleted(store: Store) -> None:
    fill(store)
    store.prune(after(90))
    assert store.rows(POSITION) == 17
    assert store.at(POSITION, "B001", time=after(89.999)) is None
    store.prune(after(hours=1))
    assert [store.rows(stream) for stream in Stream] == [0, 0, 0, 0]
    assert store.latest(POSITION, "B001", now=after(hours=1)) is None
    assert store.latest_of_line("L1", since=NOON, now=after(hours=1)) == []


def test_pruning_before_the_first_record_changes_nothing(store: Store) -> None:
    fill(store)
    store.prune(NOON)
    assert store.rows(POSITION) == 20
    assert len(list(store.coverage(POSITION))) == 2
