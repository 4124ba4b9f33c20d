"""The backend at AWS, which is tested only if the environment confirms its costs."""

from __future__ import annotations

import pytest

from tests.environment import aws_confirmed
from tests.timestream_aws import CONFIRM, COST, region

pytestmark = pytest.mark.aws


@pytest.mark.skipif(not aws_confirmed(), reason=f"set {CONFIRM}. {COST}")
def test_a_region_is_configured() -> None:
    assert region()
