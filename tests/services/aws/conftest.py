"""What tests beside moto share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.timestream_endpoint import KEYS, REGION


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS as moto plays it in this process."""
    for name, value in (KEYS | {"AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION}).items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield
