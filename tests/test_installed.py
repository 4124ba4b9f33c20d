"""Installed beside a project with packages of the same names, each imports its own."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

import pytest

from tests.built_wheel import LOCK, ROOT, UV, environment_with, environment_with_checkout, quietly, wheel

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.long]

NAMES = ("services", "simulator", "storage")
THEIRS = f"import {', '.join(NAMES)}; print(*(each.__doc__ for each in ({', '.join(NAMES)})))"
ABSENT = f"from importlib.util import find_spec; print([name for name in {NAMES} if find_spec(name)])"
HISTORY = (
    "backfill",
    "--at",
    "2026-03-02T08:00Z",
    "--start",
    "2026-03-02T06:00Z",
    "--end",
    "2026-03-02T07:00Z",
)
TESTS = """
import services, simulator, storage

def test_the_program_and_a_project_with_its_package_names_coexist(bus_simulator):
    assert bus_simulator.get("/health")["status"] == "healthy"
    assert {each.__doc__ for each in (services, simulator, storage)} == {"theirs"}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module", params=["wheel", pytest.param("checkout", marks=pytest.mark.long)])
def python(request: pytest.FixtureRequest, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the simulator: by its wheel, or by `pip install -e`."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    if request.param == "wheel":
        return environment_with(built, "testing", folder)
    return environment_with_checkout("testing", folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a package of each name, and a test that imports them all."""
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text('"""theirs"""\n')
    (tmp_path / "test_the_program_and_a_project_with_its_package_names_coexist.py").write_text(TESTS)
    return tmp_path


def test_all_top_level_names_of_the_wheel_begin_with_the_programs(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        top = {name.partition("/")[0] for name in archive.namelist()}
    assert top == {"bus_simulator", "bus_simulator_testing", "bus_simulator-0.1.0.dist-info"}


def test_the_documented_installations_name_the_wheel_and_its_extras(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        metadata = archive.read("bus_simulator-0.1.0.dist-info/METADATA").decode()
    extras = set(re.findall(r"^Provides-Extra: (\S+)$", metadata, re.MULTILINE))
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/testing-with.md")]
    for page in pages:
        assert f"dist/{built.name}[" in page
        for named in re.findall(r"(?:whl|bus-simulator)\[([a-z,]+)\]", page):
            assert set(named.split(",")) <= extras


@pytest.mark.long
def test_uv_installs_the_command_from_the_wheel(built: Path, tmp_path: Path) -> None:
    places = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    install = (UV, "tool", "install", "--quiet", "--python", sys.executable, "-c", LOCK)
    quietly([*install, f"{built}[aws,mcp]"], tmp_path, places)
    assert "bus-simulator, version" in quietly([tmp_path / "bin" / "bus-simulator", "--version"], tmp_path)


@pytest.mark.parametrize(("started", "path"), [("command", "."), ("module", "")])
def test_the_command_and_its_workers_import_the_programs_packages(
    python: Path, project: Path, started: str, path: str
) -> None:
    program = [python.with_name("bus-simulator")] if started == "command" else [python, "-m", "bus_simulator"]
    quietly([*program, *HISTORY, "--jobs", "2"], project, {"PYTHONPATH": path})
    assert (project / "var" / "bus.duckdb").exists()


def test_the_project_imports_its_own_packages_also_with_the_fixture(python: Path, project: Path) -> None:
    variables = {"PYTHONPATH": "."}
    assert quietly([python, "-c", THEIRS], project, variables) == "theirs theirs theirs\n"
    said = quietly([python, "-m", "pytest", "-q", "-p", "no:cacheprovider"], project, variables)
    assert "1 passed" in said


def test_other_programs_see_none_of_the_programs_packages(python: Path, tmp_path: Path) -> None:
    assert quietly([python, "-c", ABSENT], tmp_path) == "[]\n"


def test_other_programs_import_what_begins_with_its_name(python: Path, project: Path) -> None:
    shown = "import bus_simulator, bus_simulator_testing; print(bus_simulator.__version__)"
    version = quietly([python, "-c", shown], project).strip()
    assert f"bus-simulator, version {version}" in quietly(
        [python, "-m", "bus_simulator", "--version"], project
    )


def test_a_program_that_imported_another_package_of_that_name_gets_an_import_error(
    python: Path, project: Path
) -> None:
    code = """
import services
from bus_simulator.program import use_program
try:
    use_program()
except ImportError as error:
    print(error)
"""
    said = quietly([python, "-c", code], project)
    assert said.startswith("this process has imported another package called services: ")
    assert "start the simulator in a process of its own" in said
