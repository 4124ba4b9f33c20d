"""The verification passes on a good simulator, and names each defect made on purpose."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.operate.api_client import ApiClient
from services.operate.verify import CheckResult, newest_interval, result_table, verify
from services.operate.verify_targets import Targets
from services.web.description.transit_examples import ARRIVAL as TRANSIT_ARRIVAL
from services.web.description.transit_examples import PATTERN, VISIT
from tests.environment import environment
from tests.fake_servers import Answer, Answering, always, free_port, http_server, websocket_server
from tests.process import KEY, few_lines, running

pytestmark = pytest.mark.integration

SCRIPT = Path(__file__).parent.parent / "scripts" / "verify_deployment.py"
NOW, FIVE_DAYS_AGO = "2026-03-06T07:30:10Z", "2026-03-01T07:30:10Z"
LATEST = "2026-03-06T07:30:00Z"
POSITION = {
    "bus_id": "B001",
    "line_id": "L1",
    "time": LATEST,
    "latitude": 40.4,
    "longitude": -3.7,
    "passenger_count": 5,
    "next_stop_id": "S002",
    "distance_to_next_stop": 10.5,
    "speed": 12.5,
    "direction": 0,
    "trip_id": "L1-20260306-0-001",
    "capacity": 80,
    "bearing": 12.5,
}
ARRIVAL = dict(TRANSIT_ARRIVAL) | {"expected_time": "2026-03-06T07:32:00Z"}
VISITS = "/stop-visits/stop/S001?start=2026-03-05T07:30:10Z&end=2026-03-06T07:30:10Z&limit=10"
LIVE = "/live?line_ids=L1"
EXPORT = "/export/people_count?start=2026-03-06T07:25:10Z&end=2026-03-06T07:30:10Z&format=csv"
CSV = "time,stop_id,line_ids,count,arrived,boarded,left\n2026-03-06T07:30:00Z,S001,L1,3,1,0,0\n"
COUNT = {"stop_id": "S001", "time": LATEST, "count": 3, "line_ids": "L1"}
CLIMATE = {"entity_id": "S001", "entity_type": "stop", "time": LATEST, "temperature": 15.5, "humidity": 40.5}
SIRI = "/siri/stop-monitoring?MonitoringRef=S001&format=json"
EMT, EMT_LOGIN = "/emt/v2/transport/busemtmad", "/emt/v1/mobilitylabs/user/login/"
EMT_ARRIVALS = f"{EMT}/stops/1/arrives/"
STOP = {"stop_id": "S001", "name": "Sol", "latitude": 40.4, "longitude": -3.7, "line_ids": "L1"}
BUS = {"bus_id": "B001", "line_id": "L1", "capacity": 80}
LINE = {"line_id": "L1", "name": "L1", "night": False, "stop_count": 1, "bus_count": 1}
SUBSCRIBED = json.dumps({"type": "subscribed", "line_ids": ["L1"]})


def health() -> dict[str, Any]:
    """Five days and an hour of history, three feeders on time."""
    stretch = {"start": "2026-03-01T06:00:00Z", "end": "2026-03-06T07:31:00Z", "run_id": "r"}
    streams = ("people_count", "sensor_data", "bus_position", "stop_visit")
    return {
        "status": "healthy",
        "version": "1",
        "clock": {"now": NOW, "rate": 1.0, "paused": False},
        "run": {"run_id": "r", "seed": 1, "network_digest": "n", "scenario_digest": "", "model_version": "1"},
        "feeders": [
            {"name": name, "last_tick": LATEST, "lag_s": 0.0, "state": "running"}
            for name in ("people-count", "sensors", "bus-position")
        ],
        "streams": {stream: {"rows": 10, "coverage": [dict(stretch)]} for stream in streams},
    }


def bodies() -> dict[str, Any]:
    """A good simulator's responses to authenticated requests."""
    bus_climate = CLIMATE | {
        "entity_id": "B001",
        "entity_type": "bus",
        "co2_level": 700,
        "door_status": "open",
    }
    return {
        "/people-count/S001?mode=latest": COUNT,
        f"/people-count/S001?timestamp={FIVE_DAYS_AGO}": COUNT | {"time": "2026-03-01T07:30:00Z"},
        "/sensors/stop/S001?mode=latest": CLIMATE,
        "/sensors/bus/B001?mode=latest": bus_climate,
        "/bus-position/B001?mode=latest": POSITION,
        "/bus-position/line/L1?mode=latest": {"line_id": "L1", "buses": [POSITION]},
        "/bus-position?mode=latest": {"time": POSITION["time"], "items": [POSITION]},
        VISITS: {"items": [], "next_cursor": None},
        "/arrivals/S001": {"stop_id": "S001", "time": NOW, "arrivals": [ARRIVAL]},
        "/lines/L1/shape": {"type": "FeatureCollection", "features": [PATTERN]},
        "/stops?limit=1": {"items": [STOP], "next_cursor": "c"},
        "/buses?limit=1": {"items": [BUS], "next_cursor": "c"},
        "/lines?limit=1": {"items": [LINE], "next_cursor": None},
        SIRI: {"Siri": {"ServiceDelivery": {"StopMonitoringDelivery": [{"MonitoredStopVisit": []}]}}},
    }


def emt_bodies() -> dict[str, Any]:
    """A good simulator's answers as EMT's API."""
    return {
        EMT_LOGIN: {"code": "01", "data": [{"accessToken": "t"}]},
        f"{EMT}/lines/info/": {"code": "00", "data": [{"line": "027"}]},
        f"{EMT}/lines/027/stops/1/": {"code": "00", "data": [{"stops": [{"stop": "1"}]}]},
        EMT_ARRIVALS: {"code": "00", "data": [{"Arrive": []}]},
    }


def texts() -> dict[str, str]:
    """Those of its responses that aren't JSON."""
    return {LIVE: f"event: bus_position\nid: 0\ndata: {json.dumps(POSITION)}\n\n", EXPORT: CSV}


def refused(status: int, text: str) -> Answer:
    name = {401: "Unauthorized", 404: "NotFound"}[status]
    return status, json.dumps({"error": name, "message": text})


def good(path: str, headers: Mapping[str, str]) -> Answer:
    """A good simulator."""
    if path == "/health":
        return 200, json.dumps(health())
    if path in emt_bodies():
        allowed = headers.get("accesstoken") == "t" or headers.get("password") == KEY
        return 200, json.dumps(emt_bodies()[path] if allowed else {"code": "80", "data": []})
    if "x-api-key" not in headers:
        return refused(401, "Missing x-api-key header")
    if "x-group-name" not in headers:
        return refused(401, "Missing x-group-name header")
    if headers["x-api-key"] != KEY:
        return refused(401, "Invalid API key")
    if path in texts():
        return 200, texts()[path]
    if path not in bodies():
        return refused(404, "Stop NO-STOP not found")
    return 200, json.dumps(bodies()[path])


@contextmanager
def good_websocket() -> Iterator[str]:
    with websocket_server(SUBSCRIBED, json.dumps(POSITION), key=KEY) as url:
        yield url


def failed(answering: Answering, *, websocket_url: str | None = None) -> dict[str, str]:
    """The failed checks: check → detail."""
    with http_server(answering) as url:
        deployment = ApiClient(url, websocket_url or "", KEY, "tests")
        results = list(verify(deployment, Targets(), websocket=websocket_url is not None))
    assert len(results) == (28 if websocket_url else 25)
    return {result.check: result.detail for result in results if not result.passed}


def but(path: str, answer: Answer) -> Answering:
    """A good simulator except for one response."""
    return lambda asked, headers: answer if asked == path else good(asked, headers)


def but_when_allowed(answers: Mapping[str, Answer]) -> Answering:
    """A good simulator except for these responses, by path, to requests that it allows."""

    def answering(asked: str, headers: Mapping[str, str]) -> Answer:
        right = good(asked, headers)
        return answers.get(asked, right) if right[0] == 200 else right

    return answering


def unwell(change: Callable[[dict[str, Any]], object]) -> Answering:
    """A good simulator with another `/health`."""
    body = health()
    change(body)
    return but("/health", (200, json.dumps(body)))


def test_a_good_simulator_passes_all_checks() -> None:
    with good_websocket() as url:
        assert failed(good, websocket_url=url) == {}


def one_day(body: dict[str, Any]) -> None:
    body["streams"]["sensor_data"]["coverage"][0]["start"] = "2026-03-05T07:00:00Z"


def a_gap(body: dict[str, Any]) -> None:
    early = {"start": "2026-03-01T06:00:00Z", "end": "2026-03-04T07:00:00Z", "run_id": "r"}
    late = {"start": "2026-03-04T08:00:00Z", "end": "2026-03-06T07:31:00Z", "run_id": "r"}
    body["streams"]["sensor_data"]["coverage"] = [early, late]


def old(body: dict[str, Any]) -> None:
    body["streams"]["sensor_data"]["coverage"][0]["end"] = "2026-03-06T06:30:00Z"


@pytest.mark.parametrize(
    ("change", "check", "detail"),
    [
        (one_day, "history: sensor_data", "1.02 days without a gap, 5.00 days are needed"),
        (a_gap, "history: sensor_data", "1.98 days without a gap, 5.00 days are needed"),
        (old, "history: sensor_data", "ends 2026-03-06T06:30:00Z, 1:00:10 before simulated now"),
        (lambda body: body["streams"].pop("bus_position"), "history: bus_position", "no table bus_position"),
        (lambda body: body["streams"]["people_count"].update(rows=0), "history: people_count", "no data"),
        (
            lambda body: body["streams"]["people_count"].update(coverage=[]),
            "history: people_count",
            "no data",
        ),
        (lambda body: body["feeders"][1].update(state="stopped"), "feeder: sensors", "stopped"),
        (
            lambda body: body["feeders"][1].update(state="waiting for the store"),
            "feeder: sensors",
            "waiting for the store",
        ),
        (lambda body: body["feeders"][2].update(lag_s=300.0), "feeder: bus-position", "lags by 300 s"),
        (lambda body: body["feeders"].pop(0), "feeder: people-count", "missing in /health"),
    ],
)
def test_missing_history_and_feeders_are_named(
    change: Callable[[dict[str, Any]], object], check: str, detail: str
) -> None:
    assert failed(unwell(change)) == {check: detail}


def test_adjacent_intervals_are_joined() -> None:
    def two_runs(body: dict[str, Any]) -> None:
        early = {"start": "2026-03-01T06:00:00Z", "end": "2026-03-04T07:00:00Z", "run_id": "r"}
        late = {"start": "2026-03-04T07:00:00Z", "end": "2026-03-06T07:31:00Z", "run_id": "s"}
        body["streams"]["sensor_data"]["coverage"] = [late, early]

    assert failed(unwell(two_runs)) == {}


ROUTES = {
    "/people-count/S001?mode=latest": "REST: people count",
    "/sensors/stop/S001?mode=latest": "REST: sensors of a stop",
    "/sensors/bus/B001?mode=latest": "REST: sensors of a bus",
    "/bus-position/B001?mode=latest": "REST: bus position",
    "/bus-position/line/L1?mode=latest": "REST: a line's buses",
    "/bus-position?mode=latest": "REST: all buses",
    f"/people-count/S001?timestamp={FIVE_DAYS_AGO}": "REST: five days ago",
    VISITS: "REST: visits to a stop",
    "/arrivals/S001": "REST: arrivals",
    "/lines/L1/shape": "REST: a line's shape",
    SIRI: "SIRI: stop monitoring",
}


@pytest.mark.parametrize("wrong", [list(ROUTES)[::2], list(ROUTES)[1::2]], ids=["odd", "even"])
def test_wrong_statuses_and_bodies_are_named_and_no_other_route(wrong: Sequence[str]) -> None:
    checks = {ROUTES[path] for path in wrong}
    for status, body in (
        *((status, None) for status in (500, 201, 404)),
        *((200, text) for text in ("", "{}", "[]", "<p>")),
    ):
        answers = {path: (status, json.dumps(bodies()[path]) if body is None else body) for path in wrong}
        found = failed(but_when_allowed(answers))
        assert set(found) == checks, (status, body)
    assert all("the body is wrong" in detail for detail in found.values())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"time": "2026-03-06T06:30:00Z"}, "of 2026-03-06T06:30:00Z, and now is 2026-03-06T07:30:10Z"),
        ({"time": "2026-03-06T08:30:00Z"}, "of 2026-03-06T08:30:00Z, and now is 2026-03-06T07:30:10Z"),
        ({"time": "just now"}, "not an ISO 8601 time"),
        ({"latitude": "40.4"}, "the body is wrong: latitude"),
        ({"direction": 2}, "the body is wrong: direction"),
    ],
)
def test_old_future_and_wrongly_typed_values_are_named(change: dict[str, Any], text: str) -> None:
    found = failed(but("/bus-position/B001?mode=latest", (200, json.dumps(POSITION | change))))
    assert list(found) == ["REST: bus position"]
    assert text in found["REST: bus position"]


def test_arrivals_in_the_past_visits_elsewhere_and_empty_shapes_are_named() -> None:
    late = {"stop_id": "S001", "time": NOW, "arrivals": [ARRIVAL | {"expected_time": FIVE_DAYS_AGO}]}
    wrong: dict[str, Any] = {
        "/arrivals/S001": late,
        VISITS: {"items": [dict(VISIT) | {"stop_id": "S002"}], "next_cursor": None},
        "/lines/L1/shape": {"type": "FeatureCollection", "features": []},
    }
    texts = ("expected times don't ascend", "visits to other stops", "no line with at least two points")
    for (path, body), text in zip(wrong.items(), texts, strict=True):
        ((_, detail),) = failed(but(path, (200, json.dumps(body)))).items()
        assert text in detail


@pytest.mark.parametrize(
    ("path", "answer", "text"),
    [
        (LIVE, (200, "event: bus_position\ndata: {}\n\n"), "the event is wrong: Field required"),
        (LIVE, (200, ": nothing\n\n"), "ends without an event"),
        (LIVE, (404, "{}"), "status 404 instead of 200"),
        (
            LIVE,
            (200, f"data: {json.dumps(POSITION | {'line_id': 'L2'})}\n\n"),
            "an event of line L2",
        ),
        (EXPORT, (200, CSV.splitlines()[0] + "\n"), "no counts as CSV"),
        (EXPORT, (200, "{}"), "no counts as CSV"),
    ],
)
def test_wrong_events_and_files_are_named(path: str, answer: Answer, text: str) -> None:
    ((_, detail),) = failed(but(path, answer)).items()
    assert text in detail


@pytest.mark.parametrize(
    ("path", "answer", "detail"),
    [
        (EMT_LOGIN, (200, '{"code": "92", "data": []}'), "code 92 instead of 01"),
        (EMT_ARRIVALS, (200, '{"code": "80", "data": [{"Arrive": []}]}'), "code 80 instead of 00"),
        (EMT_ARRIVALS, (200, '{"code": "00", "data": []}'), "no data"),
        (EMT_ARRIVALS, (401, '{"code": "80", "data": []}'), "status 401 instead of 200"),
        (f"{EMT}/lines/info/", (200, "{}"), "the body is wrong: code"),
    ],
)
def test_refusals_of_emts_api_are_named(path: str, answer: Answer, detail: str) -> None:
    ((check, found),) = failed(but(path, answer)).items()
    assert check == "EMT: login, stops and arrivals"
    assert detail in found


def test_a_line_without_buses_and_one_with_another_lines_buses_are_named() -> None:
    path, check = "/bus-position/line/L1?mode=latest", "REST: a line's buses"
    none = failed(but(path, (200, json.dumps({"line_id": "L1", "buses": []}))))
    strange = {"line_id": "L1", "buses": [POSITION | {"line_id": "L2"}]}
    assert none == {check: "0 buses of line L1"}
    assert failed(but(path, (200, json.dumps(strange)))) == {check: "buses of L2 among those of line L1"}


def lenient(*ignored: str, key: bool = True) -> Answering:
    """A good simulator that doesn't require some headers, or accepts any key."""

    def answering(path: str, headers: Mapping[str, str]) -> Answer:
        given = {name: headers.get(name, KEY) for name in ignored} | dict(headers)
        return good(path, given if key else given | {"x-api-key": KEY})

    return answering


def test_an_authentication_that_isnt_enforced_is_named() -> None:
    key, group = "authentication: Missing x-api-key header", "authentication: Missing x-group-name header"
    wrong = "authentication: Invalid API key"
    assert list(failed(lenient("x-api-key"))) == [key]
    assert list(failed(lenient("x-group-name"))) == [group]
    assert list(failed(lenient(key=False))) == [key, wrong]
    assert "status 200 instead of 401" in failed(lenient(key=False))[wrong]


def test_another_refusal_than_the_promised_one_is_named() -> None:
    def wordy(path: str, headers: Mapping[str, str]) -> Answer:
        status, body = good(path, headers)
        return status, body.replace("Invalid API key", "Go away")

    def forbidding(path: str, headers: Mapping[str, str]) -> Answer:
        status, body = good(path, headers)
        return (403 if status == 401 else status), body

    check = "authentication: Invalid API key"
    assert list(failed(wordy)) == [check]
    assert "says 'Go away' instead of 'Invalid API key'" in failed(wordy)[check]
    assert len(failed(forbidding)) == 3


def test_a_websocket_that_accepts_any_key_is_named() -> None:
    with websocket_server(SUBSCRIBED, json.dumps(POSITION)) as url:
        found = failed(good, websocket_url=url)
    detail = "status 101 instead of 401 or 403"
    assert found == {"WebSocket: a wrong key": detail, "WebSocket: no key": detail}


def test_a_websocket_that_refuses_the_right_key_is_named() -> None:
    with websocket_server(SUBSCRIBED, key="another") as url:
        assert failed(good, websocket_url=url) == {
            "WebSocket: positions": "the right key is refused with 401"
        }


@pytest.mark.parametrize(
    ("replies", "detail"),
    [
        (["{}"], "a position is wrong: bus_id Field required"),
        ([""], "a message is not a JSON object: ''"),
        (["[]"], "a message is not a JSON object: '[]'"),
        (['{"type":"error"}'], "the reply to subscribing is {'type': 'error'}"),
        ([json.dumps({"type": "subscribed", "line_ids": []})], "the reply to subscribing is {"),
        ([SUBSCRIBED, json.dumps(POSITION | {"speed": "fast"})], "a position is wrong: speed"),
    ],
)
def test_a_websocket_with_wrong_messages_is_named(replies: list[str], detail: str) -> None:
    with websocket_server(*replies, key=KEY) as url:
        found = failed(good, websocket_url=url)
    assert list(found) == ["WebSocket: positions"]
    assert found["WebSocket: positions"].startswith(detail)


def test_without_a_list_of_stops_the_checks_that_need_one_say_so() -> None:
    empty = failed(but("/stops?limit=1", (200, json.dumps({"items": [], "next_cursor": None}))))
    assert len(empty) == 9
    assert set(empty.values()) == {"/stops: the network has none"}


def test_given_ids_are_requested_without_looking_any_up() -> None:
    asked: list[str] = []

    def noting(path: str, headers: Mapping[str, str]) -> Answer:
        asked.append(path)
        return good(path, headers)

    with http_server(noting) as url:
        deployment = ApiClient(url, "", KEY, "tests")
        results = list(verify(deployment, Targets("S001", "B001", "L1"), websocket=False))
    assert [result for result in results if not result.passed] == []
    assert [path for path in asked if path.endswith("?limit=1")] == []


def test_an_unreachable_server_fails_every_check() -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    deployment = ApiClient(f"http://{nowhere}", f"ws://{nowhere}/production", KEY, "tests")
    results = list(verify(deployment, Targets()))
    assert [result for result in results if result.passed] == []
    assert all(result.detail.startswith(("no answer from", "no WebSocket at")) for result in results)
    assert KEY not in str(results)


def test_a_server_that_answers_200_to_everything_fails_every_check() -> None:
    with http_server(always(200, "{}")) as url:
        deployment = ApiClient(url, f"ws{url[4:]}", KEY, "tests")
        assert [result for result in verify(deployment, Targets()) if result.passed] == []


def test_the_table_is_aligned() -> None:
    results = [CheckResult("short", True, "a"), CheckResult("rather longer", False, "b")]
    assert list(result_table(results)) == ["ok    short          a", "FAIL  rather longer  b"]


@pytest.mark.long
@pytest.mark.e2e
def test_the_script_passes_on_a_real_simulator_and_fails_on_half_a_day(tmp_path: Path) -> None:
    with running(tmp_path, *few_lines(), "--at", "2026-03-02T08:10:00+01:00", "--backfill", "12h") as process:
        url = f"http://{process.host}:{process.port}"
        process.wait_for(_has_five_days)
        done = script(tmp_path, "--api-url", url, "--verbose")
        assert (done.returncode, done.stdout.count("FAIL")) == (0, 0), done.stdout
        assert done.stdout.splitlines()[-1] == "all 28 checks passed"
        told = Path(__file__).parents[1].joinpath("docs", "event.md").read_text(encoding="utf-8")
        assert set(re.findall("all [0-9]+ checks passed", told)) == {"all 28 checks passed"}
        assert "GET /health → 200" in done.stderr
        assert KEY not in done.stdout + done.stderr
        few = script(tmp_path, "--api-url", url, "--skip-websocket")
        assert few.stdout.splitlines()[-1] == "all 25 checks passed"
    with running(tmp_path, *few_lines(), "--at", "2026-03-09T08:10:00+01:00", "--backfill", "0",
                 "--store", f"duckdb:{tmp_path / 'new.duckdb'}") as process:  # fmt: skip
        process.wait_for(lambda body: body["status"] == "healthy")
        done = script(tmp_path, "--api-url", f"http://{process.host}:{process.port}")
    assert done.returncode == 1
    failures = [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("FAIL")]
    tables = ("people_count", "sensor_data", "bus_position")
    assert failures == [*(f"history: {name}" for name in tables), "REST: five days ago"]


@pytest.mark.e2e
@pytest.mark.parametrize("kept", [f"{KEY}\n", json.dumps({"api_key": KEY, "keys": {"team-alpha": "other"}})])
def test_the_script_finds_the_key_beside_the_store(kept: str, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "bus.duckdb.api-key").write_text(kept)
    with http_server(good) as url:
        done = script(tmp_path, "--api-url", url, "--skip-websocket", key="")
    assert (done.returncode, done.stderr) == (0, f"On the simulator at {url}:\n"), done.stdout


@pytest.mark.e2e
def test_the_script_says_that_it_has_no_key(tmp_path: Path) -> None:
    with http_server(good) as url:
        done = script(tmp_path, "--api-url", url, key="")
    assert done.returncode == 2
    assert "no API key" in done.stderr


@pytest.mark.e2e
@pytest.mark.parametrize("key", [KEY, ""])
def test_where_nothing_answers_the_script_says_only_that(key: str, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = script(tmp_path, "--api-url", url, key=key)
    assert (done.returncode, done.stdout) == (
        1,
        f"FAIL  simulator  nothing answers at {url}: start a simulator (make run) or the parts (make up), or "
        "give its address as API_URL\n",
    )


@pytest.mark.e2e
def test_where_only_websocket_answers_the_script_lists_every_check(tmp_path: Path) -> None:
    with websocket_server(SUBSCRIBED, json.dumps(POSITION), key=KEY) as websocket_url:
        url = f"http://127.0.0.1:{free_port()}"
        done = script(tmp_path, "--api-url", url, "--ws-url", websocket_url)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "26 of 28 checks failed", done.stdout


def script(folder: Path, *arguments: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    """Run the script; return its result."""
    return subprocess.run(
        [sys.executable, SCRIPT, "--target", "local", *arguments],
        cwd=folder,
        env=environment(API_KEY=key),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _has_five_days(body: Any) -> bool:
    """Whether the background history is complete."""
    from services.queries.status_bodies import HealthBody
    from services.times import parse_instant

    streams = HealthBody.model_validate(body).streams
    now = parse_instant(body["clock"]["now"])
    return all((now - newest_interval(stream)[0]).days >= 5 for stream in streams.values())
