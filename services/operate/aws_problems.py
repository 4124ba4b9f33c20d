"""Calls of AWS on an operator's behalf, and what their refusals mean for whoever made them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from storage.timestream_errors import code_of, summary_of

DENIED = frozenset(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"))
UNKNOWN_CALLER = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")
)
NO_CREDENTIALS = "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"

T = TypeVar("T")


class AwsProblem(Exception):
    """AWS refused, or couldn't be reached; the message is for people. `code` is the service's own name."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def call_aws(call: Callable[[], T], what: str) -> T:
    """What `call` gives. `what` says in the message what was asked for. Raises `AwsProblem`."""
    try:
        return call()
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound, TokenRetrievalError) as error:
        raise AwsProblem(f"{what}: {NO_CREDENTIALS} ({summary_of(error)})") from error
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise AwsProblem(f"{what}: {explanation(error)}", code_of(error)) from error


def explanation(error: Exception) -> str:
    """A refusal in a line, with the mend where there is one."""
    code, said = code_of(error), summary_of(error)
    if code in DENIED:
        return f"these credentials may not ask that ({said})"
    if code in UNKNOWN_CALLER:
        return f"AWS doesn't take these credentials: sign in again ({said})"
    return said
