"""LangChain's MCP adapters, from PyPI, list and call the tools. They are installed apart: they need mcp 1."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.agents.tools import TOOLS
from tests.environment import environment
from tests.services.mcp_served import ServedTools, served_tools

pytestmark = pytest.mark.long

LANGCHAIN = Path(__file__).parents[1] / "build/mcp-clients/bin/python"
SCRIPT = """
import asyncio, json, sys
from langchain_mcp_adapters.client import MultiServerMCPClient

async def main(url, key):
    headers = {"x-api-key": key, "x-group-name": "langchain"}
    server = {"transport": "streamable_http", "url": url, "headers": headers}
    tools = {tool.name: tool for tool in await MultiServerMCPClient({"bus": server}).get_tools()}
    answer = await tools["query_people_count"].ainvoke({"stop_id": "S001"})
    print(json.dumps({"tools": list(tools), "answer": [block["text"] for block in answer]}))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTools]:
    with served_tools(tmp_path_factory.mktemp("tools")) as served:
        yield served


def test_langchain_lists_and_calls_the_tools(tools: ServedTools, tmp_path: Path) -> None:
    command = [str(LANGCHAIN), "-c", SCRIPT, f"{tools.url}/mcp", "right"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["tools"] == list(TOOLS)
    text, body = found["answer"]
    assert text.startswith("People at a stop: 1 found")
    assert json.loads(body)["data"] == tools.call("query_people_count", stop_id="S001")["data"]
