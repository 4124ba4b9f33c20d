"""Operators' commands find the system that is meant, say so, and refuse where it isn't clear."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from services.access.store_holder import Holder
from services.operate.operator_command import OperatorCommand, target_option, target_region_option
from services.stack import target_system
from services.stack.local_parts import LocalParts
from services.stack.supervisor_config import Ports, local_endpoints
from services.stack.target_system import chosen_system

PARTS = LocalParts("processes", "http://127.0.0.1:8080", "http://127.0.0.1:8081", local_endpoints(Ports()))


@click.command(cls=OperatorCommand)
@target_option
@target_region_option
def show(*, target: str | None, region: str | None) -> None:
    """Print the kind and the region of the chosen system."""
    system = chosen_system(target, region)
    click.echo(f"{system.kind} {system.region}")


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("services.settings.use_variables", lambda _variables: None)
    for name in ("TARGET", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str, variables: Mapping[str, str | None] | None = None) -> Result:
    return CliRunner().invoke(show, arguments, env=variables)


def with_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_system, "find_local_parts", lambda: PARTS)


def with_process() -> None:
    Path("var").mkdir()
    Holder(1, "127.0.0.1", 9000, "key").leave(Path("var/bus.duckdb.holder.json"))


def test_without_parts_the_one_process_is_meant() -> None:
    assert run().stdout == "process eu-west-1\n"
    assert run().stderr == "On the simulator in one process (var/bus.duckdb, not running):\n"
    with_process()
    assert run().stderr == "On the simulator in one process (http://127.0.0.1:9000):\n"


def test_running_parts_go_before_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    with_process()
    with_parts(monkeypatch)
    for done in (run(), run("--target", "local"), run(variables={**PARTS.endpoints})):
        assert done.stdout == "parts eu-west-1\n"
        assert done.stderr == "On the parts that run here as processes (http://127.0.0.1:8080):\n"


def test_a_deployment_is_meant_by_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    with_parts(monkeypatch)
    done = run(variables={"TARGET": "aws", "AWS_REGION": "eu-south-2"})
    assert (done.stdout, done.stderr) == ("aws eu-south-2\n", "On the deployment in eu-south-2:\n")


def test_an_ambient_region_alone_is_refused() -> None:
    done = run(variables={"AWS_REGION": "eu-west-1"})
    assert done.exit_code == 2
    assert "TARGET=aws is the deployment in eu-west-1, TARGET=local is the simulator" in done.stderr


def test_a_region_as_an_option_means_aws_unless_something_runs_here() -> None:
    assert run("--region", "eu-west-1").stdout == "aws eu-west-1\n"
    with_process()
    assert run("--region", "eu-west-1").exit_code == 2


def test_other_services_at_an_endpoint_are_named() -> None:
    done = run(variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"})
    assert (done.stdout, done.stderr) == (
        "aws eu-west-1\n",
        "On the AWS services at http://127.0.0.1:5000:\n",
    )
