"""Times as integer microseconds since the epoch in UTC, which are exact and independent of time zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR_US = 3_600_000_000


def to_us(instant: datetime) -> int:
    """Convert an aware datetime to microseconds since the epoch. Raise ValueError without a time zone."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return (instant - EPOCH) // MICROSECOND


def from_us(us: int) -> datetime:
    """Convert microseconds since the epoch to an aware datetime in UTC."""
    return EPOCH + timedelta(microseconds=us)
