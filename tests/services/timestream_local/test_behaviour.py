"""Prepared queries, insights, account settings, partition keys, and the options that behave as AWS may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.timestream_local.errors import (
    RejectedRecordsException,
    ThrottlingException,
    ValidationException,
)
from services.timestream_local.options import EndpointOptions
from services.timestream_local.server import address_for
from services.timestream_local.state import Response
from services.timestream_local.types import JsonValue
from tests.services.timestream_local.samples import NOW_NS, Local, fill, local, record, scalars


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with local(tmp_path_factory.mktemp("behaviour")) as endpoint:
        asyncio.run(fill(endpoint))
        yield endpoint


def call(endpoint: Local, name: str, **body: JsonValue) -> Response:
    return asyncio.run(endpoint.call(name, **body))


def test_a_prepared_query_tells_its_columns_and_parameters(city: Local) -> None:
    sql = "SELECT stop_id, max(people) AS most FROM city.stops WHERE time < @scheduled_runtime GROUP BY 1"
    assert call(city, "PrepareQuery", QueryString=sql, ValidateOnly=True) == {
        "QueryString": sql,
        "Columns": [
            {"Name": "stop_id", "Type": {"ScalarType": "VARCHAR"}, "Aliased": False},
            {"Name": "most", "Type": {"ScalarType": "BIGINT"}, "Aliased": False},
        ],
        "Parameters": [{"Name": "scheduled_runtime", "Type": {"ScalarType": "TIMESTAMP"}}],
    }


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT @other", "The parameter @other is not supported"),
        ("SELECT nowhere FROM city.stops", "Column 'nowhere'"),
        ("SHOW DATABASES", "only for SELECT"),
    ],
)
def test_prepare_refuses_what_query_would(city: Local, sql: str, names: str) -> None:
    with pytest.raises(ValidationException, match=names):
        call(city, "PrepareQuery", QueryString=sql, ValidateOnly=True)


def test_insights_tell_tables_and_rows(city: Local) -> None:
    sql = "SELECT people FROM city.stops"
    found = call(city, "Query", QueryString=sql, QueryInsights={"Mode": "ENABLED_WITH_RATE_CONTROL"})
    insights = found["QueryInsightsResponse"]
    assert isinstance(insights, dict)
    assert (insights["QueryTableCount"], insights["OutputRows"]) == (1, 5)
    assert insights["QueryTemporalRange"]["Max"]["Value"] == 2130123456789


def test_account_settings_are_kept(city: Local) -> None:
    assert call(city, "UpdateAccountSettings", MaxQueryTCU=8)["MaxQueryTCU"] == 8
    assert call(city, "DescribeAccountSettings")["MaxQueryTCU"] == 8
    capacity: JsonValue = {"ComputeMode": "PROVISIONED", "ProvisionedCapacity": {"TargetQueryTCU": 16}}
    found = call(city, "UpdateAccountSettings", QueryCompute=capacity)["QueryCompute"]
    assert isinstance(found, dict)
    assert found["ProvisionedCapacity"]["ActiveQueryTCU"] == 16
    with pytest.raises(ValidationException, match="multiple of 4"):
        call(city, "UpdateAccountSettings", MaxQueryTCU=9)
    with pytest.raises(ValidationException, match="can't go back"):
        call(city, "UpdateAccountSettings", QueryPricingModel="BYTES_SCANNED")


def test_an_enforced_partition_key_rejects_records_without_it(city: Local) -> None:
    key: JsonValue = {"Type": "DIMENSION", "Name": "line", "EnforcementInRecord": "REQUIRED"}
    place: dict[str, JsonValue] = {"DatabaseName": "city", "TableName": "by_line"}
    call(city, "CreateTable", **place, Schema={"CompositePartitionKey": [key]})
    good = record({"line": "27"}, NOW_NS, [("people", "BIGINT", "1")])
    with pytest.raises(RejectedRecordsException) as error:
        call(
            city,
            "WriteRecords",
            **place,
            Records=[good, record({"stop": "1"}, NOW_NS, [("p", "BIGINT", "1")])],
        )
    assert error.value.rejected == [
        {"RecordIndex": 1, "Reason": "The record lacks the dimension line of the partition key."}
    ]
    assert city.rows("SELECT line, people FROM city.by_line") == [("27", "1")]


def test_the_first_page_may_be_empty(tmp_path: Path) -> None:
    with local(tmp_path, options=EndpointOptions(empty_first_page=True)) as endpoint:
        sql = "SELECT x FROM (VALUES 1, 2) AS t(x)"
        first = endpoint.state.queries.run(sql, endpoint.state.query_instant, None, empty_first=True)
        answer = call(endpoint, "Query", QueryString=sql)
        assert first["Rows"] == answer["Rows"] == []
        second = call(endpoint, "Query", QueryString=sql, NextToken=str(answer["NextToken"]))
        assert isinstance(second["Rows"], list)
        assert [scalars(row) for row in second["Rows"]] == [("1",), ("2",)]
        assert "NextToken" not in second


def test_a_share_of_requests_is_throttled(tmp_path: Path) -> None:
    with local(tmp_path, options=EndpointOptions(throttled=0.25)) as endpoint:
        refused = 0
        for _ in range(8):
            try:
                call(endpoint, "ListDatabases")
            except ThrottlingException:
                refused += 1
            assert call(endpoint, "DescribeEndpoints")
        assert refused == 2


def test_strict_limits_hold_quotas_on_columns(tmp_path: Path) -> None:
    with local(tmp_path, options=EndpointOptions(strict_limits=True)) as endpoint:
        place: dict[str, JsonValue] = {"DatabaseName": "city", "TableName": "wide"}
        call(endpoint, "CreateDatabase", DatabaseName="city")
        call(endpoint, "CreateTable", **place)
        for half in range(2):
            many = {f"d{half}_{n}": "x" for n in range(64)}
            call(endpoint, "WriteRecords", **place, Records=[record(many, NOW_NS, [("p", "BIGINT", "1")])])
        more = record({"one_more": "x"}, NOW_NS, [("p", "BIGINT", "1")])
        with pytest.raises(RejectedRecordsException) as error:
            call(endpoint, "WriteRecords", **place, Records=[more])
        assert "128 columns of the role dimension" in str(error.value.rejected[0]["Reason"])


def test_like_aws_turns_all_options_on() -> None:
    assert EndpointOptions(s3_endpoint="aws").like_aws() == EndpointOptions("aws", True, 0.05, True)


@pytest.mark.parametrize(
    ("agent", "address"),
    [
        ("Boto3/1.40", "http://127.0.0.1:4568"),
        ("aws-sdk-js/3.1057.0 ua/2.1 os/linux", "127.0.0.1"),
        ("aws-sdk-java/2.31", "http://127.0.0.1:4568"),
    ],
)
def test_the_address_is_what_a_client_understands(agent: str, address: str) -> None:
    assert address_for(agent, "127.0.0.1:4568") == address
