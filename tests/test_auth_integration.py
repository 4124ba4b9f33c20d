"""Keys and groups on a real server: refusals, teams' keys, rotation; no key appears anywhere."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from services.access.authentication import write_private
from tests.environment import environment
from tests.process import PATIENCE_S, Running, few_lines, read_greeting, running, started

pytestmark = pytest.mark.integration

SCRIPTS = Path(__file__).parent / "api"
GENERAL, TEAM, NEXT, WRONG = "general+key-1", "team-key-2", "next-key-3", "wrong-key-4"
PATH = "/people-count/S001?mode=latest"
MISSING_KEY, MISSING_GROUP, INVALID = (
    {"error": "Unauthorized", "message": text}
    for text in ("Missing x-api-key header", "Missing x-group-name header", "Invalid API key")
)


@contextmanager
def protected(folder: Path, *options: str) -> Iterator[Running]:
    """A server that logs at DEBUG, with a general key and one for team-alpha in its key file."""
    write_keys(folder, GENERAL)
    arguments = ("--log-level", "debug", "run", *few_lines(), "--port", "0", "--backfill", "0", *options)
    with (
        tempfile.TemporaryFile("w+") as errors,
        started(folder, arguments, key=None, errors=errors) as process,
    ):
        assert process.stdout is not None
        welcome = read_greeting(process.stdout)
        yield Running(process, welcome, errors)


def write_keys(folder: Path, general: str) -> None:
    keys = json.dumps({"api_key": general, "keys": {"team-alpha": TEAM}})
    write_private(folder / "var" / "bus.duckdb.api-key", keys)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with protected(tmp_path_factory.mktemp("protected")) as process:
        yield process


def ask(server: Running, headers: Mapping[str, str], path: str = PATH) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection(server.host, server.port, timeout=30)) as connection:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def as_group(key: str, group: str = "tests") -> dict[str, str]:
    return {"x-api-key": key, "x-group-name": group}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, MISSING_KEY),
        ({"x-group-name": "tests"}, MISSING_KEY),
        ({"x-api-key": "", "x-group-name": "tests"}, MISSING_KEY),
        ({"x-api-key": GENERAL}, MISSING_GROUP),
        ({"x-api-key": WRONG}, MISSING_GROUP),
        ({"x-api-key": GENERAL, "x-group-name": " "}, MISSING_GROUP),
        (as_group(WRONG), INVALID),
        (as_group(GENERAL.replace("+", " ")), INVALID),
        (as_group(GENERAL.upper()), INVALID),
    ],
)
@pytest.mark.parametrize("path", [PATH, "/bus-position/line/L1", "/no/such/path", "/people-count/S999"])
def test_refusals_come_in_order_and_before_all_other_errors(
    headers: dict[str, str], body: dict[str, str], path: str, server: Running
) -> None:
    assert ask(server, headers, path) == (401, body)


def test_the_general_key_works_with_every_group_and_a_teams_with_its_own(server: Running) -> None:
    for key, group in ((GENERAL, "tests"), (GENERAL, "team-alpha"), (TEAM, "team-alpha")):
        assert ask(server, as_group(key, group))[0] == 200
    for group in ("tests", "team-beta", "TEAM-ALPHA"):
        assert ask(server, as_group(TEAM, group)) == (401, INVALID)


def handshake(
    server: Running, query: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """The status of a WebSocket's handshake, and a refusal's body."""
    url = f"ws://{server.host}:{server.port}/production?{urlencode(query)}"
    try:
        with connect(url, additional_headers=dict(headers or {}), proxy=None):
            return 101, None
    except InvalidStatus as refused:
        return refused.response.status_code, json.loads(refused.response.body)


def test_the_websocket_refuses_as_rest_does(server: Running) -> None:
    def query(key: str, group: str = "tests") -> dict[str, str]:
        return {"api_key": key, "group_name": group}

    assert handshake(server, {}) == (401, MISSING_KEY)
    assert handshake(server, {"api_key": GENERAL}) == (401, MISSING_GROUP)
    assert handshake(server, query(WRONG)) == (401, INVALID)
    assert handshake(server, query(TEAM)) == (401, INVALID)
    assert handshake(server, query(TEAM, "team-alpha")) == (101, None)
    assert handshake(server, query(GENERAL)) == (101, None)
    assert handshake(server, query(GENERAL.replace("+", " "))) == (101, None)
    assert handshake(server, {}, as_group(GENERAL)) == (101, None)


@pytest.mark.long
def test_a_changed_key_takes_effect_without_a_restart(tmp_path: Path) -> None:
    with protected(tmp_path) as server:
        assert ask(server, as_group(GENERAL))[0] == 200
        assert ask(server, as_group(NEXT)) == (401, INVALID)
        write_keys(tmp_path, NEXT)
        wait_until_valid(server, NEXT)
        assert ask(server, as_group(GENERAL)) == (401, INVALID)
        assert ask(server, as_group(TEAM, "team-alpha"))[0] == 200
        assert handshake(server, {"api_key": NEXT, "group_name": "tests"}) == (101, None)
        assert handshake(server, {"api_key": GENERAL, "group_name": "tests"}) == (401, INVALID)
        done = server.end()
    assert done.code == 0
    assert not [key for key in (GENERAL, TEAM, NEXT, WRONG) if key in done.out + done.err]


def wait_until_valid(server: Running, key: str) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE_S * 10):
        if ask(server, as_group(key))[0] == 200:
            return
        pause.wait(0.1)
    raise AssertionError("the new key never counts")


def test_no_request_logs_a_key(tmp_path: Path) -> None:
    with protected(tmp_path) as server:
        for key in (GENERAL, WRONG):
            answers = [
                ask(server, as_group(key)),
                ask(server, as_group(key), f"/nowhere?api_key={key}&x-api-key={key}"),
                ask(server, {"x-group-name": "tests", "authorization": f"Bearer {key}"}),
                handshake(server, {"api_key": key, "group_name": "tests"}),
            ]
            assert key not in json.dumps(answers)
        done = server.end()
    logged = [json.loads(line) for line in done.err.splitlines()]
    assert len([line for line in logged if line["logger"] == "bus_simulator.access"]) == 8
    for key in (GENERAL, WRONG, urlencode({"k": GENERAL})[2:], "api_key=", "Bearer"):
        assert key not in done.err, key
    assert not [line for line in logged if line["level"] == "ERROR"]


PASTED = "pasted+key-5"
"""Gets among a shell's arguments, where another test looks for the others at the same time."""
KEYS = json.dumps({"api_key": PASTED, "keys": {"team-alpha": TEAM}})


@pytest.mark.parametrize(
    ("kept", "variable"), [(None, None), (PASTED, None), (KEYS, None), (None, PASTED), (None, KEYS)]
)
def test_the_commands_printed_at_the_start_can_be_pasted(
    kept: str | None, variable: str | None, tmp_path: Path
) -> None:
    if kept is not None:
        write_private(tmp_path / "var" / "bus.duckdb.api-key", kept)
    with running(tmp_path, *few_lines(), "--backfill", "0", key=variable) as process:
        curls = [line for line in process.welcome.splitlines() if line.strip().startswith("curl")]
        assert len(curls) == 2
        for curl in curls:
            assert json.loads(pasted(curl, tmp_path, variable)).keys() & {"count", "buses"}


def pasted(command: str, folder: Path, key: str | None) -> str:
    """What a command prints in a shell of that folder."""
    variables = {} if key is None else {"BUS_SIMULATOR_API_KEY": key}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    "script", ["test_auth.sh", "test_websocket.sh", "../../scripts/verify_deployment.py"]
)
def test_no_process_has_a_key_in_its_arguments(script: str, server: Running) -> None:
    seen: set[str] = set()
    url = f"http://{server.host}:{server.port}"
    program = [sys.executable] if script.endswith(".py") else []
    with subprocess.Popen(
        [*program, SCRIPTS / script],
        cwd=SCRIPTS.parent.parent,
        env=environment(API_URL=url, API_KEY=GENERAL, GROUP_NAME="tests"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None:
            seen.update(" ".join(other.info["cmdline"] or ()) for other in psutil.process_iter(["cmdline"]))
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
    assert any(Path(script).name in arguments for arguments in seen)
    assert not [arguments for arguments in seen if GENERAL in arguments]
    assert process.returncode == (1 if program else 0)  # there are no five days of history here
