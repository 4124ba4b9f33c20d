"""Request parameters as text, checked: one place for every transport. All raise `BadRequest`."""

from __future__ import annotations

from datetime import datetime

from services.errors import BadRequest
from services.times import ACCEPTED, parse_instant

LATEST = "latest"
ENTITY_TYPES = ("bus", "stop")


def moment(mode: str | None, timestamp: str | None) -> datetime | None:
    """The instant asked for, None for the latest; `mode=latest` beats `timestamp`."""
    if mode == LATEST:
        return None
    if not timestamp:
        raise BadRequest("Must specify 'mode=latest' or 'timestamp' parameter")
    try:
        return parse_instant(timestamp)
    except ValueError:
        raise BadRequest(f"Invalid timestamp format: '{timestamp}'. Accepted: {ACCEPTED}") from None


def latest_only(mode: str | None) -> None:
    """Nothing, when the mode is `latest`."""
    if mode != LATEST:
        raise BadRequest("Line queries only support 'mode=latest' parameter")


def entity_type(text: str) -> str:
    """`bus` or `stop`."""
    if text not in ENTITY_TYPES:
        raise BadRequest(f"Invalid entity_type: {text}. Must be 'bus' or 'stop'")
    return text
