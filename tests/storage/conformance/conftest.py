"""Every test of this folder runs once a backend; a gap of a backend is a strict expected failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.storage.conformance.backends import BACKENDS, Backend
from tests.timestream_endpoint import KEYS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        test = metafunc.function.__name__
        metafunc.parametrize("backend", [_parameter(backend, test) for backend in BACKENDS])


def _parameter(backend: Backend, test: str) -> object:
    gap = backend.gaps.get(test)
    marks = [pytest.mark.xfail(reason=gap.reason, strict=True)] if gap else []
    marks += backend.marks
    return pytest.param(backend, id=backend.name, marks=marks)


@pytest.fixture
def store(backend: Backend, tmp_path: Path) -> Iterator[Store]:
    """An empty, open store."""
    opened = backend.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any, for the local endpoint, which doesn't check them."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
