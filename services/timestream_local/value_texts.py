"""The conversion of values of the query language from and to text."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from services.timestream_local.types import (
    DAY_NS,
    DURATIONS_NS,
    GREATEST_BIGINT,
    HOUR_NS,
    MINUTE_NS,
    SECOND_NS,
    Type,
)
from storage.instants import EPOCH

_DURATION = re.compile(
    rf"([0-9]{{1,100}}(?:\.[0-9]{{1,18}})?)\s*({'|'.join(DURATIONS_NS)})", re.ASCII | re.IGNORECASE
)
_TIME_OF_DAY = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?", re.ASCII)
_ORDINAL = re.compile(r"\d{4}-\d{3}", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?"
    r"\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)


def duration_ns(text: str) -> int:
    """A duration such as `15m`, `1.5 h` or `1d` in nanoseconds. Raises ValueError for other texts.

    The longest has 292 years, as many nanoseconds as a BIGINT can count.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is not a duration; the units are {', '.join(DURATIONS_NS)}")
    duration = int(Fraction(found[1]) * DURATIONS_NS[found[2].lower()])
    if duration > GREATEST_BIGINT:
        raise ValueError(f"the duration '{text[:64]}' is longer than 292 years")
    return duration


def instant_ns(text: str, *, zoned: bool) -> int:
    """A time in the format of ISO 8601 or SQL, in nanoseconds since the epoch. Without a time zone it is UTC.

    A time zone is allowed only if `zoned`. Raises ValueError for other texts and for times before the epoch.
    """
    found = _INSTANT.fullmatch(text.strip())
    if found is None or (found[8] and not zoned):
        raise ValueError(f"'{text}' is not a valid timestamp")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    fraction = int((found[7] or "").ljust(9, "0"))
    instant = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    ns = (instant - EPOCH - _offset(found[8])) // timedelta(seconds=1) * SECOND_NS + fraction
    if not 0 <= ns <= GREATEST_BIGINT:
        raise ValueError(f"'{text}' is not in the years 1970 to 2262")
    return ns


def day_ns(text: str) -> int:
    """The beginning of a date such as `2026-03-02`, as `instant_ns`. Raises ValueError for other texts."""
    if len(text.strip()) > 10:
        raise ValueError(f"'{text}' is not a valid date")
    return instant_ns(text, zoned=False)


def iso_day_ns(text: str) -> int:
    """A date of ISO 8601: `2026-03-02`, `2026-W10-1` or `2026-061`. Raises ValueError for other texts."""
    try:
        ordinal = _ORDINAL.fullmatch(text)
        day = datetime.strptime(f"{text}Z", "%Y-%j%z").date() if ordinal else date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a valid date") from None
    return (day - EPOCH.date()).days * DAY_NS


def iso_instant_ns(text: str) -> int:
    """A time of ISO 8601, also in its short forms such as `2026-03-02T07`, as `instant_ns`."""
    try:
        return instant_ns(text, zoned=True)
    except ValueError:
        if "T" not in text:
            raise
    try:
        written = datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"'{text}' is not a valid timestamp") from None
    return instant_ns(written, zoned=True)


def time_of_day_ns(text: str) -> int:
    """A time such as `10:30:00.5` in nanoseconds since midnight. Raises ValueError for other texts."""
    found = _TIME_OF_DAY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is not a valid time: write TIME '07:30:00'")
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"'{text}' is not a valid time")
    fraction = int((found[4] or "").ljust(9, "0"))
    return hour * HOUR_NS + minute * MINUTE_NS + second * SECOND_NS + fraction


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z", "UTC"):
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def timestamp_text(ns: int) -> str:
    """A time in the format of query results: `2026-03-02 07:30:00.000000000`."""
    seconds, rest = divmod(ns, SECOND_NS)
    # `strftime` would take three times as long.
    return f"{(EPOCH + timedelta(seconds=seconds)).isoformat(' ')[:19]}.{rest:09d}"


def iso_text(ns: int) -> str:
    """A time in the format of the reasons of rejected records: `2026-03-02T07:30:00.000Z`."""
    seconds, rest = divmod(ns, SECOND_NS)
    shown = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{shown}.{rest // 1_000_000:03d}Z"


def interval_text(ns: int) -> str:
    """An interval as days, hours, minutes, seconds and nanoseconds: `1 02:03:04.000000000`."""
    days, rest = divmod(abs(ns), DAY_NS)
    hours, rest = divmod(rest, HOUR_NS)
    minutes, rest = divmod(rest, MINUTE_NS)
    seconds, rest = divmod(rest, SECOND_NS)
    return f"{'-' if ns < 0 else ''}{days} {hours:02d}:{minutes:02d}:{seconds:02d}.{rest:09d}"


def months_text(months: int) -> str:
    """An interval as years and months: `1-2`."""
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"


def double_text(value: float) -> str:
    """A DOUBLE in Java's format: `21.5`, `1.0E7`, `NaN`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        mantissa, exponent = _scientific(mantissa)
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{int(exponent)}"


def _scientific(shown: str) -> tuple[str, str]:
    """Mantissa and exponent of a decimal number: `12345678.9` gives `1.23456789` and `7`."""
    sign = "-" if shown.startswith("-") else ""
    whole, _, fraction = shown.lstrip("-").partition(".")
    digits = (whole + ("" if fraction == "0" else fraction)).lstrip("0")
    exponent = len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0")) + 1)
    digits = digits.rstrip("0") or "0"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}", str(exponent)


def _date_text(value: date) -> str:
    return value.isoformat()


def time_text(ns: int) -> str:
    """A time of day: `07:30:00.000000000`."""
    return interval_text(ns).partition(" ")[2]


def binary_text(value: bytes) -> str:
    """Bytes in base 64, as Trino's clients get them."""
    return b64encode(value).decode()


TEXTS: dict[Type, Callable[..., str]] = {
    Type.VARCHAR: str,
    Type.BOOLEAN: lambda value: "true" if value else "false",
    Type.INTEGER: str,
    Type.BIGINT: str,
    Type.DOUBLE: double_text,
    Type.TIMESTAMP: timestamp_text,
    Type.DATE: _date_text,
    Type.TIME: time_text,
    Type.BINARY: binary_text,
    Type.INTERVAL: interval_text,
    Type.MONTHS: months_text,
    Type.UNKNOWN: str,
}
"""The functions that convert values other than NULL to the text of a result."""
