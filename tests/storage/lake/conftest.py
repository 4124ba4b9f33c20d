"""An Iceberg catalog and a bucket for tests of lakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.utils.config import Config

from tests.moto_aws import Account, account
from tests.timestream_endpoint import REGION


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """A catalog in SQLite that pyiceberg knows as `here`."""
    monkeypatch.setenv("PYICEBERG_HOME", str(tmp_path))
    configuration = f"type: sql\n    uri: sqlite:///{tmp_path}/catalog.db\n    warehouse: file://{tmp_path}"
    (tmp_path / ".pyiceberg.yaml").write_text(f"catalog:\n  here:\n    {configuration}\n")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # read when it was imported
    return load_catalog("here")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """moto's S3, where the variables of AWS point, with a bucket `lake`."""
    with account() as moto:
        for name, value in moto.variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        configuration = {"LocationConstraint": REGION}
        moto.client("s3").create_bucket(Bucket="lake", CreateBucketConfiguration=configuration)
        yield moto
