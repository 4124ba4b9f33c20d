"""Copies of a DuckDB store."""

from __future__ import annotations

import itertools
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from storage.duckdb_store import DuckDBStore
from storage.errors import StoreUnavailable
from storage.schema import SCHEMAS, Stream
from tests.storage.duckdb_files import POSITION, complete_ticks, everything, fill, untouched
from tests.storage.records import OTHER_RUN, RUN, after, positions, table, visits

pytestmark = pytest.mark.integration


def test_a_copy_equals_the_original_and_opens_as_a_store(path: Path, tmp_path: Path) -> None:
    store = DuckDBStore(path)
    fill(store)
    store.write(POSITION, table(POSITION, []), covers=(after(600), after(660)), run=OTHER_RUN)
    target = tmp_path / "copies" / "snapshot.duckdb"
    store.copy_to(target)
    assert [each.name for each in target.parent.iterdir()] == ["snapshot.duckdb"]
    copy = DuckDBStore(target)
    assert everything(copy) == everything(store)
    for stream in Stream:
        assert list(copy.coverage(stream)) == list(store.coverage(stream))
    copy.close()
    store.close()


def test_every_stream_of_a_copy_is_read_by_the_sql_of_the_readme(path: Path, tmp_path: Path) -> None:
    with closing(DuckDBStore(path)) as store:
        fill(store)
        store.copy_to(tmp_path / "copy.duckdb")
        whole = everything(store)
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", readme, re.DOTALL)
    assert "FROM bus_position" in query
    with closing(duckdb.connect(tmp_path / "copy.duckdb", read_only=True)) as connection:
        for stream in Stream:
            found = connection.sql(query.replace("bus_position", stream)).to_arrow_table()
            key = [(name, "ascending") for name in ("time", *SCHEMAS[stream].key)]
            assert found.sort_by(key).to_pylist() == whole[stream].to_pylist()


def test_a_copy_does_not_overwrite_a_file(path: Path, tmp_path: Path) -> None:
    store = DuckDBStore(path)
    target = tmp_path / "precious"
    target.write_text("mine")
    with untouched(target), pytest.raises(FileExistsError, match="precious"):
        store.copy_to(target)
    store.close()


def test_a_copy_that_fails_leaves_no_file(path: Path, tmp_path: Path) -> None:
    store = DuckDBStore(path)
    (tmp_path / "file").touch()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoreUnavailable):
        store.copy_to(tmp_path / "file" / "copy.duckdb")
    assert sorted(tmp_path.iterdir()) == before
    store.close()


@pytest.mark.parametrize(
    "name", ["it's.duckdb", 'a "b".duckdb', "main.duckdb", "temp.duckdb", "plain", "ñ.db"]
)
def test_any_file_name_is_accepted(tmp_path: Path, name: str) -> None:
    store = DuckDBStore(tmp_path / name)
    fill(store)
    store.copy_to(tmp_path / f"copy of {name}")
    store.prune(after(60))
    assert store.rows(POSITION) == 18
    store.close()
    copy = DuckDBStore(tmp_path / f"copy of {name}")
    assert copy.rows(POSITION) == 20
    copy.close()


@pytest.mark.integration
def test_a_copy_made_during_writes_is_consistent(path: Path, tmp_path: Path) -> None:
    buses, stop = 200, threading.Event()

    def write_on(store: DuckDBStore) -> None:
        for tick in itertools.count():
            window = (after(30 * tick), after(30 * tick + 30))
            store.write(POSITION, positions([30 * tick], buses=buses), covers=window, run=RUN)
            store.write(Stream.STOP_VISIT, visits([30 * tick], buses=buses), covers=window, run=RUN)
            if tick >= 5 and stop.is_set():
                return

    with closing(DuckDBStore(path)) as store, ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write_on, store)
        try:
            while not store.coverage(Stream.STOP_VISIT):
                store.ping()
            for number in range(5):
                store.copy_to(tmp_path / f"copy{number}")
        finally:
            stop.set()
        writer.result()
    ticks = []
    for number in range(5):
        with closing(DuckDBStore(tmp_path / f"copy{number}")) as copy:
            ticks.append(complete_ticks(copy, buses))
    assert ticks == sorted(ticks)
