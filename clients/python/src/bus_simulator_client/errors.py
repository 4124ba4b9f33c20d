"""Errors that the client raises; each message says what to do."""

from __future__ import annotations

from collections.abc import Mapping

UNEXPECTED = "The server answered with status {status} and no message; is {url} a bus simulator?"


class BusSimulatorError(Exception):
    """Any error of the simulator or on the way to it. `status` is the HTTP status, None without an answer."""

    status: int | None = None


class Unreachable(BusSimulatorError):
    """Nothing answers at the URL."""


class UnexpectedAnswer(BusSimulatorError):
    """The answer isn't what this client knows: it may be older or newer than the server."""


class ErrorAnswer(BusSimulatorError):
    """The server refused a request; `retry_after_s` are the seconds to wait, None if waiting doesn't help."""

    def __init__(self, message: str, status: int, retry_after_s: float | None = None) -> None:
        """Keep the answer's parts."""
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


class BadRequest(ErrorAnswer):
    """400: a parameter is wrong; the message names it."""


class Unauthorized(ErrorAnswer):
    """401 or 403: the key or the group is missing or wrong."""


class NotFound(ErrorAnswer):
    """404: no such stop, bus or line, or no data of it."""


class TooManyRequests(ErrorAnswer):
    """429: more requests than the key allows, after the client's own retries."""


class Unavailable(ErrorAnswer):
    """503: the simulator can't reach its store."""


BY_STATUS: Mapping[int, type[ErrorAnswer]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    429: TooManyRequests,
    503: Unavailable,
}


def error_answer(status: int, body: object, url: str, retry_after_s: float | None = None) -> ErrorAnswer:
    """Return the error for a status and its JSON body."""
    fields = body if isinstance(body, dict) else {}
    message = " ".join(str(fields[name]) for name in ("message", "hint") if fields.get(name))
    kind = BY_STATUS.get(status, ErrorAnswer)
    return kind(message or UNEXPECTED.format(status=status, url=url), status, retry_after_s)


def unreachable(url: str, cause: Exception) -> Unreachable:
    """Return the error for a URL that doesn't answer."""
    return Unreachable(
        f"Nothing answers at {url} ({cause or type(cause).__name__}). Is the simulator running?"
    )
