"""Cursors for pagination: opaque, URL-safe texts that contain the position of the last record of a page.

A cursor starts with a digest, its seal, of its content and of the request, so that it isn't accepted by
mistake for another request. The digest has no secret: it doesn't protect against forgery.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.instants import to_us
from storage.schema import SCHEMAS, Record, Stream
from storage.store import Page

SEAL_LENGTH = 16


def seal(after: str, *request: str) -> str:
    """Return a cursor that contains `after`. `request` are the request's parameters except the limit."""
    return base64.urlsafe_b64encode(f"{_digest(after, request)}{after}".encode()).decode().rstrip("=")


def unseal(cursor: str, *request: str) -> str:
    """Return the `after` of a cursor. Raise ValueError for a text that isn't a cursor of this `request`."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(f"{cursor!r} is not a cursor") from error
    after = text[SEAL_LENGTH:]
    if text[:SEAL_LENGTH] != _digest(after, request):
        raise ValueError(f"{cursor!r} is not a cursor of this request")
    return after


def _digest(after: str, request: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join((*request, after)).encode()).hexdigest()[:SEAL_LENGTH]


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a record in its stream: µs since the epoch, and the values of the key columns."""

    time_us: int
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """A query for the records of one entity in [start, end), read page by page."""

    stream: Stream
    key: str
    start: datetime
    end: datetime

    def cursor(self, after: Position) -> str:
        """The cursor of the page that starts after the record at `after`."""
        body = json.dumps([after.time_us, *after.key], ensure_ascii=False, separators=(",", ":"))
        return seal(body, *self._request)

    def position(self, cursor: str) -> Position:
        """The position in a cursor. Raises ValueError for a text that isn't a cursor of this range."""
        time_us, *key = json.loads(unseal(cursor, *self._request))
        return Position(time_us, tuple(key))

    def page(self, found: Sequence[Record], limit: int) -> Page:
        """Make a page of at most `limit` records. `found` has one record more if another page follows."""
        if len(found) <= limit:
            return Page(found, None)
        last = found[limit - 1]
        key = tuple(getattr(last, name) for name in SCHEMAS[self.stream].key)
        return Page(found[:limit], self.cursor(Position(to_us(last.time), key)))

    @property
    def _request(self) -> tuple[str, ...]:
        return self.stream, self.key, str(to_us(self.start)), str(to_us(self.end))


def check_limit(limit: int) -> None:
    """Raise ValueError unless a page can have at least one record."""
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
