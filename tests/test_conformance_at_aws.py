"""The conformance suite's run against AWS, here against the local endpoint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import environment
from tests.services.timestream_local.served import served
from tests.timestream_aws import COST
from tests.timestream_endpoint import KEYS, REGION

pytestmark = [pytest.mark.e2e, pytest.mark.long]

ROOT = Path(__file__).parent.parent
SUITE = "tests/storage/conformance"
TESTS = ("test_aws.py", "test_prune.py", "test_at.py")
PATIENCE_S = 300


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A run of pytest with `-m aws`."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "aws", "-p", "no:cacheprovider", *arguments],
        cwd=ROOT,
        env=environment(AWS_DEFAULT_REGION=REGION, **KEYS, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_without_the_variable_it_creates_nothing_and_says_how_to_enable_it(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        done = run(SUITE, AWS_ENDPOINT_URL=running.url)
        assert running.process.end().err == ""
    assert done.returncode == 0
    assert "passed" not in done.stdout
    assert "set BUS_SIMULATOR_AWS_TESTS=yes" in done.stdout


def test_enabled_it_prints_the_cost_passes_and_deletes_what_it_created(tmp_path: Path) -> None:
    variables = {"BUS_SIMULATOR_AWS_TESTS": "yes"}
    with served(tmp_path) as running:
        paths = [f"{SUITE}/{name}" for name in TESTS]
        done = run(*paths, AWS_ENDPOINT_URL=running.url, **variables)
        left = running.write.list_databases()["Databases"]
        log = running.process.end().err
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.index(COST) < done.stdout.index(" passed")
    assert left == []
    assert log.count('"request"') > 100
