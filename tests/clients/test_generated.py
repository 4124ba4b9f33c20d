"""The clients' models are those that the generators make of today's OpenAPI document."""

from __future__ import annotations

import pytest

from scripts.write_clients import outdated

pytestmark = pytest.mark.long


def test_the_clients_models_are_up_to_date() -> None:
    assert outdated(write=False) == [], "make clients writes them"
