"""Read from CloudWatch Logs what a service or function logged, by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from services.operate.aws_problems import call_aws
from services.operate.resource_names import API_SERVICE, HOSTED_SERVICE, SERVICES
from storage.instants import from_us, to_us

if TYPE_CHECKING:
    from types_boto3_logs.client import CloudWatchLogsClient
    from types_boto3_logs.type_defs import FilteredLogEventTypeDef, FilterLogEventsRequestTypeDef

POLL_S = 2.0
LATE = timedelta(seconds=30)
"""Events may appear out of order; following reads this far back again."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A log line; its id differs from that of the same line logged again."""

    event_id: str
    time: datetime
    text: str


def log_group(name: str) -> str:
    """The log group of a service or function. A name that begins with `/` is a group already."""
    if name.startswith("/"):
        return name
    is_service = name in (*SERVICES, API_SERVICE, HOSTED_SERVICE)
    return f"/ecs/{name}" if is_service else f"/aws/lambda/{name}"


def read_log_events(
    logs: CloudWatchLogsClient, group: str, *, since: datetime, pattern: str
) -> Iterator[LogEvent]:
    """The events of a group since a time that match a CloudWatch filter pattern. Raises `AwsProblem`."""
    request: FilterLogEventsRequestTypeDef = {"logGroupName": group, "startTime": to_us(since) // 1000}
    if pattern:
        request["filterPattern"] = pattern
    while True:
        answer = call_aws(partial(logs.filter_log_events, **request), f"log group {group}")
        yield from map(log_event_from, answer["events"])
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]


def follow_log_events(
    logs: CloudWatchLogsClient, group: str, *, since: datetime, pattern: str, waited: Callable[[float], bool]
) -> Iterator[LogEvent]:
    """Follow a group: its events as they come, each once. Stops when `waited` (seconds) returns False."""
    seen: dict[str, datetime] = {}
    while True:
        for each in read_log_events(logs, group, since=since, pattern=pattern):
            if each.event_id not in seen:
                seen[each.event_id] = each.time
                yield each
        since = max([since, *(time - LATE for time in seen.values())])
        seen = {name: time for name, time in seen.items() if time >= since}
        if not waited(POLL_S):
            return


def log_event_from(found: FilteredLogEventTypeDef) -> LogEvent:
    """An event in an answer of `FilterLogEvents`."""
    return LogEvent(found["eventId"], from_us(found["timestamp"] * 1000), found["message"].rstrip("\n"))
