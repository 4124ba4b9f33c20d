"""Request parameters as text, checked: one place for every transport. All raise `BadRequest`."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from services.errors import BadRequest, clipped
from services.queries.stream_queries import Of, Stretch
from services.times import ACCEPTED, parse_instant

LATEST = "latest"
ENTITY_TYPES = ("bus", "stop")
DEFAULT_LIMIT, GREATEST_LIMIT = 1_000, 10_000
SEAL_LENGTH = 16

Format: TypeAlias = Literal["json", "csv"]


def moment(mode: str | None, timestamp: str | None) -> datetime | None:
    """The instant asked for, None for the latest; `mode=latest` beats `timestamp`."""
    if mode == LATEST:
        return None
    if not timestamp:
        raise BadRequest("Must specify 'mode=latest' or 'timestamp' parameter")
    return instant("timestamp", timestamp)


def instant(name: str, text: str) -> datetime:
    """The instant of the parameter `name`."""
    try:
        return parse_instant(text)
    except ValueError:
        raise BadRequest(f"Invalid {name} format: '{clipped(text)}'. Accepted: {ACCEPTED}") from None


def latest_only(mode: str | None) -> None:
    """Nothing, when the mode is `latest`."""
    if mode != LATEST:
        raise BadRequest("Line queries only support 'mode=latest' parameter")


def entity_type(text: str) -> str:
    """`bus` or `stop`."""
    if text not in ENTITY_TYPES:
        raise BadRequest(f"Invalid entity_type: {clipped(text)}. Must be 'bus' or 'stop'")
    return text


def stretch(query: Mapping[str, str], of: Of) -> Stretch | None:
    """The range of `of` that is asked for, None where none is: `mode=latest` beats it."""
    start, end = query.get("start"), query.get("end")
    if query.get("mode") == LATEST or not (start or end):
        return None
    if not (start and end):
        raise BadRequest("Must specify both 'start' and 'end' parameters, or neither")
    if query.get("timestamp"):
        raise BadRequest("Must specify either 'timestamp' or 'start' and 'end' parameters, not both")
    first, last = instant("start", start), instant("end", end)
    if first > last:
        raise BadRequest(f"Invalid range: start {clipped(start)} is after end {clipped(end)}")
    return page_of(of, first, last, limit=limit(query), cursor=query.get("cursor"))


def page_of(of: Of, start: datetime, end: datetime, *, limit: int, cursor: str | None) -> Stretch:
    """A page of a range, after those that a client's cursor tells of."""
    return Stretch(start, end, limit, unsealed(cursor, *_place(of, start, end)))


def range_cursor(after: str | None, stretch: Stretch, of: Of) -> str | None:
    """A store's cursor as one for clients, good for the same range only."""
    return None if after is None else sealed(after, *_place(of, stretch.start, stretch.end))


def _place(of: Of, start: datetime, end: datetime) -> tuple[str, ...]:
    return of.stream, of.kind, of.entity_id, start.isoformat(), end.isoformat()


def limit(query: Mapping[str, str]) -> int:
    """How many items a page has at most."""
    text = query.get("limit")
    if not text:
        return DEFAULT_LIMIT
    # isdecimal alone knows digits of every script, and int() takes thousands of them
    found = int(text) if len(text) <= 9 and text.isascii() and text.isdecimal() else 0
    if not 1 <= found <= GREATEST_LIMIT:
        raise BadRequest(f"Invalid limit: {clipped(text)}. Must be a whole number from 1 to {GREATEST_LIMIT}")
    return found


def format_of(query: Mapping[str, str]) -> Format:
    """The format of a range."""
    text = query.get("format") or "json"
    if text == "json":
        return "json"
    if text == "csv":
        return "csv"
    raise BadRequest(f"Invalid format: {clipped(text)}. Must be 'json' or 'csv'")


def sealed(after: str, *place: str) -> str:
    """A cursor for clients, good for one `place` only: what is asked for, without its limit."""
    text = f"{_seal(after, place)}{after}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unsealed(cursor: str | None, *place: str) -> str | None:
    """What `sealed` was given for the same place; None without a cursor."""
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    if text[:SEAL_LENGTH] != _seal(text[SEAL_LENGTH:], place):
        raise BadRequest(f"Invalid cursor: {clipped(cursor)}. Must be the next_cursor of the same request")
    return text[SEAL_LENGTH:]


def _seal(after: str, place: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join((*place, after)).encode()).hexdigest()[:SEAL_LENGTH]
