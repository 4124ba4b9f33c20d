"""`Store.journal` and `Store.record`: entries that count from an instant on, stored with the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.arrow_schema import arrow_schema
from storage.errors import WrittenAhead
from storage.schema import Stream
from storage.store import JournalEntry, Store
from tests.storage.conformance.backends import Backend
from tests.storage.records import NOON, RUN, after

FIRST = JournalEntry(1, after(61), '{"breakdown": {"bus": "B001"}}')
SECOND = JournalEntry(2, after(125), "ñ" * 800)


def cover(store: Store, stream: Stream, seconds: float) -> None:
    store.write(stream, arrow_schema(stream).empty_table(), covers=(NOON, after(seconds)), run=RUN)


def test_a_new_store_has_an_empty_journal(store: Store) -> None:
    assert list(store.journal()) == []


def test_entries_are_returned_by_number_as_they_were_recorded(store: Store) -> None:
    store.record(SECOND, changes_from=SECOND.takes_effect)
    store.record(FIRST, changes_from=FIRST.takes_effect)
    assert list(store.journal()) == [FIRST, SECOND]


def test_a_later_state_replaces_an_entry(store: Store) -> None:
    ended = JournalEntry(1, FIRST.takes_effect, '{"ends": "12:02"}')
    store.record(FIRST, changes_from=FIRST.takes_effect)
    store.record(ended, changes_from=after(200))
    assert list(store.journal()) == [ended]


def test_the_journal_is_there_after_reopening(store: Store, backend: Backend, tmp_path: Path) -> None:
    store.record(FIRST, changes_from=FIRST.takes_effect)
    store.close()
    reopened = backend.open(tmp_path)
    try:
        assert list(reopened.journal()) == [FIRST]
    finally:
        reopened.close()


def test_an_entry_counts_only_where_nothing_is_stored(store: Store) -> None:
    cover(store, Stream.PEOPLE_COUNT, 120)  # the last tick is at 60 s
    cover(store, Stream.STOP_VISIT, 60)
    for seconds in (0, 60):
        with pytest.raises(WrittenAhead) as refused:
            store.record(FIRST, changes_from=after(seconds))
        assert refused.value.earliest == after(61)
    assert list(store.journal()) == []
    store.record(FIRST, changes_from=after(61))
    cover(store, Stream.STOP_VISIT, 90.2)
    with pytest.raises(WrittenAhead) as refused:
        store.record(SECOND, changes_from=after(90))
    assert refused.value.earliest == after(91)


def test_pruning_keeps_the_journal(store: Store) -> None:
    store.record(FIRST, changes_from=FIRST.takes_effect)
    store.prune(after(hours=1))
    assert list(store.journal()) == [FIRST]


def test_a_text_that_is_too_long_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="1,601 bytes"):
        store.record(JournalEntry(1, NOON, "x" * 1601), changes_from=NOON)
    assert list(store.journal()) == []
