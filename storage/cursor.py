"""Cursors of paged answers: opaque, URL-safe text that says after what to go on.

A cursor starts with a digest (its seal) of itself and of the request it was given for, so that no other
request takes it by mistake. This is no protection against forgery: there is no secret in it.
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
    """A cursor that holds `after`, good only for the same `request`: all that is asked but the limit."""
    return base64.urlsafe_b64encode(f"{_digest(after, request)}{after}".encode()).decode().rstrip("=")


def unseal(cursor: str, *request: str) -> str:
    """The `after` that `seal` was given. ValueError for any text but a cursor of the same `request`."""
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
    """A record's position in its stream's order: µs since the epoch, and the values of the key columns."""

    time_us: int
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """The records of one entity in [start, end), which are read page by page."""

    stream: Stream
    key: str
    start: datetime
    end: datetime

    def cursor(self, after: Position) -> str:
        """The cursor of the page that follows the record at `after`."""
        body = json.dumps([after.time_us, *after.key], ensure_ascii=False, separators=(",", ":"))
        return seal(body, *self._request)

    def position(self, cursor: str) -> Position:
        """The position that a cursor of this range holds. ValueError for any other text."""
        time_us, *key = json.loads(unseal(cursor, *self._request))
        return Position(time_us, tuple(key))

    def page(self, found: Sequence[Record], limit: int) -> Page:
        """The page of at most `limit` records. `found` has one more where another page follows."""
        if len(found) <= limit:
            return Page(found, None)
        last = found[limit - 1]
        key = tuple(getattr(last, name) for name in SCHEMAS[self.stream].key)
        return Page(found[:limit], self.cursor(Position(to_us(last.time), key)))

    @property
    def _request(self) -> tuple[str, ...]:
        return self.stream, self.key, str(to_us(self.start)), str(to_us(self.end))


def check_limit(limit: int) -> None:
    """Raise ValueError for a page of no records."""
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
