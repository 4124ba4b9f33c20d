"""Hostile requests to a real server: it refuses them, stays healthy, and its memory doesn't grow."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.process import ANSWER_S, KEY, Running, few_lines, running

pytestmark = pytest.mark.e2e

MORNING = "2026-03-02T08:10:00+01:00"
LOAD = 1_500
MEGABYTE = 1_000_000
INJECTIONS = (
    "S001' OR '1'='1",
    "S001'; DROP TABLE people_count; --",
    'S001" UNION SELECT * FROM coverage --',
    "S001/**/OR/**/1=1",
    "$key",
    "%s",
    "{0}",
    "S001\x00",
    "..%2f..%2fetc%2fpasswd",
    "\N{FULLWIDTH APOSTROPHE} OR 1=1",
    "S" * 5_000,
)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(
        tmp_path_factory.mktemp("city"), *few_lines(), "--at", MORNING, "--backfill", "0"
    ) as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        yield process


def statuses(city: Running, paths: Iterable[str], *, key: str = KEY) -> Iterator[int]:
    """Send requests over one connection; return their statuses."""
    with closing(http.client.HTTPConnection(city.host, city.port, timeout=30)) as connection:
        for number, path in enumerate(paths):
            connection.request("GET", path, headers={"x-api-key": key, "x-group-name": f"group-{number}"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200 or json.loads(body)["error"], body
            yield answer.status


def answers_well(city: Running) -> bool:
    """Whether the server still responds to a good request."""
    return city.ask("/people-count/S001?mode=latest")[0] == city.ask("/health")[0] == 200


@pytest.mark.parametrize("route", ["/people-count/{}", "/sensors/stop/{}", "/bus-position/{}"])
def test_sql_in_an_id_is_an_unknown_id(route: str, city: Running) -> None:
    rows = city.ask("/health")[1]["streams"]["people_count"]["rows"]
    for text in INJECTIONS:
        for path in (f"{route.format(quote(text, safe=''))}?mode=latest", route.format(quote(text, safe=""))):
            assert set(statuses(city, [path])) <= {400, 404}, text
    assert city.ask("/health")[1]["streams"]["people_count"]["rows"] >= rows


@pytest.mark.parametrize("name", ["timestamp", "mode", "start", "cursor", "limit", "format", "unknown"])
def test_sql_in_a_parameter_is_a_bad_request(name: str, city: Running) -> None:
    paths = [f"/people-count/S001?{name}={quote(text, safe='')}" for text in INJECTIONS]
    assert set(statuses(city, paths)) == {400}


def raw(city: Running, request: bytes) -> bytes:
    """Send bytes and return the response; empty if the server closes without one."""
    said = b""
    with socket.create_connection((city.host, city.port), timeout=30) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while received := connection.recv(65_536):
                said += received
        except OSError:
            pass  # refused in the middle of what we had to say
    return said


def test_a_query_of_five_megabytes_is_refused_and_the_server_stays_healthy(city: Running) -> None:
    query = b"a" * (5 * MEGABYTE)
    head = f"Host: x\r\nx-api-key: {KEY}\r\nx-group-name: g\r\n\r\n".encode()
    said = raw(city, b"GET /people-count/S001?mode=latest&x=" + query + b" HTTP/1.1\r\n" + head)
    assert said == b"" or said.split()[1] in (b"400", b"414", b"431")
    assert answers_well(city)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /people-count/S001?mode=latest HTTP/1.1\r\nHost: x\r\nx-api-key: \xff\xfe\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /people-count/S001 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n{}",
        b"GET / HTTP/1.1\r\n" + b"x-h: y\r\n" * 20_000 + b"\r\n",
    ],
)
def test_malformed_requests_are_refused_and_the_server_stays_healthy(
    request_bytes: bytes, city: Running
) -> None:
    said = raw(city, request_bytes)
    assert said == b"" or said.split()[1][:1] == b"4", said
    assert answers_well(city)


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_unknown_ids_are_not_found(count: int, city: Running) -> None:
    paths = (f"/people-count/UNKNOWN-{number}?mode=latest" for number in range(count))
    assert set(statuses(city, paths)) == {404}
    assert answers_well(city)


@pytest.mark.long
def test_ten_times_the_load_takes_no_more_memory(city: Running) -> None:
    import_mcp_sdk(city)
    once = used_after(city, 1)
    assert used_after(city, 10) <= 1.1 * once


def import_mcp_sdk(city: Running) -> None:
    """Send a first message to /mcp: without one the SDK is imported some seconds after the start."""
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    headers = {"x-api-key": KEY, "x-group-name": "tests", "content-type": "application/json"}
    headers["accept"] = "application/json, text/event-stream"
    with closing(http.client.HTTPConnection(city.host, city.port, timeout=ANSWER_S)) as connection:
        connection.request("POST", "/mcp", message, headers)
        answer = connection.getresponse()
        assert (answer.status, b"line_status" in answer.read()) == (200, True)


def used_after(city: Running, times: int) -> int:
    """Return the server's memory in bytes after `loads`: good, unknown and unauthorised requests, and clients
    who subscribe and then say far too much."""
    count = LOAD * times // 3
    buses = [bus["bus_id"] for bus in city.ask("/bus-position/line/L1?mode=latest")[1]["buses"]]
    good = (f"/bus-position/{buses[number % len(buses)]}?mode=latest" for number in range(count))
    unknown = (f"/people-count/{times}-{number}?mode=latest" for number in range(count))
    assert set(statuses(city, good)) == {200}
    assert set(statuses(city, unknown)) == {404}
    for number in range(count // 10):
        assert set(statuses(city, ["/lines"] * 10, key=f"wrong-{times}-{number}")) == {401}
    for _ in range(20 * times):
        with listener(city) as client:
            client.send("x" * MEGABYTE)
            with pytest.raises(ConnectionClosed):
                list(iter(lambda: client.recv(ANSWER_S), None))
    return int(psutil.Process(city.process.pid).memory_info().rss)


TEAMS = {"api_key": KEY, "keys": {"team-alpha": "alphas-key", "team-beta": "betas-key"}}
BURST = 400
TOO_FAST = {"error": "TooManyRequests", "message": "Rate limit of 50 requests per second exceeded"}


def test_a_burst_is_limited_for_its_own_key_only(tmp_path: Path) -> None:
    """At 50 a second and 100 at once; at 120 times real time a tick comes every quarter of a second."""
    options = (*few_lines(), "--at", MORNING, "--backfill", "0", "--rate-limit", "50", "--speed", "120")
    with (
        running(tmp_path, *options, key=json.dumps(TEAMS)) as process,
        listener(process) as client,
        closing(http.client.HTTPConnection(process.host, process.port, timeout=ANSWER_S)) as rest,
    ):
        began = time.monotonic()
        answers = [answer(rest, "alphas-key", "team-alpha") for _ in range(BURST)]
        elapsed_s = time.monotonic() - began
        assert [status for status, _, _ in answers[:100]] == [200] * 100
        refused = [found for found in answers if found[0] != 200]
        assert BURST - len(refused) <= 100 + 50 * elapsed_s + 1
        assert refused
        assert all(found == (429, "1", TOO_FAST) for found in refused)
        assert answer(rest, "betas-key", "team-beta")[0] == answer(rest, KEY, "team-alpha")[0] == 200
        client.send('{"action":"ping"}')
        before = until_pong(client)
        assert {position["line_id"] for position in before} == {"L1"}
        newest = max(position["time"] for position in before)
        while json.loads(client.recv(ANSWER_S))["time"] <= newest:
            pass
        done = process.end()
    assert not [key for key in (KEY, "alphas-key", "betas-key") if key in done.out + done.err]


def answer(rest: http.client.HTTPConnection, key: str, group: str) -> tuple[int, str | None, Any]:
    """Return status, `Retry-After`, and the body of an error."""
    rest.request("GET", "/people-count/S001?mode=latest", headers={"x-api-key": key, "x-group-name": group})
    found = rest.getresponse()
    body = json.loads(found.read())
    return found.status, found.getheader("retry-after"), body if found.status != 200 else None


@contextmanager
def listener(process: Running) -> Iterator[ClientConnection]:
    """A client of line L1."""
    url = f"ws://{process.host}:{process.port}/production?api_key={KEY}&group_name=tests"
    with connect(url, open_timeout=ANSWER_S) as client:
        client.send('{"action":"subscribe","line_ids":["L1"]}')
        assert json.loads(client.recv(ANSWER_S)) == {"type": "subscribed", "line_ids": ["L1"]}
        yield client


def until_pong(client: ClientConnection) -> list[Any]:
    """Return all positions received before a pong."""
    messages = iter(lambda: json.loads(client.recv(ANSWER_S)), {"type": "pong"})
    return list(messages)


def test_no_request_caused_an_internal_error(tmp_path: Path) -> None:
    with running(tmp_path, *few_lines(), "--at", MORNING, "--backfill", "0") as process:
        assert answers_well(process)
        paths = [f"/people-count/{quote(text, safe='')}?mode=latest" for text in INJECTIONS]
        list(statuses(process, paths))
        raw(process, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        done = process.end()
    logged = [json.loads(line) for line in done.err.splitlines()]
    assert [line for line in logged if line["level"] in ("ERROR", "CRITICAL")] == []
    assert KEY not in done.err
