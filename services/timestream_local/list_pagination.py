"""Pagination of ListDatabases and ListTables. A token contains the last name of the previous page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import optional, within
from services.timestream_local.state import Body, Response

MOST_LISTED = 20
"""The most databases or tables on a page."""

Entry = TypeVar("Entry")


def page(
    body: Body, named: Sequence[tuple[tuple[str, ...], Entry]], most_listed: int = MOST_LISTED
) -> tuple[list[Entry], tuple[str, ...] | None]:
    """Return the page that a request asks for, and its last name if another page follows.

    `named` are all entries with their names, sorted by name.
    """
    most = within(optional(body, "MaxResults", int), "MaxResults", 1, most_listed) or most_listed
    token = optional(body, "NextToken", str)
    after = _token_names(token) if token else ()
    rest = [entry for entry in named if entry[0] > after]
    return [found for _, found in rest[:most]], rest[most - 1][0] if len(rest) > most else None


def _token_names(token: str) -> tuple[str, ...]:
    try:
        return tuple(base64.b64decode(token.encode(), b"-_", validate=True).decode().split("\n"))
    except (binascii.Error, ValueError):
        raise ValidationException("Invalid pagination token.") from None


def with_token(response: Response, last: tuple[str, ...] | None) -> Response:
    """A response body with the token of the next page; unchanged if `last` is None."""
    if last is None:
        return response
    return {**response, "NextToken": base64.urlsafe_b64encode("\n".join(last).encode()).decode()}
