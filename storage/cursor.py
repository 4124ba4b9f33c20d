"""The opaque cursor of a paged range: after which record to go on, bound to the range it belongs to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from storage.instants import to_us
from storage.schema import Stream


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """What a page is of: the records of an entity in [start, end)."""

    stream: Stream
    key: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """The place of a record in its stream's order: µs since the epoch, and the key columns' values."""

    time_us: int
    key: tuple[str, ...]


def encode(query: RangeQuery, after: Position) -> str:
    """A cursor, URL-safe, with which `query` goes on after a record."""
    body = json.dumps([after.time_us, *after.key], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(f"{_seal(query, body)}{body}".encode()).decode().rstrip("=")


def decode(query: RangeQuery, cursor: str) -> Position:
    """The place that a cursor of the same `query` holds. ValueError for any other text."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(f"{cursor!r} is no cursor") from error
    seal, body = text[:SEAL_LENGTH], text[SEAL_LENGTH:]
    if seal != _seal(query, body):
        raise ValueError(f"{cursor!r} is no cursor of this range")
    time_us, *key = json.loads(body)
    return Position(time_us, tuple(key))


SEAL_LENGTH = 16


def _seal(query: RangeQuery, body: str) -> str:
    parts = (query.stream, query.key, to_us(query.start), to_us(query.end), body)
    text = json.dumps(parts, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:SEAL_LENGTH]
