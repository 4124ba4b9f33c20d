"""The example project's tests pass with the wheel that users install, beside its own package `services`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.built_wheel import ROOT, environment_with, quietly, wheel
from tests.environment import environment

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

THEIRS = "import services; print(services.__doc__)"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    return environment_with(wheel(folder), "testing", folder / "venv")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "integration-suite"
    shutil.copytree(ROOT / "examples" / "integration-suite", folder)
    return folder


def run_tests(python: Path, project: Path, chosen: str) -> None:
    """Run the project's tests with a marker; check that they pass without warnings."""
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-W", "error", "-m", chosen, "-p", "no:cacheprovider"],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_its_tests_pass_without_docker(python: Path, project: Path) -> None:
    run_tests(python, project, "not docker")


@pytest.mark.docker
def test_its_tests_pass_with_docker(python: Path, project: Path) -> None:
    run_tests(python, project, "docker")


@pytest.mark.long
def test_its_package_is_imported_and_the_command_runs(python: Path, project: Path) -> None:
    assert "departures board" in quietly([python, "-c", THEIRS], project)
    assert "bus-simulator, version" in quietly([python.with_name("bus-simulator"), "--version"], project)
