"""AWS is a backend like others once somebody says that it may cost something."""

from __future__ import annotations

import pytest

from tests.environment import aws_confirmed
from tests.timestream_aws import CONFIRM, COST, region

pytestmark = pytest.mark.aws


@pytest.mark.skipif(not aws_confirmed(), reason=f"say {CONFIRM}. {COST}")
def test_a_region_is_said() -> None:
    assert region()
