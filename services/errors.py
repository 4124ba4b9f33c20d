"""What an API answers when it can't answer: statuses, names and texts, the same behind every transport.

Their precedence is the classes' order: 401, 404 for a path, 405, 400, 429, 404 for an id, 409, 503.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

LONGEST_SHOWN = 100


class InputError(Exception):
    """A file or option can't be used; the message says where and why."""


class ServiceError(Exception):
    """A request that gets an error body. `str()` is the message for people."""

    status: ClassVar[int] = 500
    error: ClassVar[str] = "InternalServerError"
    retry_after_s: int | None = None

    @property
    def body(self) -> dict[str, str]:
        """The JSON body."""
        return {"error": self.error, "message": str(self)}


class Unauthorized(ServiceError):
    """A key or group is missing, or the key is wrong."""

    status = 401
    error = "Unauthorized"


class NotFound(ServiceError):
    """Nothing is there."""

    status = 404
    error = "NotFound"


class UnknownPath(NotFound):
    """No route has this path."""

    def __init__(self) -> None:
        super().__init__("Not found")


class MethodNotAllowed(ServiceError):
    """The path exists, but not for this method.

    `allowed` are those that it is there for.
    """

    status = 405
    error = "MethodNotAllowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("Method not allowed")
        self.allowed = tuple(sorted(allowed))


class BadRequest(ServiceError):
    """A parameter is missing or can't be understood."""

    status = 400
    error = "BadRequest"


class TooManyRequests(ServiceError):
    """Somebody asks too often, or has too many connections."""

    status = 429
    error = "TooManyRequests"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnknownEntity(NotFound):
    """The network has no such stop, bus or line."""


class NoData(NotFound):
    """The entity exists, but nothing about it is within reach."""


class Conflict(ServiceError):
    """What is asked for can't be done as things are now."""

    status = 409
    error = "Conflict"


class Unavailable(ServiceError):
    """The store can't be reached now."""

    status = 503
    error = "Unavailable"
    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("The store can't be reached. Please try again later.")


class Unexpected(ServiceError):
    """A fault of ours. The cause goes into the log and never into the answer."""

    def __init__(self) -> None:
        super().__init__("An unexpected error occurred. Please try again later.")


def clipped(value: str) -> str:
    """A value of a request as messages repeat it: what is very long is cut."""
    return value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…"
