"""The image: small, without root and build tools; every part starts from it."""

from __future__ import annotations

import json

import pytest

from bus_simulator_testing.container import IMAGE
from tests.docker.composed import said
from tests.environment import environment

pytestmark = pytest.mark.docker

MB = 1_000_000
IMPORTS = """
import duckdb, mangum, numpy.linalg, pyarrow.compute, pyarrow.csv, pyarrow.parquet, sqlglot, uvloop
from bus_simulator.program import use_program
use_program()
import mcp.server, services.cli, services.agents.sdk_server, services.timestream_local.server
import boto3, psycopg, psycopg_pool
from zoneinfo import ZoneInfo
ZoneInfo("Europe/Madrid")
for name in ("timestream-write", "timestream-query", "s3", "secretsmanager", "ssm", "sqs", "events", "logs",
             "cloudwatch", "dynamodb", "apigatewaymanagementapi", "sts"):
    boto3.client(name, region_name="eu-west-1")
"""


def inside(*command: str) -> str:
    """Run a command in a container of the image; return its stdout."""
    run = ["docker", "run", "--rm", "--network", "none", "--entrypoint", command[0], IMAGE, *command[1:]]
    return said(run, environment())


def inspected() -> dict[str, object]:
    (found,) = json.loads(said(["docker", "image", "inspect", IMAGE], environment()))
    assert isinstance(found, dict)
    return found


def test_it_has_at_most_four_hundred_megabytes_in_one_layer() -> None:
    found = inspected()
    assert isinstance(found["Size"], int)
    assert found["Size"] <= 400 * MB


def test_it_runs_without_root_and_has_a_health_check() -> None:
    config = inspected()["Config"]
    assert isinstance(config, dict)
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert inside("id", "-u").strip() == "10001"


def test_it_has_everything_that_the_program_imports() -> None:
    inside("python", "-W", "error::ImportWarning", "-c", IMPORTS)


def test_it_has_no_build_tools() -> None:
    looked = "import importlib.util as u; print([n for n in ('pip', 'pytest', 'moto') if u.find_spec(n)])"
    assert inside("python", "-c", looked).strip() == "[]"


def test_the_command_line_is_its_entry() -> None:
    shown = said(["docker", "run", "--rm", IMAGE, "--version"], environment())
    assert shown.startswith("bus-simulator, version")
