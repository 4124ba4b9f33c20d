"""Log lines into a group of CloudWatch Logs, some at a time, from a thread of its own.

Logging never waits for it. While Logs is away lines wait, as many as there is room for; then the oldest go.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.background import background
from services.retry import Backoff

FLUSH_S = 1.0
MOST_WAITING = 20_000
MOST_EVENTS = 1_000
MOST_BYTES = 900_000
"""In one call, which takes 10,000 and a mebibyte."""
OVERHEAD_BYTES = 26
LONGEST_LINE = 200_000
QUIET = ("boto3", "botocore", "urllib3")
"""What sending a line would log itself."""

LogLine = tuple[int, str]
"""Milliseconds since the epoch, and the text."""


class CloudWatchLogsHandler(logging.Handler):
    """Sends what is logged to a stream of its own in `group`, which is made where it is missing."""

    def __init__(self, client: Any, group: str) -> None:
        super().__init__()
        self._client, self._group = client, group
        self._stream = f"{socket.gethostname()}/{os.getpid()}"
        self._waiting: deque[LogLine] = deque(maxlen=MOST_WAITING)
        self._changed = threading.Condition()
        self._ended = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a line."""
        if not record.name.startswith(QUIET):
            line = int(record.created * 1000), self.format(record)[:LONGEST_LINE]
            with self._changed:
                self._waiting.append(line)

    def end(self) -> None:
        """Send what waits, once, and end."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def run_until_ended(self) -> None:
        """Send lines every second, with growing pauses while that fails."""
        backoff, pause_s, ended = Backoff(2 * FLUSH_S), FLUSH_S, False
        while not ended:
            with self._changed:
                ended = self._changed.wait_for(lambda: self._ended, pause_s)
            if self._flushed():
                backoff.reset()
                pause_s = FLUSH_S
            else:
                pause_s = backoff.next_pause_s()

    def _flushed(self) -> bool:
        """Send what waits; whether all of it was taken."""
        while lines := self._taken():
            try:
                self._put(lines)
            except (BotoCoreError, ClientError):
                with self._changed:
                    room = MOST_WAITING - len(self._waiting)
                    self._waiting.extendleft(reversed(lines[-room:] if room else []))
                return False
        return True

    def _taken(self) -> list[LogLine]:
        """The lines of one call, in order of time."""
        lines: list[LogLine] = []
        size = 0
        with self._changed:
            while self._waiting and len(lines) < MOST_EVENTS:
                size += len(self._waiting[0][1].encode()) + OVERHEAD_BYTES
                if lines and size > MOST_BYTES:
                    break
                lines.append(self._waiting.popleft())
        return sorted(lines, key=lambda line: line[0])

    def _put(self, lines: list[LogLine]) -> None:
        events = [{"timestamp": ms, "message": text} for ms, text in lines]
        place = {"logGroupName": self._group, "logStreamName": self._stream}
        try:
            self._client.put_log_events(**place, logEvents=events)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            self._make(place)
            self._client.put_log_events(**place, logEvents=events)

    def _make(self, place: dict[str, str]) -> None:
        for make, names in (
            (self._client.create_log_group, {"logGroupName": self._group}),
            (self._client.create_log_stream, place),
        ):
            try:
                make(**names)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                    raise


@contextmanager
def logging_to_cloudwatch(client: Any, group: str) -> Iterator[None]:
    """Send everything logged to the group as well; on exit send what still waits."""
    root = logging.getLogger()
    handler = CloudWatchLogsHandler(client, group)
    handler.setFormatter(root.handlers[0].formatter)
    with background(handler.run_until_ended, name="log-group", stop=handler.end):
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)
