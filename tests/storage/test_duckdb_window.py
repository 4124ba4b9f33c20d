"""Windows of several streams in one transaction of the DuckDB store: all of them are stored, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from storage import duckdb_rows
from storage.duckdb_store import DuckDBStore
from storage.errors import RunMismatch, StoreUnavailable
from storage.schema import Stream
from tests.storage.duckdb_files import complete_ticks, everything, killed_while_writing
from tests.storage.records import NOON, OTHER_RUN, RUN, after, any_record, table


@pytest.fixture
def store(path: Path) -> Iterator[DuckDBStore]:
    with closing(DuckDBStore(path)) as store:
        yield store


def window(minute: int, value: int = 0) -> Mapping[Stream, pa.Table]:
    """A record of each of two entities in every stream."""
    return {
        stream: table(stream, [any_record(stream, after(60 * minute), number, value) for number in (1, 2)])
        for stream in Stream
    }


def write(store: DuckDBStore, minute: int, value: int = 0) -> None:
    store.write_window(window(minute, value), covers=(after(60 * minute), after(60 * minute + 60)), run=RUN)


def test_a_window_has_the_records_and_the_coverage_of_its_streams_written_one_by_one(
    store: DuckDBStore, tmp_path: Path
) -> None:
    with closing(DuckDBStore(tmp_path / "other.duckdb")) as other:
        for minute in (0, 2, 1):
            write(store, minute)
            for stream, batch in window(minute).items():
                covers = (after(60 * minute), after(60 * minute + 60))
                other.write(stream, batch, covers=covers, run=RUN)
        assert everything(store) == everything(other)
        for stream in Stream:
            assert store.coverage(stream) == other.coverage(stream)


def test_a_window_that_fails_in_its_last_stream_leaves_nothing(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = duckdb_rows.insert

    def failing(cursor: duckdb.DuckDBPyConnection, stream: Stream, *rest: object) -> None:
        if stream is Stream.STOP_VISIT:
            raise duckdb.IOException("no room")
        insert(cursor, stream, *rest)  # type: ignore[arg-type]  # as they came

    write(store, 0)
    monkeypatch.setattr(duckdb_rows, "insert", failing)
    with pytest.raises(StoreUnavailable, match="no room"):
        write(store, 1)
    for stream in Stream:
        assert store.rows(stream) == 2
        assert [held.end for held in store.coverage(stream)] == [after(60)]
    monkeypatch.undo()
    write(store, 1)
    assert [store.rows(stream) for stream in Stream] == [4] * 4


def test_a_window_of_which_another_run_covers_one_stream_is_refused_whole(store: DuckDBStore) -> None:
    batch = window(0)[Stream.STOP_VISIT]
    store.write(Stream.STOP_VISIT, batch, covers=(NOON, after(60)), run=OTHER_RUN)
    with pytest.raises(RunMismatch):
        write(store, 0)
    assert [store.rows(stream) for stream in Stream] == [0, 0, 0, 2]


def test_only_the_streams_that_lack_a_window_get_its_records(store: DuckDBStore) -> None:
    batch = window(0, value=1)[Stream.STOP_VISIT]
    store.write(Stream.STOP_VISIT, batch, covers=(NOON, after(60)), run=RUN)
    write(store, 0, value=2)
    write(store, 0, value=3)
    assert [store.rows(stream) for stream in Stream] == [2] * 4
    assert store.at(Stream.STOP_VISIT, "B001", time=NOON) == any_record(Stream.STOP_VISIT, NOON, 1, 1)
    assert store.at(Stream.BUS_POSITION, "B001", time=NOON) == any_record(Stream.BUS_POSITION, NOON, 1, 2)


@pytest.mark.parametrize("first_read", [0, 1, 2], ids="before the {} windows are written".format)
def test_newest_records_are_those_of_the_windows_whenever_they_are_first_read(
    store: DuckDBStore, first_read: int
) -> None:
    for place, minute in enumerate((5, 3)):
        if place == first_read:
            store.latest(Stream.BUS_POSITION, "B001", now=after(600))
        write(store, minute, value=minute)
    for stream, key in ((Stream.BUS_POSITION, "B001"), (Stream.PEOPLE_COUNT, "S002")):
        newest = any_record(stream, after(300), int(key[-1]), 5)
        assert store.latest(stream, key, now=after(600)) == newest
        assert store.remembered(stream, key, now=after(600)) == newest
        assert store.latest(stream, key, now=after(200)) == any_record(stream, after(180), int(key[-1]), 3)


@pytest.mark.integration
@pytest.mark.parametrize(("buses", "deaths"), [(10, 2), pytest.param(3000, 8, marks=pytest.mark.long)])
def test_after_sigkill_both_streams_of_a_window_are_there_or_none(
    path: Path, buses: int, deaths: int
) -> None:
    for _ in range(deaths):
        ticks = killed_while_writing(path, buses, at_once=True)
        with closing(DuckDBStore(path)) as store:
            assert complete_ticks(store, buses) > ticks[-1]
            assert store.coverage(Stream.BUS_POSITION) == store.coverage(Stream.STOP_VISIT)
