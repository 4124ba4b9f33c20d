"""Opening, closing and reopening a store, and sharing it between threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import StoreUnavailable
from storage.schema import Stream
from storage.store import Covered, Store
from tests.case_table import each_case
from tests.storage.conformance.backends import Backend
from tests.storage.records import NOON, OTHER_RUN, RUN, after, position, table

POSITION = Stream.BUS_POSITION


def test_data_are_there_after_reopening(backend: Backend, tmp_path: Path) -> None:
    first = backend.open(tmp_path)
    records = [position(after(s), bus, passengers=s) for s in (0, 30) for bus in ("B001", "B002")]
    first.write(POSITION, table(POSITION, records), covers=(NOON, after(60)), run=RUN)
    first.write(POSITION, table(POSITION, []), covers=(after(60), after(90)), run=OTHER_RUN)
    first.close()
    second = backend.open(tmp_path)
    try:
        assert list(second.coverage(POSITION)) == [
            Covered(NOON, after(60), RUN),
            Covered(after(60), after(90), OTHER_RUN),
        ]
        assert second.latest(POSITION, "B002", now=after(90)) == records[3]
        assert second.latest_of_line("L1", since=NOON, now=after(90)) == records[2:]
    finally:
        second.close()


def test_an_open_store_answers_a_ping(store: Store) -> None:
    store.ping()


def test_closing_twice_is_harmless(store: Store) -> None:
    store.close()
    store.close()


@each_case(
    "call",
    [
        lambda store: store.ping(),
        lambda store: store.coverage(POSITION),
        lambda store: store.latest(POSITION, "B001", now=NOON),
        lambda store: store.latest_of_line("L1", since=NOON, now=NOON),
        lambda store: store.at(POSITION, "B001", time=NOON),
        lambda store: store.range(POSITION, "B001", start=NOON, end=after(60)),
        lambda store: list(store.scan(POSITION, start=NOON, end=after(60))),
        lambda store: store.rows(POSITION),
        lambda store: store.prune(NOON),
        lambda store: store.write(POSITION, table(POSITION, []), covers=(NOON, after(60)), run=RUN),
    ],
)
def test_every_call_of_a_closed_store_raises(store: Store, call: Callable[[Store], object]) -> None:
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        call(store)


@pytest.mark.integration
def test_readers_see_whole_ticks_while_another_thread_writes(backend: Backend, tmp_path: Path) -> None:
    ticks, buses = 40, ("B001", "B002", "B003")
    store = backend.open(tmp_path)
    stop = threading.Event()

    def read() -> int:
        seen = 0
        while not stop.is_set():
            for covered in store.coverage(POSITION):
                found = store.range(POSITION, "B002", start=covered.start, end=covered.end).records
                assert [r.time for r in found] == [after(30 * i) for i in range(len(found))]
                assert len(found) >= (covered.end - covered.start).total_seconds() // 30
            line = store.latest_of_line("L1", since=NOON, now=after(hours=1))
            assert len({record.time for record in line}) <= 1
            seen += 1
        return seen

    def write(tick: int) -> None:
        batch = table(POSITION, [position(after(30 * tick), bus) for bus in buses])
        store.write(POSITION, batch, covers=(after(30 * tick), after(30 * tick + 30)), run=RUN)

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for tick in range(ticks):
                write(tick)
        finally:
            stop.set()
        assert all(reader.result() > 0 for reader in readers)
    assert list(store.coverage(POSITION)) == [Covered(NOON, after(30 * ticks), RUN)]
    store.close()


def test_a_window_written_by_several_threads_is_stored_once(store: Store) -> None:
    batch = table(POSITION, [position(after(s)) for s in range(0, 600, 30)])
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(
            lambda _: store.write(POSITION, batch, covers=(NOON, after(600)), run=RUN), range(8)
        ):
            pass
    assert store.rows(POSITION) == 20


def test_a_bus_without_new_positions_is_still_on_its_line_after_reopening(
    backend: Backend, tmp_path: Path
) -> None:
    silent, talking = position(NOON, "B001"), position(after(minutes=55), "B002")
    window = (NOON, after(hours=1))
    first = backend.open(tmp_path)
    first.write(POSITION, table(POSITION, [silent, talking]), covers=window, run=RUN)
    first.close()
    second = backend.open(tmp_path)
    try:
        assert list(second.latest_of_line("L1", since=NOON, now=window[1])) == [silent, talking]
        assert list(second.latest_of_line("L1", since=after(minutes=51), now=window[1])) == [talking]
        assert second.latest(POSITION, "B001", now=window[1]) == silent
    finally:
        second.close()
