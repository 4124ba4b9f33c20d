"""Parsing and checking of request parameters, the same for every transport. All raise `BadRequest`."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from services.errors import BadRequest, clipped
from services.queries.stream_queries import EntityStream, RangeRequest
from services.times import ACCEPTED, parse_instant
from storage.cursor import RangeQuery, unseal

LATEST = "latest"
ENTITY_TYPES = ("bus", "stop")
DEFAULT_LIMIT, GREATEST_LIMIT = 1_000, 10_000

Format: TypeAlias = Literal["json", "csv", "parquet", "geojson"]

MUST_SPECIFY = "Must specify 'mode=latest' or 'timestamp' parameter"
RANGE_HINT = "For a range of time, specify 'start' and 'end'"


def check_known(names: Collection[str], known: Collection[str]) -> None:
    """Raise `BadRequest` for a parameter that the route doesn't have, with the nearest one that it has."""
    for name in names:
        if name not in known:
            raise BadRequest(f"Unknown parameter: {clipped(name)}. {_instead(name, known)}")


def _instead(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(clipped(name).lower(), known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Known are {', '.join(sorted(known))}" if known else "This path takes none"


def time_zone(query: Mapping[str, str]) -> ZoneInfo | None:
    """The zone of `tz`, in which the answer's times are to be; None for UTC."""
    name = query.get("tz")
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        near = difflib.get_close_matches(clipped(name), available_timezones(), n=1)
        meant = f"Did you mean {near[0]}?" if near else "Must be an IANA time zone such as Europe/Madrid"
        raise BadRequest(f"Invalid tz: {clipped(name)}. {meant}") from None


def requested_time(mode: str | None, timestamp: str | None) -> datetime | None:
    """The requested instant, None for the latest record; `mode=latest` takes precedence."""
    if mode == LATEST:
        return None
    if not timestamp:
        raise BadRequest(MUST_SPECIFY, hint=RANGE_HINT)
    return parse_time("timestamp", timestamp)


def parse_time(name: str, text: str) -> datetime:
    """The instant in `text`, the value of the parameter `name`."""
    try:
        return parse_instant(text)
    except ValueError:
        raise BadRequest(f"Invalid {name} format: '{clipped(text)}'. Accepted: {ACCEPTED}") from None


def check_latest(mode: str | None) -> None:
    """Raise `BadRequest` unless the mode is `latest`."""
    if mode != LATEST:
        raise BadRequest("Line queries only support 'mode=latest' parameter")


def entity_type(text: str) -> str:
    """Return `text` if it is `bus` or `stop`."""
    if text not in ENTITY_TYPES:
        raise BadRequest(f"Invalid entity_type: {clipped(text)}. Must be 'bus' or 'stop'")
    return text


def range_request(query: Mapping[str, str], of: EntityStream) -> RangeRequest | None:
    """The requested page of a range of `of`, None for a query without a range or with `mode=latest`."""
    return range_of(query, of) if is_range(query) else None


def is_range(query: Mapping[str, str]) -> bool:
    """Whether a query has a range of time, which `mode=latest` overrides."""
    return query.get("mode") != LATEST and bool(query.get("start") or query.get("end"))


def range_of(query: Mapping[str, str], of: EntityStream) -> RangeRequest:
    """The requested page of a range of `of`."""
    start, end = query.get("start"), query.get("end")
    if not (start and end):
        raise BadRequest("Must specify both 'start' and 'end' parameters, or neither")
    if query.get("timestamp"):
        raise BadRequest("Must specify either 'timestamp' or 'start' and 'end' parameters, not both")
    first, last = parse_time("start", start), parse_time("end", end)
    if first > last:
        raise BadRequest(f"Invalid range: start {clipped(start)} is after end {clipped(end)}")
    return page_request(of, first, last, limit=limit(query), cursor=query.get("cursor"))


def page_request(
    of: EntityStream, start: datetime, end: datetime, *, limit: int, cursor: str | None
) -> RangeRequest:
    """A page of a range: the first one, or the one that a cursor of the same range leads to."""
    if cursor:
        try:
            RangeQuery(of.stream, of.entity_id, start, end, of.by).position(cursor)
        except ValueError:
            raise _wrong_cursor(cursor) from None
    return RangeRequest(start, end, limit, cursor or None)


def limit(query: Mapping[str, str]) -> int:
    """The greatest number of items on a page."""
    text = query.get("limit")
    if not text:
        return DEFAULT_LIMIT
    # isdecimal() alone accepts the digits of every script, and int() would take thousands of them
    found = int(text) if len(text) <= 9 and text.isascii() and text.isdecimal() else 0
    if not 1 <= found <= GREATEST_LIMIT:
        raise BadRequest(f"Invalid limit: {clipped(text)}. Must be a whole number from 1 to {GREATEST_LIMIT}")
    return found


def format_of(query: Mapping[str, str], formats: Sequence[Format] = ("json", "csv")) -> Format:
    """The requested one of the formats that a route has."""
    text = query.get("format") or "json"
    for known in formats:
        if text == known:
            return known
    names = [f"'{name}'" for name in formats]
    raise BadRequest(f"Invalid format: {clipped(text)}. Must be {', '.join(names[:-1])} or {names[-1]}")


def open_cursor(cursor: str | None, *request: str) -> str | None:
    """Return the `after` that was passed to `seal` for the same request; None without a cursor."""
    if not cursor:
        return None
    try:
        return unseal(cursor, *request)
    except ValueError:
        raise _wrong_cursor(cursor) from None


def _wrong_cursor(cursor: str) -> BadRequest:
    return BadRequest(f"Invalid cursor: {clipped(cursor)}. Must be the next_cursor of the same request")


def names(text: str | None) -> Sequence[str]:
    """The names in a list with commas, each once; empty ones don't count."""
    found = (part.strip() for part in (text or "").split(","))
    return list(dict.fromkeys(filter(None, found)))
