"""What holds for all tests: no proxy for this machine, which of them are quick, whose logs end with them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import pytest

from services.logs import JsonFormatter
from tests.environment import reach_loopback_directly

DEMANDING = {"docker", "aws", "browser", "long", "terraform"}


def pytest_configure() -> None:
    """Let tests talk to servers on this machine where the environment sets an HTTP proxy."""
    reach_loopback_directly()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Count them among the e2e tests, which `-m "not integration and not e2e"` leaves out."""
    for item in items:
        if any(mark.name in DEMANDING for mark in item.iter_markers()):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(autouse=True)
def logs_end_with_the_test() -> Iterator[None]:
    """Take away the log that a command has set up: it writes to what was stderr only then."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each.formatter, JsonFormatter)]:
        root.removeHandler(handler)
