"""The WebSocket's messages: what clients may say, what they are answered. The same behind every transport."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

LONGEST_MESSAGE_BYTES = 32 * 1024
MOST_LINES = 50


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


class Refused(ValueError):
    """A message that can't be carried out; `str()` is what the client is told."""


def parse(text: str) -> Command:
    """What a client's message asks for. Raises `Refused`."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("Invalid JSON") from None
    if not isinstance(message, dict):
        raise Refused("Invalid JSON")
    action = message.get("action")
    if action == "ping":
        return Ping()
    if action == "subscribe":
        return Subscribe(_line_ids(message.get("line_ids")), message.get("batch") is True)
    if action == "unsubscribe":
        return Unsubscribe(_line_ids(message.get("line_ids")))
    raise Refused(f"Unknown action: {action if isinstance(action, str) else json.dumps(action)}")


def _line_ids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(line_id, str) for line_id in value):
        raise Refused("line_ids must be a list of strings")
    return tuple(dict.fromkeys(value))


def added(wanted: Sequence[str], held: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """The lines that a subscription adds to those `held`. Raises `Refused`: then none is added."""
    unknown = next((line_id for line_id in wanted if line_id not in known), None)
    if unknown is not None:
        raise Refused(f"Unknown line: {unknown}")
    new = tuple(line_id for line_id in wanted if line_id not in held)
    if len(held) + len(new) > MOST_LINES:
        raise Refused(f"Too many lines (limit {MOST_LINES})")
    return new


def subscribed(line_ids: Collection[str]) -> str:
    """The answer to a subscription: all lines now subscribed."""
    return json.dumps({"type": "subscribed", "line_ids": sorted(line_ids)})


def unsubscribed(line_ids: Collection[str]) -> str:
    """The answer to an unsubscription: all lines still subscribed."""
    return json.dumps({"type": "unsubscribed", "line_ids": sorted(line_ids)})


def pong() -> str:
    """The answer to a ping."""
    return json.dumps({"type": "pong"})


def refusal(message: str) -> str:
    """The answer to a message that can't be carried out. The connection stays open."""
    return json.dumps({"type": "error", "error": "BadRequest", "message": message})
