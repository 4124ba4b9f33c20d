"""Moving the clock of a live run: what is written, answered and published then, and what is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from services.access.rate_limits import Limits
from services.app import create_app
from services.errors import BadRequest, Conflict
from services.feeders.backfill import fill, plan
from services.feeders.clock_control import InProcessClockControl
from services.live.hub import Hub
from services.queries import bodies
from services.times import format_instant
from services.web import openapi
from services.web.clock_routes import parse_change
from services.web.health import health
from simulator.clock import MAX, Clock
from storage.errors import StoreUnavailable
from storage.schema import BusPosition, Stream
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
from tests.services.live_city import city_context, hub_of, tick
from tests.services.moved_city import HOUR_OF_NOW, TICK, Moved, check_bytes, covered, moved

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
    """What a feeder covers that began and got to certain instants, and nothing else; with the right bytes."""
    for stream in Stream:
        assert found.stretches(stream) == [covered(start, now, stream) for start, now in since], stream
    check_bytes(found.store)


def test_a_standing_clock_writes_nothing_and_nothing_is_degraded(city: Moved) -> None:
    city.control.pause()
    city.wall.advance(HOUR)
    body = health(city.context).body
    assert body["clock"] == {"now": format_instant(NOW), "rate": 0.0, "paused": True}
    assert body["status"] == "healthy"
    check_coverage(city, (HOUR_OF_NOW, NOW))


def test_going_on_takes_the_rate_before_and_counts_from_there(tmp_path: Path) -> None:
    with moved(tmp_path, rate=60) as city:
        city.control.pause()
        city.wall.advance(DAY)
        city.control.resume()
        city.wall.advance(10 * SECOND)
        assert city.clock.now() == NOW + 10 * MINUTE
        city.settle()
        check_coverage(city, (HOUR_OF_NOW, NOW + 10 * MINUTE))


def test_a_run_can_begin_with_its_clock_standing(tmp_path: Path) -> None:
    with moved(tmp_path, rate=60, paused=True) as city:
        city.wall.advance(HOUR)
        assert (city.clock.now(), city.clock.rate) == (NOW, 0)
        assert latest(city) == format_instant(TICK)
        city.control.resume()
        assert city.clock.rate == 60


def test_a_step_writes_every_tick_of_it_and_stands_again(city: Moved) -> None:
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


def test_a_jump_forward_begins_new_coverage_at_the_whole_hour_and_leaves_what_lies_between(
    city: Moved,
) -> None:
    there = NOW + 5 * HOUR
    city.control.jump(there)
    assert (city.clock.now(), city.clock.rate) == (there, 1)
    assert latest(city) == format_instant(there.replace(second=0))
    city.wall.advance(MINUTE)
    city.settle()
    check_coverage(city, (HOUR_OF_NOW, NOW), (HOUR_OF_NOW + 5 * HOUR, there + MINUTE))


def test_a_jump_back_to_where_nothing_is_begins_coverage_there(city: Moved) -> None:
    there = NOW - 2 * DAY
    city.control.jump(there)
    assert latest(city, "/people-count/S001") == format_instant(there.replace(second=0))
    city.wall.advance(2 * MINUTE)
    city.settle()
    check_coverage(city, (HOUR_OF_NOW - 2 * DAY, there + 2 * MINUTE), (HOUR_OF_NOW, NOW))


def test_a_jump_on_the_hour_has_something_to_answer_with_at_once(city: Moved) -> None:
    city.control.jump(HOUR_OF_NOW + DAY)
    assert latest(city) == latest(city, "/people-count/S001") == format_instant(HOUR_OF_NOW + DAY)


def test_a_jump_back_into_coverage_deletes_nothing_and_goes_on_where_it_ends(city: Moved) -> None:
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


def test_many_jumps_in_a_row_leave_whole_stretches_with_the_right_bytes(city: Moved) -> None:
    ends = [NOW + n * 7 * HOUR for n in (3, 1, 2, 2, 5, 0, 4)]
    for there in ends:
        city.control.jump(there)
    city.settle()
    assert city.clock.now() == ends[-1]
    wanted = sorted({(there.replace(minute=0, second=0), there) for there in ends})
    check_coverage(city, *wanted)


@pytest.mark.integration
def test_jumps_while_feeders_are_at_work_leave_whole_stretches_with_the_right_bytes(tmp_path: Path) -> None:
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
def test_at_the_greatest_rate_the_clock_stands_goes_on_and_never_goes_back_by_itself(tmp_path: Path) -> None:
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


def test_clients_get_every_position_from_the_new_now_on(city: Moved) -> None:
    """Ten minutes on, back by eight (into coverage), and on beyond where that ends."""
    assert city.context.live is not None
    hub, published = city.context.live, asyncio.Event()
    ticks: list[datetime] = []

    def publish(positions: Iterable[BusPosition]) -> None:
        ticks.append(next(iter(positions)).time)
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


def test_what_waited_for_a_client_before_a_jump_is_dropped_and_older_positions_are_taken_again() -> None:
    context = city_context()
    hub = hub_of(context)

    async def main() -> None:
        async def reply(_text: str) -> None:
            return

        connection = hub.connect("default", "group", reply, lambda: None)
        await hub.receive(connection, '{"action":"subscribe","line_ids":["L2"]}')
        assert len(connection.outbox) == 1
        hub.reset_after_jump()
        assert len(connection.outbox) == 0
        hub.publish(tick(TICK - DAY, ("B003", "L2")))
        assert len(connection.outbox) == 1

    asyncio.run(main())


def test_a_snapshot_during_a_jump_is_read_again() -> None:
    reads: list[Sequence[str]] = []

    async def snapshot(line_ids: Sequence[str]) -> Sequence[BusPosition]:
        reads.append(line_ids)
        if len(reads) == 1:
            hub.reset_after_jump()
        return tick(TICK, ("B003", "L2"))

    hub = Hub({"L2": ["B003"]}, snapshot)

    async def main() -> None:
        async def reply(_text: str) -> None:
            return

        connection = hub.connect("default", "group", reply, lambda: None)
        await hub.receive(connection, '{"action":"subscribe","line_ids":["L2"]}')
        assert len(connection.outbox) == 1

    asyncio.run(main())
    assert len(reads) == 2


def test_a_time_of_another_run_is_refused_and_the_clock_stays() -> None:
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


def test_two_moves_at_once_are_refused_and_the_first_is_carried_out() -> None:
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


def test_a_store_out_of_reach_leaves_the_clock_where_it_is_and_the_feeders_alive(
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
def test_the_shipped_city_has_the_same_bytes_however_its_clock_is_moved(tmp_path: Path) -> None:
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


def controlled(**changes: Any) -> FastAPI:
    """An application whose clock can be moved, without feeders."""
    store = FaultyStore()
    clock = Clock(start=NOW, wall=HandWall())
    context = dataclasses.replace(city_context(store=store), clock=clock)
    control = InProcessClockControl(clock, FormulaCity(), store, RUN)
    return create_app(dataclasses.replace(context, control=control, **changes))


@pytest.mark.parametrize(
    ("body", "clock"),
    [
        ({"rate": 60}, {"now": "2026-03-02T07:30:10Z", "rate": 60.0, "paused": False}),
        ({"rate": 0.5}, {"now": "2026-03-02T07:30:10Z", "rate": 0.5, "paused": False}),
        ({"rate": "max"}, {"now": "2026-03-02T07:30:10Z", "rate": "max", "paused": False}),
        ({"pause": True}, {"now": "2026-03-02T07:30:10Z", "rate": 0.0, "paused": True}),
        ({"pause": False}, {"now": "2026-03-02T07:30:10Z", "rate": 1.0, "paused": False}),
        ({"step": "30s"}, {"now": "2026-03-02T07:30:40Z", "rate": 0.0, "paused": True}),
        ({"step": 1.5}, {"now": "2026-03-02T07:30:11.500Z", "rate": 0.0, "paused": True}),
        (
            {"jump": "2026-03-02T09:30:00+01:00"},
            {"now": "2026-03-02T08:30:00Z", "rate": 1.0, "paused": False},
        ),
        ({"jump": "2025-12-24"}, {"now": "2025-12-24T00:00:00Z", "rate": 1.0, "paused": False}),
    ],
    ids=str,
)
def test_a_change_is_answered_with_the_clock_as_it_is_then(body: object, clock: object) -> None:
    app = controlled()
    answer = post(app, body)
    assert (answer.status_code, answer.json()) == (200, clock)
    assert post(app, b"", method="GET").json() == clock
    bodies.ClockBody.model_validate(answer.json(), strict=True)


RATE = "Must be a number more than 0 (at most 1000000) or 'max'; to stop the clock, use 'pause'"
STEP = (
    "Must be a number of seconds or a span like '30s' or '2h', more than 0 and at most a day; "
    "to go further, or back, use 'jump'"
)
ONE = "Must specify exactly one of 'rate', 'pause', 'step' or 'jump'"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[" * 4000, "Invalid JSON"),
        (b"1" * 4096, "Invalid JSON"),
        ([], "Invalid JSON"),
        ("max", "Invalid JSON"),
        (b" " * 4097, "Body too long: at most 4096 bytes"),
        ({}, ONE),
        ({"rate": 1, "pause": False}, ONE),
        ({"speed": 1}, "Unknown field: speed. Must be exactly one of 'rate', 'pause', 'step' or 'jump'"),
        ({"rate": 0}, f"Invalid rate: 0. {RATE}"),
        ({"rate": -1}, f"Invalid rate: -1. {RATE}"),
        ({"rate": 1_000_001}, f"Invalid rate: 1000001. {RATE}"),
        ({"rate": "60"}, f"Invalid rate: '60'. {RATE}"),
        ({"rate": True}, f"Invalid rate: true. {RATE}"),
        ({"rate": None}, f"Invalid rate: null. {RATE}"),
        (b'{"rate": NaN}', f"Invalid rate: NaN. {RATE}"),
        (b'{"rate": Infinity}', f"Invalid rate: Infinity. {RATE}"),
        ({"pause": 1}, "Invalid pause: 1. Must be true or false"),
        ({"pause": "true"}, "Invalid pause: 'true'. Must be true or false"),
        ({"step": 0}, f"Invalid step: 0. {STEP}"),
        ({"step": "0"}, f"Invalid step: '0'. {STEP}"),
        ({"step": -30}, f"Invalid step: -30. {STEP}"),
        ({"step": "2d"}, f"Invalid step: '2d'. {STEP}"),
        ({"step": "soon"}, f"Invalid step: 'soon'. {STEP}"),
        ({"step": [30]}, f"Invalid step: [30]. {STEP}"),
        (b'{"step": 1e400}', f"Invalid step: Infinity. {STEP}"),
        ({"jump": 1}, "Invalid jump: 1. Accepted: "),
        ({"jump": "noon"}, "Invalid jump: 'noon'. Accepted: 2026-03-02, "),
        ({"jump": "1969-12-31"}, "Invalid jump: '1969-12-31'. Must be in the years 1970 to 2199"),
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_refused_with_the_field_and_the_mend(body: object, message: str) -> None:
    app = controlled()
    answer = post(app, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "BadRequest")
    assert answer.json()["message"].startswith(message)
    assert post(app, b"", method="GET").json()["now"] == format_instant(NOW)


def test_a_number_of_any_length_is_no_fault_of_ours() -> None:
    with pytest.raises(BadRequest, match="Invalid step: 1"):
        parse_change({"step": 10**4000})


def test_without_clock_control_there_is_no_such_path() -> None:
    app = create_app(city_context())
    for method in ("GET", "POST", "DELETE"):
        answer = post(app, {"rate": 60}, method=method)
        assert (answer.status_code, answer.json()["message"]) == (404, "Not found")
        assert post(app, {"rate": 60}, {}, method=method).status_code == 401
    assert post(app, b"", PAGE | preflight("POST"), method="OPTIONS").status_code == 400


def preflight(method: str) -> dict[str, str]:
    return {"access-control-request-method": method, "access-control-request-headers": "x-api-key"}


def test_who_has_no_key_is_refused_first_then_other_methods_then_what_is_asked_then_too_much() -> None:
    app = controlled(limits=Limits(rate_per_s=0, per_day=1))
    for method in ("GET", "POST", "DELETE"):
        assert post(app, b"{", {}, method=method).status_code == 401
    refused = post(app, b"{", KEY | {"x-group-name": "a" * 65}, method="DELETE")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
    assert post(app, {"rate": 2}, KEY | {"x-group-name": "a" * 65}).status_code == 400
    assert post(app, {"rate": 2}).status_code == 200
    assert post(app, {"rate": 0}).status_code == 400
    assert post(app, {"rate": 3}).status_code == 429
    assert post(app, b"", KEY | {"x-api-key": "wrong"}, method="GET").status_code == 401


def test_a_refusal_by_the_store_s_run_is_a_conflict() -> None:
    store = FaultyStore()
    windows = plan(store, NOW - HOUR, NOW, newest_first=False)
    list(fill(windows, model=FormulaCity(), store=store, run=OTHER_RUN))
    clock = Clock(start=NOW + DAY, wall=HandWall())
    control = InProcessClockControl(clock, FormulaCity(), store, RUN)
    context = dataclasses.replace(city_context(), store=store, clock=clock, control=control)
    answer = post(create_app(context), {"jump": format_instant(NOW - MINUTE)})
    assert (answer.status_code, answer.json()["error"]) == (409, "Conflict")
    assert "another run" in answer.json()["message"]


def test_pages_of_other_origins_may_move_the_clock_if_anybody_may() -> None:
    app = controlled()
    allowed = post(app, b"", PAGE | preflight("POST"), method="OPTIONS")
    assert (allowed.status_code, allowed.headers["access-control-allow-methods"]) == (200, "GET, POST")
    answer = post(app, {"rate": 2}, KEY | PAGE)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_the_description_has_the_clock_where_it_can_be_moved_and_its_examples_are_understood() -> None:
    paths = openapi.document(controlled())["paths"]
    assert set(paths["/clock"]) == {"get", "post"}
    body = paths["/clock"]["post"]["requestBody"]["content"]["application/json"]
    assert len(body["schema"]["oneOf"]) == 4
    for example in body["examples"].values():
        parse_change(example["value"])
    for operation in paths["/clock"].values():
        for status, response in operation["responses"].items():
            for example in response["content"]["application/json"]["examples"].values():
                model = bodies.ClockBody if status == "200" else bodies.ErrorBody
                model.model_validate(example["value"], strict=True)
    assert "/clock" not in openapi.document(create_app(city_context()))["paths"]


def test_a_history_that_is_wanted_is_written_where_the_clock_jumps_to(
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
