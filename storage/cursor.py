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
    """A query for the records of one entity in [start, end), read page by page.

    With `by` the records are those whose value in this column is `key`.
    """

    stream: Stream
    key: str
    start: datetime
    end: datetime
    by: str | None = None

    @property
    def column(self) -> str:
        """The column that `key` is compared with. Raises ValueError unless it has ids."""
        schema = SCHEMAS[self.stream]
        if self.by is None:
            return schema.entity
        check_ids(self.stream, self.by)
        return self.by

    @property
    def others(self) -> tuple[str, ...]:
        """The key columns by which records of one time are ordered: all but that of `key`."""
        return tuple(name for name in SCHEMAS[self.stream].key if name != self.column)

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
        columns = () if self.by is None else (self.by,)
        return self.stream, self.key, str(to_us(self.start)), str(to_us(self.end)), *columns


def check_ids(stream: Stream, *names: str) -> None:
    """Raise ValueError unless the stream has these columns, and they have ids."""
    known = {column.name for column in SCHEMAS[stream].columns if column.kind == "id"}
    for name in names:
        if name not in known:
            raise ValueError(f"{stream} has no ids in a column {name!r}")


def check_limit(limit: int) -> None:
    """Raise ValueError unless a page can have at least one record."""
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
