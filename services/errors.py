"""The API's errors: status codes, names and texts, the same for every transport.

The first check that fails decides, in the order of the classes: 401, 404 for a path, 405, 403, 400, 429, 404
for an id, 409, 416, 503.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

LONGEST_SHOWN = 100


class InputError(Exception):
    """A file or option can't be used; the message says where and why."""


class ServiceError(Exception):
    """An error with a JSON body; `str()` is its message. A `hint` says what would work instead."""

    status: ClassVar[int] = 500
    error: ClassVar[str] = "InternalServerError"
    retry_after_s: int | None = None
    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def body(self) -> dict[str, object]:
        """The JSON body: the error's name, its message, and its hint if it has one."""
        hint = {"hint": self.hint} if self.hint else {}
        return {"error": self.error, "message": str(self), **hint}


class Unauthorized(ServiceError):
    """The key or the group name is missing, or the key is wrong."""

    status = 401
    error = "Unauthorized"


class Forbidden(ServiceError):
    """The key is valid, but may not do this."""

    status = 403
    error = "Forbidden"


class NotFound(ServiceError):
    """The path or the entity doesn't exist."""

    status = 404
    error = "NotFound"


class UnknownPath(NotFound):
    """The path matches no route."""

    def __init__(self, *, hint: str = "") -> None:
        super().__init__("Not found", hint=hint)


class MethodNotAllowed(ServiceError):
    """The path exists, but not for this method.

    `allowed` are the methods that it exists for.
    """

    status = 405
    error = "MethodNotAllowed"

    def __init__(self, allowed: Iterable[str], *, hint: str = "") -> None:
        super().__init__("Method not allowed", hint=hint)
        self.allowed = tuple(sorted(allowed))


class BadRequest(ServiceError):
    """A parameter is missing or invalid."""

    status = 400
    error = "BadRequest"


class RangeNotSatisfiable(ServiceError):
    """The part of a file that `Range` asks for is after its end."""

    status = 416
    error = "RangeNotSatisfiable"


class TooManyRequests(ServiceError):
    """The key has reached a limit of requests or connections."""

    status = 429
    error = "TooManyRequests"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DailyLimitExceeded(TooManyRequests):
    """The key has used up the requests of a day."""


class UnknownEntity(NotFound):
    """The network has no stop, bus or line with this id."""


class NoData(NotFound):
    """The entity exists, but the store has no record of it in the requested time."""


class Conflict(ServiceError):
    """The request conflicts with the present state, for example with data of another run."""

    status = 409
    error = "Conflict"


class Unavailable(ServiceError):
    """The store can't be reached at present."""

    status = 503
    error = "Unavailable"
    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("The store can't be reached. Please try again later.")


class Unexpected(ServiceError):
    """A failure of the program itself. Its cause is logged, but not sent to the client."""

    def __init__(self) -> None:
        super().__init__("An unexpected error occurred. Please try again later.")


def clipped(value: str) -> str:
    """Shorten a value of a request for a message, with … for what is cut off."""
    return value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…"
