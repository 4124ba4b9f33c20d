"""REST, request by request: bodies, messages, and the precedence of errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.access.key_ring import parse_keys
from services.app import create_app
from services.logs import JsonFormatter
from services.web.handlers import Route
from simulator.clock import Clock
from storage.errors import StoreError, StoreInvalid, StoreUnavailable
from tests.case_table import each_case
from tests.services.fakes import HOUR, MINUTE, NOW, RUN, FakeWall
from tests.services.rest_served import KEY, NO_KEY, Requester, Served, in_process, wait_until

LATEST = "2026-03-02T07:30:00Z"


@pytest.fixture
def failing(anywhere: Served) -> Iterator[Served]:
    anywhere.store.failing = StoreUnavailable("gone")
    yield anywhere
    anywhere.store.failing = None


PEOPLE = {"stop_id": "S001", "time": LATEST, "count": 30, "line_ids": "L1,L2"}
POSITION = {
    "bus_id": "B001",
    "line_id": "L1",
    "time": LATEST,
    "latitude": 40.4169,
    "longitude": -3.7035,
    "passenger_count": 0,
    "next_stop_id": "S002",
    "distance_to_next_stop": 120.5,
    "speed": 18.3,
    "direction": 0,
    "trip_id": "L1-1",
    "capacity": 60,
    "bearing": 211.3,
}
ANSWERS: list[tuple[str, dict[str, Any]]] = [
    ("/people-count/S001?mode=latest", PEOPLE),
    ("/people-count/S001?mode=latest&timestamp=nonsense", PEOPLE),
    ("/people-count/S001?mode=other&timestamp=2026-03-02T07:30", PEOPLE),
    ("/people-count/S001?timestamp=2030-01-01", PEOPLE),
    (
        "/people-count/S001?timestamp=2026-03-02T08:29:59 01:00",
        PEOPLE | {"count": 29, "time": "2026-03-02T07:29:00Z"},
    ),
    (
        "/people-count/S001?timestamp=2026-03-02T08:29:59%2B01:00",
        PEOPLE | {"count": 29, "time": "2026-03-02T07:29:00Z"},
    ),
    (
        "/sensors/bus/B001?mode=latest",
        {
            "entity_id": "B001",
            "entity_type": "bus",
            "time": LATEST,
            "temperature": 20.5,
            "humidity": 40.0,
            "co2_level": 600,
            "door_status": "closed",
        },
    ),
    (
        "/sensors/stop/S001?mode=latest",
        {"entity_id": "S001", "entity_type": "stop", "time": LATEST, "temperature": 20.5, "humidity": 40.0},
    ),
    ("/bus-position/B001?mode=latest", POSITION),
    ("/bus-position/B001?timestamp=2026-03-02T07:29:59.9Z", POSITION | {"time": "2026-03-02T07:29:30Z"}),
    (
        "/bus-position/line/L1?mode=latest",
        {"line_id": "L1", "buses": [POSITION, POSITION | {"bus_id": "B002"}]},
    ),
]


@each_case("path, body", ANSWERS)
def test_bodies_are_exactly_these(anywhere: Served, path: str, body: dict[str, Any]) -> None:
    answer = anywhere.ask(path)
    assert (answer.status_code, answer.json()) == (200, body)
    assert answer.headers["content-type"] == "application/json"


def test_fields_are_in_the_contracts_order(anywhere: Served) -> None:
    assert list(anywhere.ask("/bus-position/B001?mode=latest").json()) == list(POSITION)


MUST_SPECIFY = "Must specify 'mode=latest' or 'timestamp' parameter"
LINES_ONLY_LATEST = "Line queries only support 'mode=latest' parameter"
BOTH = "Must specify both 'start' and 'end' parameters, or neither"
EITHER = "Must specify either 'timestamp' or 'start' and 'end' parameters, not both"
NO_CURSOR = "Invalid cursor: x. Must be the next_cursor of the same request"
RANGE = "?start=2026-03-02T07:00Z&end=2026-03-02T07:03Z"


def no_time(name: str) -> str:
    return (
        f"Invalid {name} format: 'noon'. Accepted: 2026-03-02, 2026-03-02T08:30, 2026-03-02T08:30:15.250Z "
        "or 2026-03-02T09:30:15+01:00"
    )


def no_limit(text: str) -> str:
    return f"Invalid limit: {text}. Must be a whole number from 1 to 10000"


def hint(message: str) -> dict[str, str]:
    return {"hint": "For a range of time, specify 'start' and 'end'"} if message == MUST_SPECIFY else {}


NO_TIME = no_time("timestamp")
ANY = "?mode=latest"
WRONG = KEY | {"x-api-key": "wrong"}
REFUSALS: list[tuple[str, Mapping[str, str], int, str, str]] = [
    ("/people-count/S001" + ANY, NO_KEY, 401, "Unauthorized", "Missing x-api-key header"),
    ("/people-count/S001" + ANY, {"x-api-key": "wrong"}, 401, "Unauthorized", "Missing x-group-name header"),
    ("/people-count/S001" + ANY, WRONG, 401, "Unauthorized", "Invalid API key"),
    ("/nowhere", NO_KEY, 401, "Unauthorized", "Missing x-api-key header"),
    ("/people-count/S999", WRONG, 401, "Unauthorized", "Invalid API key"),
    ("/nowhere", KEY, 404, "NotFound", "Not found"),
    ("/nowhere?limit=0", KEY, 404, "NotFound", "Not found"),
    ("/nowhere", KEY | {"x-group-name": "a" * 65}, 404, "NotFound", "Not found"),
    (
        "/people-count/S999" + ANY,
        KEY | {"x-group-name": "a" * 65},
        400,
        "BadRequest",
        "Invalid x-group-name header: at most 64 characters",
    ),
    ("/people-count/S001", KEY, 400, "BadRequest", MUST_SPECIFY),
    ("/people-count/S001?mode=history", KEY, 400, "BadRequest", MUST_SPECIFY),
    ("/people-count/S001?timestamp=", KEY, 400, "BadRequest", MUST_SPECIFY),
    ("/people-count/S999", KEY, 400, "BadRequest", MUST_SPECIFY),
    ("/people-count/S999?timestamp=noon", KEY, 400, "BadRequest", NO_TIME),
    (
        "/sensors/tram/S001" + ANY,
        KEY,
        400,
        "BadRequest",
        "Invalid entity_type: tram. Must be 'bus' or 'stop'",
    ),
    ("/sensors/tram/S001", KEY, 400, "BadRequest", "Invalid entity_type: tram. Must be 'bus' or 'stop'"),
    ("/sensors/bus/B001", KEY, 400, "BadRequest", MUST_SPECIFY),
    ("/bus-position/B001?timestamp=noon", KEY, 400, "BadRequest", NO_TIME),
    ("/people-count/S001?start=2026-03-02", KEY, 400, "BadRequest", BOTH),
    ("/people-count/S999?end=2026-03-02", KEY, 400, "BadRequest", BOTH),
    ("/people-count/S001" + RANGE + "&timestamp=2026-03-02", KEY, 400, "BadRequest", EITHER),
    (
        "/sensors/bus/B001?start=2026-03-03&end=2026-03-02",
        KEY,
        400,
        "BadRequest",
        "Invalid range: start 2026-03-03 is after end 2026-03-02",
    ),
    ("/bus-position/B001?start=noon&end=2026-03-02", KEY, 400, "BadRequest", no_time("start")),
    ("/bus-position/B001?start=2026-03-02&end=noon", KEY, 400, "BadRequest", no_time("end")),
    ("/people-count/S999" + RANGE + "&limit=0", KEY, 400, "BadRequest", no_limit("0")),
    ("/people-count/S001" + RANGE + "&limit=10001", KEY, 400, "BadRequest", no_limit("10001")),
    ("/people-count/S001" + RANGE + "&limit=ten", KEY, 400, "BadRequest", no_limit("ten")),
    ("/people-count/S001" + RANGE + "&limit=%C2%B2", KEY, 400, "BadRequest", no_limit("²")),
    ("/people-count/S001" + RANGE + "&limit=-1", KEY, 400, "BadRequest", no_limit("-1")),
    ("/people-count/S999" + RANGE + "&cursor=x", KEY, 400, "BadRequest", NO_CURSOR),
    (
        "/people-count/S999" + RANGE + "&format=xml",
        KEY,
        400,
        "BadRequest",
        "Invalid format: xml. Must be 'json' or 'csv'",
    ),
    ("/stops?limit=0", KEY, 400, "BadRequest", no_limit("0")),
    ("/lines?cursor=x", KEY, 400, "BadRequest", NO_CURSOR),
    ("/bus-position/line/L1", KEY, 400, "BadRequest", LINES_ONLY_LATEST),
    ("/bus-position/line/L99?timestamp=2026-03-02", KEY, 400, "BadRequest", LINES_ONLY_LATEST),
    ("/people-count/S999" + ANY, KEY, 404, "NotFound", "Stop S999 not found"),
    ("/sensors/stop/S999" + ANY, KEY, 404, "NotFound", "Stop S999 not found"),
    ("/sensors/bus/S001" + ANY, KEY, 404, "NotFound", "Bus S001 not found"),
    ("/bus-position/B999" + ANY, KEY, 404, "NotFound", "Bus B999 not found"),
    ("/people-count/S999" + RANGE, KEY, 404, "NotFound", "Stop S999 not found"),
    ("/sensors/bus/S001" + RANGE, KEY, 404, "NotFound", "Bus S001 not found"),
    ("/lines/L99", KEY, 404, "NotFound", "Line L99 not found"),
    ("/people-count/S001' OR '1'='1" + ANY, KEY, 404, "NotFound", "Stop S001' OR '1'='1 not found"),
    ("/people-count/%00" + ANY, KEY, 404, "NotFound", "Stop \0 not found"),
    ("/bus-position/" + "B" * 5000 + ANY, KEY, 404, "NotFound", "Bus " + "B" * 100 + "… not found"),
    ("/bus-position/line/L99" + ANY, KEY, 404, "NotFound", "Line L99 not found"),
    ("/people-count/S004" + ANY, KEY, 404, "NotFound", "No data found for stop S004"),
    ("/people-count/S001?timestamp=2020-01-01", KEY, 404, "NotFound", "No data found for stop S001"),
    ("/sensors/bus/B001?timestamp=2020-01-01", KEY, 404, "NotFound", "No data found for bus B001"),
    ("/sensors/stop/S001?timestamp=2020-01-01", KEY, 404, "NotFound", "No data found for stop S001"),
    ("/bus-position/B001?timestamp=2020-01-01", KEY, 404, "NotFound", "No data found for bus B001"),
]


@each_case("path, headers, status, error, message", REFUSALS)
def test_errors_have_these_messages_and_this_precedence(
    anywhere: Served, path: str, headers: Mapping[str, str], status: int, error: str, message: str
) -> None:
    answer = anywhere.ask(path, headers)
    here = status, {"error": error, "message": message} | hint(message)
    assert (answer.status_code, answer.json()) == anywhere.expected("GET", path, headers, here)


def test_a_line_without_positions_for_five_minutes_has_no_buses(anywhere: Served) -> None:
    path = "/bus-position/line/L1?mode=latest"
    assert asking_at(anywhere, NOW + 4 * MINUTE)(path).status_code == 200
    silent = asking_at(anywhere, NOW + 6 * MINUTE)(path)
    assert (silent.status_code, silent.json()["message"]) == (404, "No buses found for line L1")


def asking_at(anywhere: Served, now: datetime) -> Requester:
    return in_process(
        create_app(replace(anywhere.context, clock=Clock(start=now, wall=FakeWall(NOW + HOUR))))
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/people-count/S001?mode=latest", 503),
        ("/bus-position/line/L1?mode=latest", 503),
        ("/bus-position/B001?timestamp=2026-03-02", 503),
        ("/people-count/S999?mode=latest", 404),
        ("/people-count/S001", 400),
        ("/nowhere", 404),
    ],
)
def test_an_unreachable_store_is_503_after_every_other_error(failing: Served, path: str, status: int) -> None:
    answer = failing.ask(path)
    assert answer.status_code == status
    if status == 503:
        assert answer.json()["error"] == "Unavailable"
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("fault", [StoreInvalid("damaged at /secret/place"), StoreError("x")])
def test_an_internal_error_is_500_with_its_cause_in_the_log_only(
    failing: Served, fault: StoreError, caplog: pytest.LogCaptureFixture
) -> None:
    failing.store.failing = fault
    answer = failing.ask("/people-count/S001?mode=latest")
    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "InternalServerError", "message": "An unexpected error occurred. Please try again later."},
    )
    assert str(fault) in caplog.text


def test_health_needs_no_key_and_describes_clock_run_feeders_and_streams(anywhere: Served) -> None:
    answer = anywhere.ask("/health", {})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["version"], body["clock"]) == (
        "1.2.3",
        {"now": "2026-03-02T07:30:10Z", "rate": 1.0, "paused": False},
    )
    assert body["run"]["run_id"] == RUN.run_id
    assert [feeder["name"] for feeder in body["feeders"]] == ["people-count", "sensors", "bus-position"]
    assert body["streams"]["people_count"]["rows"] == 61 * 3
    assert body["streams"]["people_count"]["coverage"] == [
        {"start": "2026-03-02T06:30:00Z", "end": "2026-03-02T07:30:10Z", "run_id": RUN.run_id}
    ]


def test_health_is_degraded_when_a_feeder_does_not_run(anywhere: Served) -> None:
    assert anywhere.ask("/health").json()["status"] == "degraded"
    for feeder in anywhere.feeders:
        feeder.state = "running"
    assert anywhere.ask("/health").json()["status"] == "healthy"
    for feeder in anywhere.feeders:
        feeder.state = "stopped"


def test_health_is_unavailable_without_the_store(failing: Served) -> None:
    answer = failing.ask("/health", {})
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["streams"] == {}


UNKEYED = {"error": "Unauthorized", "message": "Missing x-api-key header"}
NOT_ALLOWED = {"error": "MethodNotAllowed", "message": "Method not allowed"}
NOT_FOUND = {"error": "NotFound", "message": "Not found"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@each_case(
    "path, headers, status, body",
    [
        ("/people-count/S001?mode=latest", NO_KEY, 401, UNKEYED),
        ("/people-count/S001?mode=latest", KEY, 405, NOT_ALLOWED),
        ("/people-count/S999", KEY, 405, NOT_ALLOWED),
        ("/lines", KEY | {"x-group-name": "a" * 65}, 405, NOT_ALLOWED),
        ("/nowhere", NO_KEY, 401, UNKEYED),
        ("/nowhere", KEY, 404, NOT_FOUND),
        ("/health", NO_KEY, 405, NOT_ALLOWED),
        ("/metrics", NO_KEY, 405, NOT_ALLOWED),
        ("/openapi.json", NO_KEY, 405, NOT_ALLOWED),
        ("/docs", NO_KEY, 405, NOT_ALLOWED),
        ("/", NO_KEY, 405, NOT_ALLOWED),
    ],
)
def test_other_methods_are_405_after_401_and_before_400(
    anywhere: Served, method: str, path: str, headers: Mapping[str, str], status: int, body: dict[str, str]
) -> None:
    answer = anywhere.ask(path, headers, method=method)
    status, body = anywhere.expected(method, path, headers, (status, body))
    assert answer.status_code == status
    assert answer.headers.get("allow") == ("GET, HEAD" if status == 405 else None)
    assert answer.json() == body


def test_the_openapi_description_needs_no_key_and_has_every_route(served: Served) -> None:
    description = served.ask("/openapi.json", {}).json()
    pages = {
        route.path
        for route in create_app(served.context).routes
        if isinstance(route, Route) and "{" in route.path and not route.path.startswith("/local/")
    }
    described = set(description["paths"])
    # EMT's routes are described with a slash at the end, and the last one stands for what EMT doesn't have.
    assert {path for path in pages - described if f"{path}/" not in described} == {"/emt/{rest:path}"}


def test_a_snapshot_needs_its_own_key_and_leaves_no_file_behind(served: Served, tmp_path: Path) -> None:
    assert served.ask("/local/snapshot").status_code == 401
    answer = served.ask("/local/snapshot", {"x-api-key": "local", "x-group-name": "snapshot"})
    assert answer.text == "a copy"
    assert served.context.snapshots is not None
    folder = served.context.snapshots.folder
    wait_until(lambda: not list(folder.iterdir()))


def test_the_access_log_is_json_with_the_group_and_without_secrets(
    anywhere: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    anywhere.ask("/people-count/S001?mode=latest&timestamp=right")
    (record,) = [record for record in caplog.records if record.name == "bus_simulator.access"]
    line = JsonFormatter().format(record)
    logged = json.loads(line)
    assert (logged["level"], logged["group"], logged["status"]) == ("INFO", "team-alpha", 200)
    assert logged["path"] == "/people-count/S001"
    assert "request_id" not in logged
    assert "right" not in line
    assert len(line.splitlines()) == 1


def test_a_group_cannot_forge_log_lines(anywhere: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    anywhere.ask("/health", {"x-group-name": 'a", "level": "ERROR' + "b" * 100, "x-request-id": "Jh4="})
    (record,) = [record for record in caplog.records if record.name == "bus_simulator.access"]
    logged = json.loads(JsonFormatter().format(record))
    assert logged["level"] == "INFO"
    assert len(logged["group"]) == 64
    assert logged["request_id"] == "Jh4="


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_group_name_may_have_spanish_letters(
    anywhere: Served, encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    team = "equipo-ñandú-" + "ñ" * 50
    keys = parse_keys(json.dumps({"api_key": "right", "keys": {team: "suya"}}))
    sent = httpx.Headers({"x-api-key": "suya", "x-group-name": team}, encoding=encoding)
    answer = in_process(create_app(replace(anywhere.context, key=keys)))("/lines", sent)
    assert answer.status_code == 200
    (record,) = [record for record in caplog.records if record.name == "bus_simulator.access"]
    assert json.loads(JsonFormatter().format(record))["group"] == team
