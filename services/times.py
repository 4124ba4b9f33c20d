"""Parsing and formatting of instants and spans of time, and rounding to whole steps."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from storage.instants import EPOCH

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
ACCEPTED = "2026-03-02, 2026-03-02T08:30, 2026-03-02T08:30:15.250Z or 2026-03-02T09:30:15+01:00"

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST_SPAN = timedelta(days=366)
YEARS = range(1970, 2200)
"""The years that the model's calendar covers."""

_ISO = re.compile(r"\d{4}-?[0-9W][0-9-]{1,5}(?:[T ]\d\d[0-9:.,]*(?:Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII)
_LOST_PLUS = re.compile(r"(.[T ]\d\d[0-9:.,]*) (\d\d(?::?\d\d)?)$")


def parse_instant(text: str) -> datetime:
    """Parse ISO 8601 as a UTC instant. Without a zone it is UTC, without a time midnight.

    A space before the offset counts as the `+` that URL decoding took. Raises ValueError for anything else.
    """
    wanted = _LOST_PLUS.sub(r"\1+\2", text.strip().upper())
    try:
        if not _ISO.fullmatch(wanted):
            raise ValueError(wanted)
        instant = datetime.fromisoformat(wanted)
        zoned = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
        return zoned.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"'{text}' is not an ISO 8601 time; accepted: {ACCEPTED}") from None


@lru_cache(1024)
def format_instant(instant: datetime) -> str:
    """Format as `YYYY-MM-DDTHH:MM:SSZ`, with milliseconds only if they aren't zero."""
    utc = instant.astimezone(UTC)
    text = utc.isoformat(timespec="milliseconds" if utc.microsecond >= 1000 else "seconds")
    return text.removesuffix("+00:00") + "Z"


def parse_span(text: str) -> timedelta:
    """Parse a span such as `90m`, `24h`, `5d`, or `0`. Raises ValueError for anything else."""
    found = re.fullmatch(r"([0-9]{1,9})([smhdw])", text.strip().lower())
    if text.strip() == "0":
        return timedelta()
    span = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
    if span is None or span > LONGEST_SPAN:
        raise ValueError(f"'{text}' is not a span of time; write 90m, 24h, 5d (at most 366d), or 0")
    return span


def floor(instant: datetime, step: timedelta) -> datetime:
    """The last multiple of `step` since the epoch at or before an instant, in UTC."""
    return instant.astimezone(UTC) - (instant - EPOCH) % step


def ceiling(instant: datetime, step: timedelta) -> datetime:
    """The first multiple of `step` since the epoch at or after an instant, in UTC."""
    below = floor(instant, step)
    return below if below == instant else below + step
