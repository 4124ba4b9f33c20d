"""The shell scripts of tests/api pass against a real server only."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.environment import environment
from tests.fake_servers import Answer, Answering, always, free_port, http_server, websocket_server
from tests.process import KEY, Running, few_lines, running

pytestmark = [pytest.mark.e2e, pytest.mark.long]

FOLDER = Path(__file__).parent / "api"
SCRIPTS = sorted(path.name for path in FOLDER.glob("test_*.sh"))
MORNING = "2026-03-02T08:10:00+01:00"
HEALTHY = '{"status": "healthy", "clock": {"now": "2026-03-02T07:10:00Z"}}'
POSITION = (
    '"bus_id": "B001", "line_id": "L1", "time": "2026-03-02T07:10:00Z", "latitude": 40.4, "longitude": -3.7,'
    ' "passenger_count": 5, "next_stop_id": "S002", "distance_to_next_stop": 1.5, "speed": 9.5,'
    ' "trip_id": "L1-20260302-0-001", "capacity": 80, "bearing": 12.5'
)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(
        tmp_path_factory.mktemp("city"), *few_lines(), "--at", MORNING, "--backfill", "0"
    ) as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        yield process


def run(script: str, url: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script against `url`; return its result."""
    asked = {"API_URL": url, "WS_URL": f"ws{url[4:]}/production", "API_KEY": KEY, "GROUP_NAME": "tests"}
    return subprocess.run(
        [FOLDER / script],
        env=environment(**(asked | variables)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_fails(done: subprocess.CompletedProcess[str], expected: str = "FAIL") -> None:
    assert done.returncode == 1, done.stdout
    assert done.stderr.splitlines()[-1].startswith("FAIL"), done.stderr
    assert expected in done.stderr
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_real_server_passes_and_the_checks_are_printed(script: str, city: Running) -> None:
    done = run(script, f"http://{city.host}:{city.port}")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert len(lines) >= 4
    assert {line[:6] for line in lines[:-1]} == {"ok    "}
    assert lines[-1].startswith("PASS  ")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_dead_port_fails(script: str) -> None:
    assert_fails(run(script, f"http://127.0.0.1:{free_port()}"), "no ")


@pytest.mark.parametrize("body", ["", "{}", '{"unexpected": true}', "[]", "<html></html>", "null"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_server_that_answers_200_to_everything_fails(script: str, body: str) -> None:
    with http_server(always(200, body)) as url:
        assert_fails(run(script, url))


def told(answer: Answer) -> Answering:
    """A server with a good `/health` and one answer to everything else."""
    return lambda path, _headers: (200, HEALTHY) if path == "/health" else answer


REFUSED = '"success": false, "error": "Missing x-api-key header", "timestamp": "2026-03-02T07:10:00Z"'
FOUND = '"success": true, "timestamp": "2026-03-02T07:10:00Z"'

WRONG: Mapping[str, tuple[Answer, ...]] = {
    "test_people_count_latest.sh": (
        (200, '{"stop_id": "S001", "time": "2026-03-02T07:10:00Z", "count": "5", "line_ids": "L1"}'),
        (200, '{"stop_id": "S001", "time": "2026-03-02T07:10:00Z", "count": -5, "line_ids": "L1"}'),
        (200, '{"stop_id": "S001", "time": "2026-03-02T07:10:00Z", "count": 5, "line_ids": ["L1"]}'),
        (200, '{"stop_id": "S001", "time": "2026-03-02T05:10:00Z", "count": 5, "line_ids": "L1"}'),
        (200, '{"stop_id": "S001", "time": "yesterday", "count": 5, "line_ids": "L1"}'),
        (201, '{"stop_id": "S001", "time": "2026-03-02T07:10:00Z", "count": 5, "line_ids": "L1"}'),
        (200, '{"stop_id": "S001", "time": "2026-03-02T07:10:00Z", "count": 5, "line_ids": "L1"}'),
    ),
    "test_sensors_latest.sh": (
        (200, '{"entity_id": "S001", "entity_type": "stop", "temperature": 15.1, "humidity": 140}'),
        (200, '{"entity_id": "S001", "entity_type": "stop", "temperature": null, "humidity": 40}'),
    ),
    "test_bus_position_latest.sh": (
        (200, f'{{{POSITION}, "direction": 2}}'),
        (200, f'{{{POSITION}, "direction": "0"}}'),
        (200, f'{{{POSITION}, "direction": 0, "buses": []}}'),
        (200, f'{{{POSITION}, "direction": 0, "buses": [{{}}]}}'),
    ),
    "test_mcp_health.sh": ((200, HEALTHY),),
    "test_mcp_auth.sh": (
        (401, ""),
        (401, '{"error": "Unauthorized", "message": "Missing x-api-key header"}'),
        (200, f'{{{REFUSED}, "status_code": 401}}'),
        (401, f'{{{REFUSED}, "status_code": 403}}'),
        (401, f'{{{REFUSED}, "status_code": 401}}'),
    ),
    "test_mcp_tools.sh": (
        (200, f'{{{FOUND}, "count": 0, "data": []}}'),
        (200, f'{{{FOUND}, "count": 9, "data": [{{}}]}}'),
    ),
    "test_auth.sh": (
        (401, ""),
        (401, '{"error": "Unauthorized", "message": "Invalid API key"}'),
        (403, '{"error": "Unauthorized", "message": "Missing x-api-key header"}'),
    ),
}


@pytest.mark.parametrize(
    ("script", "answer"), [(script, answer) for script, answers in WRONG.items() for answer in answers]
)
def test_a_plausible_server_with_a_wrong_answer_fails(script: str, answer: Answer) -> None:
    with http_server(told(answer)) as url:
        assert_fails(run(script, url))


def test_a_dead_websocket_fails(city: Running) -> None:
    dead = f"ws://127.0.0.1:{free_port()}/production"
    assert_fails(run("test_websocket.sh", f"http://{city.host}:{city.port}", WS_URL=dead), "no WebSocket at")


@pytest.mark.parametrize("reply", ["", "{}", '{"type": "pong"}'])
def test_a_websocket_that_accepts_any_key_fails(reply: str, city: Running) -> None:
    with websocket_server(reply) as url:
        done = run("test_websocket.sh", f"http://{city.host}:{city.port}", WS_URL=url)
    assert_fails(done, "a wrong key: status 101 instead of a refusal")


@pytest.mark.parametrize(
    "reply", ["", "{}", '{"type": "pong"}', '{"type": "subscribed", "line_ids": ["L1"]}']
)
def test_a_websocket_that_sends_something_else_fails(reply: str, city: Running) -> None:
    with websocket_server(reply, key=KEY) as url:
        assert_fails(run("test_websocket.sh", f"http://{city.host}:{city.port}", WS_URL=url))


@pytest.mark.parametrize("program", ["curl", "jq"])
def test_a_missing_variable_is_named(program: str, tmp_path: Path) -> None:
    for present in {"bash", "env", "dirname", "curl", "jq"} - {program}:
        found = subprocess.run(["which", present], capture_output=True, text=True, check=True).stdout.strip()
        (tmp_path / present).symlink_to(found)
    done = run("test_auth.sh", "http://127.0.0.1:1", PATH=str(tmp_path))
    assert_fails(done, f"{program} is not installed")
