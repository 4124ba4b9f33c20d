"""The books of coverage: rows that grow, are never deleted, and forget by being told so."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from storage.schema import Stream
from storage.store import Covered, Run
from storage.timestream_coverage import Books, Entry, record_of
from storage.timestream_rows import Row
from storage.timestream_sql import PROGRESS_COLUMNS
from tests.storage.records import NOON, OTHER_RUN, RUN, after

STREAM = Stream.PEOPLE_COUNT


def row(each: Entry) -> Row:
    """A row of the books as a query gives it."""
    record = record_of(each)
    cells = {item["Name"]: item["Value"] for item in (*record["Dimensions"], *record["MeasureValues"])}
    for name in ("start_time", "end_time"):
        moment = datetime.fromtimestamp(int(cells[name]) / 1000, NOON.tzinfo)
        cells[name] = moment.strftime("%Y-%m-%d %H:%M:%S.%f000")
    return [cells.get(name) for name in PROGRESS_COLUMNS]


def book(books: Books, start: datetime, end: datetime, run: Run = RUN) -> list[Entry]:
    entries = books.entries_for(STREAM, (start, end), run)
    books.note(entries)
    return entries


def read_by_another(*entries: Entry) -> Books:
    """Books that know just what stands in the table when these were written one after another."""
    table: dict[str, Entry] = {}
    for each in entries:
        record = record_of(each)
        name = str((record["Time"], record["Dimensions"]))
        if name not in table or record_of(table[name])["Version"] < record["Version"]:
            table[name] = each
    books = Books()
    books.take([row(each) for each in table.values()], asked_at=1.0)
    assert len(table) <= len(entries)
    return books


def test_a_window_is_a_row_an_hour() -> None:
    entries = book(Books(), after(minutes=-30), after(hours=2, minutes=15))
    assert [(each.start, each.end) for each in entries] == [
        (after(minutes=-30), NOON),
        (NOON, after(hours=1)),
        (after(hours=1), after(hours=2)),
        (after(hours=2), after(hours=2, minutes=15)),
    ]
    assert [record_of(each)["Time"] for each in entries[:2]] == ["1772449200000", "1772452800000"]


def test_a_stretch_that_grows_stays_one_row_of_a_higher_version() -> None:
    books = Books()
    entries = [each for i in range(10) for each in book(books, after(30 * i), after(30 * i + 30))]
    records = [record_of(each) for each in entries]
    assert len({str((record["Time"], record["Dimensions"])) for record in records}) == 1
    versions = [record["Version"] for record in records]
    assert versions == sorted(set(versions))
    assert all(version >= 1 for version in versions)
    assert read_by_another(*entries).coverage(STREAM) == [Covered(NOON, after(300), RUN)]


def test_who_is_late_with_an_earlier_end_changes_nothing() -> None:
    first, second = (book(Books(), NOON, after(seconds))[0] for seconds in (60, 30))
    assert read_by_another(first, second).coverage(STREAM) == [Covered(NOON, after(60), RUN)]


@pytest.mark.parametrize("run", [RUN, OTHER_RUN], ids=["no scenario", "a scenario"])
def test_runs_come_back_as_they_were(run: Run) -> None:
    (each,) = book(Books(), NOON, after(60), run)
    assert read_by_another(each).coverage(STREAM) == [Covered(NOON, after(60), run)]


def test_a_run_with_a_number_longer_than_any_column() -> None:
    run = Run(2**70, "a" * 64, "", "1")
    (each,) = book(Books(), NOON, after(60), run)
    assert read_by_another(each).coverage(STREAM) == [Covered(NOON, after(60), run)]


def test_own_rows_count_before_queries_show_them() -> None:
    books = Books()
    book(books, NOON, after(60))
    books.take([], asked_at=1.0)
    assert books.coverage(STREAM) == [Covered(NOON, after(60), RUN)]


def test_an_older_answer_doesnt_replace_a_newer() -> None:
    (each,) = book(Books(), NOON, after(60))
    books = read_by_another(each)
    books.take([], asked_at=0.5)
    assert books.coverage(STREAM) == [Covered(NOON, after(60), RUN)]
    books.take([], asked_at=2.0)
    assert books.coverage(STREAM) == []


def test_pruned_coverage_is_forgotten_and_may_be_written_again() -> None:
    books = Books()
    entries = book(books, NOON, after(hours=2))
    prunes = books.prunes_for(after(minutes=30))
    books.note(prunes)
    assert [each.stream for each in prunes] == [STREAM]
    kept = Covered(after(minutes=30), after(hours=2), RUN)
    assert books.coverage(STREAM) == [kept]
    assert read_by_another(*entries, *prunes).coverage(STREAM) == [kept]
    again = book(books, NOON, after(minutes=10))
    expected = [Covered(NOON, after(minutes=10), RUN), kept]
    assert books.coverage(STREAM) == expected
    assert read_by_another(*entries, *prunes, *again).coverage(STREAM) == expected


def test_nothing_before_is_nothing_to_prune() -> None:
    books = Books()
    book(books, NOON, after(60))
    assert books.prunes_for(NOON) == []


def test_coverage_begins_and_ends_at_whole_milliseconds() -> None:
    """A record stands at a whole one, so that nothing is lost by it."""
    micro = timedelta(microseconds=1)
    books = Books()
    book(books, NOON + micro, after(60) + micro)
    assert books.coverage(STREAM) == [Covered(after(0.001), after(60.001), RUN)]


def test_a_stretch_is_complete_once_all_shards_of_a_division_have_it() -> None:
    shards = [Books(f"{number}/3") for number in (1, 2, 3)]
    entries: list[Entry] = []
    for minutes, books in zip((30, 20, 10), shards, strict=True):
        entries += book(books, NOON, after(minutes=minutes))
        assert books.coverage(STREAM) == [Covered(NOON, after(minutes=minutes), RUN)]
        whole = read_by_another(*entries).coverage(STREAM)
        assert list(whole) == ([Covered(NOON, after(minutes=10), RUN)] if len(entries) == 3 else [])
    table = [row(each) for each in entries]
    for number, minutes in ((1, 30), (2, 20), (3, 10)):
        again = Books(f"{number}/3")
        again.take(table, asked_at=1.0)
        assert list(again.coverage(STREAM)) == [Covered(NOON, after(minutes=minutes), RUN)]


def test_shards_of_several_divisions_and_runs_are_not_mixed_up() -> None:
    entries = [
        *book(Books("1/2"), NOON, after(minutes=10)),
        *book(Books("2/3"), NOON, after(minutes=10)),
        *book(Books("3/3"), NOON, after(minutes=10)),
        *book(Books("2/2"), NOON, after(minutes=10), OTHER_RUN),
    ]
    assert list(read_by_another(*entries).coverage(STREAM)) == []
    entries += book(Books(), after(minutes=10), after(minutes=20))
    entries += book(Books("2/2"), after(minutes=5), after(minutes=10))
    assert list(read_by_another(*entries).coverage(STREAM)) == [
        Covered(after(minutes=5), after(minutes=20), RUN)
    ]
