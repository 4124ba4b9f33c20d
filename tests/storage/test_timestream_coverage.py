"""The log of covered intervals in Timestream: growing rows, and rows that prune them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from storage.schema import Stream
from storage.store import Covered, Run
from storage.timestream_coverage import CoverageLog
from storage.timestream_progress import ProgressRow, progress_record
from storage.timestream_rows import Row
from storage.timestream_sql import PROGRESS_COLUMNS
from tests.storage.records import NOON, OTHER_RUN, RUN, after

STREAM = Stream.PEOPLE_COUNT


def row(each: ProgressRow) -> Row:
    """The row that a query would return for a progress row."""
    record = progress_record(each)
    cells = {item["Name"]: item["Value"] for item in (*record["Dimensions"], *record["MeasureValues"])}
    for name in ("start_time", "end_time"):
        moment = datetime.fromtimestamp(int(cells[name]) / 1000, NOON.tzinfo)
        cells[name] = moment.strftime("%Y-%m-%d %H:%M:%S.%f000")
    return [cells.get(name) for name in PROGRESS_COLUMNS]


def cover(log: CoverageLog, start: datetime, end: datetime, run: Run = RUN) -> list[ProgressRow]:
    entries = log.rows_for(STREAM, (start, end), run)
    log.add(entries)
    return entries


def read_by_another(*entries: ProgressRow) -> CoverageLog:
    """The log of a process that reads the table after these rows were written in this order."""
    table: dict[str, ProgressRow] = {}
    for each in entries:
        record = progress_record(each)
        name = str((record["Time"], record["Dimensions"]))
        if name not in table or progress_record(table[name])["Version"] < record["Version"]:
            table[name] = each
    log = CoverageLog()
    log.load([row(each) for each in table.values()], asked_at=1.0)
    assert len(table) <= len(entries)
    return log


def test_a_window_is_recorded_as_a_row_for_each_hour() -> None:
    entries = cover(CoverageLog(), after(minutes=-30), after(hours=2, minutes=15))
    assert [(each.start, each.end) for each in entries] == [
        (after(minutes=-30), NOON),
        (NOON, after(hours=1)),
        (after(hours=1), after(hours=2)),
        (after(hours=2), after(hours=2, minutes=15)),
    ]
    assert [progress_record(each)["Time"] for each in entries[:2]] == ["1772449200000", "1772452800000"]


def test_a_growing_stretch_stays_one_row_with_higher_versions() -> None:
    log = CoverageLog()
    entries = [each for i in range(10) for each in cover(log, after(30 * i), after(30 * i + 30))]
    records = [progress_record(each) for each in entries]
    assert len({str((record["Time"], record["Dimensions"])) for record in records}) == 1
    versions = [record["Version"] for record in records]
    assert versions == sorted(set(versions))
    assert all(version >= 1 for version in versions)
    assert read_by_another(*entries).coverage(STREAM) == [Covered(NOON, after(300), RUN)]


def test_a_late_row_with_an_earlier_end_is_ignored() -> None:
    first, second = (cover(CoverageLog(), NOON, after(seconds))[0] for seconds in (60, 30))
    assert read_by_another(first, second).coverage(STREAM) == [Covered(NOON, after(60), RUN)]


@pytest.mark.parametrize("run", [RUN, OTHER_RUN], ids=["no scenario", "a scenario"])
def test_runs_are_read_back_unchanged(run: Run) -> None:
    (each,) = cover(CoverageLog(), NOON, after(60), run)
    assert read_by_another(each).coverage(STREAM) == [Covered(NOON, after(60), run)]


def test_a_seed_beyond_64_bits_is_read_back_unchanged() -> None:
    run = Run(2**70, "a" * 64, "", "1")
    (each,) = cover(CoverageLog(), NOON, after(60), run)
    assert read_by_another(each).coverage(STREAM) == [Covered(NOON, after(60), run)]


def test_rows_just_written_count_before_queries_return_them() -> None:
    log = CoverageLog()
    cover(log, NOON, after(60))
    log.load([], asked_at=1.0)
    assert log.coverage(STREAM) == [Covered(NOON, after(60), RUN)]


def test_an_older_query_result_does_not_replace_a_newer_one() -> None:
    (each,) = cover(CoverageLog(), NOON, after(60))
    log = read_by_another(each)
    log.load([], asked_at=0.5)
    assert log.coverage(STREAM) == [Covered(NOON, after(60), RUN)]
    log.load([], asked_at=2.0)
    assert log.coverage(STREAM) == []


def test_pruned_coverage_is_removed_and_may_be_written_again() -> None:
    log = CoverageLog()
    entries = cover(log, NOON, after(hours=2))
    prunes = log.prune_rows(after(minutes=30))
    log.add(prunes)
    assert [each.stream for each in prunes] == [STREAM]
    kept = Covered(after(minutes=30), after(hours=2), RUN)
    assert log.coverage(STREAM) == [kept]
    assert read_by_another(*entries, *prunes).coverage(STREAM) == [kept]
    again = cover(log, NOON, after(minutes=10))
    expected = [Covered(NOON, after(minutes=10), RUN), kept]
    assert log.coverage(STREAM) == expected
    assert read_by_another(*entries, *prunes, *again).coverage(STREAM) == expected


def test_without_older_coverage_a_prune_writes_no_row() -> None:
    log = CoverageLog()
    cover(log, NOON, after(60))
    assert log.prune_rows(NOON) == []


def test_coverage_starts_and_ends_at_whole_milliseconds() -> None:
    """Records have whole milliseconds, so that rounding up loses none."""
    micro = timedelta(microseconds=1)
    log = CoverageLog()
    cover(log, NOON + micro, after(60) + micro)
    assert log.coverage(STREAM) == [Covered(after(0.001), after(60.001), RUN)]


def test_a_stretch_is_covered_once_all_shards_have_written_it() -> None:
    shards = [CoverageLog(f"{number}/3") for number in (1, 2, 3)]
    entries: list[ProgressRow] = []
    for minutes, log in zip((30, 20, 10), shards, strict=True):
        entries += cover(log, NOON, after(minutes=minutes))
        assert log.coverage(STREAM) == [Covered(NOON, after(minutes=minutes), RUN)]
        whole = read_by_another(*entries).coverage(STREAM)
        assert list(whole) == ([Covered(NOON, after(minutes=10), RUN)] if len(entries) == 3 else [])
    table = [row(each) for each in entries]
    for number, minutes in ((1, 30), (2, 20), (3, 10)):
        again = CoverageLog(f"{number}/3")
        again.load(table, asked_at=1.0)
        assert list(again.coverage(STREAM)) == [Covered(NOON, after(minutes=minutes), RUN)]


def test_shards_of_different_divisions_and_runs_are_kept_apart() -> None:
    entries = [
        *cover(CoverageLog("1/2"), NOON, after(minutes=10)),
        *cover(CoverageLog("2/3"), NOON, after(minutes=10)),
        *cover(CoverageLog("3/3"), NOON, after(minutes=10)),
        *cover(CoverageLog("2/2"), NOON, after(minutes=10), OTHER_RUN),
    ]
    assert list(read_by_another(*entries).coverage(STREAM)) == []
    entries += cover(CoverageLog(), after(minutes=10), after(minutes=20))
    entries += cover(CoverageLog("2/2"), after(minutes=5), after(minutes=10))
    assert list(read_by_another(*entries).coverage(STREAM)) == [
        Covered(after(minutes=5), after(minutes=20), RUN)
    ]
