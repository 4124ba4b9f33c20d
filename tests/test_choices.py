"""The tests that make's targets and the commands of docs/operations.md select."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import environment
from tests.operations_page import ROOT, TESTS, commands

PATIENCE_S = 300
MARKED = (
    "",
    "integration",
    "e2e",
    "examples",
    "examples integration",
    "integration parts",
    "terraform e2e",
    "browser e2e",
    "docker e2e",
    "long e2e",
    "aws e2e",
)
"""The markers that tests bear, as they are once they are collected."""
CHOSEN = {
    "test": {"", "integration", "e2e", "examples", "examples integration"},
    "test-unit": {"", "examples"},
    "test-int": {"integration", "examples integration", "integration parts", "terraform e2e"},
    "test-parts": {"integration parts"},
    "test-aws": {"terraform e2e"},
    "test-e2e": {"e2e"},
    "test-browser": {"browser e2e"},
    "test-long": {"long e2e", "examples", "examples integration"},
    "test-docker": {"docker e2e"},
}
"""Which of them a target is to run."""


@pytest.mark.parametrize("target", CHOSEN)
def test_a_target_of_make_chooses_its_tests_and_no_others(target: str) -> None:
    shown = subprocess.run(
        ["make", "-n", target], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    ).stdout
    expressions = re.findall(r"-m pytest (?:[^\n]|\\\n)*?-m (?:\"([^\"]+)\"|(\w+))", shown)
    assert expressions
    every = set().union(*(marked.split() for marked in MARKED))

    def chosen(expression: str, marked: str) -> bool:
        return bool(eval(expression, {}, {name: name in marked.split() for name in every}))

    found = {marked for marked in MARKED for quoted, word in expressions if chosen(quoted or word, marked)}
    assert found == CHOSEN[target]


def test_every_test_is_run_by_some_target() -> None:
    assert set().union(*CHOSEN.values()) == set(MARKED) - {"aws e2e"}


PYTEST = [shlex.split(command)[1:] for command in commands(TESTS) if command.startswith("pytest ")]
COVERAGE = [words for words in PYTEST if "--cov=services" in words]
SHOWN = {
    "rate_limits": "services/access/rate_limits.py",
    "clock": "simulator/clock.py",
    "store": "storage/store.py",
}
"""Modules whose coverage is looked at, one of each package."""
BY_MARKER = [words for words in PYTEST if words[0] == "tests/" and words not in COVERAGE]


def test_the_page_runs_tests_by_make_or_pytest() -> None:
    every = commands(TESTS)
    assert {command.split()[0] for command in every} == {"make", "pytest"}
    assert len(COVERAGE) == 1


@pytest.mark.parametrize("chosen", [words for words in PYTEST if words[0] != "tests/"], ids=" ".join)
def test_the_files_of_a_choice_have_tests(chosen: list[str]) -> None:
    files = list(ROOT.glob(chosen[0]))
    assert files
    assert all(re.search(r"^ *(async )?def test_", path.read_text(), re.MULTILINE) for path in files)


@pytest.mark.long
@pytest.mark.integration
@pytest.mark.parametrize("chosen", BY_MARKER, ids=" ".join)
def test_a_choice_by_marker_chooses_some_and_leaves_out_others(chosen: list[str]) -> None:
    both = ["tests/test_auth_integration.py", "tests/services/test_times.py"]
    program = [sys.executable, "-m", "pytest", "--collect-only", "-q", *both, *chosen[1:]]
    done = subprocess.run(
        program,
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+/\d+ tests collected \(\d+ deselected\)", done.stdout)


@pytest.mark.long
def test_coverage_is_measured_and_written_as_a_page(tmp_path: Path) -> None:
    (words,) = COVERAGE
    program = [sys.executable, "-m", "pytest", "tests/services/test_app.py", *words[1:-1]]
    assert words[-1] == "--cov-report=html"
    # Pages of all files would take twice as long as the tests.
    (tmp_path / "coveragerc").write_text(f"[report]\ninclude = {', '.join(SHOWN.values())}\n")
    own = {"COVERAGE_FILE": str(tmp_path / "coverage"), "COVERAGE_RCFILE": str(tmp_path / "coveragerc")}
    done = subprocess.run(
        [*program, f"{words[-1]}:{tmp_path / 'htmlcov'}"],
        cwd=ROOT,
        env=environment(**own),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    pages = [path.name for path in (tmp_path / "htmlcov").glob("z_*.html")]
    assert len(pages) == len(SHOWN)
    for module in SHOWN:
        assert any(name.endswith(f"_{module}_py.html") for name in pages), module
