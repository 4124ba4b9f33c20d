"""Request limits per second and day for each key, and the place of 429 among refusals."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from services.access.authentication import Caller
from services.access.key_ring import parse_keys
from services.access.rate_limits import DAY_S, UNLIMITED, Limits, Meter, limits_for
from services.app import create_app
from services.context import Context
from services.errors import TooManyRequests
from services.web import gate
from tests.services.rest_served import KEY, TRANSPORTS, Requester, Served, in_process, parts

pytestmark = pytest.mark.integration

Transport = Callable[[Context], AbstractContextManager[Requester]]


class Wall:
    """Wall seconds that a test sets."""

    def __init__(self) -> None:
        self.now_s = 10.0 * DAY_S

    def __call__(self) -> float:
        return self.now_s


def passed(meter: Meter, times: int, key: str = "default") -> int:
    """How many of `requests` pass."""
    count = 0
    for _ in range(times):
        try:
            meter.count(Caller("anyone", key))
            count += 1
        except TooManyRequests:
            pass
    return count


def test_a_burst_passes_then_fifty_requests_a_second() -> None:
    wall = Wall()
    meter = Meter(Limits(per_day=0), wall_s=wall)
    assert passed(meter, 500) == 100
    wall.now_s += 0.5
    assert passed(meter, 500) == 25
    wall.now_s += 100
    assert passed(meter, 500) == 100


def test_ten_thousand_requests_a_day_reset_at_midnight_utc() -> None:
    wall = Wall()
    meter = Meter(Limits(rate_per_s=0), wall_s=wall)
    assert passed(meter, 12_000) == 10_000
    with pytest.raises(TooManyRequests) as refused:
        meter.count(Caller("anyone", "default"))
    assert refused.value.retry_after_s == DAY_S
    wall.now_s += DAY_S - 0.5
    assert passed(meter, 1) == 0
    wall.now_s += 0.5
    assert passed(meter, 1) == 1


def test_each_key_has_its_own_limits_and_refused_requests_are_not_counted() -> None:
    wall = Wall()
    meter = Meter(Limits(rate_per_s=1, per_day=3), wall_s=wall)
    assert passed(meter, 50, "a") == passed(meter, 50, "b") == 2
    wall.now_s += 10
    assert passed(meter, 50, "a") == 1


def test_a_wall_clock_set_back_blocks_no_requests() -> None:
    wall = Wall()
    meter = Meter(Limits(per_day=0), wall_s=wall)
    passed(meter, 100)
    wall.now_s -= 3600
    assert passed(meter, 1) == 0
    wall.now_s += 1
    assert passed(meter, 100) == 50


@pytest.mark.parametrize(
    ("host", "rate", "day", "limits"),
    [
        ("127.0.0.1", None, None, UNLIMITED),
        ("::1", None, None, UNLIMITED),
        ("localhost", None, None, UNLIMITED),
        ("0.0.0.0", None, None, Limits(50, 10_000)),
        ("::", None, None, Limits(50, 10_000)),
        ("bus.example", None, None, Limits(50, 10_000)),
        ("127.0.0.1", 5.0, None, Limits(5, 0)),
        ("0.0.0.0", 0.0, 7, Limits(0, 7)),
    ],
)
def test_limits_apply_by_default_except_on_loopback(
    host: str, rate: float | None, day: int | None, limits: Limits
) -> None:
    assert limits_for(host, rate_per_s=rate, per_day=day) == limits


def test_429_comes_after_400_and_before_404_with_retry_after_and_per_key(served: Served) -> None:
    keys = parse_keys('{"api_key": "right", "keys": {"team-beta": "theirs"}}')
    context = replace(served.context, key=keys, limits=Limits(rate_per_s=0.5, per_day=0))
    ask = in_process(create_app(context))
    assert ask("/people-count/S001?mode=latest").status_code == 200
    refused = ask("/people-count/S999?mode=latest", KEY | {"origin": "https://map.example"})
    assert (refused.status_code, refused.json()) == (
        429,
        {"error": "TooManyRequests", "message": "Rate limit of 0.5 requests per second exceeded"},
    )
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["access-control-allow-origin"] == "*"
    assert ask("/people-count/S001").status_code == 400
    assert ask("/nowhere").status_code == 404
    assert ask("/stops").status_code == 429
    assert ask("/people-count/S001", {}).status_code == 401
    assert ask("/health", {}).status_code == 200
    theirs = {"x-api-key": "theirs", "x-group-name": "team-beta"}
    assert ask("/people-count/S001?mode=latest", theirs).status_code == 200
    assert ask("/people-count/S001?mode=latest", KEY | {"x-group-name": "other"}).status_code == 429


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=list(TRANSPORTS))
@pytest.mark.parametrize(
    ("limits", "passing", "message", "retry_after"),
    [
        (Limits(per_day=0), 100, "Rate limit of 50 requests per second exceeded", "1"),
        (Limits(rate_per_s=0, per_day=110), 110, "Daily limit of 110 requests exceeded", str(DAY_S)),
    ],
)
def test_a_request_beyond_the_limit_is_refused_for_this_key_only(
    transport: Transport,
    limits: Limits,
    passing: int,
    message: str,
    retry_after: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "Meter", partial(Meter, wall_s=Wall()))
    keys = parse_keys('{"api_key": "right", "keys": {"team-beta": "theirs"}}')
    context, _, _ = parts(tmp_path)
    path, theirs = "/people-count/S001?mode=latest", {"x-api-key": "theirs", "x-group-name": "team-beta"}
    with transport(replace(context, key=keys, limits=limits)) as ask:
        assert {ask(path).status_code for _ in range(passing)} == {200}
        refused = ask(path)
        assert (refused.status_code, refused.json()) == (
            429,
            {"error": "TooManyRequests", "message": message},
        )
        assert refused.headers["retry-after"] == retry_after
        assert {ask(path, theirs).status_code for _ in range(passing)} == {200}
        assert ask(path, theirs).status_code == 429
