"""What holds for all tests: those that need more than Python, or minutes, are no quick tests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

DEMANDING = {"docker", "aws", "browser", "long", "terraform"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Count them among the e2e tests, which `-m "not integration and not e2e"` leaves out."""
    for item in items:
        if any(mark.name in DEMANDING for mark in item.iter_markers()):
            item.add_marker(pytest.mark.e2e)
