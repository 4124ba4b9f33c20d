"""docs/operations.md works: what runs here is run, what needs AWS is in its CLI's models and in the plan."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from scripts.planned import outputs, planned
from storage.schema import Stream
from storage.timestream_store import TimestreamStore
from tests.environment import environment
from tests.process import Running, running
from tests.storage.records import RUN, count, table
from tests.timestream_endpoint import KEYS, REGION, Endpoint, endpoint

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
NOW = "2026-03-06T08:30:10+01:00"
PATIENCE_S = 300
HERE, TESTS, ON_AWS = "here", "tests", "aws"
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


@dataclass(frozen=True, slots=True)
class Block:
    """A block of commands, under which heading, and of which kind."""

    heading: str
    kind: str
    code: str

    def __str__(self) -> str:
        return f"{self.heading}: {self.code.strip().splitlines()[0][:50]}"


def blocks() -> Iterator[Block]:
    """All of the page."""
    heading = kind = ""
    for marker, title, code in re.findall(
        r"^ *<!-- (\w+) -->$|^#+ ([^\n]*)$|^ *```bash\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL
    ):
        if code:
            yield Block(heading, kind or ON_AWS, code)
        heading, kind = title or heading, marker


BLOCKS = list(blocks())


def commands(*kinds: str) -> list[str]:
    """The commands of some kinds of blocks, each in one line."""
    text = "\n".join(block.code for block in BLOCKS if block.kind in kinds).replace("\\\n", " ")
    return [re.sub(r"\s+", " ", line.strip()) for line in text.splitlines() if line.strip()]


def substituted(command: str) -> Iterator[str]:
    """A command and those in `$(…)` within it, which are taken out."""
    inner = re.findall(r"\$\(([^()]*)\)", command)
    yield re.sub(r"\$\([^()]*\)", "X", command)
    yield from inner


def words(program: str) -> list[list[str]]:
    """The words of every use of a program that isn't run here."""
    every = [part for command in commands(ON_AWS) for part in substituted(command)]
    return [
        shlex.split(re.split(r" \| ", part)[0]) for part in every if re.match(rf"(\w+=)?{program} ", part)
    ]


def test_every_block_is_of_a_kind_and_there_are_some_of_each() -> None:
    assert {block.kind for block in BLOCKS} == {HERE, TESTS, ON_AWS}
    assert len(re.findall(r"^ *```bash", PAGE, re.MULTILINE)) == len(BLOCKS)


# --- What needs AWS


AWS = sorted({tuple(each) for each in words("aws")})


@pytest.mark.parametrize("command", AWS, ids=" ".join)
def test_the_aws_cli_knows_a_command_and_its_options(command: tuple[str, ...]) -> None:
    service, operation = command[1:3]
    if (service, operation) in {("logs", "tail"), ("s3", "ls")}:
        return  # the CLI's own, of version 2 and of no service's model
    model = botocore.session.get_session().get_service_model(service)
    known = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in known
    shape = model.operation_model(known[operation]).input_shape
    takes = {"--" + xform_name(member, "-") for member in (shape.members if shape else {})}
    given = {word for word in command[3:] if word.startswith("--")}
    assert given <= takes | {"--region", "--query", "--output", "--endpoint-url"}


def planned_names() -> set[str]:
    """Every name that Terraform plans, log groups and roles included, and addresses of resources."""
    found: set[str] = set()
    for kind in ("aws", "hosted"):
        for address, values in planned(kind).items():
            found |= {str(value) for value in values.values()} | set(address.split("."))
            found.add(re.sub(r"\[.*", "", ".".join(address.split(".")[-2:])))
    return found


OURS = re.compile(
    r"(?:/ecs/|/aws/lambda/|/aws/events/)?"
    r"(?:madrid-bus-simulator-http|bus-simulator[/-][a-z0-9/-]*[a-z0-9]|[a-z]+(?:-[a-z]+)*-feeder|mcp-server|"
    r"timestream-endpoint|timestream-access)(?![\w-])"
)


def test_every_name_of_ours_on_the_page_is_planned() -> None:
    text = re.sub(r"`aws_\w+\.\w+`|bus-simulator-config-\S+|`bus-simulator (?:mcp|validate)[^`]*`", "", PAGE)
    text = re.sub(r"terraform/modules/\S+|bus-simulator-(?= )|bus-simulator validate \S+", "", text)
    found = set(OURS.findall(text))
    assert {"bus-simulator-cluster", "/ecs/mcp-server", "bus-simulator/api-key"} <= found
    names = planned_names()
    missing = {name for name in found if name not in names and f"{name}-" not in " ".join(names)}
    assert missing == set()


def test_every_address_and_output_of_the_page_is_planned() -> None:
    addresses = set(re.findall(r"`(aws_\w+\.\w+)`", PAGE))
    assert addresses == {
        "aws_timestreamwrite_table.people_count",
        "aws_lambda_function.people_count_api",
        "aws_ecs_service.mcp_server",
    }
    assert addresses <= planned_names()
    asked = set(re.findall(r"output -raw (\w+)", PAGE))
    assert asked
    assert asked <= set(outputs("aws")) & set(outputs("hosted"))


def test_the_scripts_of_the_page_are_there() -> None:
    scripts = set(re.findall(r"scripts/\w+\.py", PAGE))
    assert {"scripts/verify_deployment.py", "scripts/check_costs.py"} <= scripts
    assert all((ROOT / script).is_file() for script in scripts)


# --- What runs tests


PYTEST = [shlex.split(command)[1:] for command in commands(TESTS) if command.startswith("pytest ")]


@pytest.mark.parametrize("chosen", [words for words in PYTEST if words[0] != "tests/"], ids=" ".join)
def test_the_files_of_a_choice_have_tests(chosen: list[str]) -> None:
    files = list(ROOT.glob(chosen[0]))
    assert files
    assert all(re.search(r"^ *(async )?def test_", path.read_text(), re.MULTILINE) for path in files)


@pytest.mark.integration
@pytest.mark.parametrize("chosen", [words for words in PYTEST if words[0] == "tests/"], ids=" ".join)
def test_a_choice_by_marker_chooses_some_and_leaves_out_others(chosen: list[str]) -> None:
    both = ["tests/test_auth_integration.py", "tests/services/test_times.py"]
    program = [sys.executable, "-m", "pytest", "--collect-only", "-q", *both, *chosen[1:]]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+/\d+ tests collected \(\d+ deselected\)", done.stdout)


# --- What runs here


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


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder with a `var` of its own, and an environment that make finds up to date."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".venv").mkdir()
    for source, target in ((ROOT, folder), (Path(sys.prefix), folder / ".venv")):
        for each in source.iterdir():
            if each.name not in (".git", ".installed", ".venv", "log.jsonl", "var"):
                (target / each.name).symlink_to(each)
    (folder / ".venv" / ".installed").touch()
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


@pytest.mark.e2e
@pytest.mark.parametrize("block", [block for block in BLOCKS if block.kind == HERE], ids=str)
def test_what_runs_here_does(block: Block, bench: Path, city: Running, timestream: Endpoint) -> None:
    assert shutil.which("jq"), "these commands need jq"
    url = f"http://{city.host}:{city.port}"
    kept = (bench / "var" / "bus.duckdb.api-key").read_text().strip()
    key = json.loads(kept)["api_key"] if kept.startswith("{") else kept
    code = block.code.replace("http://127.0.0.1:4568", timestream.url)
    variables = {"API_URL": url, "WS_URL": f"ws{url[4:]}/production", "MCP_URL": url, "API_KEY": key}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=bench,
        env=environment(**KEYS, **variables, PATH=f"{bench / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()
    assert '"error":"NotFound"' not in done.stdout
