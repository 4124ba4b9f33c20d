"""Many connections, and random messages and frames: each key has its own limit, and none cause an error."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from websockets.asyncio.client import connect as open_websocket
from websockets.sync.client import ClientConnection, connect

from services.access.key_ring import parse_keys
from services.context import Context
from services.live.messages import MOST_CONNECTIONS
from tests.examples import examples
from tests.services.live.test_hub import COMMANDS, JSON
from tests.services.live_city import city_context, hub_of
from tests.services.live_clients import GOOD, PATIENCE_S, TRANSPORTS, Refused, path, serving
from tests.services.rest_served import listening, wait_until
from tests.services.web.test_uvicorn_websocket import HANDSHAKE

pytestmark = pytest.mark.integration

PING, PONG = '{"action":"ping"}', {"type": "pong"}
TEAMS = '{"api_key": "general", "keys": {"team-alpha": "alphas", "team-beta": "betas"}}'
FULL = {"error": "TooManyRequests", "message": f"Too many connections (limit {MOST_CONNECTIONS})"}


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=list(TRANSPORTS))
def test_a_team_at_its_limit_affects_neither_another_team_nor_the_general_key(
    transport: Callable[[Context], Any],
) -> None:
    context = replace(city_context(), key=parse_keys(TEAMS))
    alpha = path("alphas", "team-alpha")
    others = [path("betas", "team-beta"), path("general", "team-alpha"), path("general", "anybody")]

    async def main() -> None:
        async with transport(context) as connected, AsyncExitStack() as stack:
            crowd = [await stack.enter_async_context(connected(alpha)) for _ in range(MOST_CONNECTIONS)]
            with pytest.raises(Refused) as refused:
                await stack.enter_async_context(connected(alpha))
            assert (refused.value.status, refused.value.body) == (429, FULL)
            assert int(refused.value.headers["retry-after"]) > 0
            outside = [await stack.enter_async_context(connected(other)) for other in others]
            for client in (*outside, *crowd):
                await client.send(PING)
                assert await client.receive() == PONG

    asyncio.run(main())


def test_metrics_count_the_connections() -> None:
    context = city_context()

    async def main() -> None:
        async with serving(context) as port, httpx.AsyncClient(timeout=PATIENCE_S) as rest:

            async def measured() -> str:
                page = (await rest.get(f"http://127.0.0.1:{port}/metrics")).text
                (count,) = re.findall(r"^bus_simulator_websocket_connections (.+)$", page, re.MULTILINE)
                return str(count)

            assert await measured() == "0"
            url = f"ws://127.0.0.1:{port}{GOOD}"
            async with open_websocket(url), open_websocket(url):
                assert await measured() == "2"
            async with asyncio.timeout(PATIENCE_S):
                while await measured() != "0":
                    pass

    asyncio.run(main())


@pytest.fixture(scope="module")
def city() -> Context:
    return city_context()


@pytest.fixture(scope="module")
def port(city: Context) -> Iterator[int]:
    """The port of one server for all tests of this module."""
    with listening(city) as found:
        yield found


@pytest.fixture(scope="module")
def bystander(port: int) -> Iterator[ClientConnection]:
    """A client that subscribes and sends nothing else."""
    with connect(f"ws://127.0.0.1:{port}{GOOD}") as client:
        yield client


def is_well(client: ClientConnection) -> bool:
    """Whether a client gets a pong, and got no other message before it."""
    client.send(PING)
    return bool(json.loads(client.recv(PATIENCE_S)) == PONG)


MESSAGES = st.lists(st.text() | st.binary() | JSON.map(json.dumps) | COMMANDS.map(json.dumps), max_size=8)
SHARED = examples(60, suppress=[HealthCheck.function_scoped_fixture])


@SHARED
@given(said=MESSAGES)
def test_any_message_gets_its_reply_in_order_and_logs_no_error(
    said: Sequence[str | bytes],
    port: int,
    city: Context,
    bystander: ClientConnection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with connect(f"ws://127.0.0.1:{port}{GOOD}") as client:
        for message in (*said, PING):
            client.send(message)
        answers = [answer_of(client) for _ in (*said, PING)]
    assert {answer["type"] for answer in answers} <= {"subscribed", "unsubscribed", "pong", "error"}
    assert {answer.get("error", "BadRequest") for answer in answers} == {"BadRequest"}
    assert answers[-1] == PONG
    assert is_well(bystander)
    wait_until(lambda: hub_of(city).connections == 1)
    assert faults(caplog) == []


def answer_of(client: ClientConnection) -> Any:
    """Return the next message other than positions."""
    while True:
        message = json.loads(client.recv(PATIENCE_S))
        if isinstance(message, dict) and "type" in message:
            return message


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log records of warnings and errors."""
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@SHARED
@given(frames=st.binary(max_size=300), head=st.sampled_from([b"", b"\x81", b"\x82\x85", b"\x01", b"\x88"]))
def test_any_bytes_as_frames_end_only_that_connection(
    frames: bytes,
    head: bytes,
    port: int,
    city: Context,
    bystander: ClientConnection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        client.sendall(HANDSHAKE + head + frames)
        client.shutdown(socket.SHUT_WR)
        heard = b""
        while received := client.recv(65_536):
            heard += received
    assert heard.startswith(b"HTTP/1.1 101 ")
    assert is_well(bystander)
    wait_until(lambda: hub_of(city).connections == 1)
    assert faults(caplog) == []
