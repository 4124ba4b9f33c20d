"""A lake copied into every store: equal digests and coverage, once only, continued after a failure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from services.cli import status_of
from services.lake.copying import copy
from simulator.progress import ignore_progress
from storage.digest import stream_digest
from storage.duckdb_store import DuckDBStore
from storage.errors import RunMismatch, StoreUnavailable
from storage.lake.place import LakePlace
from storage.lake.store import LakeStore
from storage.lake.writer import publish, write_span
from storage.schema import Stream
from storage.store import Run, Store
from tests.postgres_server import url_of
from tests.storage.conformance.backends import BACKENDS, Backend
from tests.storage.records import NOON, OTHER_RUN, RUN, after, any_record, order, table

SPAN = (NOON, after(hours=2.5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with records of all streams."""
    made = tmp_path_factory.mktemp("lake")
    place = LakePlace(str(made))
    write_span(place, RUN, SPAN, [{stream: rows_of(stream) for stream in Stream}])
    publish(place)
    return made


def rows_of(stream: Stream) -> pa.Table:
    records = [any_record(stream, after(60 * i), n, value=i) for i in range(140) for n in (1, 2, 3)]
    return table(stream, sorted(records, key=order))


def digests(store: Store) -> Mapping[Stream, str]:
    return {each: stream_digest(store.scan(each, start=NOON, end=SPAN[1]), each) for each in Stream}


def copied(source: Store, target: Store, *, anew: bool = False) -> int:
    return copy(source, target, continue_with_new_inputs=anew, on_progress=ignore_progress)


@pytest.mark.parametrize("backend", [pytest.param(b, marks=b.marks, id=b.name) for b in BACKENDS])
def test_a_copy_has_the_digests_and_coverage_of_the_lake(
    backend: Backend, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):  # Timestream's endpoint takes any
        monkeypatch.setenv(name, "test")
    with closing(LakeStore(str(folder))) as lake, closing(backend.open(tmp_path)) as target:
        assert copied(lake, target) == 4 * 420
        assert digests(target) == digests(lake)
        assert all(list(target.coverage(each)) == list(lake.coverage(each)) for each in Stream)
        assert copied(lake, target) == 0


class FailingStore(DuckDBStore):
    """A store that can be written a few times only."""

    writes_left = 1

    def write_window(
        self, batches: Mapping[Stream, pa.Table], *, covers: tuple[datetime, datetime], run: Run
    ) -> None:
        if not self.writes_left:
            raise StoreUnavailable("the disk is full")
        self.writes_left -= 1
        super().write_window(batches, covers=covers, run=run)


def test_an_interrupted_copy_continues(folder: Path, tmp_path: Path) -> None:
    with closing(LakeStore(str(folder))) as lake, closing(FailingStore(tmp_path / "bus.duckdb")) as target:
        with pytest.raises(StoreUnavailable):
            copied(lake, target)
        left = sum(lake.rows(each) - target.rows(each) for each in Stream)
        assert 0 < left < 4 * 420
        target.writes_left = 100
        assert copied(lake, target) == left
        assert digests(target) == digests(lake)


def test_data_of_another_run_stay_as_they_are(folder: Path, tmp_path: Path) -> None:
    later = (SPAN[1], after(hours=3))
    with closing(LakeStore(str(folder))) as lake, closing(DuckDBStore(tmp_path / "bus.duckdb")) as target:
        target.write(Stream.STOP_VISIT, table(Stream.STOP_VISIT, []), covers=later, run=OTHER_RUN)
        with pytest.raises(RunMismatch, match="pass --continue-with-new-inputs"):
            copied(lake, target)
        assert copied(lake, target, anew=True) == 4 * 420
    with closing(LakeStore(str(folder))) as lake, closing(DuckDBStore(tmp_path / "other.duckdb")) as target:
        inside = (after(3600), after(3660))
        target.write(Stream.STOP_VISIT, table(Stream.STOP_VISIT, []), covers=inside, run=OTHER_RUN)
        for anew in (False, True):
            with pytest.raises(RunMismatch, match="is covered by another run"):
                copied(lake, target, anew=anew)
        assert target.rows(Stream.PEOPLE_COUNT) == 0, "it is refused before anything is written"


@pytest.mark.integration
def test_the_command_copies_into_the_store_of_a_url(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = url_of(tmp_path)
    assert status_of(["import-lake", f"lake:{folder}", "--store", url]) == 0
    assert "1,680 rows in" in capsys.readouterr().out
    printed = []
    for store in (url, f"lake:{folder}"):
        assert status_of(["digest", "--store", store]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != ""
    assert status_of(["import-lake", str(folder), "--store", f"lake:{folder}"]) == 2
    assert "can only be read: choose another --store" in capsys.readouterr().err
    assert status_of(["import-lake", str(tmp_path / "none"), "--store", url]) == 1
    assert "none has no manifest.json" in capsys.readouterr().err
