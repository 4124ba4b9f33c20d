"""The simulator in a container of a test's own, by testcontainers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from bus_simulator_testing.choices import Choices
from bus_simulator_testing.container import BusSimulatorContainer
from bus_simulator_testing.process import BusSimulatorProcess
from bus_simulator_testing.timestream_container import TimestreamContainer
from simulator.clock import SystemWall

pytestmark = pytest.mark.docker

ROOT = Path(__file__).parents[2]
AT = "2026-03-02T08:00:00Z"


@pytest.fixture(scope="module")
def city() -> Iterator[BusSimulatorContainer]:
    with BusSimulatorContainer(
        choices=Choices(at=AT), seed=2, network=ROOT / "data" / "lines.yaml"
    ) as container:
        yield container


def test_it_answers_like_a_process_with_the_same_settings(city: BusSimulatorContainer) -> None:
    with BusSimulatorProcess(Choices(seed=2, at=AT)) as process:
        for path in ("/bus-position/line/L1", "/people-count/S001", "/sensors/bus/B001"):
            assert city.get(path, mode="latest") == process.get(path, mode="latest")


def test_its_clock_can_be_advanced_and_boto3_reads_its_data(city: BusSimulatorContainer) -> None:
    began = city.now()
    assert city.advance(60) == began + timedelta(minutes=1)
    query = boto3.client(
        "timestream-query",
        endpoint_url=city.timestream_endpoint,
        region_name="eu-west-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    text = "SELECT count FROM bus_simulator.people_count WHERE stop_id = 'S001' ORDER BY time DESC LIMIT 1"
    (row,) = query.query(QueryString=text)["Rows"]
    assert int(row["Data"][0]["ScalarValue"]) == city.get("/people-count/S001", mode="latest")["count"]


def test_its_urls_are_right(city: BusSimulatorContainer) -> None:
    assert city.mcp_url == f"{city.api_url}/mcp"
    assert city.ws_url.startswith("ws://")
    assert city.get("/health")["status"] == "healthy"


def test_a_timestream_without_a_city_keeps_what_boto3_writes() -> None:
    nobody = boto3.Session("nobody", "nothing", region_name="eu-west-1")
    with TimestreamContainer("--account", "123456789012") as container:
        write = nobody.client("timestream-write", endpoint_url=container.url)
        made = write.create_database(DatabaseName="devops")["Database"]
        assert made["Arn"] == "arn:aws:timestream:eu-west-1:123456789012:database/devops"
        write.create_table(DatabaseName="devops", TableName="hosts")
        now_ms = int(SystemWall().time() * 1000)
        write.write_records(
            DatabaseName="devops",
            TableName="hosts",
            Records=[
                {
                    "Dimensions": [{"Name": "host", "Value": "h"}],
                    "MeasureName": "cpu",
                    "MeasureValue": "1.5",
                    "Time": str(now_ms),
                }
            ],
        )
        query = nobody.client("timestream-query", endpoint_url=container.url)
        (row,) = query.query(QueryString="SELECT host, measure_value::double FROM devops.hosts")["Rows"]
        assert [datum["ScalarValue"] for datum in row["Data"]] == ["h", "1.5"]
