"""Prepared queries, insights, account settings, partition keys, and the options that behave as AWS may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.timestream_local import database
from services.timestream_local.catalog import Catalog
from services.timestream_local.errors import (
    QueryExecutionException,
    RejectedRecordsException,
    ServiceQuotaExceededException,
    ThrottlingException,
    ValidationException,
)
from services.timestream_local.options import EndpointOptions
from services.timestream_local.running.snapshots import Snapshots
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
            {
                "Name": "stop_id",
                "Type": {"ScalarType": "VARCHAR"},
                "DatabaseName": "city",
                "TableName": "stops",
                "Aliased": False,
            },
            {"Name": "most", "Type": {"ScalarType": "BIGINT"}, "Aliased": True},
        ],
        "Parameters": [{"Name": "scheduled_runtime", "Type": {"ScalarType": "TIMESTAMP"}}],
    }


def test_a_prepared_column_tells_its_table_and_alias(city: Local) -> None:
    sql = (
        "WITH a AS (SELECT * FROM city.names) SELECT a.name AS n, s.people, a.*, CAST(name AS varchar), "
        "1 AS x FROM a JOIN (SELECT stop_id, people, busy AS b FROM city.stops) AS s ON a.stop_id = s.stop_id"
    )
    found = call(city, "PrepareQuery", QueryString=f"{sql} UNION ALL {sql}")["Columns"]
    assert isinstance(found, list)
    assert [(each["Name"], each.get("TableName"), each["Aliased"]) for each in found] == [
        ("n", "names", True),
        ("people", "stops", False),
        ("stop_id", "names", False),
        ("measure_name", "names", False),
        ("time", "names", False),
        ("name", "names", False),
        ("_col6", None, False),
        ("x", None, True),
    ]


def test_a_parameter_has_the_type_of_what_it_is_compared_with(city: Local) -> None:
    sql = (
        "SELECT @x, people > @most FROM city.stops WHERE time BETWEEN @from AND @to "
        "AND stop_id IN ('S1', @stop) AND note LIKE @like AND @warm <= warmth AND @a = @b"
    )
    found = call(city, "PrepareQuery", QueryString=sql, ValidateOnly=True)["Parameters"]
    assert isinstance(found, list)
    assert {each["Name"]: each["Type"]["ScalarType"] for each in found} == {
        "x": "UNKNOWN",
        "a": "UNKNOWN",
        "b": "UNKNOWN",
        "most": "BIGINT",
        "warm": "DOUBLE",
        "from": "TIMESTAMP",
        "to": "TIMESTAMP",
        "stop": "VARCHAR",
        "like": "VARCHAR",
    }
    with pytest.raises(ValidationException, match="The parameter @most is not supported"):
        call(city, "Query", QueryString="SELECT people > @most FROM city.stops")


@pytest.mark.parametrize(
    ("sql", "names"),
    [
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


def test_only_the_enforcement_of_a_partition_key_changes(city: Local) -> None:
    place: dict[str, JsonValue] = {"DatabaseName": "city", "TableName": "by_stop"}
    key: dict[str, JsonValue] = {"Type": "DIMENSION", "Name": "stop", "EnforcementInRecord": "REQUIRED"}
    call(city, "CreateTable", **place, Schema={"CompositePartitionKey": [key]})
    others: list[JsonValue] = [{**key, "Name": "line"}, {"Type": "MEASURE"}]
    for other in others:
        with pytest.raises(ValidationException, match="can't be changed"):
            call(city, "UpdateTable", **place, Schema={"CompositePartitionKey": [other]})
    with pytest.raises(ValidationException, match="can't be changed"):
        call(city, "UpdateTable", **place, Schema={"CompositePartitionKey": [key, {"Type": "MEASURE"}]})
    with pytest.raises(ValidationException, match="length greater than or equal to 1"):
        call(city, "UpdateTable", **place, Schema={"CompositePartitionKey": []})
    lax: JsonValue = {**key, "EnforcementInRecord": "OPTIONAL"}
    found = call(city, "UpdateTable", **place, Schema={"CompositePartitionKey": [lax]})["Table"]
    assert isinstance(found, dict)
    assert found["Schema"] == {"CompositePartitionKey": [lax]}


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


def test_strict_limits_hold_quotas_of_the_account_and_on_measure_names(tmp_path: Path) -> None:
    with local(tmp_path, options=EndpointOptions(strict_limits=True)) as endpoint:
        call(endpoint, "CreateDatabase", DatabaseName="city")
        place: dict[str, JsonValue] = {"DatabaseName": "city", "TableName": "named"}
        call(endpoint, "CreateTable", **place)
        names = endpoint.state.writer.measure_names("city", "named")
        names.update(f"name {number}" for number in range(8191))
        records = [
            record({"line": "27"}, NOW_NS, [("p", "BIGINT", "1")], MeasureName=name)
            for name in ("name 1", "the last", "one more")
        ]
        with pytest.raises(RejectedRecordsException) as error:
            call(endpoint, "WriteRecords", **place, Records=[*records])
        assert [each["RecordIndex"] for each in error.value.rejected] == [2]
        assert "8192 measure names" in str(error.value.rejected[0]["Reason"])
        known = endpoint.state.catalog.databases
        known.update(dict.fromkeys(map(str, range(499)), known["city"]))
        with pytest.raises(ServiceQuotaExceededException, match="500 databases"):
            call(endpoint, "CreateDatabase", DatabaseName="one_more")


def test_a_write_becomes_visible_later(tmp_path: Path) -> None:
    with local(tmp_path, options=EndpointOptions(visible_after_s=60.0)) as endpoint:
        asyncio.run(fill(endpoint))
        assert endpoint.rows("SELECT count(*) FROM city.single") == [("0",)]
        with pytest.raises(ValidationException, match="Column 'host'"):  # nor are its columns
            endpoint.rows("SELECT host FROM city.single")
        with pytest.raises(QueryExecutionException):
            endpoint.rows("SELECT 1 / count(*) FROM city.single")
        assert endpoint.rows("SELECT count(*) FROM city.single") == [("0",)]
        call(endpoint, "CreateTable", DatabaseName="city", TableName="more")
        assert endpoint.rows("SELECT count(*), max(measure_value::double) FROM city.single") == [("4", "2.5")]


def test_a_late_write_shows_at_its_time(tmp_path: Path) -> None:
    clock = iter([10.0, 10.5, 11.0, 11.9, 12.1])
    connection = database.open_database(tmp_path / "file.duckdb")
    with closing(connection):
        snapshots = Snapshots(connection, Catalog(), 2.0, lambda: next(clock))

        def tags() -> int:
            with snapshots.visible() as seen:
                sql = "SELECT count(*) FROM tags"
                rows = seen.rows(sql) if seen else connection.execute(sql).fetchall()
            return int(str(rows[0][0]))

        snapshots.take()  # at 10.0
        connection.execute("INSERT INTO tags VALUES ('a', 'b', 'c')")
        assert tags() == 0  # at 10.5
        snapshots.take()  # at 11.0
        connection.execute("INSERT INTO tags VALUES ('a', 'd', 'e')")
        assert (tags(), tags()) == (0, 1)  # at 11.9 and 12.1
        snapshots.clear()


def test_like_aws_turns_all_options_on() -> None:
    assert EndpointOptions(s3_endpoint="aws").like_aws() == EndpointOptions("aws", True, 0.05, True, 1.0)


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
