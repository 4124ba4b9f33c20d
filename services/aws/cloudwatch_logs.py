"""Log lines sent to a CloudWatch log group in batches, from a thread.

Logging never waits for CloudWatch: lines are buffered, and while it is unavailable a full buffer drops the
oldest.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from services.background import background
from services.retry import Backoff

if TYPE_CHECKING:
    from types_boto3_logs.client import CloudWatchLogsClient
    from types_boto3_logs.type_defs import InputLogEventTypeDef, PutLogEventsRequestTypeDef

FLUSH_S = 1.0
MOST_WAITING = 20_000
MOST_EVENTS = 1_000
MOST_BYTES = 900_000
"""Per call of PutLogEvents, whose limits are 10,000 events and 1 MiB."""
OVERHEAD_BYTES = 26
"""What CloudWatch adds to each event's size."""
LONGEST_LINE = 200_000
QUIET = ("boto3", "botocore", "urllib3")
"""Loggers left out: sending a line would log more lines."""


class LogLine(NamedTuple):
    """A formatted log line and its time in milliseconds since the epoch."""

    time_ms: int
    text: str


class CloudWatchLogsHandler(logging.Handler):
    """Sends log records to a stream of this process in `group`; creates both if they are missing."""

    def __init__(self, client: CloudWatchLogsClient, group: str) -> None:
        super().__init__()
        self._client, self._group = client, group
        self._stream = f"{socket.gethostname()}/{os.getpid()}"
        self._waiting: deque[LogLine] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._stopping = False

    def emit(self, record: logging.LogRecord) -> None:
        """Buffer a record for the sending thread."""
        if not record.name.startswith(QUIET):
            line = LogLine(int(record.created * 1000), self.format(record)[:LONGEST_LINE])
            with self._changed:
                self._waiting.append(line)

    def stop(self) -> None:
        """Let `run_until_stopped` end after one last attempt to send."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def run_until_stopped(self) -> None:
        """Send lines every second, with growing pauses while that fails."""
        backoff, pause_s, stopping = Backoff(2 * FLUSH_S), FLUSH_S, False
        while not stopping:
            with self._changed:
                stopping = self._changed.wait_for(lambda: self._stopping, pause_s)
            if self.send_buffered():
                backoff.reset()
                pause_s = FLUSH_S
            else:
                pause_s = backoff.next_pause_s()

    def send_buffered(self) -> bool:
        """Send all buffered lines. Return False, and keep the lines, if a call fails."""
        while lines := self._next_batch():
            try:
                self._put(lines)
            except (BotoCoreError, ClientError):
                with self._changed:
                    room = MOST_WAITING - len(self._waiting)
                    self._waiting.extendleft(reversed(lines[-room:] if room else []))
                return False
        return True

    def _next_batch(self) -> list[LogLine]:
        """Take the lines of one call from the buffer, in order of time as PutLogEvents requires."""
        lines: list[LogLine] = []
        size = 0
        with self._changed:
            while self._waiting and len(lines) < MOST_EVENTS:
                size += len(self._waiting[0].text.encode()) + OVERHEAD_BYTES
                if lines and size > MOST_BYTES:
                    break
                lines.append(self._waiting.popleft())
        return sorted(lines, key=attrgetter("time_ms"))

    def _put(self, lines: list[LogLine]) -> None:
        events: list[InputLogEventTypeDef] = [
            {"timestamp": line.time_ms, "message": line.text} for line in lines
        ]
        request: PutLogEventsRequestTypeDef = {
            "logGroupName": self._group,
            "logStreamName": self._stream,
            "logEvents": events,
        }
        try:
            self._client.put_log_events(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            self._create_group_and_stream()
            self._client.put_log_events(**request)

    def _create_group_and_stream(self) -> None:
        for create in (
            partial(self._client.create_log_group, logGroupName=self._group),
            partial(self._client.create_log_stream, logGroupName=self._group, logStreamName=self._stream),
        ):
            try:
                create()
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                    raise


@contextmanager
def logging_to_cloudwatch(client: CloudWatchLogsClient, group: str) -> Iterator[None]:
    """Send everything logged to the group as well; on exit send the buffered lines."""
    root = logging.getLogger()
    handler = CloudWatchLogsHandler(client, group)
    handler.setFormatter(root.handlers[0].formatter)
    with background(handler.run_until_stopped, name="log-group", stop=handler.stop):
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)
