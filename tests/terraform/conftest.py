"""A stack of its own for each module of tests that applies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.terraform.stack import Stack, stack
from tests.timestream_endpoint import KEYS


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as variables, stack(tmp_path_factory.mktemp("apply")) as found:
        for name, value in KEYS.items():
            variables.setenv(name, value)
        yield found
