"""What the service answers when it can't do what was asked: AWS's codes, shapes and statuses.

Codes are those of botocore's service models. Their documents give no statuses but 400; those here are the
ones that clients have shown in their logs (419 for rejected records, for example).
"""

from __future__ import annotations

from typing import ClassVar

PREFIX = "com.amazonaws.timestream.v20181101#"
CORAL = "com.amazon.coral.service#"


class AwsError(Exception):
    """An error response; `str()` is the message."""

    status: ClassVar[int] = 400
    prefix: ClassVar[str] = PREFIX

    @property
    def body(self) -> dict[str, object]:
        """The JSON body. Most SDKs read `message`; AWS's own models call it `Message`."""
        return {"__type": self.prefix + type(self).__name__, "message": str(self), "Message": str(self)}


class ValidationException(AwsError):
    """The request isn't valid."""


class QueryExecutionException(AwsError):
    """A valid query failed while it ran."""


class ResourceNotFoundException(AwsError):
    """The database or table doesn't exist."""

    status = 404


class ConflictException(AwsError):
    """The database or table exists already."""

    status = 409


class InternalServerException(AwsError):
    """The endpoint failed unexpectedly."""

    status = 500


class ThrottlingException(AwsError):
    """Too many requests, or a query that took too long."""

    status = 429


class RejectedRecordsException(AwsError):
    """Some records were rejected; the others are stored. `rejected` are in the shape of the API."""

    status = 419

    def __init__(self, rejected: list[dict[str, object]]) -> None:
        super().__init__("One or more records have been rejected. See RejectedRecords for details.")
        self.rejected = rejected

    @property
    def body(self) -> dict[str, object]:
        """The JSON body with the rejected records."""
        return super().body | {"RejectedRecords": self.rejected}


class UnknownOperationException(AwsError):
    """The X-Amz-Target header names no operation."""

    prefix = CORAL


class SerializationException(AwsError):
    """The body isn't JSON of the right types."""

    prefix = CORAL


class RequestEntityTooLargeException(AwsError):
    """The body is too long."""

    status = 413
    prefix = CORAL
