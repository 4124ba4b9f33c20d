"""Rate, pause, step and jump of a live run: what is written, returned, published and refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from services.app import create_app
from services.errors import Conflict
from services.feeders.backfill import fill, plan
from services.feeders.clock_control import InProcessClockControl
from services.times import format_instant
from services.web.health import health
from simulator.clock import MAX, Clock
from storage.errors import StoreUnavailable, TimeRefused
from storage.schema import Record, Stream
from tests.digests import SHIPPED
from tests.services.fakes import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    OTHER_RUN,
    PATIENCE_S,
    RUN,
    SECOND,
    FaultyStore,
    FormulaCity,
    HandWall,
)
from tests.services.moved_city import HOUR_OF_NOW, TICK, Moved, check_bytes, covered, moved

pytestmark = pytest.mark.integration

KEY = {"x-api-key": "right", "x-group-name": "team-alpha"}
PAGE = {"origin": "https://example.org"}


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Moved]:
    """A run at rate 1 that began at `NOW`."""
    with moved(tmp_path) as found:
        found.settle()
        yield found


def post(
    app: ASGIApp, body: object, headers: Mapping[str, str] = KEY, *, method: str = "POST"
) -> httpx.Response:
    async def request() -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, "/clock", headers=headers, content=content)

    return asyncio.run(request())


def latest(found: Moved, path: str = "/bus-position/B001") -> str:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(found.context))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(f"{path}?mode=latest", headers=KEY)

    answer = asyncio.run(request())
    assert answer.status_code == 200, answer.text
    return str(answer.json()["time"])


def check_coverage(found: Moved, *since: tuple[datetime, datetime]) -> None:
    """Check that exactly these intervals (start, now) are covered, with the right bytes."""
    for stream in Stream:
        assert found.stretches(stream) == [covered(start, now, stream) for start, now in since], stream
    check_bytes(found.store)


def test_a_paused_clock_writes_nothing_and_health_stays_healthy(city: Moved) -> None:
    city.control.pause()
    city.wall.advance(HOUR)
    body = health(city.context).body
    assert body["clock"] == {"now": format_instant(NOW), "rate": 0.0, "paused": True}
    assert body["status"] == "healthy"
    check_coverage(city, (HOUR_OF_NOW, NOW))


def test_resume_runs_on_from_the_paused_time_at_the_rate_before(tmp_path: Path) -> None:
    with moved(tmp_path, rate=60) as city:
        city.control.pause()
        city.wall.advance(DAY)
        city.control.resume()
        city.wall.advance(10 * SECOND)
        assert city.clock.now() == NOW + 10 * MINUTE
        city.settle()
        check_coverage(city, (HOUR_OF_NOW, NOW + 10 * MINUTE))


def test_a_run_can_begin_paused(tmp_path: Path) -> None:
    with moved(tmp_path, rate=60, paused=True) as city:
        city.wall.advance(HOUR)
        assert (city.clock.now(), city.clock.rate) == (NOW, 0)
        assert latest(city) == format_instant(TICK)
        city.control.resume()
        assert city.clock.rate == 60


def test_a_step_writes_all_its_ticks_and_leaves_the_clock_paused(city: Moved) -> None:
    for span in (30 * SECOND, 90 * SECOND, 3 * HOUR):
        before = city.clock.now()
        city.control.step(span)
        city.wall.advance(MINUTE)
        assert city.clock.now() == before + span
        assert (city.clock.rate, city.clock.paused) == (0, True)
        assert latest(city) >= format_instant(before + span - 30 * SECOND)
    city.settle()
    assert health(city.context).body["status"] == "healthy"
    check_coverage(city, (HOUR_OF_NOW, NOW + 2 * MINUTE + 3 * HOUR))


def test_a_jump_forward_starts_new_coverage_at_the_whole_hour_and_leaves_the_gap(
    city: Moved,
) -> None:
    there = NOW + 5 * HOUR
    city.control.jump(there)
    assert (city.clock.now(), city.clock.rate) == (there, 1)
    assert latest(city) == format_instant(there.replace(second=0))
    city.wall.advance(MINUTE)
    city.settle()
    check_coverage(city, (HOUR_OF_NOW, NOW), (HOUR_OF_NOW + 5 * HOUR, there + MINUTE))


def test_a_jump_back_before_all_coverage_starts_new_coverage(city: Moved) -> None:
    there = NOW - 2 * DAY
    city.control.jump(there)
    assert latest(city, "/people-count/S001") == format_instant(there.replace(second=0))
    city.wall.advance(2 * MINUTE)
    city.settle()
    check_coverage(city, (HOUR_OF_NOW - 2 * DAY, there + 2 * MINUTE), (HOUR_OF_NOW, NOW))


def test_after_a_jump_to_a_whole_hour_latest_has_records_at_once(city: Moved) -> None:
    city.control.jump(HOUR_OF_NOW + DAY)
    assert latest(city) == latest(city, "/people-count/S001") == format_instant(HOUR_OF_NOW + DAY)


def test_a_jump_back_into_coverage_deletes_nothing_and_extends_it(city: Moved) -> None:
    city.wall.advance(2 * HOUR)
    city.settle()
    rows = {stream: city.store.rows(stream) for stream in Stream}
    there = NOW + HOUR
    city.control.jump(there)
    assert latest(city) == format_instant(there.replace(second=0))
    city.wall.advance(MINUTE)
    city.settle()
    assert latest(city) == format_instant(there.replace(second=0) + MINUTE)
    assert {stream: city.store.rows(stream) for stream in Stream} == rows
    city.wall.advance(HOUR + 10 * MINUTE)
    city.settle()
    check_coverage(city, (HOUR_OF_NOW, NOW + 2 * HOUR + 11 * MINUTE))


def test_many_jumps_leave_complete_intervals_with_the_same_bytes(city: Moved) -> None:
    ends = [NOW + n * 7 * HOUR for n in (3, 1, 2, 2, 5, 0, 4)]
    for there in ends:
        city.control.jump(there)
    city.settle()
    assert city.clock.now() == ends[-1]
    wanted = sorted({(there.replace(minute=0, second=0), there) for there in ends})
    check_coverage(city, *wanted)


@pytest.mark.integration
def test_jumps_while_feeders_write_leave_complete_intervals_with_the_same_bytes(tmp_path: Path) -> None:
    with moved(tmp_path, rate=MAX) as city:
        for n in (40, -3, 80, 1, 2):
            city.reach(city.clock.now() + 3 * HOUR)
            city.control.jump(NOW + n * HOUR)
        city.reach(NOW + 6 * HOUR)
        city.control.pause()
        city.settle()
        check_bytes(city.store)
        for stream in Stream:
            assert NOW - 3 * HOUR in [
                start + 30 * MINUTE + 10 * SECOND for start, _ in city.stretches(stream)
            ]
            assert any(start <= NOW and end > NOW + 5 * HOUR for start, end in city.stretches(stream))


@pytest.mark.integration
def test_at_rate_max_the_clock_pauses_and_resumes_and_never_runs_back(tmp_path: Path) -> None:
    with moved(tmp_path, rate=MAX) as city:
        for _ in range(20):
            city.reach(city.clock.now() + SECOND)
            city.control.pause()
            stands = city.clock.now()
            assert city.clock.now() == stands
            city.control.set_rate(1)
            city.control.set_rate(MAX)
        city.control.jump(NOW)
        city.control.step(10 * SECOND)
        assert city.clock.now() < NOW + 20 * DAY
        check_bytes(city.store)


def test_clients_get_every_position_after_a_jump(city: Moved) -> None:
    """Ten minutes on, back by eight (into coverage), and on beyond where that ends."""
    assert city.context.live is not None
    hub, published = city.context.live, asyncio.Event()
    ticks: list[datetime] = []

    def publish(records: Iterable[Record], stream: Stream = Stream.BUS_POSITION) -> None:
        ticks.append(next(iter(records)).time)
        published.set()

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                published.clear()
                await published.wait()

    async def main() -> None:
        hub.loop = asyncio.get_running_loop()
        hub.subscribed_lines = frozenset({"L2"})
        hub.publish = publish  # type: ignore[method-assign]  # a hub without clients
        for span in (10 * MINUTE, 12 * MINUTE):
            await asyncio.to_thread(city.wall.advance, span)
            await until(lambda: bool(ticks) and ticks[-1] >= city.clock.now() - 30 * SECOND)
            await asyncio.to_thread(city.control.jump, NOW + 2 * MINUTE)
            await until(lambda: ticks[-1] == TICK + 2 * MINUTE)

    asyncio.run(main())
    start = TICK + 2 * MINUTE
    once = [TICK + n * 30 * SECOND for n in range(1, 21)]
    again = [start + n * 30 * SECOND for n in range(25)]
    assert ticks == [*once, *again, start]


def test_a_jump_to_data_of_another_run_is_refused_and_the_clock_is_unchanged() -> None:
    store, clock = FaultyStore(), Clock(start=NOW, wall=HandWall())
    windows = plan(store, NOW - DAY, NOW - DAY + HOUR, newest_first=False)
    list(fill(windows, model=FormulaCity(), store=store, run=OTHER_RUN))
    control = InProcessClockControl(clock, FormulaCity(), store, RUN)
    for there in (NOW - DAY + MINUTE, NOW - 2 * DAY, HOUR_OF_NOW - DAY + HOUR + 59 * MINUTE):
        with pytest.raises(Conflict, match="another run; jump to 2026-03-01T09:00:00Z or later"):
            control.jump(there)
    assert clock.moment().course.number == 0
    control.jump(HOUR_OF_NOW - DAY + 2 * HOUR)
    assert {held.run for held in store.coverage(Stream.STOP_VISIT)} == {OTHER_RUN}
    assert store.coverage(Stream.BUS_POSITION)[-1].start == HOUR_OF_NOW - DAY + 2 * HOUR


def test_a_second_move_during_a_first_is_refused() -> None:
    clock, store = Clock(start=NOW, wall=HandWall()), FaultyStore()
    begun, go_on = threading.Event(), threading.Event()

    class Slow(FormulaCity):
        def window(self, *what: Any) -> Any:
            begun.set()
            assert go_on.wait(20)
            return super().window(*what)

    control = InProcessClockControl(clock, Slow(), store, RUN)
    jumping = threading.Thread(target=control.jump, args=(NOW + DAY,))
    jumping.start()
    assert begun.wait(20)
    with pytest.raises(Conflict, match="being moved already"):
        control.jump(NOW)
    with pytest.raises(Conflict, match="being moved already"):
        control.step(MINUTE)
    assert clock.now() == NOW
    go_on.set()
    jumping.join()
    assert clock.now() == NOW + DAY
    control.jump(NOW)


def test_a_time_that_the_store_refuses_leaves_the_clock_unchanged(
    city: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_what: object, **_how: object) -> None:
        raise TimeRefused("people_count: 9 of 9 records were refused")

    monkeypatch.setattr(city.store, "write", refuse)
    answer = post(create_app(city.context), {"jump": format_instant(NOW + DAY)})
    assert answer.status_code == 409
    assert "takes no records of that time. people_count: 9 of 9" in answer.json()["message"]
    assert city.clock.now() == NOW


def test_an_unreachable_store_leaves_the_clock_unchanged_and_feeders_running(
    city: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(city.context)

    def fail(*_what: object, **_how: object) -> None:
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr(city.store, "write", fail)
        answer = post(app, {"jump": format_instant(NOW + DAY)})
        assert (answer.status_code, answer.json()["error"]) == (503, "Unavailable")
        assert city.clock.now() == NOW
        city.clock.jump(NOW + DAY)  # as if it had been prepared
        states = [feeder.status for feeder in city.feeders]
        city.wall.wait_until(lambda: all(state(NOW).state == "waiting for the store" for state in states))
    city.wall.advance(MINUTE)
    city.settle()
    assert {feeder.status(NOW).state for feeder in city.feeders} == {"running"}
    check_bytes(city.store)


@pytest.mark.integration
def test_the_shipped_network_gets_the_same_bytes_however_its_clock_moves(tmp_path: Path) -> None:
    from services.inputs.load import load_inputs

    inputs = load_inputs(SHIPPED, 1)
    model = inputs.city(1)
    with moved(tmp_path, rate=60, model=model, served=inputs.network) as city:
        city.wall.advance(10 * SECOND)
        city.control.pause()
        city.control.step(90 * SECOND)
        city.control.jump(NOW - 30 * MINUTE)
        city.control.resume()
        city.wall.advance(5 * SECOND)
        city.settle()
        city.control.jump(NOW - 4 * HOUR)
        city.wall.advance(SECOND)
        city.settle()
        city.control.jump(NOW + 3 * HOUR)
        city.settle()
        check_bytes(city.store, model)
        for stream in Stream:
            assert [start for start, _ in city.stretches(stream)] == [
                HOUR_OF_NOW - 4 * HOUR,
                HOUR_OF_NOW,
                HOUR_OF_NOW + 3 * HOUR,
            ]
    model.close()


@pytest.mark.integration
def test_after_a_jump_history_is_backfilled_before_the_new_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.feeders import history_plan
    from tests.services import moved_city

    monkeypatch.setattr(history_plan, "REACH", 3 * HOUR)
    monkeypatch.setattr(moved_city, "SETTINGS", dataclasses.replace(moved_city.SETTINGS, backfill=2 * HOUR))
    with moved(tmp_path) as city:
        there = NOW + DAY
        city.control.jump(there)
        begins = HOUR_OF_NOW + DAY - 3 * HOUR
        city.wall.wait_until(lambda: all(city.stretches(stream)[-1][0] == begins for stream in Stream))
        city.settle()
        check_bytes(city.store)
        assert timedelta() < there - begins < 4 * HOUR
