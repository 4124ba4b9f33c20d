"""AWS calls made for an operator, whose errors become messages with advice."""

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
    """AWS refused a call or couldn't be reached. The message is for people; `code` is AWS's error code."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


def call_aws(call: Callable[[], T], what: str) -> T:
    """Return what `call` returns. Raises `AwsProblem`, whose message begins with `what`."""
    try:
        return call()
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound, TokenRetrievalError) as error:
        raise AwsProblem(f"{what}: {NO_CREDENTIALS} ({summary_of(error)})") from error
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise AwsProblem(f"{what}: {explanation(error)}", code_of(error)) from error


def explanation(error: Exception) -> str:
    """An error in one line, with advice where there is any."""
    code, said = code_of(error), summary_of(error)
    if code in DENIED:
        return f"these credentials lack the permission ({said})"
    if code in UNKNOWN_CALLER:
        return f"AWS doesn't accept these credentials: sign in again ({said})"
    return said
