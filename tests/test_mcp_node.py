"""The official Node client and the MCP Inspector, from npm, list and call tools and read resources."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from subprocess import CompletedProcess
from typing import Any

import pytest

from services.agents.tools import TOOLS
from tests.node_client import NODE_CLIENTS, node
from tests.services.mcp_served import TOOL_ARGUMENTS, ServedTools, served_tools

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm"),
]

INSPECTOR = NODE_CLIENTS / "node_modules" / "@modelcontextprotocol" / "inspector-cli" / "build"
"""Where the Inspector's command line has to run: it looks for a `package.json` one folder up."""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTools]:
    with served_tools(tmp_path_factory.mktemp("tools")) as served:
        yield served


def ask(tools: ServedTools, key: str = "right") -> CompletedProcess[str]:
    """Run the official client, which asks for everything."""
    url, calls = f"{tools.url}/mcp", json.dumps(TOOL_ARGUMENTS)
    return node("mcp.mjs", sent=calls, MCP_URL=url, API_KEY=key, GROUP_NAME="node")


def test_everything_is_listed_called_validated_and_read(tools: ServedTools) -> None:
    done = ask(tools)
    assert (done.returncode, done.stderr) == (0, "")
    seen = json.loads(done.stdout)
    assert seen["server"]["name"] == "bus-simulator"
    assert seen["tools"] == list(TOOLS)
    for name, arguments in TOOL_ARGUMENTS.items():
        assert seen["answers"][name]["data"] == tools.call(name, **arguments)["data"]
    assert seen["templates"] == ["bus://lines/{line_id}"]
    assert seen["read"]["bus://lines/L1"] == tools.get("/lines/L1").json()
    assert set(seen["read"]) == {"bus://lines", "bus://scenario", "bus://lines/L1"}
    assert seen["refusal"] == -32602


def inspected(tools: ServedTools, *arguments: str) -> Any:
    """What the Inspector's command line prints for a method and its arguments."""
    headers = ("--header", "x-api-key: right", "--header", "x-group-name: inspector")
    called = ("--cli", f"{tools.url}/mcp", "--transport", "http", *headers, "--method", *arguments)
    done = node("cli.js", *called, folder=INSPECTOR)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_inspectors_command_line_lists_calls_and_reads(tools: ServedTools) -> None:
    assert [tool["name"] for tool in inspected(tools, "tools/list")["tools"]] == list(TOOLS)
    answer = inspected(tools, "tools/call", "--tool-name", "query_people_count", "--tool-arg", "stop_id=S001")
    assert answer["structuredContent"]["data"] == tools.call("query_people_count", stop_id="S001")["data"]
    (line,) = inspected(tools, "resources/read", "--uri", "bus://lines/L1")["contents"]
    assert json.loads(line["text"]) == tools.get("/lines/L1").json()
    mistaken = inspected(tools, "tools/call", "--tool-name", "query_people_count", "--tool-arg", "stop=S001")
    assert mistaken["isError"]
    assert "did you mean stop_id?" in mistaken["content"][0]["text"]


def test_a_wrong_key_is_refused(tools: ServedTools) -> None:
    done = ask(tools, key="wrong")
    assert done.returncode != 0
    assert "Invalid API key" in done.stderr


def test_the_lock_file_names_no_registry_and_pins_by_hash() -> None:
    packages = json.loads((NODE_CLIENTS / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    pinned = [name for name in packages if name]
    assert len(pinned) > 100
    assert all("integrity" in packages[name] and "resolved" not in packages[name] for name in pinned)
