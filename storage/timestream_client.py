"""Calls of Timestream that outlive throttling and outages, and what its errors mean.

A call that failed for a passing reason is tried again after a pause: random between nothing and a limit
that doubles each time ("full jitter", https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/),
so that many writers don't come back all at once.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from storage.errors import StoreError, StoreUnavailable
from storage.timestream_rows import Row

log = logging.getLogger("bus_simulator.timestream")

PASSING = frozenset(
    (
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    )
)
"""Errors that go by themselves."""
PASSING_STATUS = frozenset((408, 429, *range(500, 600)))
NO_COLUMN = re.compile(r"Column '.+' does not exist")
GRAINS = 1_000_000

T = TypeVar("T")


class Missing(StoreError):
    """A database or table isn't there."""


class Refused(StoreError):
    """The caller may not do this."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that wasn't taken: which of the call's, why, and the version that is there if that is why."""

    index: int
    reason: str
    existing_version: int | None


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, the limits of the pauses between, and how long an answer may take."""

    attempts: int = 8
    first_s: float = 0.1
    longest_s: float = 5.0
    answer_s: float = 30.0

    def limit_s(self, failures: int) -> float:
        """The longest pause after so many failures in a row."""
        return min(self.first_s * 2.0 ** min(failures - 1, 60), self.longest_s)


class Calls:
    """Calls of one service at one place. Safe to share between threads; `close` ends every pause.

    What it raises is `StoreUnavailable` where trying again later may help, else `StoreError`.
    """

    def __init__(self, client: Any, patience: Patience) -> None:
        self.client, self._patience = client, patience
        self.place: str = client.meta.endpoint_url
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._failing = False
        self._retrying = 0

    def close(self) -> None:
        """Let nothing be tried any more."""
        self._closed.set()
        self.client.close()

    def check_open(self) -> None:
        """Raise `StoreUnavailable` once this is closed."""
        if self._closed.is_set():
            raise StoreUnavailable(f"the store at {self.place} is closed")

    def tried(self, call: Callable[[], T]) -> T:
        """What `call` gives, as often tried as patience has it."""
        failures = 0
        try:
            while True:
                self.check_open()
                try:
                    result = call()
                except (BotoCoreError, ClientError, ResponseParserError) as error:
                    if not passes(error):
                        raise self._meaning(error) from error
                    failures += 1
                    self._note_failure(error, first=failures == 1)
                    if failures >= self._patience.attempts:
                        raise StoreUnavailable(f"{self.place}: {brief(error)}") from error
                    self._closed.wait(secrets.randbelow(GRAINS) / GRAINS * self._patience.limit_s(failures))
                else:
                    self._note_success(again=failures > 0)
                    failures = 0
                    return result
        finally:
            if failures:
                self._note_end()

    def rows(self, sql: str, names: Sequence[str] | None = None) -> list[Row]:
        """All rows of a query, page after page: the columns `names` (one the table hasn't is NULL), or all.

        Nothing where nothing was ever written to the table: then it lacks the columns that SQL names. A
        query that fails midway is asked anew from its start.
        """
        try:
            return self.tried(lambda: list(self._pages(sql, names)))
        except StoreError as error:
            if NO_COLUMN.search(str(error)):
                return []
            raise

    def write(self, **request: Any) -> Sequence[Rejection]:
        """`WriteRecords`; the records that weren't taken, the others are there."""
        try:
            self.tried(lambda: self.client.write_records(**request))
        except StoreError as error:
            cause = error.__cause__
            if isinstance(cause, ClientError) and code_of(cause) == "RejectedRecordsException":
                return rejections(cause)
            raise
        return ()

    def _pages(self, sql: str, names: Sequence[str] | None) -> Iterator[Row]:
        token: dict[str, str] = {}
        while True:
            answer = self.client.query(QueryString=sql, **token)
            found = [column["Name"] for column in answer["ColumnInfo"]]
            wanted = found if names is None else names
            places = [found.index(name) if name in found else None for name in wanted]
            for row in answer["Rows"]:
                cells = row["Data"]
                yield [None if place is None else cells[place].get("ScalarValue") for place in places]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def _meaning(self, error: Exception) -> StoreError:
        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            return StoreError(
                f"no AWS credentials for {self.place}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
                "(to a local endpoint any will do)"
            )
        message = f"{self.place}: {brief(error)}"
        match code_of(error):
            case "ResourceNotFoundException":
                return Missing(message)
            case "AccessDeniedException":
                return Refused(message)
        return StoreError(message)

    def _note_failure(self, error: Exception, *, first: bool) -> None:
        with self._lock:
            self._retrying += first
            begins, self._failing = not self._failing, True
        if begins:
            log.warning("%s fails and is tried again: %s", self.place, brief(error))

    def _note_success(self, *, again: bool) -> None:
        if not self._failing:
            return
        with self._lock:
            self._retrying -= again
            ends = self._failing and not self._retrying
            self._failing = self._failing and not ends
        if ends:
            log.info("%s answers again", self.place)

    def _note_end(self) -> None:
        """A call has failed for good; the failure isn't over before another succeeds."""
        with self._lock:
            self._retrying -= 1


def passes(error: Exception) -> bool:
    """Whether an error may be gone when the same call is made again."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return code_of(error) in PASSING or status in PASSING_STATUS
    return isinstance(error, HTTPClientError | ConnectionError | ResponseParserError)


def code_of(error: Exception) -> str:
    """The service's name for an error, empty for one that isn't the service's."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def brief(error: Exception) -> str:
    """An error in a line: the service's own code and words, or what happened to the connection."""
    if isinstance(error, ClientError):
        return f"{code_of(error)}: {error.response.get('Error', {}).get('Message', '')}"
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def rejections(error: ClientError) -> Sequence[Rejection]:
    """The records that a `RejectedRecordsException` tells of."""
    response: Mapping[str, Any] = error.response
    return [
        Rejection(each["RecordIndex"], each.get("Reason", ""), each.get("ExistingVersion"))
        for each in response.get("RejectedRecords", ())
    ]
