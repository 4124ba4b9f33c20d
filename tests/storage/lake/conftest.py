"""An Iceberg catalog for tests of lakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.utils.config import Config


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """A catalog in SQLite that pyiceberg knows as `here`."""
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    configuration = f"type: sql\n    uri: sqlite:///{tmp_path}/catalog.db\n    warehouse: file://{tmp_path}"
    (tmp_path / ".pyiceberg.yaml").write_text(f"catalog:\n  here:\n    {configuration}\n")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # read when it was imported
    return load_catalog("here")
