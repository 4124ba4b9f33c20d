"""Log lines for CloudWatch Logs: what is sent, and that logging never waits."""

from __future__ import annotations

import logging
from typing import Any

from services.aws.cloudwatch_logs import (
    MOST_EVENTS,
    MOST_WAITING,
    CloudWatchLogsHandler,
    logging_to_cloudwatch,
)
from tests.services.aws.fake_aws import FakeClient, refused


class Logs:
    """A log group that may be missing, and the lines sent to it."""

    def __init__(self, *, there: bool = True) -> None:
        self.there, self.calls = there, 0
        self.lines: list[str] = []
        self.client = FakeClient(
            put_log_events=self._put, create_log_group=self._make, create_log_stream=self._exists
        )

    def _put(self, **request: Any) -> None:
        if not self.there:
            raise refused("ResourceNotFoundException")
        self.calls += 1
        self.lines += [event["message"] for event in request["logEvents"]]

    def _make(self, **_: Any) -> None:
        self.there = True

    def _exists(self, **_: Any) -> None:
        raise refused("ResourceAlreadyExistsException")


def record(text: str, name: str = "bus_simulator.x") -> logging.LogRecord:
    return logging.LogRecord(name, logging.INFO, __file__, 1, text, (), None)


def test_lines_go_to_a_group_that_is_created_if_missing() -> None:
    logs = Logs(there=False)
    handler = CloudWatchLogsHandler(logs.client, "/ecs/x")
    for text in ("one", "two"):
        handler.emit(record(text))
    handler.stop()
    handler.run_until_stopped()
    assert (logs.lines, logs.calls) == (["one", "two"], 1)
    assert logs.client.requests("create_log_group") == [{"logGroupName": "/ecs/x"}]


def test_many_lines_take_several_calls() -> None:
    logs = Logs()
    handler = CloudWatchLogsHandler(logs.client, "g")
    for number in range(MOST_EVENTS + 1):
        handler.emit(record(str(number)))
    handler.emit(record("long" * 100_000))
    handler.stop()
    handler.run_until_stopped()
    assert logs.calls == 2
    assert logs.lines[:-1] == [str(number) for number in range(MOST_EVENTS + 1)]


def test_while_cloudwatch_logs_is_unavailable_only_the_oldest_lines_are_lost_and_logging_never_waits() -> (
    None
):
    logs = Logs()
    logs.client.away = True
    handler = CloudWatchLogsHandler(logs.client, "g")
    for number in range(MOST_WAITING + 5):
        handler.emit(record(str(number)))
    assert not handler.send_buffered()
    logs.client.away = False
    handler.stop()
    handler.run_until_stopped()
    assert (logs.lines[0], len(logs.lines)) == ("5", MOST_WAITING)


def test_log_lines_of_the_sending_itself_are_not_sent() -> None:
    logs = Logs()
    with logging_to_cloudwatch(logs.client, "g"):
        logging.getLogger("botocore.endpoint").error("not this")
        logging.getLogger("bus_simulator.test").error("this")
    assert len(logs.lines) == 1
    assert "this" in logs.lines[0]
