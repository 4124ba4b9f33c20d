"""What docs/timestream.md shows works as it is copied: with its variables alone, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.timestream_local.page_blocks import block
from tests.services.timestream_local.served import Served, served

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("page")) as running:
        yield running


def shell(folder: Path, command: str) -> str:
    """The output of commands after the page's `export`, in a shell with no other variable but the path."""
    variables = block("Clients refuse to start", "bash")
    done = subprocess.run(
        ["bash", "-euc", variables + command],
        cwd=folder,
        env={"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_boto3_writes_the_aws_cli_counts(endpoint: Served, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(block("## From boto3", "python", endpoint.url), encoding="utf-8")
    printed = shell(tmp_path, "python example.py")
    assert printed == "[{'Data': [{'ScalarValue': 'kitchen'}, {'ScalarValue': '21.5'}]}]\n"
    counted = block("## From the AWS CLI", "bash", endpoint.url).rstrip()
    assert shell(tmp_path, f"{counted} --query 'Rows[0].Data[0].ScalarValue'") == '"1"\n'


def test_the_variables_alone_give_every_client_its_region(tmp_path: Path) -> None:
    named = "import boto3, os; print(boto3.Session().region_name, os.environ['AWS_REGION'])"
    assert shell(tmp_path, f'python -c "{named}"') == "eu-west-1 eu-west-1\n"
