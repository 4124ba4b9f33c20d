"""Ids, instants and day types, used by every other module."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import NewType

StopId = NewType("StopId", str)
LineId = NewType("LineId", str)
BusId = NewType("BusId", str)
Ms = NewType("Ms", int)
"""An instant as milliseconds since the Unix epoch, UTC."""

OUTBOUND, INBOUND = 0, 1
SECOND_MS, MINUTE_MS, HOUR_MS = 1000, 60_000, 3_600_000


class DayType(StrEnum):
    """The three kinds of service day."""

    WEEKDAY = "weekday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    """Sundays and public holidays."""


def to_ms(instant: datetime) -> Ms:
    """Milliseconds since the epoch of an aware datetime, rounded up. ValueError for a naive one.

    Up, because instants bound windows: what happens at a whole millisecond within [start, end) of the
    datetimes is what happens within [to_ms(start), to_ms(end)).
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return Ms((delta.days * 86_400 + delta.seconds) * SECOND_MS + -(-delta.microseconds // 1000))


def to_datetime(instant: int) -> datetime:
    """The aware UTC datetime of milliseconds since the epoch."""
    seconds, ms = divmod(instant, SECOND_MS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ms * 1000)
