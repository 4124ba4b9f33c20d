"""The commands of docs/operations.md that need no AWS succeed, here or with Docker."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from scripts.lambda_package import HANDLERS
from storage.schema import Stream
from storage.timestream_store import TimestreamStore
from tests.built_wheel import copied_checkout
from tests.docker.composed import said
from tests.environment import environment
from tests.operations_page import HERE, IN_A_CLONE, ON_DOCKER, ROOT, Block, of_kind
from tests.process import Running, running
from tests.storage.records import RUN, count, table
from tests.timestream_endpoint import KEYS, REGION, Endpoint, endpoint

NOW = "2026-03-06T08:30:10+01:00"
PATIENCE_S = 300
REFUSALS = "6. 401"
"""The heading under which requests are refused; everywhere else that would be a fault."""
NETWORK = """
lines:
  - line_id: L1
    name: There and back
    stops:
      - {stop_id: S001, name: Here, latitude: 40.40, longitude: -3.70, is_terminal: true,
         base_arrival_rate: 1}
      - {stop_id: S002, name: There, latitude: 40.41, longitude: -3.70, is_terminal: true,
         base_arrival_rate: 1}
    buses: [{bus_id: B001, capacity: 60, initial_position: 0}]
"""


@pytest.fixture(scope="module")
def timestream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A local endpoint with some records."""
    with endpoint(tmp_path_factory.mktemp("timestream")) as served, pytest.MonkeyPatch.context() as variables:
        for name, value in KEYS.items():
            variables.setenv(name, value)
        with closing(TimestreamStore("bus_simulator", region=REGION, endpoint_url=served.url)) as store:
            time = datetime(2026, 3, 6, 7, 30, tzinfo=UTC)
            end = time.replace(minute=31)
            records = table(Stream.PEOPLE_COUNT, [count(time)])
            store.write(Stream.PEOPLE_COUNT, records, covers=(time, end), run=RUN)
        yield served


OWN = (".git", ".installed", ".installed-run", ".venv", "build", "log.jsonl", "var")
"""What a folder made here has of its own."""


def link_all(source: Path, target: Path) -> None:
    """Link what is in a folder into another, which exists."""
    for each in source.iterdir():
        if each.name not in OWN:
            (target / each.name).symlink_to(each)


def link_environment(folder: Path) -> None:
    """This environment as a folder's `.venv`, which make takes to be up to date."""
    (folder / ".venv").mkdir()
    link_all(Path(sys.prefix), folder / ".venv")
    for installed in (".installed", ".installed-run"):
        (folder / ".venv" / installed).touch()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder with a `var` and a `build` of its own."""
    folder = tmp_path_factory.mktemp("project")
    link_all(ROOT, folder)
    link_environment(folder)
    lines = (
        '{"level":"ERROR","message":"no"}',
        '{"level":"INFO","group":"team-alpha","time":"t","path":"/","status":200}',
    )
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "small.yaml").write_text(NETWORK)
    return folder


@pytest.fixture(scope="module")
def city(bench: Path) -> Iterator[Running]:
    """A small city with five days of history, served from that folder, which keeps its key."""
    with running(bench, "--network", "small.yaml", "--at", NOW, "--backfill", "121h", key=None) as process:
        process.wait_for(lambda body: body["status"] == "healthy")
        yield process


PACKAGES = [block for block in of_kind(HERE) if "package-lambda" in block.code]


def run(block: Block, folder: Path, **variables: str) -> str:
    """Run a block in a folder with an environment; every command must succeed. Return its output."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.code],
        cwd=folder,
        env=environment(**variables, PATH=f"{folder / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
@pytest.mark.e2e
@pytest.mark.parametrize("block", [block for block in of_kind(HERE) if block not in PACKAGES], ids=str)
def test_the_commands_marked_here_run(
    block: Block, bench: Path, city: Running, timestream: Endpoint, tmp_path: Path
) -> None:
    assert shutil.which("jq"), "these commands need jq"
    url = f"http://{city.host}:{city.port}"
    kept = (bench / "var" / "bus.duckdb.api-key").read_text().strip()
    key = json.loads(kept)["api_key"] if kept.startswith("{") else kept
    variables = {"API_URL": url, "WS_URL": f"ws{url[4:]}/production", "MCP_URL": url, "API_KEY": key}
    refused = block.heading == REFUSALS
    if "curl " in block.code and not refused:
        (tmp_path / ".curlrc").write_text("fail\n")  # an answer of 400 or more ends the block
    code = block.code.replace("http://127.0.0.1:4568", timestream.url)
    out = run(replace(block, code=code), bench, **KEYS, **variables, CURL_HOME=str(tmp_path))
    assert out.strip()
    if refused:
        errors = re.findall(r'"message":"([^"]+)"', out)
        assert errors == ["Invalid API key", "Missing x-group-name header"]
    else:
        assert '"error"' not in out
        assert not re.search(r"^null$", out, re.MULTILINE)


@pytest.mark.long
@pytest.mark.e2e
def test_the_lambda_packages_of_the_page_are_written_and_identical(bench: Path) -> None:
    (block,) = PACKAGES
    written = r"^build/lambda/(\w+)\.zip .* sha256 ([0-9a-f]{64})$"
    hashes = re.findall(written, run(block, bench), re.MULTILINE)
    assert [name for name, _ in hashes] == ["people_count_api", *HANDLERS]
    for name, digest in hashes:
        content = (bench / "build" / "lambda" / f"{name}.zip").read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    assert len({digest for _, digest in hashes}) == 1


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The project's files in a repository of their own, with an environment."""
    folder = copied_checkout(tmp_path / "clone")
    link_environment(folder)
    for words in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.mark.long
def test_the_linters_run_before_a_commit_and_over_everything(clone: Path, tmp_path: Path) -> None:
    """Without those of types and imports, which take long: they are what `make lint` runs."""
    (block,) = of_kind(IN_A_CLONE)
    slow = {"mypy": ".venv/bin/mypy", "import-linter": ".venv/bin/lint-imports"}
    own = {
        "PRE_COMMIT_HOME": str(tmp_path / "hooks"),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "SKIP": ",".join(slow),
    }
    ended = re.findall(r"^(.+?)\.+(Passed|Skipped)$", run(block, clone, **own), re.MULTILINE)
    assert ended == [
        ("ruff check", "Passed"),
        ("ruff format", "Passed"),
        ("mypy", "Skipped"),
        ("import rules", "Skipped"),
    ]
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {each["id"]: each["entry"] for each in hooks if each["id"] in slow} == slow
    assert set(slow.values()) <= set(said(["make", "-n", "lint"], environment()).splitlines())
    (clone / "simulator" / "wrong.py").write_text("import os\n")
    author = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", "add", "simulator/wrong.py"], cwd=clone, check=True)
    done = subprocess.run(
        ["git", "commit", "--message", "no"],
        cwd=clone,
        env=environment(**own, **author),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "simulator/wrong.py" in done.stdout + done.stderr


@pytest.mark.docker
@pytest.mark.parametrize("block", of_kind(ON_DOCKER), ids=str)
def test_the_commands_marked_docker_run(block: Block) -> None:
    image = "bus-simulator-feeders:of-the-page"
    try:
        run(block, ROOT, IMAGE=image)
        assert said(["docker", "image", "inspect", "--format", "{{.Config.User}}", image], environment())
    finally:
        subprocess.run(["docker", "image", "rm", image], check=False, capture_output=True)
