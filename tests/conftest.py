"""What holds for all tests: which of them are quick, and that their logs end with them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import pytest

from services.logs import JsonFormatter

DEMANDING = {"docker", "aws", "browser", "long", "terraform"}


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
