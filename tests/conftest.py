"""For all tests: markers, files to import, no proxy for the loopback interface, logging per test."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import pytest

from services.logs import JsonFormatter

DEMANDING = {"docker", "aws", "browser", "long", "terraform"}
CHOSEN_BY = {"integration", "e2e", "parts", "examples"} | DEMANDING
"""The markers by which make and the manual choose tests."""
LOOPBACK = "127.0.0.1,localhost"


def pytest_configure(config: pytest.Config) -> None:
    """Reach servers of tests directly, even if the environment names a proxy.

    Until all is collected nothing is garbage: collecting it costs a tenth of its time.
    """
    gc.disable()
    variables = pytest.MonkeyPatch()
    for name in ("NO_PROXY", "no_proxy"):
        variables.setenv(name, LOOPBACK)
    config.add_cleanup(variables.undo)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip the import of files without tests that `-m` selects: importing all takes as long as many tests."""
    expression = config.getoption("markexpr")
    if not expression or not collection_path.match("test_*.py"):
        return None
    return True if chooses_none(expression, marks_of(collection_path)) else None


def marks_of(path: Path) -> set[str]:
    """The markers that a file gives to all of its tests by `pytestmark`."""
    given = re.search(r"^pytestmark = (\[[^\]]*\]|.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    found = set(re.findall(r"pytest\.mark\.(\w+)", given[1])) if given else set()
    return found | {"e2e"} if found & DEMANDING else found


def chooses_none(expression: str, marks: set[str]) -> bool:
    """Whether no test with these marks, and any others, matches a marker expression."""
    names = set(re.findall(r"\w+", expression)) - {"and", "or", "not"}
    if not marks & names or not names <= CHOSEN_BY:
        return False
    code, others = compile(expression, "-m", "eval"), sorted(names - marks)
    return not any(
        eval(code, {}, dict.fromkeys(marks & names, True) | dict(zip(others, values, strict=True)))
        for values in product((True, False), repeat=len(others))
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark tests of some kinds as e2e, which `-m "not integration and not e2e"` excludes."""
    for item in items:
        if any(mark.name in DEMANDING for mark in item.iter_markers()):
            item.add_marker(pytest.mark.e2e)


def pytest_collection_finish() -> None:
    """Take what is imported and collected out of garbage collections: they cost a tenth of a run."""
    gc.enable()
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let the last garbage collection reach everything again, so that libraries report no leaks."""
    gc.unfreeze()


@pytest.fixture(autouse=True)
def logs_end_with_the_test() -> Iterator[None]:
    """Remove log handlers that a command has installed: they write to the stderr of that test."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each.formatter, JsonFormatter)]:
        root.removeHandler(handler)
