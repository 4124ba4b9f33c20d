"""What services and functions logged, from CloudWatch Logs, by the name of a service or function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from services.operate.aws_problems import call_aws
from services.operate.resource_names import HOSTED_SERVICE, SERVICES
from storage.instants import from_us, to_us

POLL_S = 2.0
LATE = timedelta(seconds=30)
"""Events may show up in another order than they happened: who follows looks back so far."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A line of a log, and what tells it from the same line logged again."""

    event_id: str
    time: datetime
    text: str


def log_group(name: str) -> str:
    """The log group of a service or a function; a group's own name is taken as it is."""
    if name.startswith("/"):
        return name
    return f"/ecs/{name}" if name in (*SERVICES, HOSTED_SERVICE) else f"/aws/lambda/{name}"


def read_log_events(logs: Any, group: str, *, since: datetime, pattern: str) -> Iterator[LogEvent]:
    """The events of a group since then that have `pattern`, by a client of `logs`. Raises `AwsProblem`."""
    request: dict[str, Any] = {"logGroupName": group, "startTime": to_us(since) // 1000}
    if pattern:
        request["filterPattern"] = pattern
    while True:
        answer = call_aws(partial(logs.filter_log_events, **request), f"log group {group}")
        yield from map(log_event_from, answer["events"])
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]


def follow_log_events(
    logs: Any, group: str, *, since: datetime, pattern: str, waited: Callable[[float], bool]
) -> Iterator[LogEvent]:
    """Events as they come, each once, for as long as `waited`, which waits so many seconds, says so."""
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


def log_event_from(found: Mapping[str, Any]) -> LogEvent:
    """An event as `FilterLogEvents` has it."""
    return LogEvent(found["eventId"], from_us(found["timestamp"] * 1000), found["message"].rstrip("\n"))
