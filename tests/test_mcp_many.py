"""Many clients at once, and clients that vanish in the middle of a call."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path

import psutil
import pytest

from services.agents.tools import TOOLS
from storage.schema import Record, Stream
from tests.environment import soak
from tests.services.fakes import FaultyStore
from tests.services.mcp_served import PROTOCOL, TOOL_ARGUMENTS, ServedTools, served_tools
from tests.services.rest_served import KEY, wait_until

VANISHING = 30
BACK_WITHIN_S = 5.0
MORE_AT_MOST = 30_000_000
"""Bytes by which a process may be larger than before: Python gives not all of its memory back."""


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[ServedTools]:
    with served_tools(tmp_path) as served:
        yield served


def session(tools: ServedTools, number: int, calls: int) -> int:
    """Initialize a client and call all tools; return the number of right responses."""
    names = list(TOOLS)
    messages: list[tuple[str, dict[str, object]]] = [
        ("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                        "clientInfo": {"name": f"client {number}", "version": "1"}}),
    ]  # fmt: skip
    for call in range(calls):
        name = names[(number + call) % len(names)]
        messages.append(("tools/call", {"name": name, "arguments": TOOL_ARGUMENTS[name]}))
    good = 0
    host, _, port = tools.url.removeprefix("http://").partition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=120)) as connection:
        for call, (method, params) in enumerate(messages):
            message = {"jsonrpc": "2.0", "id": f"{number}-{call}", "method": method, "params": params}
            connection.request("POST", "/mcp", json.dumps(message), KEY | PROTOCOL)
            answer = json.loads(connection.getresponse().read())
            is_good = method == "initialize" or answer["result"]["structuredContent"]["count"] > 0
            good += answer["id"] == f"{number}-{call}" and is_good
    return good


@pytest.mark.parametrize(
    ("sessions", "calls"),
    [
        pytest.param(10, 18, marks=pytest.mark.integration),
        pytest.param(50, 200 if soak() else 50, marks=pytest.mark.long),
    ],
)
def test_many_sessions_get_every_response_to_their_own_calls(
    sessions: int, calls: int, tools: ServedTools
) -> None:
    with ThreadPoolExecutor(sessions) as pool:
        answered = list(pool.map(lambda number: session(tools, number, calls), range(sessions)))
    assert answered == [calls + 1] * sessions


class SlowStore(FaultyStore):
    """A store that counts queries and holds them until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.let_go = threading.Event()
        self._counting = threading.Lock()

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        with self._counting:
            self.asked += 1
        self.let_go.wait(60)
        return super().at(stream, key, time=time)


def call_and_vanish(tools: ServedTools) -> socket.socket:
    """Send a call and close the connection before the response."""
    arguments = {"stop_id": "S001", "timestamp": "2026-03-02T07:30Z"}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
               "params": {"name": "query_people_count", "arguments": arguments}}  # fmt: skip
    body = json.dumps(message).encode()
    host, _, port = tools.url.removeprefix("http://").partition(":")
    headers = "".join(f"{name}: {value}\r\n" for name, value in (KEY | PROTOCOL).items())
    connection = socket.create_connection((host, int(port)))
    head = f"POST /mcp HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def tasks() -> int:
    """Return the number of tasks of this process's event loops; the server runs in a thread."""
    gc.collect()
    return sum(isinstance(each, asyncio.Task) and not each.done() for each in gc.get_objects())


@pytest.mark.long
@pytest.mark.integration
def test_clients_that_vanish_during_a_call_leave_no_tasks_or_memory(tmp_path: Path) -> None:
    store = SlowStore()
    with served_tools(tmp_path, store=store) as tools:
        assert tools.message("ping").status_code == 200
        before, process = tasks(), psutil.Process()
        most = process.memory_info().rss + MORE_AT_MOST
        clients = [call_and_vanish(tools) for _ in range(VANISHING)]
        wait_until(lambda: store.asked == VANISHING)
        assert tasks() >= before + VANISHING
        for client in clients:
            client.close()
        # The store still hangs: only those who asked are gone.
        wait_until(lambda: tasks() <= before and process.memory_info().rss < most, within_s=BACK_WITHIN_S)
        store.let_go.set()
        assert tools.message("ping").status_code == 200


@pytest.mark.long
@pytest.mark.integration
def test_clients_that_vanish_during_a_message_leave_no_tasks(tmp_path: Path) -> None:
    with served_tools(tmp_path) as tools:
        assert tools.message("ping").status_code == 200
        before = tasks()
        host, _, port = tools.url.removeprefix("http://").partition(":")
        headers = "".join(f"{name}: {value}\r\n" for name, value in KEY.items())
        for _ in range(VANISHING):
            with socket.create_connection((host, int(port))) as connection:
                head = f"POST /mcp HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: 1000\r\n\r\n"
                connection.sendall(head.encode() + b'{"jsonrpc"')
        wait_until(lambda: tasks() <= before, within_s=BACK_WITHIN_S)
        assert tools.message("ping").status_code == 200
