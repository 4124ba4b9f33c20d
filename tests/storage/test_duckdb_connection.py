"""Closing a DuckDB store."""

from __future__ import annotations

import gc
import threading
from contextlib import closing
from pathlib import Path

import duckdb

from storage.duckdb_connection import memory_mb
from storage.duckdb_store import DuckDBStore
from storage.errors import StoreUnavailable
from storage.schema import Stream
from tests.storage.records import RUN, after, positions


def test_closing_waits_for_running_reads(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "bus.duckdb")
    store.write(Stream.BUS_POSITION, positions(range(10), buses=3), covers=(after(0), after(10)), run=RUN)
    wrong: list[BaseException] = []
    started = threading.Barrier(5)

    def read() -> None:
        started.wait()
        try:
            while True:
                store.at(Stream.BUS_POSITION, "B0001", time=after(5))
        except StoreUnavailable:
            return
        except duckdb.Error as error:
            wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    started.wait()
    store.close()
    for reader in readers:
        reader.join(30)
    assert wrong == []
    DuckDBStore(tmp_path / "bus.duckdb").close()


def test_a_closed_store_keeps_no_connection(tmp_path: Path) -> None:
    """DuckDB's binding reports leaks if a connection object is alive when the interpreter ends."""
    gc.collect()
    gc.freeze()  # what is there already isn't searched: it is all that other tests have left
    before = connections()
    store = DuckDBStore(tmp_path / "bus.duckdb")
    assert connections() > before
    store.close()
    assert connections() == before


def connections() -> int:
    """The number of DuckDB's connection objects that are alive, without frozen ones."""
    gc.collect()
    return sum(isinstance(each, duckdb.DuckDBPyConnection) for each in gc.get_objects())


def test_the_memory_of_the_database_is_bounded_by_the_largest_batch(tmp_path: Path) -> None:
    """By default its cache grows with the file, to 80 % of the machine's memory."""

    def limit_mb(store: DuckDBStore) -> float:
        with store._database.reading() as cursor:
            ((text,),) = cursor.execute("SELECT current_setting('memory_limit')").fetchall()
        return float(text.removesuffix(" MiB"))

    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as store:
        assert limit_mb(store) == memory_mb(0)
        for minute in range(0, 30, 10):
            rows = positions(range(minute, minute + 10), buses=3)
            store.write(Stream.BUS_POSITION, rows, covers=(after(minute), after(minute + 10)), run=RUN)
        assert limit_mb(store) == memory_mb(0)
        many = positions(range(100, 110), buses=3_000)
        store.write(Stream.BUS_POSITION, many, covers=(after(100), after(110)), run=RUN)
        assert memory_mb(0) < limit_mb(store) <= memory_mb(many.nbytes)
