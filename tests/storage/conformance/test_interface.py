"""An adapter is called as the protocol says."""

from __future__ import annotations

import inspect

import pytest

from storage.store import Store
from tests.storage.conformance.backends import BACKENDS, Backend

METHODS = [name for name, value in vars(Store).items() if inspect.isfunction(value) and name[0] != "_"]


@pytest.mark.parametrize("method", METHODS)
def test_signatures_equal_the_protocols(backend: Backend, method: str) -> None:
    assert inspect.signature(getattr(backend.store, method)) == inspect.signature(getattr(Store, method))


def test_gaps_name_no_backend_twice() -> None:
    names = [backend.name for backend in BACKENDS]
    assert len(names) == len(set(names))
