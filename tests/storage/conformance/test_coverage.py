"""`Store.coverage`: the written intervals of each run, merged where they are adjacent."""

from __future__ import annotations

import itertools
from datetime import datetime

import pytest

from storage.arrow_schema import arrow_schema
from storage.errors import RunMismatch
from storage.runs import check_run
from storage.schema import Stream
from storage.store import Covered, Run, Store
from tests.storage.records import NOON, OTHER_RUN, RUN, after

STREAM = Stream.PEOPLE_COUNT
EMPTY = arrow_schema(STREAM).empty_table()


def cover(store: Store, start: datetime, end: datetime, run: Run = RUN) -> None:
    store.write(STREAM, EMPTY, covers=(start, end), run=run)


def test_an_empty_store_covers_nothing(store: Store) -> None:
    assert [list(store.coverage(stream)) for stream in Stream] == [[], [], [], []]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_adjacent_windows_are_merged_in_any_order(store: Store, order: tuple[int, ...]) -> None:
    for hour in order:
        cover(store, after(hours=hour), after(hours=hour + 1))
    assert list(store.coverage(STREAM)) == [Covered(NOON, after(hours=3), RUN)]


def test_windows_a_millisecond_apart_are_not_merged(store: Store) -> None:
    cover(store, NOON, after(60))
    cover(store, after(60.001), after(120))
    assert list(store.coverage(STREAM)) == [
        Covered(NOON, after(60), RUN),
        Covered(after(60.001), after(120), RUN),
    ]


def test_a_wide_window_absorbs_narrow_ones(store: Store) -> None:
    for minute in (1, 3, 5):
        cover(store, after(minutes=minute), after(minutes=minute + 1))
    cover(store, NOON, after(minutes=10))
    assert list(store.coverage(STREAM)) == [Covered(NOON, after(minutes=10), RUN)]


def test_adjacent_windows_of_different_runs_are_not_merged(store: Store) -> None:
    cover(store, NOON, after(60))
    cover(store, after(60), after(120), OTHER_RUN)
    cover(store, after(120), after(180))
    runs = [stretch.run for stretch in store.coverage(STREAM)]
    assert runs == [RUN, OTHER_RUN, RUN]


@pytest.mark.parametrize(
    "other",
    [
        Run(7, RUN.network_digest, "", "1"),
        Run(1, "e" * 64, "", "1"),
        Run(1, RUN.network_digest, "f" * 64, "1"),
        Run(1, RUN.network_digest, "", "2"),
    ],
    ids=["seed", "network", "scenario", "model version"],
)
def test_another_run_is_refused_unless_the_option_allows_it(
    store: Store, other: Run, request: pytest.FixtureRequest
) -> None:
    check_run(store, other)
    cover(store, NOON, after(60))
    check_run(store, RUN)
    check_run(store, other, continue_with_new_inputs=True)
    named = request.node.callspec.id.split("-")[-1]
    with pytest.raises(RunMismatch, match=f"run: .*{named} .*--continue-with-new-inputs.*another --store"):
        check_run(store, other)


def test_the_newest_run_in_the_store_may_continue(store: Store) -> None:
    cover(store, NOON, after(60))
    cover(store, after(60), after(120), OTHER_RUN)
    check_run(store, OTHER_RUN)
    with pytest.raises(RunMismatch):
        check_run(store, RUN)
