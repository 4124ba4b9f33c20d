"""Batch loads read CSV files from S3 into a table, and report to S3 what failed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.timestream_local.database import save_load_task
from services.timestream_local.errors import AwsError
from services.timestream_local.options import EndpointOptions
from services.timestream_local.state import Response
from services.timestream_local.types import JsonValue
from tests.moto_aws import account
from tests.services.timestream_local.samples import NOW_NS, Local, Record, local

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

pytestmark = pytest.mark.integration

NOW_MS = NOW_NS // 1_000_000
MODEL: Record = {
    "TimeColumn": "at",
    "TimeUnit": "MILLISECONDS",
    "DimensionMappings": [{"SourceColumn": "stop", "DestinationColumn": "stop_id"}, {"SourceColumn": "line"}],
    "MultiMeasureMappings": {
        "TargetMultiMeasureName": "metrics",
        "MultiMeasureAttributeMappings": [
            {"SourceColumn": "people", "MeasureValueType": "BIGINT"},
            {
                "SourceColumn": "note",
                "TargetMultiMeasureAttributeName": "remark",
                "MeasureValueType": "VARCHAR",
            },
        ],
    },
}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Client]:
    with account() as found:
        client: S3Client = found.client("s3")
        client.create_bucket(Bucket="loads", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


@pytest.fixture(scope="module")
def city(s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    options = EndpointOptions(s3_endpoint=s3.meta.endpoint_url)
    with local(tmp_path_factory.mktemp("loads"), options=options) as endpoint:
        asyncio.run(endpoint.call("CreateDatabase", DatabaseName="city"))
        yield endpoint


def put(s3: S3Client, key: str, *lines: str) -> None:
    s3.put_object(Bucket="loads", Key=key, Body="\n".join(lines).encode())


def request(table: str, prefix: str, *, csv: Record | None = None, **more: JsonValue) -> Record:
    source: Record = {"BucketName": "loads", "ObjectKeyPrefix": prefix}
    place: Record = {"ReportS3Configuration": {"BucketName": "loads", "ObjectKeyPrefix": "reports"}}
    data: Record = {"DataSourceS3Configuration": source, "DataFormat": "CSV", "CsvConfiguration": csv or {}}
    return {
        "TargetDatabaseName": "city",
        "TargetTableName": table,
        "DataSourceConfiguration": data,
        "ReportConfiguration": place,
        "DataModelConfiguration": {"DataModel": MODEL},
        **more,
    }


def loaded(city: Local, wanted: Record) -> Response:
    """The description of a task when it has ended."""
    task = asyncio.run(city.call("CreateBatchLoadTask", **wanted))
    return ended(city, str(task["TaskId"]))


def ended(city: Local, name: str) -> Response:
    city.state.loads.runs[name].result(timeout=60)
    found = asyncio.run(city.call("DescribeBatchLoadTask", TaskId=name))["BatchLoadTaskDescription"]
    assert isinstance(found, dict)
    return found


def table(city: Local, name: str) -> str:
    asyncio.run(city.call("CreateTable", DatabaseName="city", TableName=name))
    return name


def test_files_are_loaded_and_what_fails_is_reported(city: Local, s3: S3Client) -> None:
    put(
        s3, "in/one.csv", "at,stop,line,people,note",
        f"{NOW_MS},S1,27,5,\"a, b\"", f"{NOW_MS},S2,27,,x", "1000,S3,27,1,old", f"{NOW_MS},S4,27,many,x",
        "noon,S5,27,1,x", f"{NOW_MS},S6,27",
    )  # fmt: skip
    put(s3, "in/two.csv", "note,people,line,stop,at", f",7,5,S7,{NOW_MS}")
    found = loaded(city, request(table(city, "whole"), "in/"))
    assert found["TaskStatus"] == "SUCCEEDED"
    progress = found["ProgressReport"]
    assert isinstance(progress, dict)
    assert progress | {"BytesMetered": 0} == {
        "RecordsProcessed": 7,
        "RecordsIngested": 3,
        "ParseFailures": 3,
        "RecordIngestionFailures": 1,
        "FileFailures": 0,
        "BytesMetered": 0,
    }
    rows = city.rows("SELECT stop_id, line, people, remark FROM city.whole ORDER BY stop_id")
    assert rows == [("S1", "27", "5", "a, b"), ("S2", "27", None, "x"), ("S7", "5", "7", None)]
    report = s3.get_object(Bucket="loads", Key=f"reports/{found['TaskId']}/error-report.json")["Body"].read()
    (file,) = json.loads(report)["files"]
    assert file["fileName"] == "in/one.csv"
    assert sorted(line for each in file["errors"] for line in each["lines"]) == [4, 5, 6, 7]


def test_model_and_signs_of_a_file_may_be_given(city: Local, s3: S3Client) -> None:
    put(s3, "model.json", json.dumps(MODEL))
    put(s3, "signs/a.csv", "at;stop;line;people;note", f"{NOW_MS}; S1 ;27;5;'x;y'", f"{NOW_MS};S2;27;nil;z")
    csv: Record = {"ColumnSeparator": ";", "QuoteChar": "'", "NullValue": "nil", "TrimWhiteSpace": True}
    place: Record = {"BucketName": "loads", "ObjectKey": "model.json"}
    wanted = request(table(city, "signs"), "signs/", csv=csv, RecordVersion=3)
    found = loaded(city, wanted | {"DataModelConfiguration": {"DataModelS3Configuration": place}})
    assert (found["TaskStatus"], found["RecordVersion"]) == ("SUCCEEDED", 3)
    rows = city.rows("SELECT stop_id, people, remark FROM city.signs ORDER BY 1")
    assert rows == [("S1", "5", "x;y"), ("S2", None, "z")]


def test_a_task_that_fails_says_why_and_only_a_stopped_one_resumes(city: Local, s3: S3Client) -> None:
    found = loaded(city, request(table(city, "nothing"), "none/"))
    assert (found["TaskStatus"], found["ErrorMessage"]) == ("FAILED", "s3://loads/none/ has no files")
    with pytest.raises(AwsError, match="can't be resumed: it is FAILED"):
        asyncio.run(city.call("ResumeBatchLoadTask", TaskId=str(found["TaskId"])))
    put(s3, "late/a.csv", "at,stop,line,people,note", f"{NOW_MS},S1,27,5,x")
    task = city.state.loads.by_id[str(found["TaskId"])]
    task.request = request("nothing", "late/")
    task.status = "PROGRESS_STOPPED"
    asyncio.run(city.call("ResumeBatchLoadTask", TaskId=task.id))
    assert ended(city, task.id)["TaskStatus"] == "SUCCEEDED"
    listed = asyncio.run(city.call("ListBatchLoadTasks", TaskStatus="SUCCEEDED", MaxResults=1))
    assert isinstance(listed["BatchLoadTasks"], list)
    assert len(listed["BatchLoadTasks"]) == 1


def test_tasks_survive_a_restart(s3: S3Client, tmp_path: Path) -> None:
    put(s3, "kept/a.csv", "at,stop,line,people,note", f"{NOW_MS},S1,27,5,x")
    options = EndpointOptions(s3_endpoint=s3.meta.endpoint_url)
    with local(tmp_path, options=options) as endpoint:
        asyncio.run(endpoint.call("CreateDatabase", DatabaseName="city"))
        wanted = request(table(endpoint, "kept"), "kept/", ClientToken="once")
        whole = loaded(endpoint, wanted)
        cut = endpoint.state.loads.by_id[str(whole["TaskId"])]
        document = {
            **cut.document,
            "id": "CUT",
            "status": "IN_PROGRESS",
            "request": {**wanted, "ClientToken": "b"},
        }
        writer = endpoint.state.writer
        writer.change(lambda cursor: save_load_task(cursor, "CUT", document), lambda _done: None).result(60)
    with local(tmp_path, options=options) as endpoint:
        again = asyncio.run(endpoint.call("CreateBatchLoadTask", **wanted))
        assert again["TaskId"] == whole["TaskId"]
        with pytest.raises(AwsError, match="sent with another request"):
            asyncio.run(endpoint.call("CreateBatchLoadTask", **wanted, RecordVersion=2))
        with pytest.raises(AwsError, match="at 'taskStatus'"):
            asyncio.run(endpoint.call("ListBatchLoadTasks", TaskStatus="DONE"))
        found = asyncio.run(endpoint.call("DescribeBatchLoadTask", TaskId=str(whole["TaskId"])))
        assert found["BatchLoadTaskDescription"] == whole
        found = asyncio.run(endpoint.call("DescribeBatchLoadTask", TaskId="CUT"))
        assert isinstance(found["BatchLoadTaskDescription"], dict)
        assert found["BatchLoadTaskDescription"]["TaskStatus"] == "PROGRESS_STOPPED"
        asyncio.run(endpoint.call("ResumeBatchLoadTask", TaskId="CUT"))
        assert ended(endpoint, "CUT")["TaskStatus"] == "SUCCEEDED"
        assert endpoint.rows("SELECT people FROM city.kept") == [("5",)]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"TargetTableName": "missing"}, "missing does not exist"),
        ({"DataModelConfiguration": {}}, "needs DataModel or DataModelS3Configuration"),
        ({"DataModelConfiguration": {"DataModel": {"TimeColumn": "t"}}}, "needs DimensionMappings"),
        ({"ReportConfiguration": {}}, "reportS3Configuration"),
        ({"DataSourceConfiguration": {"DataFormat": "PARQUET"}}, "must be CSV"),
    ],
)
def test_a_wrong_request_is_refused(city: Local, change: Record, names: str) -> None:
    if ("city", "refusals") not in city.state.catalog.tables:
        table(city, "refusals")
    with pytest.raises(AwsError, match=names):
        asyncio.run(city.call("CreateBatchLoadTask", **(request("refusals", "in/") | change)))
