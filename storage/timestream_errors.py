"""The errors of boto3 and Timestream: which are transient, and which `StoreError` the others become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Required, TypedDict, cast

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from storage.errors import StoreError

TRANSIENT_CODES = frozenset(
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
TRANSIENT_STATUS = frozenset((408, 429, *range(500, 600)))


class TableMissing(StoreError):
    """The database or table doesn't exist."""


class AccessDenied(StoreError):
    """The credentials don't allow the call."""


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that `WriteRecords` rejected.

    `index` is its index in the request. `existing_version` is the version of the stored record with the same
    time and dimensions if that is the reason, else None.
    """

    index: int
    reason: str
    existing_version: int | None


class _RejectedRecord(TypedDict, total=False):
    RecordIndex: Required[int]
    Reason: str
    ExistingVersion: int


class _RejectedRecords(TypedDict, total=False):
    RejectedRecords: list[_RejectedRecord]


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed if it is repeated."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return code_of(error) in TRANSIENT_CODES or status in TRANSIENT_STATUS
    return isinstance(error, HTTPClientError | ConnectionError | ResponseParserError)


def code_of(error: Exception) -> str:
    """The error code from the service; empty for other errors."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def summary_of(error: Exception) -> str:
    """An error in one line: the service's code and message, or the type of the error and its first line."""
    if isinstance(error, ClientError):
        return f"{code_of(error)}: {error.response.get('Error', {}).get('Message', '')}"
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def store_error(endpoint_url: str, error: Exception) -> StoreError:
    """Return the `StoreError` for an error of boto3 that isn't transient."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return StoreError(
            f"no AWS credentials for {endpoint_url}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
            "(to a local endpoint any will do)"
        )
    message = f"{endpoint_url}: {summary_of(error)}"
    match code_of(error):
        case "ResourceNotFoundException":
            return TableMissing(message)
        case "AccessDeniedException":
            return AccessDenied(message)
    return StoreError(message)


def rejections(error: ClientError) -> Sequence[RejectedRecord]:
    """The rejected records in a `RejectedRecordsException`."""
    # botocore's type of a response lacks the fields that only some errors of a service have.
    response = cast("_RejectedRecords", error.response)
    return [
        RejectedRecord(each["RecordIndex"], each.get("Reason", ""), each.get("ExistingVersion"))
        for each in response.get("RejectedRecords", ())
    ]
