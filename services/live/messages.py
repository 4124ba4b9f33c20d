"""The WebSocket's messages from and to clients, the same for every transport."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from services.errors import BadRequest, ServiceError, TooManyRequests, clipped
from storage.schema import Stream

LONGEST_MESSAGE_BYTES = 32 * 1024
MOST_LINES = 50
"""Lines per connection."""
MOST_CONNECTIONS = 100
"""Connections per key."""
RETRY_AFTER_S = 30
ONLY_POSITIONS = (Stream.BUS_POSITION,)
STREAM_NAMES = ", ".join(sorted(Stream))
NO_STREAMS: Mapping[str, Collection[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe to streams of lines; with `batch` a stream's records come as one array per tick."""

    line_ids: tuple[str, ...]
    batch: bool = False
    streams: tuple[Stream, ...] = ONLY_POSITIONS


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Unsubscribe from lines, or from `streams` of them only."""

    line_ids: tuple[str, ...]
    streams: tuple[Stream, ...] | None = None


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
        line_ids, streams = _line_ids(message.get("line_ids")), _streams(message.get("streams"))
        return Subscribe(line_ids, message.get("batch") is True, streams or ONLY_POSITIONS)
    if action == "unsubscribe":
        return Unsubscribe(_line_ids(message.get("line_ids")), _streams(message.get("streams")))
    raise BadRequest(f"Unknown action: {clipped(action if isinstance(action, str) else json.dumps(action))}")


def _line_ids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(line_id, str) for line_id in value):
        raise BadRequest("line_ids must be a list of strings")
    return tuple(dict.fromkeys(value))


def _streams(value: object) -> tuple[Stream, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadRequest("streams must be a list of strings")
    return streams_named(value)


def streams_named(names: Sequence[str]) -> tuple[Stream, ...]:
    """Return the streams with these names. Raises `BadRequest` for an unknown name, and without any."""
    if not names:
        raise BadRequest(f"streams must name at least one of {STREAM_NAMES}")
    unknown = next((name for name in names if name not in list(Stream)), None)
    if unknown is not None:
        raise BadRequest(f"Unknown stream: {clipped(unknown)}. Must be one of {STREAM_NAMES}")
    return tuple(dict.fromkeys(map(Stream, names)))


def check_streams(wanted: Sequence[Stream], served: Collection[Stream]) -> None:
    """Raise `BadRequest` unless all `wanted` streams are `served` here."""
    missing = next((stream for stream in wanted if stream not in served), None)
    if missing is not None:
        raise BadRequest(f"Stream {missing} is not sent here, only {', '.join(served)}")


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


LinesOfStreams: TypeAlias = Mapping[str, Collection[str]]
"""The lines that are subscribed of each stream."""


def subscribed(line_ids: Collection[str], of_streams: LinesOfStreams = NO_STREAMS) -> str:
    """The reply to `Subscribe`: all lines now subscribed; by stream if there are other than positions."""
    return _lines_reply("subscribed", line_ids, of_streams)


def unsubscribed(line_ids: Collection[str], of_streams: LinesOfStreams = NO_STREAMS) -> str:
    """The reply to `Unsubscribe`: all lines still subscribed; by stream if there are other than positions."""
    return _lines_reply("unsubscribed", line_ids, of_streams)


def _lines_reply(kind: str, line_ids: Collection[str], of_streams: LinesOfStreams) -> str:
    reply: dict[str, object] = {"type": kind, "line_ids": sorted(line_ids)}
    if of_streams.keys() - {Stream.BUS_POSITION.value}:
        reply["streams"] = {name: sorted(lines) for name, lines in sorted(of_streams.items())}
    return json.dumps(reply)


def pong() -> str:
    """The reply to `Ping`."""
    return json.dumps({"type": "pong"})


def error_message(error: ServiceError) -> str:
    """The reply to a message that can't be carried out. The connection stays open."""
    return json.dumps({"type": "error", **error.body})
