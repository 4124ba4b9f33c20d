"""Test the board against a simulator in a container, and against all parts beside LocalStack."""

from __future__ import annotations

import boto3
import pytest
from services.board import Board

from bus_simulator_testing.container import BusSimulatorContainer
from bus_simulator_testing.stack import BusSimulatorStack

pytestmark = pytest.mark.docker


def test_the_board_shows_the_people_waiting(bus_simulator_container: BusSimulatorContainer) -> None:
    city = bus_simulator_container
    board = Board(city.api_url, city.headers)
    assert board.waiting("S001") == city.get("/people-count/S001", mode="latest")["count"]


def test_the_network_is_in_localstacks_s3(bus_simulator_stack: BusSimulatorStack) -> None:
    city = bus_simulator_stack
    assert city.advance(60) == city.now()
    assert Board(city.api_url, city.headers).waiting("S001") >= 0
    s3 = boto3.client(
        "s3",
        endpoint_url=city.localstack_endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    found = s3.list_objects_v2(Bucket="bus-simulator-config-000000000000")
    assert [item["Key"] for item in found["Contents"]] == ["config/lines.yaml"]


def test_a_container_has_the_chosen_scenario_and_seed() -> None:
    with BusSimulatorContainer(scenario="match-day", seed=3) as city:
        began = city.now()
        assert city.advance(60) > began
        assert city.get("/health")["run"]["seed"] == 3
