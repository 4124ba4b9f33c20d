"""`make up NATIVE=1`, `make status` and `make down`, as one types them."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.environment import environment
from tests.fake_servers import free_port
from tests.parts import ROOT

pytestmark = [pytest.mark.parts, pytest.mark.e2e]

LISTENS = "0A"
LOOPBACK = "0100007F"
OURS = (
    "Makefile", "data", "localstack", "pyproject.toml", "requirements.lock", "requirements-run.lock",
    "requirements-build.lock", "scripts", ".venv", ".venv-localstack",
)  # fmt: skip


@pytest.fixture
def home() -> Iterator[Path]:
    """The project's folder with a `var` of its own; not among pytest's, which are too deep for a socket."""
    subprocess.run([ROOT / "localstack/install"], check=True)
    with tempfile.TemporaryDirectory(prefix="bus-") as folder:
        for name in OURS:
            (Path(folder) / name).symlink_to(ROOT / name)
        try:
            yield Path(folder)
        finally:
            make(Path(folder), "down")


def make(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=home, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip


def listening(port: int) -> list[str]:
    """The IPv4 addresses on which this machine listens to a port, in the kernel's notation."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    sockets = (line.split() for line in lines)
    local = (words[1].split(":") for words in sockets if words[3] == LISTENS)
    return [address for address, found in local if int(found, 16) == port]


def test_up_starts_all_parts_and_prints_their_urls_and_down_stops_them(home: Path) -> None:
    ports = [free_port() for _ in range(5)]
    up = ("up", "NATIVE=1", f"ARGS=--history 1h --ports {','.join(map(str, ports))}")
    done = make(home, *up)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^ok +[a-z-]+ +RUNNING +healthy$", done.stdout, re.MULTILINE)) == 8
    assert f"http://127.0.0.1:{ports[0]}  MCP: http://127.0.0.1:{ports[1]}/mcp" in done.stdout
    assert "API key: in var/stack/api-key" in done.stdout
    assert re.search(r"^history: [\d,]+ rows written$", done.stdout, re.MULTILINE)
    assert [address for port in ports for address in listening(port)] == [LOOPBACK] * 5
    key = home / "var/stack/api-key"
    assert key.stat().st_mode & 0o777 == 0o600
    headers = {"x-api-key": key.read_text().strip(), "x-group-name": "tests"}
    asked = Request(f"http://127.0.0.1:{ports[0]}/people-count/S001?mode=latest", headers=headers)
    with urlopen(asked, timeout=60) as answer:
        assert json.load(answer)["stop_id"] == "S001"
    status = make(home, "status")
    assert (status.returncode, status.stdout.count("healthy")) == (0, 8)
    for command in ("logs", "restart"):
        unnamed = make(home, command)
        assert unnamed.returncode != 0
        assert f"make {command} needs the name of a part: SERVICE=mcp-server" in unnamed.stderr
    again = make(home, *up)
    assert again.returncode != 0
    assert "run already" in again.stderr
    ended = make(home, "down")
    assert (ended.returncode, ended.stdout.splitlines()[0]) == (0, "processes: stopped")
    none = make(home, "status")
    assert none.returncode != 0
    assert "no parts run here; `make up NATIVE=1` starts them" in none.stderr
    assert (
        make(home, "down").stdout == "processes: none run here\ncontainers: there is no compose.yaml here\n"
    )
