"""Logs by the name of a service or function, filtered, and followed without repeats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.operate.aws_problems import AwsProblem
from services.operate.log_reader import follow_log_events, log_group, read_log_events
from services.times import floor
from simulator.clock import Clock
from storage.instants import to_us
from tests.moto_aws import account

GROUP = "/ecs/mcp-server"
SINCE = floor(Clock().now(), timedelta(minutes=1)) - timedelta(minutes=5)
"""Logs take nothing that is old or to come."""


def put(logs: Any, second: int, text: str) -> None:
    time = SINCE + timedelta(seconds=second)
    logs.put_log_events(
        logGroupName=GROUP, logStreamName="s", logEvents=[{"timestamp": to_us(time) // 1000, "message": text}]
    )


@pytest.fixture(scope="module")
def logs() -> Iterator[Any]:
    with account() as aws:
        client = aws.client("logs")
        client.create_log_group(logGroupName=GROUP)
        client.create_log_stream(logGroupName=GROUP, logStreamName="s")
        yield client


def test_a_name_is_a_service_a_function_or_a_group() -> None:
    assert log_group("mcp-server") == GROUP
    assert log_group("timestream-endpoint") == "/ecs/timestream-endpoint"
    assert log_group("bus-simulator-people-count") == "/aws/lambda/bus-simulator-people-count"
    assert log_group("/aws/apigateway/x") == "/aws/apigateway/x"


def test_events_come_in_order_filtered_and_each_once_when_followed(logs: Any) -> None:
    put(logs, -60, "before")
    put(logs, 0, '{"level":"INFO","group":"team-alpha"}')
    put(logs, 1, '{"level":"ERROR","group":"team-beta"}')
    told = [each.text for each in read_log_events(logs, GROUP, since=SINCE, pattern="")]
    assert told == ['{"level":"INFO","group":"team-alpha"}', '{"level":"ERROR","group":"team-beta"}']
    only = list(read_log_events(logs, GROUP, since=SINCE, pattern="team-alpha"))
    assert [(each.time, each.text) for each in only] == [(SINCE, told[0])]

    rounds = iter(range(3))

    def waited(_: float) -> bool:
        number = next(rounds)
        put(logs, 2 + number, f"later {number}")
        return number < 2

    found = [each.text for each in follow_log_events(logs, GROUP, since=SINCE, pattern="", waited=waited)]
    assert found == [*told, "later 0", "later 1"]


def test_a_missing_group_is_named(logs: Any) -> None:
    with pytest.raises(AwsProblem, match="log group /ecs/nobody: ResourceNotFoundException"):
        list(read_log_events(logs, "/ecs/nobody", since=SINCE, pattern=""))
