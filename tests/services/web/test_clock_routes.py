"""`/clock`: changes of the clock, refusals in their order, CORS and OpenAPI."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from services.access.rate_limits import Limits
from services.app import create_app
from services.errors import BadRequest
from services.feeders.backfill import fill, plan
from services.feeders.clock_control import InProcessClockControl
from services.queries import bodies
from services.queries.status_bodies import ClockBody
from services.times import format_instant
from services.web import openapi
from services.web.clock_routes import parse_change
from simulator.clock import Clock
from tests.services.fakes import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    OTHER_RUN,
    RUN,
    FaultyStore,
    FormulaCity,
    HandWall,
)
from tests.services.live_city import city_context

pytestmark = pytest.mark.integration

KEY = {"x-api-key": "right", "x-group-name": "team-alpha"}


PAGE = {"origin": "https://example.org"}


def post(
    app: ASGIApp, body: object, headers: Mapping[str, str] = KEY, *, method: str = "POST"
) -> httpx.Response:
    async def request() -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, "/clock", headers=headers, content=content)

    return asyncio.run(request())


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
def test_a_change_returns_the_changed_clock(body: object, clock: object) -> None:
    app = controlled()
    answer = post(app, body)
    assert (answer.status_code, answer.json()) == (200, clock)
    assert post(app, b"", method="GET").json() == clock
    ClockBody.model_validate(answer.json(), strict=True)


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
def test_an_invalid_change_is_refused_with_accepted_values(body: object, message: str) -> None:
    app = controlled()
    answer = post(app, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "BadRequest")
    assert answer.json()["message"].startswith(message)
    assert post(app, b"", method="GET").json()["now"] == format_instant(NOW)


def test_a_number_of_any_length_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="Invalid step: 1"):
        parse_change({"step": 10**4000})


def test_without_clock_control_the_clock_is_read_only_and_says_how_to_change_it() -> None:
    app = create_app(city_context())
    assert post(app, b"", method="GET").json()["rate"] == 1.0
    for method in ("POST", "DELETE"):
        answer = post(app, {"rate": 60}, method=method)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
        assert "--clock-control" in answer.json()["hint"]
        assert post(app, {"rate": 60}, {}, method=method).status_code == 401
    assert post(app, b"", PAGE | preflight("POST"), method="OPTIONS").status_code == 400


def preflight(method: str) -> dict[str, str]:
    return {"access-control-request-method": method, "access-control-request-headers": "x-api-key"}


def test_refusals_come_in_the_order_401_405_400_429() -> None:
    app = controlled(limits=Limits(rate_per_s=0, per_day=1))
    for method in ("GET", "POST", "DELETE"):
        assert post(app, b"{", {}, method=method).status_code == 401
    refused = post(app, b"{", KEY | {"x-group-name": "a" * 65}, method="DELETE")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")
    assert post(app, {"rate": 2}, KEY | {"x-group-name": "a" * 65}).status_code == 400
    assert post(app, {"rate": 2}).status_code == 200
    assert post(app, {"rate": 0}).status_code == 400
    assert post(app, {"rate": 3}).status_code == 429
    assert post(app, b"", KEY | {"x-api-key": "wrong"}, method="GET").status_code == 401


def test_a_jump_to_data_of_another_run_is_a_conflict() -> None:
    store = FaultyStore()
    windows = plan(store, NOW - HOUR, NOW, newest_first=False)
    list(fill(windows, model=FormulaCity(), store=store, run=OTHER_RUN))
    clock = Clock(start=NOW + DAY, wall=HandWall())
    control = InProcessClockControl(clock, FormulaCity(), store, RUN)
    context = dataclasses.replace(city_context(), store=store, clock=clock, control=control)
    answer = post(create_app(context), {"jump": format_instant(NOW - MINUTE)})
    assert (answer.status_code, answer.json()["error"]) == (409, "Conflict")
    assert "another run" in answer.json()["message"]


def test_cors_allows_clock_changes_from_other_origins() -> None:
    app = controlled()
    allowed = post(app, b"", PAGE | preflight("POST"), method="OPTIONS")
    assert (allowed.status_code, allowed.headers["access-control-allow-methods"]) == (200, "GET, HEAD, POST")
    answer = post(app, {"rate": 2}, KEY | PAGE)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_openapi_describes_the_clock_with_valid_examples_where_it_can_be_changed() -> None:
    paths = openapi.document(controlled())["paths"]
    assert set(paths["/clock"]) == {"get", "post"}
    body = paths["/clock"]["post"]["requestBody"]["content"]["application/json"]
    assert len(body["schema"]["oneOf"]) == 4
    for example in body["examples"].values():
        parse_change(example["value"])
    for operation in paths["/clock"].values():
        for status, response in operation["responses"].items():
            for example in response["content"]["application/json"]["examples"].values():
                model = ClockBody if status == "200" else bodies.ErrorBody
                model.model_validate(example["value"], strict=True)
    assert set(openapi.document(create_app(city_context()))["paths"]["/clock"]) == {"get"}
