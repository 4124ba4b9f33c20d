"""The error responses: AWS's codes, formats and HTTP statuses.

The codes are those of botocore's service models. The documentation gives 400 as the only status; the others
are taken from published logs of clients (419 for rejected records, for example).
"""

from __future__ import annotations

from typing import ClassVar

PREFIX = "com.amazonaws.timestream.v20181101#"
CORAL = "com.amazon.coral.service#"


class AwsError(Exception):
    """An error response; `str()` of the error is its message."""

    status: ClassVar[int] = 400
    prefix: ClassVar[str] = PREFIX

    @property
    def code(self) -> str:
        """AWS's name of the error."""
        return type(self).__name__

    @property
    def body(self) -> dict[str, object]:
        """The JSON body. Most SDKs read `message`; AWS's own models call it `Message`."""
        return {"__type": self.prefix + self.code, "message": str(self), "Message": str(self)}


class ValidationException(AwsError):
    """The request isn't valid."""


class InvalidText(ValidationException):
    """A literal in a query is no value of the type that is due. In `try(…)` it is NULL."""

    @property
    def code(self) -> str:
        """AWS's name of the error."""
        return ValidationException.__name__


class QueryExecutionException(AwsError):
    """A valid query failed while it ran."""


class AccessDeniedException(AwsError):
    """The client's credentials don't allow the operation."""


class ResourceNotFoundException(AwsError):
    """The database or table doesn't exist."""

    status = 404


class ConflictException(AwsError):
    """The database or table exists already."""

    status = 409


class ServiceQuotaExceededException(AwsError):
    """The account has the most of a resource that it may have."""


class InternalServerException(AwsError):
    """The endpoint failed unexpectedly."""

    status = 500


class ThrottlingException(AwsError):
    """Too many requests, or a query that took too long."""

    status = 429


class RejectedRecordsException(AwsError):
    """Some records were rejected, and the others stored. `rejected` are in the API's format."""

    status = 419

    def __init__(self, rejected: list[dict[str, object]]) -> None:
        super().__init__("One or more records have been rejected. See RejectedRecords for details.")
        self.rejected = rejected

    @property
    def body(self) -> dict[str, object]:
        """The JSON body with the rejected records."""
        return super().body | {"RejectedRecords": self.rejected}


class UnknownOperationException(AwsError):
    """The X-Amz-Target header doesn't name an operation."""

    prefix = CORAL


class UnrecognizedClientException(AwsError):
    """The client's credentials aren't known."""

    prefix = CORAL


class SerializationException(AwsError):
    """The body isn't JSON, or a member has the wrong type."""

    prefix = CORAL


class RequestEntityTooLargeException(AwsError):
    """The body is too long."""

    status = 413
    prefix = CORAL
