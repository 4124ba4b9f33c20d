"""A lake as Iceberg tables: read by name, grown, and refused for another run or an unknown catalog."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.utils.config import Config

from services.cli import status_of
from services.lake.iceberg_tables import iceberg_publisher
from storage.arrow_schema import arrow_schema
from storage.digest import stream_digest
from storage.errors import RunMismatch, StoreUnavailable
from storage.schema import SCHEMAS, Stream
from tests.moto_aws import Account
from tests.services.lake.test_generation import SPAN, expected, made
from tests.timestream_endpoint import REGION

HOUR = timedelta(hours=1)
NAME = "here.madrid"


def rows(catalog: Catalog, stream: Stream) -> pa.Table:
    """All rows of a table in the order of the store."""
    found = catalog.load_table(f"madrid.{stream}").scan().to_arrow()
    ids = [
        name
        for name, kind in zip(found.column_names, found.schema.types, strict=True)
        if pa.types.is_dictionary(kind)
    ]
    plain = pa.schema(
        [field.with_type(pa.string()) if field.name in ids else field for field in found.schema]
    )
    order = [(name, "ascending") for name in ("time", *SCHEMAS[stream].key)]
    return found.cast(plain).sort_by(order).cast(arrow_schema(stream))


def test_the_tables_have_the_records_of_the_lake(catalog: Catalog, tmp_path: Path) -> None:
    url = str(tmp_path / "lake of a night")
    assert iceberg_publisher(NAME)(url, made(url)) == 8
    for stream, digest in expected().items():
        assert stream_digest([rows(catalog, stream)], stream) == digest


def test_only_files_of_the_dates_that_are_asked_for_are_read(catalog: Catalog, tmp_path: Path) -> None:
    url = str(tmp_path / "lake")
    iceberg_publisher(NAME)(url, made(url))
    after_midnight = f"time >= '{(SPAN[0] + HOUR).isoformat()}'"
    scan = catalog.load_table("madrid.people_count").scan(row_filter=after_midnight)
    assert [Path(task.file.file_path).parent.name for task in scan.plan_files()] == ["date=2026-03-03"]


@pytest.mark.integration
def test_the_tables_of_a_lake_in_s3_are_there(catalog: Catalog, s3: Account) -> None:
    url, publish = "s3://lake/of a night", iceberg_publisher(NAME)
    assert publish(url, made(url, (SPAN[0], SPAN[0] + HOUR))) == 4
    assert publish(url, made(url)) == 4
    readers = load_catalog("here", **{"s3.endpoint": s3.url, "s3.region": REGION})
    metadata = readers.load_table("madrid.stop_visit").metadata_location
    assert metadata.startswith(f"{url}/_iceberg/stop_visit/metadata/")
    for stream, digest in expected().items():
        assert stream_digest([rows(readers, stream)], stream) == digest


@pytest.mark.integration
def test_glue_has_the_tables_of_a_lake_in_s3(s3: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYICEBERG_CATALOG__GLUE__TYPE", "glue")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    url, publish = "s3://lake/night", iceberg_publisher("glue.madrid")
    assert publish(url, made(url, (SPAN[0], SPAN[0] + HOUR))) == 4
    assert publish(url, made(url)) == 4
    readers = load_catalog("glue", **{"s3.endpoint": s3.url, "s3.region": REGION})
    assert len(rows(readers, Stream.STOP_VISIT)) == sum(
        file.rows for file in made(url).files_of(Stream.STOP_VISIT)
    )
    table = s3.client("glue").get_table(DatabaseName="madrid", Name="bus_position")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"


def test_a_lake_that_grows_adds_its_new_files_only(catalog: Catalog, tmp_path: Path) -> None:
    url, publish = str(tmp_path / "lake"), iceberg_publisher(NAME)
    first = made(url, (SPAN[0], SPAN[0] + HOUR))
    assert publish(url, first) == 4
    assert publish(url, first) == 0
    assert publish(url, made(url)) == 4
    assert len(rows(catalog, Stream.PEOPLE_COUNT)) == sum(
        f.rows for f in made(url).files_of(Stream.PEOPLE_COUNT)
    )


def test_tables_of_another_run_are_refused(catalog: Catalog, tmp_path: Path) -> None:
    publish = iceberg_publisher(NAME)
    publish(str(tmp_path / "one"), made(str(tmp_path / "one")))
    with pytest.raises(
        RunMismatch, match=r"has the records of 1-.*, the lake those of 2-.*; choose another namespace"
    ):
        publish(str(tmp_path / "two"), made(str(tmp_path / "two"), seed=2))
    assert len(rows(catalog, Stream.STOP_VISIT)) > 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("madrid", "'madrid' names no tables: expected CATALOG.NAMESPACE"),
        ("nowhere.madrid", "pyiceberg knows no catalog 'nowhere': URI missing"),
    ],
)
def test_a_name_that_is_of_no_catalog_is_refused(
    catalog: Catalog, tmp_path: Path, name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2026-03-02T12:00Z", "--to", "2026-03-02T12:01Z")
    assert status_of(["generate", *span, "-o", str(tmp_path / "lake"), "--jobs", "1", "--iceberg", name]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "lake").exists()
    with pytest.raises(NoSuchTableError):
        catalog.load_table("madrid.people_count")


def test_a_catalog_that_does_not_answer_ends_the_command(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYICEBERG_CATALOG__GONE__URI", f"sqlite:///{tmp_path}/none/catalog.db")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    span = ("--from", "2026-03-02T12:00Z", "--to", "2026-03-02T12:01Z")
    assert status_of(["generate", *span, "-o", str(tmp_path / "lake"), "--iceberg", "gone.madrid"]) == 1
    assert "Iceberg catalog 'gone': " in capsys.readouterr().err


def test_a_glue_catalog_without_credentials_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("PYICEBERG_CATALOG__GLUE__TYPE", "glue")
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())
    url = str(tmp_path / "lake")
    with pytest.raises(StoreUnavailable, match="Iceberg catalog 'glue': Unable to locate credentials"):
        iceberg_publisher("glue.madrid")(url, made(url))
