"""History written into the endpoint's file is what requests would have stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.processes.embedded_timestream import DATABASE, REGION, embedded_endpoint, file_store
from storage.schema import Stream
from storage.store import Store
from storage.timestream_store import TimestreamStore
from tests.services.fakes import HOUR, NOW, RUN, FormulaCity
from tests.timestream_endpoint import KEYS

START, END = NOW.replace(minute=0, second=0), NOW.replace(minute=0, second=0) + HOUR / 4


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def by_requests(tmp_path: Path) -> Iterator[Store]:
    with (
        embedded_endpoint(tmp_path / "requests.duckdb", host="127.0.0.1", port=0) as url,
        closing(TimestreamStore(DATABASE, region=REGION, endpoint_url=url)) as store,
    ):
        yield store


def write(store: Store) -> None:
    for stream, rows in FormulaCity().window(START, END, tuple(Stream)).items():
        store.write(stream, rows, covers=(START, END), run=RUN)


def test_both_ways_give_the_same_records_and_coverage(by_requests: Store, tmp_path: Path) -> None:
    write(by_requests)
    with file_store(tmp_path / "bulk.duckdb") as bulk:
        write(bulk)
        write(bulk)
        for stream in Stream:
            assert bulk.coverage(stream) == by_requests.coverage(stream)
            (mine,), (theirs,) = (
                list(each.scan(stream, start=START, end=END)) for each in (bulk, by_requests)
            )
            assert mine.equals(theirs)
            assert len(mine) > 0


@pytest.mark.long
def test_requests_go_on_after_the_history(tmp_path: Path) -> None:
    file = tmp_path / "timestream.duckdb"
    with file_store(file) as bulk:
        write(bulk)
    with (
        embedded_endpoint(file, host="127.0.0.1", port=0) as url,
        closing(TimestreamStore(DATABASE, region=REGION, endpoint_url=url)) as store,
    ):
        rows = FormulaCity().window(END, END + HOUR / 60, (Stream.PEOPLE_COUNT,))[Stream.PEOPLE_COUNT]
        store.write(Stream.PEOPLE_COUNT, rows, covers=(END, END + HOUR / 60), run=RUN)
        (held,) = store.coverage(Stream.PEOPLE_COUNT)
        assert (held.start, held.end) == (START, END + HOUR / 60)
        newest = store.latest(Stream.PEOPLE_COUNT, "S001", now=END + HOUR)
        assert newest is not None
        assert newest.time == END
