"""Fixtures of the storage tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of a DuckDB file that doesn't exist yet."""
    return tmp_path / "bus.duckdb"
