"""Runs every test of this folder once for each backend; a gap of a backend is a strict expected failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.environment import aws_confirmed
from tests.storage.conformance.backends import AT_AWS, AWS, BACKENDS, Backend, Gap
from tests.timestream_aws import COST
from tests.timestream_endpoint import KEYS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" in metafunc.fixturenames:
        test = metafunc.function.__name__
        backends = (*BACKENDS, *(AT_AWS if aws_confirmed() else ()))
        metafunc.parametrize("backend", [_parameter(backend, test) for backend in backends])


def _parameter(backend: Backend, test: str) -> object:
    gap = backend.gaps.get(test)
    marks = [*backend.marks]
    if isinstance(gap, Gap):
        marks.append(pytest.mark.xfail(reason=gap.reason, strict=True))
    elif gap is not None:
        marks.append(pytest.mark.skip(reason=gap.reason))
    return pytest.param(backend, id=backend.name, marks=marks)


@pytest.fixture
def store(backend: Backend, tmp_path: Path) -> Iterator[Store]:
    """An empty, open store."""
    opened = backend.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def credentials(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set invalid keys for local backends. At AWS use the environment's, and delete the databases after."""
    if not any(request.node.iter_markers("aws")):
        for name, value in KEYS.items():
            monkeypatch.setenv(name, value)
        yield
        return
    yield
    AWS.delete_all()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Print what the tests at AWS will cost before they start."""
    terminal = session.config.pluginmanager.getplugin("terminalreporter")
    chosen = any(
        item.get_closest_marker("aws") and "conformance" in item.path.parts for item in session.items
    )
    if aws_confirmed() and chosen and terminal is not None:
        terminal.write_line(COST)
