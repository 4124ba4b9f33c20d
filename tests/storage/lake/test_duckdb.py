"""A lake's Iceberg tables read by DuckDB's own extension, in a folder and in S3."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pyiceberg.catalog import Catalog, load_catalog

from services.lake.iceberg_tables import iceberg_publisher
from storage.lake.store import LakeStore
from storage.schema import Stream
from tests.environment import environment
from tests.moto_aws import Account
from tests.services.lake.test_generation import HOUR, SPAN, made
from tests.storage.lake.test_spark import READERS, by_bus

pytestmark = pytest.mark.long


def check(url: str, catalog: Catalog, *server: str) -> None:
    """Publish a lake, and compare what DuckDB reads of its tables with what the store has."""
    iceberg_publisher("here.madrid")(url, made(url))
    metadata = {stream: catalog.load_table(f"madrid.{stream}").metadata_location for stream in Stream}
    program = Path(__file__).with_name("duckdb_client.py")
    done = subprocess.run(
        [READERS, program, json.dumps(metadata), *server],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    with closing(LakeStore(url)) as store:
        assert found.pop("buses") == by_bus(store)
        assert found == {
            stream: [
                store.rows(stream),
                sum(map(len, store.scan(stream, start=SPAN[0], end=SPAN[0] + HOUR))),
            ]
            for stream in Stream
        }


def test_duckdb_reads_the_tables_of_a_folder(catalog: Catalog, tmp_path: Path) -> None:
    check(str(tmp_path / "lake"), catalog)


def test_duckdb_reads_the_tables_in_s3(catalog: Catalog, s3: Account) -> None:
    readers = load_catalog(catalog.name, **{"s3.endpoint": s3.url})
    check("s3://lake/night", readers, urlsplit(s3.url).netloc)
