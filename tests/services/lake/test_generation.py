"""Lakes made by tasks: equal to a city's windows, resumed, in S3, and on a cluster that loses a worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pyarrow as pa
import pytest

from services.cli import status_of
from services.errors import InputError
from services.inputs.load import Inputs
from services.lake import date_task, generation
from services.lake.generation import (
    MOST_DATES,
    Workers,
    WorkersLost,
    Workforce,
    cluster_workers,
    generate,
    local_workers,
    missing,
    shared_out,
)
from services.times import parse_instant
from simulator.city import City
from simulator.day.line_day import MODEL_VERSION
from simulator.progress import Progress, ignore_progress
from storage.coverage import Interval
from storage.digest import stream_digest
from storage.errors import RunMismatch, StoreError, StoreUnavailable
from storage.lake.manifest import Manifest
from storage.lake.place import LakePlace
from storage.lake.store import LakeStore
from storage.lake.writer import Tables, write_span, written
from storage.schema import Stream
from storage.store import Run, Store
from tests.moto_aws import meant_account
from tests.networks import two_lines

SPAN = (parse_instant("2026-03-02T23:00Z"), parse_instant("2026-03-03T01:00Z"))
HOUR = timedelta(hours=1)


def inputs(seed: int = 1) -> Inputs:
    network = two_lines()
    return Inputs(network, seed, Run(seed, network.digest, "", MODEL_VERSION))


@contextmanager
def one_thread() -> Iterator[Workforce]:
    with ThreadPoolExecutor(1) as pool:
        yield Workforce(pool, 1)


def made(url: str, span: Interval = SPAN, seed: int = 1) -> Manifest:
    return generate(inputs(seed), span, url, one_thread, ignore_progress)


def digests(store: Store, span: Interval = SPAN) -> dict[Stream, str]:
    start, end = span
    return {stream: stream_digest(store.scan(stream, start=start, end=end), stream) for stream in Stream}


def expected(span: Interval = SPAN) -> dict[Stream, str]:
    with closing(City(two_lines())) as city:
        tables = city.window(*span, list(Stream))
    return {stream: stream_digest([table], stream) for stream, table in tables.items()}


def test_a_lake_has_the_bytes_of_the_city(tmp_path: Path) -> None:
    manifest = made(str(tmp_path))
    with closing(LakeStore(str(tmp_path))) as store:
        assert digests(store) == expected()
        assert all([(held.start, held.end) for held in store.coverage(each)] == [SPAN] for each in Stream)
    body = json.loads((tmp_path / "manifest.json").read_text())
    assert body["run"]["run_id"] == inputs().run.run_id
    assert len(body["files"]) == len(manifest.files) == 8
    for file in body["files"]:
        assert file["path"].startswith(f"stream={file['stream']}/date={file['start'][:10]}/")
        assert hashlib.sha256((tmp_path / file["path"]).read_bytes()).hexdigest() == file["sha256"]


def test_hours_that_are_simulated_together_are_those_of_the_city(tmp_path: Path) -> None:
    span = (SPAN[0] - HOUR / 2, SPAN[0] + 9.5 * HOUR)
    manifest = made(str(tmp_path), span)
    with closing(LakeStore(str(tmp_path))) as store:
        assert digests(store, span) == expected(span)
    with closing(City(two_lines())) as city:
        place = LakePlace(str(tmp_path / "hourly"))
        hours = (city.window(SPAN[1] - HOUR + n * HOUR, SPAN[1] + n * HOUR, list(Stream)) for n in range(9))
        last = city.window(SPAN[0] + 9 * HOUR, span[1], list(Stream))
        write_span(place, inputs().run, (SPAN[0] + HOUR, span[1]), [*list(hours)[:8], last])
    hourly = {file.sha256 for part in [written(place)] if part for file in part.files}
    assert hourly <= {file.sha256 for file in manifest.files}


def test_a_lake_grows_by_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(str(tmp_path), (SPAN[0], SPAN[0] + HOUR / 2))
    written: list[Interval] = []

    def noted(place: LakePlace, run: Run, span: Interval, tables: Tables) -> int:
        written.append(span)
        return write_span(place, run, span, tables)

    monkeypatch.setattr(date_task, "write_span", noted)
    made(str(tmp_path))
    made(str(tmp_path))
    assert written == [(SPAN[0] + HOUR / 2, SPAN[0] + HOUR), (SPAN[0] + HOUR, SPAN[1])]
    with closing(LakeStore(str(tmp_path))) as store:
        assert digests(store) == expected()


def test_an_interrupted_generation_leaves_what_it_has_not_begun(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    span, place = (SPAN[1], SPAN[1] + 40 * 24 * HOUR), LakePlace(str(tmp_path))
    dates = len(missing(place, inputs(), span))
    with pytest.raises(KeyboardInterrupt):
        generate(inputs(), span, str(tmp_path), local_workers(1), interrupt)
    assert dates - 2 * MOST_DATES <= len(missing(place, inputs(), span)) < dates


def children() -> set[int]:
    """The ids of this process's children. `active_children` still has some that another thread has joined."""
    return {child.pid for child in psutil.Process().children()}


def test_after_an_error_only_the_workers_end_and_no_other_children() -> None:
    go_on = get_context("spawn").Event()
    other = get_context("spawn").Process(target=go_on.wait)
    other.start()
    try:
        before = children()
        with suppress(KeyboardInterrupt), local_workers(1)() as force:
            force.executor.submit(abs, -1).result()
            assert children() != before
            raise KeyboardInterrupt
        assert children() == before
    finally:
        go_on.set()
        other.join()
    assert other.exitcode == 0


def test_a_look_at_the_lake_that_fails_ends_no_generation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> int:
        raise StoreUnavailable("no list now")

    monkeypatch.setattr(generation, "number_written", failing)
    generate(inputs(), SPAN, str(tmp_path), local_workers(1), ignore_progress)
    assert missing(LakePlace(str(tmp_path)), inputs(), SPAN) == []


@pytest.mark.parametrize(
    ("dates", "workers", "tasks"),
    [
        (0, 2, []),
        (1, 8, [1]),
        (4, 2, [2, 2]),
        (7, 8, [1] * 7),
        (9, 4, [2, 2, 2, 3]),
        (30, 2, [15, 15]),
        (365, 10, [12, 12, 12, 12, 12, 13] * 5),
    ],
)
def test_consecutive_dates_are_shared_out_evenly(dates: int, workers: int, tasks: list[int]) -> None:
    spans = [(SPAN[0] + 24 * n * HOUR, SPAN[0] + 24 * (n + 1) * HOUR) for n in range(dates)]
    shared = list(shared_out(spans, workers))
    assert [len(part) for part in shared] == tasks
    assert [span for part in shared for span in part] == spans


def test_a_task_that_is_done_again_leaves_what_is_written(tmp_path: Path) -> None:
    spans = ((SPAN[0], SPAN[0] + HOUR), (SPAN[0] + HOUR, SPAN[1]))
    task = date_task.DateTask(str(tmp_path), spans, date_task.packed(inputs()))
    rows = date_task.write_dates(task)
    (tmp_path / "_spans").joinpath(sorted(path.name for path in tmp_path.glob("_spans/*"))[1]).unlink()
    again = date_task.write_dates(task)
    assert 0 < again < rows
    assert date_task.write_dates(task) == 0


def test_the_next_date_is_simulated_while_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, late = Event(), []

    def window(city: City, start: datetime, *rest: Any) -> Mapping[Stream, pa.Table]:
        if start >= SPAN[0] + HOUR:
            begun.set()
        return simulated(city, start, *rest)

    def waits(place: LakePlace, run: Run, span: Interval, tables: Tables) -> int:
        rows = write_span(place, run, span, tables)
        if not begun.wait(30):
            late.append(span)
        return rows

    simulated = City.window
    monkeypatch.setattr(City, "window", window)
    monkeypatch.setattr(date_task, "write_span", waits)
    spans = ((SPAN[0], SPAN[0] + HOUR), (SPAN[0] + HOUR, SPAN[1]))
    date_task.write_dates(date_task.DateTask(str(tmp_path), spans, date_task.packed(inputs())))
    assert not late


def test_an_interrupted_generation_continues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails_on_the_second(place: LakePlace, run: Run, span: Interval, tables: Tables) -> int:
        if span[0] != SPAN[0]:
            raise StoreError("the disk is full")
        return write_span(place, run, span, tables)

    with monkeypatch.context() as patch:
        patch.setattr(date_task, "write_span", fails_on_the_second)
        with pytest.raises(StoreError, match="the disk is full"):
            made(str(tmp_path))
    assert not (tmp_path / "manifest.json").exists()
    made(str(tmp_path))
    with closing(LakeStore(str(tmp_path))) as store:
        assert digests(store) == expected()


def test_a_lake_of_another_run_is_refused(tmp_path: Path) -> None:
    made(str(tmp_path))
    with pytest.raises(RunMismatch, match=r"seed 1 in the store, 2 in this run; choose another -o\."):
        made(str(tmp_path), seed=2)


@pytest.mark.integration
def test_a_lake_in_s3_has_the_same_bytes() -> None:
    with meant_account("lake"):
        manifest = made("s3://lake/week")
        assert made("s3://lake/week") == manifest
        with closing(LakeStore("s3://lake/week")) as store:
            assert digests(store) == expected()
        with pytest.raises(StoreError, match="s3://none/week"):
            made("s3://none/week")


class LostPool(ThreadPoolExecutor):
    """A pool that loses the worker of each of its tasks, after the task or before it."""

    after = True

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.after:
            task(*arguments, **named)
        future.set_exception(BrokenProcessPool("a process ended"))
        return future


def losing(*, after: bool) -> Workers:
    @contextmanager
    def lost() -> Iterator[Workforce]:
        with LostPool(1) as pool:
            pool.after = after
            yield Workforce(pool, 2)

    return lost


def test_dates_are_given_out_again_while_lost_workers_write_some(tmp_path: Path) -> None:
    span = (SPAN[0] - 48 * HOUR, SPAN[1])
    generate(inputs(), span, str(tmp_path), losing(after=True), ignore_progress)
    with closing(LakeStore(str(tmp_path))) as store:
        assert digests(store, span) == expected(span)


def test_workers_that_are_lost_before_they_write_end_the_generation(tmp_path: Path) -> None:
    with pytest.raises(WorkersLost, match="workers were lost again and again: a process ended"):
        generate(inputs(), SPAN, str(tmp_path), losing(after=False), ignore_progress)


def test_a_place_without_a_bucket_is_refused() -> None:
    with pytest.raises(InputError, match="-o: 's3://' names no bucket: expected s3://BUCKET/PREFIX"):
        made("s3://")


def test_a_cluster_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--cluster: no Dask scheduler answers at tcp:nowhere"):
        generate(inputs(), SPAN, str(tmp_path), cluster_workers("tcp:nowhere"), ignore_progress)


@pytest.mark.parametrize(
    "arguments", [("run", "--port", "0"), ("backfill", "--days", "1"), ("feed", "people-count")]
)
def test_a_lake_is_refused_where_records_are_written(
    tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"lake:{tmp_path}"
    assert status_of([*arguments, "--store", url]) == 2
    out, err = capsys.readouterr()
    assert (out, f"{url} can only be read" in err) == ("", True)
