"""All parts in containers beside LocalStack: healthy, same bytes as one process, removed at the end."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from urllib.request import Request, urlopen

import pytest

from bus_simulator_testing.api import Api
from bus_simulator_testing.choices import Choices
from bus_simulator_testing.process import BusSimulatorProcess
from tests.docker.composed import KEY, NOW, ROOT, SCENARIO, Composed, composed, said
from tests.environment import environment
from tests.process import command

pytestmark = pytest.mark.docker

PROJECT = f"bus-simulator-tests-{os.getpid()}"
HEADERS = {"x-api-key": KEY, "x-group-name": "tests"}
SCRIPTS = sorted(path.name for path in (ROOT / "tests" / "api").glob("test_*.sh"))


@pytest.fixture(scope="module")
def stack() -> Iterator[Composed]:
    with composed(PROJECT) as running:
        yield running
    assert left_of(PROJECT) == []


def left_of(project: str) -> list[str]:
    """Containers, networks and volumes of a project of compose."""
    label = f"label=com.docker.compose.project={project}"
    kinds = (["ps", "--all", "--quiet"], ["network", "ls", "--quiet"], ["volume", "ls", "--quiet"])
    return [
        line for kind in kinds for line in said(["docker", *kind, "--filter", label], environment()).split()
    ]


def test_every_part_is_healthy(stack: Composed) -> None:
    shown = "{{.Name}} {{.State.Health.Status}} {{.RestartCount}}"
    services = stack.compose("config", "--services").split()
    parts = stack.compose("ps", "--quiet", *(name for name in services if name != "history")).split()
    states = said(["docker", "inspect", "--format", shown, *parts], environment()).splitlines()
    assert len(states) == 8
    assert [state for state in states if not state.endswith(" healthy 0")] == []
    assert stack.api.get("/health", {})["status"] == "healthy"


def paths(stack: Composed) -> list[str]:
    """The paths of every entity's resources."""
    stops, buses, lines = (
        [
            item[f"{kind}_id"]
            for item in stack.api.get(f"/{kind}{'es' if kind == 'bus' else 's'}", {})["items"]
        ]
        for kind in ("stop", "bus", "line")
    )
    return [
        *("/lines", "/stops", "/buses"),
        *(f"/lines/{line}" for line in lines),
        *(f"/bus-position/line/{line}?mode=latest" for line in lines),
        *(f"/people-count/{stop}?mode=latest" for stop in stops),
        *(f"/people-count/{stop}?start=2026-03-03T07:00Z&end=2026-03-03T07:10Z" for stop in stops[:5]),
        *(f"/sensors/stop/{stop}?mode=latest" for stop in stops),
        *(f"/sensors/bus/{bus}?mode=latest" for bus in buses),
        *(f"/bus-position/{bus}?mode=latest" for bus in buses),
        *(f"/bus-position/{bus}?timestamp=2026-03-03T07:05:29Z" for bus in buses[:10]),
    ]


def body(url: str, key: str, path: str) -> bytes:
    """The bytes of an answer."""
    with urlopen(Request(url + path, headers={**HEADERS, "x-api-key": key}), timeout=60) as answer:
        content: bytes = answer.read()
        return content


def test_its_bodies_equal_those_of_one_process(stack: Composed) -> None:
    asked = paths(stack)
    assert len(asked) > 300
    with BusSimulatorProcess(Choices(scenario=SCENARIO, at=NOW)) as alone:
        differing = [
            path
            for path in asked
            if body(stack.url("api"), KEY, path) != body(alone.api_url, alone.api_key, path)
        ]
    assert differing == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_of_the_manual_pass(script: str, stack: Composed) -> None:
    places = {
        "API_URL": stack.url("api"),
        "WS_URL": f"ws://{stack.places['api']}/production",
        "MCP_URL": stack.url("mcp-server"),
    }
    done = subprocess.run(
        [ROOT / "tests" / "api" / script],
        env=environment(**places, API_KEY=KEY, GROUP_NAME="tests"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_data_pass_the_audit_through_timestream(
    stack: Composed, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    store = f"timestream://bus_simulator?region=eu-west-1&endpoint_url={stack.url('timestream')}"
    done = command(
        tmp_path_factory.mktemp("audit"), "audit", "--json", "--scenario", SCENARIO, "--store", store
    )
    assert done.code == 0, done.out + done.err
    assert json.loads(done.out)["passed"]


def test_the_clock_moves_for_all_parts(stack: Composed) -> None:
    before = stack.api.get("/people-count/S001", {"mode": "latest"})["time"]
    now = stack.api.post("/clock", {"step": "2m"})["now"]
    assert (before, now) == ("2026-03-03T07:10:00Z", "2026-03-03T07:12:20Z")
    wait_until(lambda: not any(feeder["lag_s"] for feeder in stack.api.get("/health", {})["feeders"]))
    assert stack.api.get("/people-count/S001", {"mode": "latest"})["time"] == "2026-03-03T07:12:00Z"


def test_the_parts_change_to_postgresql_and_their_data_pass_the_audit(
    stack: Composed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said(["docker/up"], {**stack.variables, "STORE": "postgres"})
    assert stack.compose("ps", "--quiet", "timestream") == ""
    place, api = (
        stack.compose("port", name, port).strip() for name, port in (("postgres", "5432"), ("api", "8080"))
    )
    assert Api(f"http://{api}", HEADERS).get("/people-count/S001", {"mode": "latest"})["stop_id"] == "S001"
    store = f"postgresql://bus_simulator@{place}/postgres?passfile={ROOT / 'var/stack/pgpass'}"
    done = command(
        tmp_path_factory.mktemp("audit"), "audit", "--json", "--scenario", SCENARIO, "--store", store
    )
    assert done.code == 0, done.out + done.err
    assert json.loads(done.out)["passed"]


def wait_until(holds: Callable[[], bool]) -> None:
    """Poll until the condition holds."""
    for _ in range(600):
        if holds():
            return
        threading.Event().wait(0.1)
    raise AssertionError("never so")
