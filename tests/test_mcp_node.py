"""The official Node client, from npm, lists and calls all tools and validates the structured results."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.agents.tools import TOOLS
from tests.environment import environment
from tests.services.mcp_served import TOOL_ARGUMENTS, ServedTools, served_tools

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm"),
]

SOURCES = Path(__file__).parent / "mcp_node"
FILES = ("package.json", "package-lock.json", "ask.mjs")
PATIENCE_S = 240


@pytest.fixture(scope="module")
def client(pytestconfig: pytest.Config) -> Path:
    """The client's folder with its packages, installed once per lock file."""
    content = b"".join((SOURCES / name).read_bytes() for name in FILES)
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("mcp_node") / hashlib.sha256(content).hexdigest()[:16]
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in FILES:
            shutil.copy(SOURCES / name, folder)
        install = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
        done = subprocess.run(
            install, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert done.returncode == 0, done.stderr
        (folder / "installed").touch()
    return folder


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTools]:
    with served_tools(tmp_path_factory.mktemp("tools")) as served:
        yield served


def ask(client: Path, tools: ServedTools, key: str = "right") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", "ask.mjs"],
        cwd=client,
        env=environment(MCP_URL=f"{tools.url}/mcp", API_KEY=key, GROUP_NAME="node"),
        input=json.dumps(TOOL_ARGUMENTS),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_everything_is_listed_called_validated_and_read(client: Path, tools: ServedTools) -> None:
    done = ask(client, tools)
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


def test_a_wrong_key_is_refused(client: Path, tools: ServedTools) -> None:
    done = ask(client, tools, key="wrong")
    assert done.returncode != 0
    assert "Invalid API key" in done.stderr


def test_the_lock_file_names_no_registry_and_pins_by_hash() -> None:
    packages = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    pinned = [name for name in packages if name]
    assert len(pinned) > 50
    assert all("integrity" in packages[name] and "resolved" not in packages[name] for name in pinned)
