"""For all tests: markers, what to import and in which order, no proxy for loopback, logging per test."""

from __future__ import annotations

import gc
import logging
import re
from collections.abc import Generator, Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from services.logs import JsonFormatter

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DEMANDING = {"docker", "aws", "browser", "long", "terraform"}
CHOSEN_BY = {"integration", "e2e", "parts", "examples"} | DEMANDING
"""The markers by which make and the manual choose tests."""
MARK = re.compile(r"\bpytest\.mark\.(\w+)")
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


def worker_of(config: pytest.Config) -> int | None:
    """The number of this worker of xdist, from 0; none in a run without workers."""
    given: dict[str, str] = getattr(config, "workerinput", {})
    return int(given["workerid"].removeprefix("gw")) if given else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let every second worker import the test files from the last to the first.

    On a fresh checkout each worker compiles the test files and what they import. Two workers that
    begin at both ends find, from the middle on, that the other has compiled the rest.
    """
    report = yield
    if isinstance(collector, pytest.Directory) and (worker_of(collector.config) or 0) % 2:
        report.result.reverse()
    return report


class Marks(NamedTuple):
    """The markers of CHOSEN_BY that all tests of a file have, and those that some may have."""

    every: frozenset[str]
    some: frozenset[str]


@cache
def marks_of(path: Path) -> Marks:
    """The markers a file names as `pytest.mark.NAME`, by `tests.examples`, or in `backends.py` beside it."""
    text = path.read_text(encoding="utf-8")
    of_all = re.search(r"^pytestmark = (\[[^\]]*\]|.*)$", text, re.MULTILINE)
    every = set(MARK.findall(of_all[1])) if of_all else set()
    backends = path.with_name("backends.py")
    beside = backends.read_text(encoding="utf-8") if backends.exists() else ""
    some = set(MARK.findall(text + beside)) & CHOSEN_BY
    if "from tests.examples import examples" in text:
        some.add("examples")
    for marks in (every, some):
        marks.update({"e2e"} if marks & DEMANDING else ())
    return Marks(frozenset(every & CHOSEN_BY), frozenset(some))


def chooses_none(expression: str, marks: Marks) -> bool:
    """Whether an expression matches no test that has all of `marks.every`, and any of `marks.some`."""
    names = set(re.findall(r"\w+", expression)) - {"and", "or", "not"}
    if not names <= CHOSEN_BY:
        return False
    code = compile(expression, "-m", "eval")
    never, open_names = names - marks.some, sorted(names & (marks.some - marks.every))
    fixed = dict.fromkeys(marks.every, True) | dict.fromkeys(never, False)
    return not any(
        eval(code, {}, fixed | dict(zip(open_names, values, strict=True)))
        for values in product((True, False), repeat=len(open_names))
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests of some kinds as e2e, which `-m "not integration and not e2e"` excludes.

    Workers sort their files, since xdist wants the same order in all of them.
    """
    if worker_of(config) is not None:
        items.sort(key=lambda item: item.path)
    for item in items:
        marks = {mark.name for mark in item.iter_markers()} & CHOSEN_BY
        if marks & DEMANDING:
            item.add_marker(pytest.mark.e2e)
        if not marks <= marks_of(item.path).some:
            raise pytest.UsageError(f"{item.nodeid}: its file has to name its markers as pytest.mark.NAME")


def pytest_collection_finish() -> None:
    """Take what is imported and collected out of garbage collections: they cost a tenth of a run."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Take what the tests of a file leave out of later garbage collections.

    What is garbage goes first. Each worker would else search all that its tests have imported and cached
    again and again, for a tenth of its time.
    """
    ran = yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()
    return ran


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this process."""
    from tests.chromium import chromium

    with chromium() as found:
        yield found
