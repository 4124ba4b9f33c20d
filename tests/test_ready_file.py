"""`run --ready-file`: a program in another language starts the simulator, waits for it, and ends it."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import environment
from tests.process import PATIENCE_S, Running, few_lines, running

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parent.parent / "docs" / "testing-with.md"


def code_of_page() -> str:
    """The JavaScript test that the page shows."""
    (code,) = re.findall(
        r"^```javascript\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return str(code)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ready file that a killed simulator left behind."""
    path = tmp_path_factory.mktemp("ready") / "ready.json"
    path.write_text("left behind")
    return path


@pytest.fixture(scope="module")
def city(file: Path) -> Iterator[Running]:
    """A simulator of few lines that has answered."""
    options = ("--at", "2026-03-02T08:45:00+01:00", "--paused", "--backfill", "0", "--ready-file", file.name)
    with running(file.parent, *few_lines(), *options) as process:
        process.ask("/health")
        yield process


def test_the_file_names_what_a_client_needs(file: Path, city: Running) -> None:
    found = json.loads(file.read_text(encoding="utf-8"))
    address = f"{city.host}:{city.port}"
    assert found["api_url"] == f"http://{address}"
    assert found["ws_url"] == f"ws://{address}/production"
    assert found["mcp_url"] == f"http://{address}/mcp"
    assert found["pid"] == city.process.pid
    assert found["headers"]["x-api-key"] == found["api_key"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert city.ask("/people-count/S001?mode=latest", key=found["api_key"])[0] == 200


def test_the_file_is_gone_after_the_end(file: Path, city: Running) -> None:
    assert city.end().code == 0
    assert list(file.parent.glob("*.json")) == []


@pytest.mark.long
@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_the_javascript_test_of_the_page_passes(tmp_path: Path) -> None:
    (tmp_path / "board.test.mjs").write_text(code_of_page(), encoding="utf-8")
    programs = f"{Path(sys.executable).parent}:{environment()['PATH']}"
    done = subprocess.run(
        ["node", "--test"],
        cwd=tmp_path,
        env=environment(PATH=programs),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^# pass 1$", done.stdout, re.MULTILINE)
