"""Newest records by way of S3: what a feeder writes after its ticks, functions answer without the store."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from services.aws.latest.latest_object import STREAMS, InvalidLatestObject, load, place_of
from services.aws.latest.latest_writer import LatestWriter, writing_latest
from services.cli import status_of
from services.feeders.feeder import FEEDERS, Feeder, FeederKind, FeederStatus
from services.lambdas.latest.latest_objects import CHECK_S, LATE_S, LatestObject
from services.lambdas.latest.latest_store import LatestStore
from simulator.clock import Clock
from storage.errors import StoreUnavailable
from storage.schema import Stream
from tests.services.aws.fake_bucket import Bucket
from tests.services.aws.tables import HandWatch
from tests.services.fakes import MINUTE, NOW, RUN, SECOND, FormulaCity, HandWall
from tests.services.http_api import HttpApiOver
from tests.services.rest_served import KEY, parts
from tests.storage.records import position, table

PLACE = place_of("s3://bus-simulator-latest/latest")
TICK = NOW + 6 * MINUTE - 10 * SECOND
"""Long enough after the feeders' start for the newest positions of five minutes to be known."""
LATEST = (
    "/people-count/S001?mode=latest",
    "/people-count?mode=latest",
    "/people-count?mode=latest&line_id=L2&format=csv",
    "/sensors/bus/B003?mode=latest",
    "/sensors/stop/S002?mode=latest",
    "/sensors/bus?mode=latest",
    "/sensors/stop?mode=latest&stop_id=S001",
    "/bus-position/B001?mode=latest",
    "/bus-position/line/L1?mode=latest",
    "/bus-position?mode=latest&format=geojson",
    f"/bus-position?timestamp={(TICK + 5 * SECOND).isoformat().replace('+00:00', 'Z')}",
)
"""Requests that the newest records answer."""
STORED = (
    "/people-count/S001?timestamp=2026-03-02T07:10:00Z",
    "/bus-position?timestamp=2026-03-02T07:10:00Z",
    "/stop-visits/stop/S001?mode=latest",
    "/bus-position/B001?start=2026-03-02T07:00:00Z&end=2026-03-02T07:05:00Z",
)
"""Requests that the store answers."""


class Deployment:
    """Feeders that write objects, and REST behind API Gateway that reads them before the store."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.bucket, self.watch, self.wall = Bucket(), HandWatch(), HandWall()
        context, self.store, _ = parts(folder)
        self.clock = Clock(wall=self.wall)
        self.writer = LatestWriter(self.bucket.client, PLACE, self.clock)
        self.writer.close()  # so that it writes what waits and returns
        objects = {
            stream: LatestObject(self.bucket.client, PLACE, stream, self.clock, now_s=self.watch)
            for stream in STREAMS
        }
        self.feeders = [self._feeder(kind) for kind in FEEDERS]
        context = replace(context, clock=self.clock, feeders=())
        self.stored = stack.enter_context(closing(HttpApiOver(context)))
        context = replace(context, store=LatestStore(self.store, objects))
        self.latest = stack.enter_context(closing(HttpApiOver(context)))

    def _feeder(self, kind: FeederKind) -> Feeder:
        feeder = Feeder(
            kind,
            model=FormulaCity(),
            store=self.store,
            run=RUN,
            clock=self.clock,
            start=NOW,
            on_write=self.writer.written,
            on_tick=lambda: self.writer.ticked(feeder.status(self.clock.now())),
        )
        return feeder

    def run_until(self, instant: datetime) -> None:
        """Move wall time on, have the feeders write what is due, and their objects uploaded."""
        self.wall.seconds = self.watch.seconds = instant.timestamp()
        for feeder in self.feeders:
            feeder.follow()
            while feeder.step():
                pass
        self.writer.run_until_closed()

    def ask(self, path: str) -> httpx.Response:
        """REST's answer by way of the objects."""
        return self.latest.ask("GET", path, KEY)


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployment]:
    with ExitStack() as stack:
        yield Deployment(tmp_path, stack)


def test_latest_asks_no_store_and_gives_the_same_bytes(deployed: Deployment) -> None:
    deployed.run_until(TICK + 8 * SECOND)
    expected = {path: deployed.stored.ask("GET", path, KEY).content for path in (*LATEST, *STORED)}
    assert {path: deployed.ask(path).content for path in STORED} == {path: expected[path] for path in STORED}
    deployed.store.failing = StoreUnavailable("away")
    for path in LATEST:
        answer = deployed.ask(path)
        assert (answer.status_code, answer.content) == (200, expected[path]), path
    assert {deployed.ask(path).status_code for path in STORED} == {503}


@pytest.mark.long
def test_objects_are_read_once_a_second_and_only_when_changed(deployed: Deployment) -> None:
    deployed.run_until(TICK + 8 * SECOND)
    for _ in range(3):
        deployed.ask(LATEST[0])
    reads = deployed.bucket.client.requests("get_object")
    assert [each.get("IfNoneMatch") for each in reads] == [None]
    deployed.watch.seconds += CHECK_S
    deployed.ask(LATEST[0])
    assert deployed.bucket.client.requests("get_object")[-1]["IfNoneMatch"]


@pytest.mark.long
@pytest.mark.parametrize("fault", ["gone", "broken", "away"])
def test_the_store_answers_where_the_objects_cannot_be_read(deployed: Deployment, fault: str) -> None:
    deployed.run_until(TICK + 8 * SECOND)
    if fault == "away":
        deployed.bucket.client.away = True
    else:
        content = {} if fault == "gone" else dict.fromkeys(deployed.bucket.objects, b"not gzip")
        deployed.bucket.objects = content
    for path in LATEST:
        assert deployed.ask(path).content == deployed.stored.ask("GET", path, KEY).content, path
    assert len(deployed.bucket.client.requests("get_object")) == len(STREAMS), "tried again within a second"


@pytest.mark.long
def test_an_object_counts_until_the_next_one_must_be_there(deployed: Deployment) -> None:
    deployed.run_until(TICK + 8 * SECOND)
    deployed.store.failing = StoreUnavailable("away")
    path = LATEST[0]
    deployed.wall.seconds = (TICK + MINUTE + LATE_S * SECOND).timestamp()
    assert deployed.ask(path).status_code == 200
    deployed.wall.seconds += 1
    assert deployed.ask(path).status_code == 503
    deployed.store.failing = None
    assert deployed.ask(path).json()["time"] == "2026-03-02T07:36:00Z"


@pytest.mark.long
def test_after_a_jump_back_only_records_of_that_time_are_given(deployed: Deployment) -> None:
    deployed.run_until(TICK + 8 * SECOND)
    deployed.clock.jump(NOW - 10 * MINUTE)
    path = "/bus-position?mode=latest"
    assert deployed.ask(path).json()["time"] == "2026-03-02T07:20:00Z", "the object is ahead: the store's"
    deployed.run_until(TICK + 38 * SECOND)
    deployed.watch.seconds += CHECK_S
    deployed.store.failing = StoreUnavailable("away")
    assert deployed.ask(path).json()["time"] == "2026-03-02T07:20:30Z"
    line = deployed.ask("/bus-position/line/L1?mode=latest")
    assert line.status_code == 503, "five minutes aren't known since the jump"


@pytest.mark.long
def test_a_feeder_runs_on_while_s3_is_away_and_its_newest_state_is_written_later(
    deployed: Deployment,
) -> None:
    deployed.bucket.client.away = True
    deployed.run_until(TICK + 8 * SECOND)
    assert deployed.bucket.objects == {}
    deployed.bucket.client.away = False
    deployed.run_until(TICK + MINUTE)
    assert set(deployed.bucket.objects) == {PLACE.key(stream) for stream in STREAMS}
    found = load(Stream.PEOPLE_COUNT, deployed.bucket.objects["latest/people_count.json.gz"])
    assert found.tick == TICK + MINUTE
    assert {each.time for each in found.records} == {found.tick}


@pytest.mark.long
def test_a_bus_that_went_home_keeps_its_last_record(deployed: Deployment) -> None:
    """Rows of a tick replace only those of the same bus."""
    course, times = deployed.clock.course, (TICK, TICK + 30 * SECOND)
    writer = LatestWriter(deployed.bucket.client, PLACE, deployed.clock)
    with writing_latest(writer):
        for time, buses in zip(times, (["B001", "B002"], ["B002"]), strict=True):
            rows = table(Stream.BUS_POSITION, [position(time, bus, line_id="L1") for bus in buses])
            writer.written(Stream.BUS_POSITION, rows, course)
        status = FeederStatus("bus-position", times[1], timedelta(), 30 * SECOND, "running")
        writer.ticked(status)
    deployed.wall.seconds = deployed.watch.seconds = times[1].timestamp()
    deployed.store.failing = StoreUnavailable("away")
    assert deployed.ask("/bus-position/B001?mode=latest").json()["time"] == "2026-03-02T07:36:00Z"
    everywhere = deployed.ask("/bus-position?mode=latest").json()
    assert [each["bus_id"] for each in everywhere["items"]] == ["B002"]


@pytest.mark.parametrize("url", ["latest", "s3://", "https://bucket/latest", "s3://bucket/latest?x=1"])
def test_a_url_that_names_no_place_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected s3://BUCKET/PREFIX"):
        place_of(url)
    assert status_of(["feed", "sensors", "--store", "timestream://b?region=r", "--latest-objects", url]) == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", gzip.compress(b"[]", mtime=0), gzip.compress(b'{"columns": {}}', mtime=0)],
    ids=["empty", "not compressed", "a list", "no columns"],
)
def test_another_content_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidLatestObject, match="no newest records of sensor_data"):
        load(Stream.SENSOR_DATA, content)
