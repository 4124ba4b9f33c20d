"""The greeting: the URLs, the key, and requests for a line and a stop of the served network."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path

import pytest

from services.access.authentication import LocalKey
from services.console.greeting import LAST_LINE, greeting, greeting_by_secret
from simulator.network import Network
from simulator.types import LineId, StopId
from tests.networks import two_lines

URL = "http://127.0.0.1:8080"
KEY_FILE = Path("var/bus.duckdb.api-key")
PROGRAM = Path(sys.executable).with_name("bus-simulator")


def requests_in(text: str) -> list[str]:
    """The URLs of the curl lines."""
    return [found[1] for line in text.splitlines() if (found := re.match(r'  curl .* "(http\S+)"$', line))]


def only(network: Network, line_id: str) -> Network:
    """The network of one line."""
    line = network.line[LineId(line_id)]
    stops = tuple(stop for stop in network.stops if stop.stop_id in line.stop_ids)
    return Network((line,), stops, network.name)


@pytest.mark.parametrize("network", [two_lines(), only(two_lines(), "L2"), only(two_lines(), "L3")])
def test_the_example_requests_name_a_stop_and_a_line_of_the_network(network: Network) -> None:
    text = greeting(URL, LocalKey("secret", KEY_FILE, is_new=False), network)
    stop, line = requests_in(text)
    assert stop.startswith(f"{URL}/people-count/")
    assert StopId(stop.rpartition("/")[2].removesuffix("?mode=latest")) in network.stop
    line_id = LineId(line.rpartition("/")[2].removesuffix("?mode=latest"))
    assert line_id in network.line
    subscribe = re.search(r"ws://127\.0\.0\.1:8080/ws  then send (\{.*\})", text)
    assert subscribe
    assert json.loads(subscribe[1]) == {"action": "subscribe", "line_ids": [line_id]}


def test_a_night_line_is_named_only_where_there_is_no_other() -> None:
    network = two_lines()
    first, *others = network.lines
    changed = Network((dataclasses.replace(first, night=True), *others), network.stops, network.name)
    text = greeting(URL, LocalKey("secret", KEY_FILE, is_new=False), changed)
    assert "/bus-position/line/L2?" in text


def test_it_names_the_pages_and_how_to_stop() -> None:
    text = greeting(URL, LocalKey("secret", KEY_FILE, is_new=False), two_lines())
    first, key, *others = text.splitlines()
    assert first == f"Madrid Bus Real-Time Simulator at {URL}"
    assert key == f"API key: in {KEY_FILE}"
    assert {f"  Map        {URL}/", f"  API docs   {URL}/docs", f"  MCP        {URL}/mcp"} <= set(others)
    assert others[-1] == LAST_LINE


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (LocalKey("new-key", KEY_FILE, is_new=True), "new-key"),
        (LocalKey("old-key", KEY_FILE, is_new=False), f"$(cat {KEY_FILE})"),
        (LocalKey('{"api_key":"old-key"}', KEY_FILE, is_new=False), "$(bus-simulator api-key)"),
        (
            LocalKey('{"api_key":"old-key"}', Path("x y.api-key"), is_new=False),
            "$(bus-simulator api-key --store 'duckdb:x y')",
        ),
        (LocalKey("own-key", None, is_new=False), "$BUS_SIMULATOR_API_KEY"),
    ],
)
def test_only_a_key_made_now_is_printed(key: LocalKey, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(PROGRAM.parent))
    text = greeting(URL, key, two_lines())
    assert text.count(f'-H "x-api-key: {shown}"') == 2
    assert ("old-key" in text, "own-key" in text) == (False, False)


@pytest.mark.parametrize(("folder", "command"), [("..", "bin/bus-simulator"), ("../lib", str(PROGRAM))])
def test_a_program_that_is_not_on_path_is_named_by_its_path(
    folder: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(PROGRAM.parent / folder)
    text = greeting(URL, LocalKey('{"api_key":"old-key"}', KEY_FILE, is_new=False), two_lines())
    assert text.count(f"$({command} api-key)") == 2


def test_with_a_secret_it_says_how_to_read_it() -> None:
    text = greeting_by_secret(URL, "bus-simulator/api-key", two_lines())
    assert "API key: in the secret bus-simulator/api-key" in text
    assert text.count("--secret-id bus-simulator/api-key") == 2
