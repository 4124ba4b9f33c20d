"""Codes in place of ids: one for each id, also if memory doesn't hold all of them, and after reopening."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from storage import duckdb_codes
from storage.duckdb_code_sql import Dictionary
from storage.duckdb_store import DuckDBStore
from tests.storage.duckdb_files import POSITION
from tests.storage.records import RUN, after, position, table


def drive(store: DuckDBStore, second: int, trips: Sequence[str]) -> None:
    """Write a position of one bus for each trip, a second apart."""
    records = [replace(position(after(second + n)), trip_id=trip) for n, trip in enumerate(trips)]
    covers = (after(second), after(second + len(trips)))
    store.write(POSITION, table(POSITION, records), covers=covers, run=RUN)


def scanned_trips(store: DuckDBStore) -> list[str]:
    tables = store.scan(POSITION, start=after(0), end=after(1000))
    return [trip for part in tables for trip in part.column("trip_id").to_pylist()]


def codes(path: Path) -> list[tuple[str, int]]:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute("SELECT text, code FROM trip_ids ORDER BY code").fetchall()


@pytest.mark.parametrize("kept", [0, 2, 100])
def test_an_id_has_one_code_however_many_are_kept_in_memory(
    path: Path, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_codes, "MOST_KEPT", kept)
    with closing(DuckDBStore(path)) as store:
        drive(store, 0, ["", "A", "B"])
        drive(store, 10, ["C", "A", "D"])
        drive(store, 20, ["B", "", "E"])
        assert scanned_trips(store) == ["", "A", "B", "C", "A", "D", "B", "", "E"]
    assert codes(path) == [(text, code) for code, text in enumerate(["", "A", "B", "C", "D", "E"], 1)]


def test_no_more_ids_than_allowed_are_kept_after_a_batch(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_codes, "MOST_KEPT", 5)
    with closing(DuckDBStore(path)) as store:
        for number in range(10):
            drive(store, 10 * number, [f"{number}", f"{number} again"])
            assert len(store._encoder._tables[Dictionary.TRIPS]._kept) <= 5


def test_codes_continue_after_reopening(path: Path) -> None:
    with closing(DuckDBStore(path)) as store:
        drive(store, 0, ["A", "B"])
    with closing(DuckDBStore(path)) as store:
        drive(store, 10, ["B", "C"])
        assert scanned_trips(store) == ["A", "B", "B", "C"]
    assert codes(path) == [("A", 1), ("B", 2), ("C", 3)]


def test_pruning_removes_the_codes_of_trips_without_records(path: Path) -> None:
    with closing(DuckDBStore(path)) as store:
        drive(store, 0, ["A", "B"])
        drive(store, 10, ["B", "C"])
        store.prune(after(5))
        drive(store, 20, ["A", "D"])
        assert scanned_trips(store) == ["B", "C", "A", "D"]
    assert codes(path) == [("B", 2), ("C", 3), ("A", 4), ("D", 5)]


def test_a_refused_batch_leaves_no_codes(path: Path) -> None:
    with closing(DuckDBStore(path)) as store:
        drive(store, 0, ["A"])
        with pytest.raises(ValueError, match="outside"):
            store.write(
                POSITION,
                table(POSITION, [replace(position(after(50)), trip_id="X")]),
                covers=(after(10), after(20)),
                run=RUN,
            )
        drive(store, 10, ["B"])
        assert scanned_trips(store) == ["A", "B"]
    assert codes(path) == [("A", 1), ("B", 2)]
