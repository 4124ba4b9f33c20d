"""Scheduled queries write their results into tables, by hand and by time, and report errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.timestream_local import database
from services.timestream_local.errors import (
    ConflictException,
    InternalServerException,
    ResourceNotFoundException,
    ValidationException,
)
from services.timestream_local.options import EndpointOptions
from services.timestream_local.scheduled_query_operations import ScheduledQueryOperations
from services.timestream_local.scheduled_runs import run
from services.timestream_local.state import Response
from services.timestream_local.types import MINUTE_NS, JsonObject, JsonValue
from tests.moto_aws import account
from tests.services.timestream_local.samples import NOW_NS, Local, fill, local, record

pytestmark = pytest.mark.integration

NOW_S = NOW_NS / 1e9
SQL = (
    "SELECT stop_id, bin(@scheduled_runtime, 1h) AS hour, count(*) AS records, max(people) AS most "
    "FROM city.stops WHERE time < @scheduled_runtime GROUP BY stop_id"
)
TARGET: JsonObject = {
    "TimestreamConfiguration": {
        "DatabaseName": "city",
        "TableName": "hours",
        "TimeColumn": "hour",
        "DimensionMappings": [{"Name": "stop_id", "DimensionValueType": "VARCHAR"}],
        "MultiMeasureMappings": {
            "TargetMultiMeasureName": "hourly",
            "MultiMeasureAttributeMappings": [
                {"SourceColumn": "records", "MeasureValueType": "BIGINT"},
                {
                    "SourceColumn": "most",
                    "TargetMultiMeasureAttributeName": "most_people",
                    "MeasureValueType": "BIGINT",
                },
            ],
        },
    }
}


def wanted(**changed: JsonValue) -> dict[str, JsonValue]:
    """A request of CreateScheduledQuery."""
    return {
        "Name": "hourly",
        "QueryString": SQL,
        "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)"},
        "NotificationConfiguration": {"SnsConfiguration": {"TopicArn": "arn:aws:sns:eu-west-1:0:t"}},
        "TargetConfiguration": TARGET,
        "ScheduledQueryExecutionRoleArn": "arn:aws:iam::0:role/r",
        "ErrorReportConfiguration": {"S3Configuration": {"BucketName": "reports", "ObjectKeyPrefix": "sq"}},
        **changed,
    }


def call(endpoint: Local, name: str, **body: JsonValue) -> Response:
    return asyncio.run(endpoint.call(name, **body))


def filled(endpoint: Local) -> Local:
    """The endpoint with the records of `cases`, and the table of the results."""
    asyncio.run(fill(endpoint))
    call(endpoint, "CreateTable", DatabaseName="city", TableName="hours")
    return endpoint


def described(endpoint: Local, arn: str) -> dict[str, JsonValue]:
    found = call(endpoint, "DescribeScheduledQuery", ScheduledQueryArn=arn)["ScheduledQuery"]
    assert isinstance(found, dict)
    return found


def test_a_query_runs_by_hand_and_by_time_and_outlives_the_process(tmp_path: Path) -> None:
    with local(tmp_path) as endpoint:
        filled(endpoint)
        arn = str(call(endpoint, "CreateScheduledQuery", **wanted())["Arn"])
        assert arn.startswith("arn:aws:timestream:eu-west-1:000000000000:scheduled-query/hourly-")
        call(endpoint, "ExecuteScheduledQuery", ScheduledQueryArn=arn, InvocationTime=NOW_S - 3540)
        sql = "SELECT stop_id, measure_name, time, records, most_people FROM city.hours ORDER BY stop_id"
        assert endpoint.rows(sql) == [
            ("S001", "hourly", "2026-03-02 07:00:00.000000000", "1", "5"),
            ("S002", "hourly", "2026-03-02 07:00:00.000000000", "1", "-3"),
        ]
        run = described(endpoint, arn)["LastRunSummary"]
        assert isinstance(run, dict)
        assert run["RunStatus"] == "MANUAL_TRIGGER_SUCCESS"
        assert run["ExecutionStats"]["RecordsIngested"] == 2
    with local(tmp_path, NOW_NS + 12 * MINUTE_NS) as endpoint:
        operations = ScheduledQueryOperations(endpoint.state)
        asyncio.run(operations.run_due())
        found = described(endpoint, arn)
        assert (found["PreviousInvocationTime"], found["NextInvocationTime"]) == (NOW_S + 600, NOW_S + 900)
        at_eight = "SELECT sum(records) FROM city.hours WHERE time = '2026-03-02 08:00:00'"
        assert endpoint.rows(at_eight) == [("5",)]
        asyncio.run(operations.run_due())
        assert described(endpoint, arn)["PreviousInvocationTime"] == NOW_S + 600


MANY = (
    "SELECT 'S' || CAST(n AS varchar) AS stop_id, bin(@scheduled_runtime, 1m) AS hour, count(*) AS records, "
    "max(people) AS most FROM city.stops CROSS JOIN UNNEST(sequence(1, 250)) AS u(n) GROUP BY n"
)


def test_a_run_that_the_end_interrupts_is_neither_lost_nor_made_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of three batches fails as it is committed, as if the endpoint had ended then."""
    late, written = NOW_NS + 6 * MINUTE_NS, "SELECT count(*), min(records), max(records) FROM city.hours"
    with local(tmp_path) as endpoint:
        filled(endpoint)
        arn = str(call(endpoint, "CreateScheduledQuery", **wanted(QueryString=MANY))["Arn"])
    with local(tmp_path, late) as endpoint, monkeypatch.context() as patched:

        def end(*_given: object) -> None:
            raise InternalServerException("the endpoint ends")

        patched.setattr(database, "save_scheduled", end)
        with pytest.raises(InternalServerException):
            asyncio.run(ScheduledQueryOperations(endpoint.state).run_due())
    more = record({"stop_id": "S009"}, NOW_NS, [("people", "BIGINT", "1")])
    with local(tmp_path, late) as endpoint:
        assert endpoint.rows("SELECT count(*) FROM city.hours") == [("0",)]
        call(endpoint, "WriteRecords", DatabaseName="city", TableName="stops", Records=[more])
        asyncio.run(ScheduledQueryOperations(endpoint.state).run_due())
        assert endpoint.rows(written) == [("250", "6", "6")]
        again = {**more, "Time": str(NOW_NS + 1)}
        call(endpoint, "WriteRecords", DatabaseName="city", TableName="stops", Records=[again])
    with local(tmp_path, late) as endpoint:
        asyncio.run(ScheduledQueryOperations(endpoint.state).run_due())
        assert endpoint.rows(written) == [("250", "6", "6")]
        found = described(endpoint, arn)
        assert (found["PreviousInvocationTime"], found["RecentlyFailedRuns"]) == (NOW_S + 300, [])


def test_queries_are_listed_disabled_and_deleted(tmp_path: Path) -> None:
    with local(tmp_path) as endpoint:
        filled(endpoint)
        arn = str(call(endpoint, "CreateScheduledQuery", **wanted())["Arn"])
        with pytest.raises(ConflictException, match="already exists"):
            call(endpoint, "CreateScheduledQuery", **wanted())
        found = call(endpoint, "ListScheduledQueries")["ScheduledQueries"]
        assert isinstance(found, list)
        (listed,) = found
        assert (listed["Name"], listed["State"]) == ("hourly", "ENABLED")
        assert listed["TargetDestination"] == {
            "TimestreamDestination": {"DatabaseName": "city", "TableName": "hours"}
        }
        call(endpoint, "UpdateScheduledQuery", ScheduledQueryArn=arn, State="DISABLED")
        late = Local(replace(endpoint.state), NOW_NS + 60 * MINUTE_NS)
        asyncio.run(ScheduledQueryOperations(late.state).run_due())
        assert "PreviousInvocationTime" not in described(endpoint, arn)
        before = endpoint.state.catalog.scheduled[arn]
        asyncio.run(late.call("UpdateScheduledQuery", ScheduledQueryArn=arn, State="ENABLED"))
        asyncio.run(ScheduledQueryOperations(late.state).run_due())
        found_again = described(endpoint, arn)
        assert "PreviousInvocationTime" not in found_again  # those of the disabled time are left out
        assert found_again["NextInvocationTime"] == NOW_S + 65 * 60
        asyncio.run(run(late.state, before, NOW_S, manual=False))  # which began before the change
        assert described(endpoint, arn)["State"] == "ENABLED"
        call(endpoint, "DeleteScheduledQuery", ScheduledQueryArn=arn)
        asyncio.run(run(late.state, before, NOW_S, manual=False))
        with pytest.raises(ResourceNotFoundException):
            call(endpoint, "DescribeScheduledQuery", ScheduledQueryArn=arn)


def test_a_request_sent_again_with_its_token_makes_one_query(tmp_path: Path) -> None:
    with local(tmp_path) as endpoint:
        filled(endpoint)
        request = wanted(ClientToken="t" * 32)
        first = call(endpoint, "CreateScheduledQuery", **request)
        assert call(endpoint, "CreateScheduledQuery", **request) == first
        with pytest.raises(ValidationException, match="sent with another request"):
            call(endpoint, "CreateScheduledQuery", **(request | {"Name": "other"}))
        with pytest.raises(ValidationException, match="32 to 128"):
            call(endpoint, "CreateScheduledQuery", **wanted(Name="short", ClientToken="t"))
        late = Local(replace(endpoint.state), NOW_NS + 8 * 60 * MINUTE_NS)
        with pytest.raises(ConflictException):
            call(late, "CreateScheduledQuery", **request)


def test_scheduled_queries_have_tags(tmp_path: Path) -> None:
    with local(tmp_path) as endpoint:
        filled(endpoint)
        request = wanted(Tags=[{"Key": "a", "Value": "1"}, {"Key": "c", "Value": "3"}])
        arn = str(call(endpoint, "CreateScheduledQuery", **request)["Arn"])
        call(endpoint, "TagResource", ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
        call(endpoint, "UntagResource", ResourceARN=arn, TagKeys=["c"])
        first = call(endpoint, "ListTagsForResource", ResourceARN=arn, MaxResults=1)
        assert first["Tags"] == [{"Key": "a", "Value": "1"}]
        token = str(first["NextToken"])
        rest = call(endpoint, "ListTagsForResource", ResourceARN=arn, NextToken=token)
        assert rest == {"Tags": [{"Key": "b", "Value": "2"}]}
        with pytest.raises(ValidationException, match="'tags'"):
            call(endpoint, "TagResource", ResourceARN=arn)
        call(endpoint, "DeleteScheduledQuery", ScheduledQueryArn=arn)
    with local(tmp_path) as endpoint:
        assert arn not in endpoint.state.catalog.tags
        with pytest.raises(ResourceNotFoundException):
            call(endpoint, "ListTagsForResource", ResourceARN=arn)


def test_rejected_records_are_reported_to_s3(tmp_path: Path) -> None:
    with account() as found:
        s3 = found.client("s3")
        s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        with local(tmp_path, options=EndpointOptions(s3_endpoint=found.url)) as endpoint:
            filled(endpoint)
            old = "SELECT stop_id, hour - 400d AS hour, records, most FROM (" + SQL + ") AS q"
            arn = str(call(endpoint, "CreateScheduledQuery", **wanted(QueryString=old))["Arn"])
            call(endpoint, "ExecuteScheduledQuery", ScheduledQueryArn=arn, InvocationTime=NOW_S)
            run = described(endpoint, arn)["LastRunSummary"]
            assert isinstance(run, dict)
            assert run["RunStatus"] == "MANUAL_TRIGGER_FAILURE"
            place = run["ErrorReportLocation"]["S3ReportLocation"]
            report = json.loads(s3.get_object(Bucket="reports", Key=place["ObjectKey"])["Body"].read())
        name = arn.rpartition("/")[2]
        assert place["ObjectKey"].startswith(f"sq/{name}/2026-03-02T08:30:00.000Z/Manual/")
        assert len(report["errors"]) == 3
        assert "outside the time range" in report["errors"][0]["reason"]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with local(tmp_path_factory.mktemp("city")) as endpoint:
        yield filled(endpoint)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"QueryString": "SELECT nowhere FROM city.stops"}, "Column 'nowhere'"),
        ({"QueryString": "SELECT 1 AS hour"}, "has no column most, records, stop_id"),
        ({"QueryString": "SELECT * FROM read_csv('/etc/passwd')"}, "read_csv"),
        ({"QueryString": "DROP TABLE city.stops"}, "DROP is not supported"),
        ({"QueryString": "UNLOAD (SELECT 1) TO 's3://reports'"}, "only for SELECT"),
        ({"ScheduleConfiguration": {"ScheduleExpression": "rate(1 week)"}}, "is not valid"),
        ({"Name": ""}, "is not valid"),
        ({"ErrorReportConfiguration": {}}, "bucketName"),
    ],
)
def test_a_faulty_scheduled_query_is_refused(city: Local, changed: dict[str, JsonValue], names: str) -> None:
    with pytest.raises(ValidationException) as refusal:
        call(city, "CreateScheduledQuery", **wanted(**changed))
    assert names in str(refusal.value)
