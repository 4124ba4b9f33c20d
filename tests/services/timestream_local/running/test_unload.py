"""UNLOAD writes results, manifest and metadata to S3 as Timestream does."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from services.timestream_local.errors import ValidationException
from services.timestream_local.options import EndpointOptions
from tests.moto_aws import account
from tests.services.timestream_local.samples import Local, fill, local, scalars

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    with account() as found:
        client: S3Client = found.client("s3")
        client.create_bucket(Bucket="exports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


@pytest.fixture(scope="module")
def city(s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    options = EndpointOptions(s3_endpoint=s3.meta.endpoint_url)
    with local(tmp_path_factory.mktemp("unload"), options=options) as endpoint:
        asyncio.run(fill(endpoint))
        yield endpoint


def read(s3: S3Client, url: str) -> bytes:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def unloaded(city: Local, s3: S3Client, sql: str) -> tuple[str, list[str]]:
    """The count of rows that UNLOAD returns, and the URLs of its files."""
    answer = city.query(sql)
    assert [column["Name"] for column in answer["ColumnInfo"]] == ["rows", "metadataFile", "manifestFile"]
    ((rows, metadata, manifest),) = [tuple(map(str, scalars(row))) for row in answer["Rows"]]
    listed = json.loads(read(s3, manifest))
    assert listed["query_metadata"]["total_row_count"] == int(rows)
    assert metadata.endswith(f"{answer['QueryId']}_metadata.json")
    return rows, [each["url"] for each in listed["result_files"]]


def test_csv_is_gzipped_without_a_header_by_default(city: Local, s3: S3Client) -> None:
    sql = "UNLOAD (SELECT stop_id, people, note FROM city.stops ORDER BY people) TO 's3://exports/plain/'"
    rows, (url,) = unloaded(city, s3, sql)
    assert rows == "5"
    assert url.startswith("s3://exports/plain/results/")
    assert gzip.decompress(read(s3, url)).decode().splitlines() == [
        "S002,-3,B",
        "S003,0,a%b",
        "S001,5,a",
        "S001,7,",
        "S002,,ñu",
    ]


def test_csv_takes_header_delimiter_and_partitions(city: Local, s3: S3Client) -> None:
    sql = (
        "UNLOAD (SELECT name, stop_id FROM city.names) TO 's3://exports/parts' WITH (format = 'csv', "
        "compression = 'none', include_header = 'true', field_delimiter = '|', "
        "partitioned_by = ARRAY['stop_id'])"
    )
    rows, urls = unloaded(city, s3, sql)
    assert rows == "3"
    found = {url.partition("results/")[2].partition("/")[0]: read(s3, url).decode() for url in urls}
    assert found == {
        "stop_id=S001": "name\nSol\n",
        "stop_id=S002": "name\nGoya\n",
        "stop_id=S009": "name\nOpera\n",
    }


def test_parquet_keeps_types(city: Local, s3: S3Client) -> None:
    sql = (
        "UNLOAD (SELECT time, people, warmth, busy, note FROM city.stops WHERE people = 7) "
        "TO 's3://exports' WITH (format = 'PARQUET')"
    )
    _, (url,) = unloaded(city, s3, sql)
    table = pq.read_table(io.BytesIO(read(s3, url)))
    types = [str(field.type) for field in table.schema]
    assert types == ["timestamp[ns]", "int64", "double", "bool", "string"]
    (row,) = table.to_pylist()
    assert (str(row["time"]), row["people"], row["note"]) == ("2026-03-02 07:31:00", 7, None)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("UNLOAD (SELECT 1) TO '/etc/passwd'", "must be 's3://bucket/folder'"),
        ("UNLOAD (SELECT 1) TO 'file:///etc/passwd'", "must be 's3://bucket/folder'"),
        ("UNLOAD (SELECT 1) TO 's3://exports/' WITH (format = 'ORC')", "one of CSV, PARQUET"),
        ("UNLOAD (SELECT 1) TO 's3://exports/' WITH (speed = 'high')", "no option speed"),
        ("UNLOAD (SELECT 1) TO 's3://exports/' WITH (format = CSV)", "format of UNLOAD needs ="),
        ("UNLOAD (SELECT 1 AS a, 2 AS b) TO 's3://exports' WITH (partitioned_by = ARRAY['a'])", "last ones"),
        ("UNLOAD (SELECT ARRAY[1]) TO 's3://exports'", "UNLOAD of array(integer)"),
        ("UNLOAD (SELECT current_time) TO 's3://exports'", "UNLOAD of time"),
        (
            "UNLOAD (SELECT 1 AS a, 2 AS a) TO 's3://exports' WITH (format = 'PARQUET')",
            "must have different names",
        ),
        ("UNLOAD SELECT 1 TO 's3://exports'", "write UNLOAD (SELECT"),
        ("UNLOAD (SELECT * FROM read_csv('/etc/passwd')) TO 's3://exports'", "read_csv"),
        ("UNLOAD (SELECT 1) TO 's3://no-such-bucket-here'", "can't be written"),
    ],
)
def test_unload_refuses_other_targets_and_options(city: Local, sql: str, names: str) -> None:
    with pytest.raises(ValidationException) as refusal:
        city.query(sql)
    assert names in str(refusal.value)
