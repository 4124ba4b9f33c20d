"""What is too old is forgotten, with its coverage; the rest stays as it was."""

from __future__ import annotations

from storage.schema import Stream
from storage.store import Covered, Store
from tests.storage.records import NOON, OTHER_RUN, RUN, after, position, table

POSITION = Stream.BUS_POSITION


def fill(store: Store) -> None:
    for start, run in ((0, RUN), (300, OTHER_RUN)):
        records = [position(after(start + s), passengers=s) for s in range(0, 300, 30)]
        window = (after(start), after(start + 300))
        store.write(POSITION, table(POSITION, records), covers=window, run=run)


def test_older_records_and_coverage_go(store: Store) -> None:
    fill(store)
    store.prune(after(90))
    assert list(store.coverage(POSITION)) == [
        Covered(after(90), after(300), RUN),
        Covered(after(300), after(600), OTHER_RUN),
    ]
    assert store.rows(POSITION) == 17
    assert store.at(POSITION, "B001", time=after(89.999)) is None
    assert store.at(POSITION, "B001", time=after(90)) == position(after(90), passengers=90)


def test_a_whole_run_may_go(store: Store) -> None:
    fill(store)
    store.prune(after(300))
    assert list(store.coverage(POSITION)) == [Covered(after(300), after(600), OTHER_RUN)]
    assert store.rows(POSITION) == 10


def test_everything_may_go_and_be_written_again(store: Store) -> None:
    fill(store)
    store.prune(after(hours=1))
    assert [store.rows(stream) for stream in Stream] == [0, 0, 0, 0]
    assert list(store.coverage(POSITION)) == []
    assert store.latest(POSITION, "B001", now=after(hours=1)) is None
    assert store.latest_of_line("L1", since=NOON, now=after(hours=1)) == []
    fill(store)
    assert store.rows(POSITION) == 20


def test_nothing_is_old_enough(store: Store) -> None:
    fill(store)
    store.prune(NOON)
    assert store.rows(POSITION) == 20
