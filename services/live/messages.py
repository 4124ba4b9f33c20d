"""The WebSocket's messages: what clients may say, what they are answered. The same behind every transport."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.errors import BadRequest, ServiceError, TooManyRequests, clipped

LONGEST_MESSAGE_BYTES = 32 * 1024
MOST_LINES = 50
"""Lines for each connection."""
MOST_CONNECTIONS = 100
"""Connections for each key."""
RETRY_AFTER_S = 30


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Add lines; `batch` asks for their positions as one array a tick."""

    line_ids: tuple[str, ...]
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Take lines away."""

    line_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for a pong."""


Command: TypeAlias = Subscribe | Unsubscribe | Ping


def parse(text: str) -> Command:
    """What a client's message asks for. Raises `BadRequest`."""
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
    """Raise `BadRequest` unless all `wanted` are `known` and fit beside those `held`."""
    unknown = next((line_id for line_id in wanted if line_id not in known), None)
    if unknown is not None:
        raise BadRequest(f"Unknown line: {clipped(unknown)}")
    if len({*held, *wanted}) > MOST_LINES:
        raise BadRequest(f"Too many lines (limit {MOST_LINES})")


def too_many_connections(limit: int) -> TooManyRequests:
    """What refuses one connection too many."""
    return TooManyRequests(f"Too many connections (limit {limit})", retry_after_s=RETRY_AFTER_S)


def subscribed(line_ids: Collection[str]) -> str:
    """The answer to a subscription: all lines now subscribed."""
    return json.dumps({"type": "subscribed", "line_ids": sorted(line_ids)})


def unsubscribed(line_ids: Collection[str]) -> str:
    """The answer to an unsubscription: all lines still subscribed."""
    return json.dumps({"type": "unsubscribed", "line_ids": sorted(line_ids)})


def pong() -> str:
    """The answer to a ping."""
    return json.dumps({"type": "pong"})


def refusal(error: ServiceError) -> str:
    """The answer to a message that can't be carried out. The connection stays open."""
    return json.dumps({"type": "error", **error.body})
