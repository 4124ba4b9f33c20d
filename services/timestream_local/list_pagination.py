"""Lists of databases and tables, page by page: a token is the last name of the page before."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import optional, within
from services.timestream_local.state import Body

MOST_LISTED = 20
"""Databases or tables in one answer."""


def page(
    body: Body, named: Sequence[tuple[tuple[str, ...], Any]]
) -> tuple[list[Any], tuple[str, ...] | None]:
    """What comes after the token, at most as many as asked for; the last name if there are more."""
    most = within(optional(body, "MaxResults", int), "MaxResults", 1, MOST_LISTED) or MOST_LISTED
    token = optional(body, "NextToken", str)
    after = _token_names(token) if token else ()
    rest = [entry for entry in named if entry[0] > after]
    return [found for _, found in rest[:most]], rest[most - 1][0] if len(rest) > most else None


def _token_names(token: str) -> tuple[str, ...]:
    try:
        return tuple(base64.b64decode(token.encode(), b"-_", validate=True).decode().split("\n"))
    except (binascii.Error, ValueError):
        raise ValidationException("Invalid pagination token.") from None


def with_token(answer: Body, last: tuple[str, ...] | None) -> Body:
    """The answer with the token of the next page, if there is one."""
    if last is None:
        return answer
    return answer | {"NextToken": base64.urlsafe_b64encode("\n".join(last).encode()).decode()}
