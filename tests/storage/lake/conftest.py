"""An Iceberg catalog and a bucket for tests of lakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.utils.config import Config

from tests.moto_aws import Account, meant_account


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """A catalog in SQLite that pyiceberg knows as `here`."""
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    configuration = f"type: sql\n    uri: sqlite:///{tmp_path}/catalog.db\n    warehouse: file://{tmp_path}"
    (tmp_path / ".pyiceberg.yaml").write_text(f"catalog:\n  here:\n    {configuration}\n")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # read when it was imported
    return load_catalog("here")


@pytest.fixture
def s3() -> Iterator[Account]:
    """moto's S3, where the variables of AWS point, with a bucket `lake`."""
    with meant_account("lake") as moto:
        yield moto
