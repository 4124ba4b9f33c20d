"""docs/operations.md: each block says what it needs; what needs AWS is in its CLI and in the plan."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from scripts.planned import planned_outputs, planned_resources
from services.access.key_handouts import handout_path
from tests.operations_page import (
    BLOCKS,
    HERE,
    IN_A_CLONE,
    OF_OTHERS,
    ON_AWS,
    ON_DOCKER,
    PAGE,
    ROOT,
    TESTS,
    commands,
)
from tests.test_parts import MANUAL

pytestmark = pytest.mark.integration


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
    assert {block.kind for block in BLOCKS} == {HERE, IN_A_CLONE, TESTS, ON_DOCKER, ON_AWS} | OF_OTHERS
    assert len(re.findall(r"^ *```bash", PAGE, re.MULTILINE)) == len(BLOCKS)


# --- What needs AWS


AWS = sorted({tuple(each) for each in words("aws")})
ANYWHERE = {"--region", "--query", "--output", "--endpoint-url"}
OF_THE_CLI = {
    ("logs", "tail"): {"--since", "--follow", "--format", "--filter-pattern", "--log-stream-names"},
    ("s3", "ls"): {"--recursive", "--page-size", "--human-readable", "--summarize", "--request-payer"},
}
"""Commands of AWS CLI version 2 that are no operation of a service, and their options."""


@pytest.mark.parametrize("command", AWS, ids=" ".join)
def test_the_aws_cli_knows_a_command_and_its_options(command: tuple[str, ...]) -> None:
    service, operation = command[1:3]
    given = {word for word in command[3:] if word.startswith("--")}
    assert given <= options(service, operation) | ANYWHERE


def options(service: str, operation: str) -> set[str]:
    """The options of an AWS CLI command, from the service's model unless it is the CLI's own."""
    if (service, operation) in OF_THE_CLI:
        return OF_THE_CLI[service, operation]
    model = botocore.session.get_session().get_service_model(service)
    known = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in known
    shape = model.operation_model(known[operation]).input_shape
    return {"--" + xform_name(member, "-") for member in (shape.members if shape else {})}


def planned_names() -> set[str]:
    """Every name that Terraform plans, log groups and roles included, and addresses of resources."""
    found: set[str] = set()
    for kind in ("aws", "hosted"):
        for address, values in planned_resources(kind).items():
            found |= {str(value) for value in values.values()} | set(address.split("."))
            found.add(re.sub(r"\[.*", "", ".".join(address.split(".")[-2:])))
    return found


OURS = re.compile(
    r"(?:/ecs/|/aws/lambda/|/aws/events/)?"
    r"(?:madrid-bus-simulator-http|bus-simulator[/-][a-z0-9/-]*[a-z0-9]|[a-z]+(?:-[a-z]+)*-feeder|mcp-server|"
    r"timestream-endpoint|timestream-access)(?![\w-])"
)


def test_every_resource_name_on_the_page_is_planned() -> None:
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
    assert asked <= set(planned_outputs("aws")) & set(planned_outputs("hosted"))


def test_each_command_said_to_work_against_localstack_is_run_against_it() -> None:
    rows = re.findall(r"^\| [^|]*\| ([^|]*) \| ([^|]*) \|$", PAGE, re.MULTILINE)
    works = re.compile("works against LocalStack|works beside LocalStack, with")
    said = " ".join(command for command, how in rows if works.search(how))
    operations = set(re.findall(r"\b(?:get|list|filter)-[a-z-]+|\bscan\b|\bquery(?= query)|\bls\b", said))
    helpers = {"get-caller-identity", "get-parameter"}
    assert operations == {words[1] for words, _ in MANUAL.values()} - helpers


def test_git_ignores_the_files_of_keys_that_the_page_writes(tmp_path: Path) -> None:
    files = set(re.findall(r"--output ([\w./-]+\.txt)", PAGE))
    assert files == {"api_keys.txt", "var/keys/api_keys.txt"}
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    for path in map(Path, files):
        for sheet in (path, handout_path(path, "team-alpha")):
            ignored = subprocess.run(
                ["git", "check-ignore", "--quiet", str(sheet)], cwd=tmp_path, check=False
            )
            assert ignored.returncode == 0, sheet


def test_the_scripts_of_the_page_are_there() -> None:
    scripts = set(re.findall(r"scripts/\w+\.py", PAGE))
    assert {"scripts/verify_deployment.py", "scripts/check_costs.py"} <= scripts
    assert all((ROOT / script).is_file() for script in scripts)
