"""The WebSocket's messages from and to clients, the same for every transport."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.errors import BadRequest, ServiceError, TooManyRequests, clipped

LONGEST_MESSAGE_BYTES = 32 * 1024
MOST_LINES = 50
"""Lines per connection."""
MOST_CONNECTIONS = 100
"""Connections per key."""
RETRY_AFTER_S = 30


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe to lines; with `batch` their positions come as one array per tick."""

    line_ids: tuple[str, ...]
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Unsubscribe from lines."""

    line_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """Request a pong."""


Command: TypeAlias = Subscribe | Unsubscribe | Ping


def parse(text: str) -> Command:
    """Parse a client's message. Raises `BadRequest`."""
    try:
        message = json.loads(text)
        if not isinstance(message, dict):
            raise BadRequest("Invalid JSON")
        return _command(message)
    except (ValueError, RecursionError):
        raise BadRequest("Invalid JSON") from None


def _command(message: Mapping[str, object]) -> Command:
    action = message.get("action")
    if action == "ping":
        return Ping()
    if action == "subscribe":
        return Subscribe(_line_ids(message.get("line_ids")), message.get("batch") is True)
    if action == "unsubscribe":
        return Unsubscribe(_line_ids(message.get("line_ids")))
    raise BadRequest(f"Unknown action: {clipped(action if isinstance(action, str) else json.dumps(action))}")


def _line_ids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(line_id, str) for line_id in value):
        raise BadRequest("line_ids must be a list of strings")
    return tuple(dict.fromkeys(value))


def check_lines(wanted: Sequence[str], held: Collection[str], known: Collection[str]) -> None:
    """Raise `BadRequest` unless all `wanted` are `known` and with those `held` within the limit."""
    unknown = next((line_id for line_id in wanted if line_id not in known), None)
    if unknown is not None:
        raise BadRequest(f"Unknown line: {clipped(unknown)}")
    if len({*held, *wanted}) > MOST_LINES:
        raise BadRequest(f"Too many lines (limit {MOST_LINES})")


def too_many_connections(limit: int) -> TooManyRequests:
    """Return the error for a connection beyond the limit."""
    return TooManyRequests(f"Too many connections (limit {limit})", retry_after_s=RETRY_AFTER_S)


def subscribed(line_ids: Collection[str]) -> str:
    """The reply to `Subscribe`: all lines now subscribed."""
    return json.dumps({"type": "subscribed", "line_ids": sorted(line_ids)})


def unsubscribed(line_ids: Collection[str]) -> str:
    """The reply to `Unsubscribe`: all lines still subscribed."""
    return json.dumps({"type": "unsubscribed", "line_ids": sorted(line_ids)})


def pong() -> str:
    """The reply to `Ping`."""
    return json.dumps({"type": "pong"})


def error_message(error: ServiceError) -> str:
    """The reply to a message that can't be carried out. The connection stays open."""
    return json.dumps({"type": "error", **error.body})
