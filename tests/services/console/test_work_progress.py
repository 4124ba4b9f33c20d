"""The progress that loading a network and simulating report, and how it is logged or ends the work."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.console.work_progress import Interrupted, ProgressLog, work_progress
from simulator.city import City
from simulator.load_network import load_network
from simulator.progress import Progress
from storage.schema import Stream
from tests.gtfs_feeds import feed, zipped
from tests.networks import two_lines

START = datetime(2026, 11, 18, 7, tzinfo=UTC)


def test_a_feed_reports_each_file_and_each_route(tmp_path: Path) -> None:
    seen: list[Progress] = []
    load_network(zipped(tmp_path / "small.zip", feed()), seen.append)
    files = [progress for progress in seen if progress.unit == "files"]
    assert {"reading agency.txt", "reading stop_times.txt"} <= {progress.work for progress in files}
    assert files[-1] == Progress("checking the feed", files[-1].total, files[-1].total, "files")
    steps = [progress for progress in seen if progress.unit == "steps"]
    assert steps[-1] == Progress("grouping trips into patterns", 1, 1, "steps")
    routes = [progress for progress in seen if progress.unit == "routes"]
    assert [progress.done for progress in routes] == list(range(routes[0].total + 1))


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.integration)])
def test_a_city_reports_each_line_day_that_it_simulates(jobs: int) -> None:
    seen: list[Progress] = []
    with closing(City(two_lines(), jobs=jobs, on_progress=seen.append)) as city:
        for _ in range(2):
            city.window(START, START + timedelta(minutes=1), [Stream.BUS_POSITION])
    work = "simulating 2026-11-17 to 2026-11-18"
    assert seen == [Progress(work, done, 3, "line-days") for done in range(4)]


def test_progress_is_logged_every_ten_seconds_of_long_work(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now_s = 100.0
    report = ProgressLog(lambda: now_s)
    for done in range(26):
        report(Progress("simulating 2026-11-18", done, 25, "line-days"))
        now_s += 1
    logged = [(record.message, getattr(record, "fields", {})["done"]) for record in caplog.records]
    assert logged == [("simulating 2026-11-18", 10), ("simulating 2026-11-18", 20)]


def test_short_work_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now_s = 0.0
    report = ProgressLog(lambda: now_s)
    for _ in range(9):
        report(Progress("simulating 2026-11-18", 0, 1, "line-days"))
        now_s += 9
        report(Progress("simulating 2026-11-18", 1, 1, "line-days"))
        now_s += 9
    assert caplog.records == []


def test_work_ends_early_after_a_signal() -> None:
    stopped = False
    with work_progress(lambda: stopped) as progress:
        progress(Progress("reading trips.txt", 0, 9, "files"))
        stopped = True
        with pytest.raises(Interrupted):
            progress(Progress("reading stop_times.txt", 1, 9, "files"))
    progress(Progress("simulating 2026-11-18", 1, 9, "line-days"))


def test_the_work_at_hand_is_known_until_it_is_done() -> None:
    with work_progress() as progress:
        pass
    day = Progress("simulating 2026-11-18", 1, 2, "line-days")
    progress(day)
    assert progress.current == day
    progress(day._replace(done=2))
    assert progress.current is None
