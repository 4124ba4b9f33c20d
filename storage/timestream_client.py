"""Clients of Timestream that retry calls which failed for a transient reason.

The pause before another attempt is random between nothing and a limit that doubles each time ("full
jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that writers which
failed at the same time don't all retry at the same time.
"""

from __future__ import annotations

import logging
import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from storage.errors import StoreError, StoreUnavailable, without_password
from storage.timestream_errors import (
    RejectedRecord,
    code_of,
    is_transient,
    rejections,
    store_error,
    summary_of,
)
from storage.timestream_rows import Row

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from types_boto3_timestream_query.client import TimestreamQueryClient
    from types_boto3_timestream_query.type_defs import QueryResponseTypeDef
    from types_boto3_timestream_write.client import TimestreamWriteClient
    from types_boto3_timestream_write.type_defs import RecordTypeDef

log = logging.getLogger("bus_simulator.timestream")

NO_COLUMN = re.compile(r"Column '.+' does not exist")
JITTER_STEPS = 1_000_000
"""The number of different lengths of a random pause."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The number of attempts, the limits of the pauses between them, and the longest wait for an answer."""

    attempts: int = 8
    first_s: float = 0.1
    longest_s: float = 5.0
    answer_s: float = 30.0

    def limit_s(self, failures: int) -> float:
        """The longest pause after `failures` failures in a row."""
        return min(self.first_s * 2.0 ** min(failures - 1, 60), self.longest_s)


class Deadline:
    """The end of the time in which clients may begin calls; at first there is none. Threads may share it."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s, self._until_s = now_s, math.inf

    def set_in(self, seconds: float) -> None:
        """Let the time end in so many seconds."""
        self._until_s = self._now_s() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time has ended."""
        return self._now_s() >= self._until_s


class RetryingClient:
    """A boto3 client whose calls are retried. Threads may share it; `close` ends all pauses.

    Calls raise `StoreUnavailable` if trying again later may help, and otherwise `StoreError`.
    """

    def __init__(self, client: BaseClient, policy: RetryPolicy, deadline: Deadline | None = None) -> None:
        self._client, self._policy = client, policy
        self._deadline = deadline or Deadline()
        self.endpoint_url: str = without_password(client.meta.endpoint_url)
        self._closed = threading.Event()
        self._outage = _Outage(self.endpoint_url)

    def close(self) -> None:
        """Close the client. Calls that wait for another attempt end with `StoreUnavailable`."""
        self._closed.set()
        self._client.close()

    def check_open(self) -> None:
        """Raise `StoreUnavailable` if the client is closed, or if its deadline has passed."""
        if self._closed.is_set():
            raise StoreUnavailable(f"the store at {self.endpoint_url} is closed")
        if self._deadline.passed:
            raise StoreUnavailable(f"{self.endpoint_url}: there is no time left for another call")

    def retried(self, call: Callable[[], Result]) -> Result:
        """Return the result of `call`, which is retried as often as the policy allows."""
        failures = 0
        try:
            while True:
                self.check_open()
                try:
                    result = call()
                except (BotoCoreError, ClientError, ResponseParserError) as error:
                    if not is_transient(error):
                        raise store_error(self.endpoint_url, error) from error
                    failures += 1
                    self._outage.note_failure(error, first=failures == 1)
                    if failures >= self._policy.attempts:
                        raise StoreUnavailable(f"{self.endpoint_url}: {summary_of(error)}") from error
                    self._closed.wait(self._pause_s(failures))
                else:
                    self._outage.note_success(retried=failures > 0)
                    failures = 0
                    return result
        finally:
            if failures:
                self._outage.note_end()

    def _pause_s(self, failures: int) -> float:
        return secrets.randbelow(JITTER_STEPS) / JITTER_STEPS * self._policy.limit_s(failures)


class QueryClient(RetryingClient):
    """A client of Timestream's query service."""

    def __init__(
        self, client: TimestreamQueryClient, policy: RetryPolicy, deadline: Deadline | None = None
    ) -> None:
        super().__init__(client, policy, deadline)
        self.client = client

    def rows(self, sql: str, names: Sequence[str] | None = None) -> list[Row]:
        """Return the rows of all pages of a query, with the columns `names` or all columns of the result.

        Columns of `names` that the result lacks are NULL. If the SQL names a column that the table lacks,
        there are no rows: a column exists only after a record with it was written. If a later page fails, the
        query is repeated from its start.
        """
        try:
            return self.retried(lambda: list(self._rows(sql, names)))
        except StoreError as error:
            if NO_COLUMN.search(str(error)):
                return []
            raise

    def _rows(self, sql: str, names: Sequence[str] | None) -> Iterator[Row]:
        for answer in self._pages(sql):
            found = [column.get("Name", "") for column in answer["ColumnInfo"]]
            wanted = found if names is None else names
            places = [found.index(name) if name in found else None for name in wanted]
            for row in answer["Rows"]:
                cells = row["Data"]
                yield [None if place is None else cells[place].get("ScalarValue") for place in places]

    def _pages(self, sql: str) -> Iterator[QueryResponseTypeDef]:
        answer = self.client.query(QueryString=sql)
        yield answer
        while token := answer.get("NextToken"):
            self.check_open()
            answer = self.client.query(QueryString=sql, NextToken=token)
            yield answer


class WriteClient(RetryingClient):
    """A client of Timestream's write service."""

    def __init__(self, client: TimestreamWriteClient, policy: RetryPolicy) -> None:
        super().__init__(client, policy)
        self.client = client

    def write(
        self, database: str, table: str, common: RecordTypeDef, records: Sequence[RecordTypeDef]
    ) -> Sequence[RejectedRecord]:
        """Write records with the attributes `common`. Return the rejected ones; the others are stored."""
        try:
            self.retried(
                lambda: self.client.write_records(
                    DatabaseName=database, TableName=table, CommonAttributes=common, Records=records
                )
            )
        except StoreError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and code_of(cause) == "RejectedRecordsException":
                return rejections(cause)
            raise
        return ()


class _Outage:
    """Logs an outage of an endpoint in two lines, at its start and end, however many calls are retried."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._failing = False
        self._retrying = 0
        """Calls that have failed and are being retried."""

    def note_failure(self, error: Exception, *, first: bool) -> None:
        """Note a failed attempt; `first` says whether it was the first of its call."""
        with self._lock:
            self._retrying += first
            begins, self._failing = not self._failing, True
        if begins:
            log.warning("endpoint %s fails, retrying: %s", self._endpoint_url, summary_of(error))

    def note_success(self, *, retried: bool) -> None:
        """Note a call that succeeded, at its first attempt or after retries."""
        # Without the lock: nearly every call gets here while nothing fails.
        if not self._failing:
            return
        with self._lock:
            self._retrying -= retried
            # Calls that still retry may fail for good; the last one of them decides.
            ends = self._failing and not self._retrying
            self._failing = self._failing and not ends
        if ends:
            log.info("endpoint %s works again", self._endpoint_url)

    def note_end(self) -> None:
        """Note a call that failed finally. The outage lasts until another call succeeds."""
        with self._lock:
            self._retrying -= 1
