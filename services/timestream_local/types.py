"""The types of the query language, and their values as text.

In DuckDB, a TIMESTAMP is whole nanoseconds since the epoch (BIGINT), an INTERVAL_DAY_TO_SECOND whole
nanoseconds, an INTERVAL_YEAR_TO_MONTH whole months: exact, and compared as integers. All times are UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from storage.instants import EPOCH

LEAST_INT, GREATEST_INT = -(2**31), 2**31 - 1
LEAST_BIGINT, GREATEST_BIGINT = -(2**63), 2**63 - 1
SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS
UNITS_NS = {
    "nanosecond": 1,
    "microsecond": 1_000,
    "millisecond": 1_000_000,
    "second": SECOND_NS,
    "minute": MINUTE_NS,
    "hour": HOUR_NS,
    "day": DAY_NS,
}
SHORT = {
    "ns": "nanosecond",
    "us": "microsecond",
    "ms": "millisecond",
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
}
DURATIONS_NS = UNITS_NS | {short: UNITS_NS[unit] for short, unit in SHORT.items()}
"""Nanoseconds of the units of duration literals such as `15m`."""


class Type(StrEnum):
    """A scalar type, named as in `ScalarType`."""

    VARCHAR = "VARCHAR"
    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"
    TIMESTAMP = "TIMESTAMP"
    DATE = "DATE"
    INTERVAL = "INTERVAL_DAY_TO_SECOND"
    MONTHS = "INTERVAL_YEAR_TO_MONTH"
    UNKNOWN = "UNKNOWN"

    @property
    def label(self) -> str:
        """The type's name in error messages."""
        return {"INTERVAL": "interval day to second", "MONTHS": "interval year to month"}.get(
            self.name, self.name.lower()
        )


PHYSICAL = {
    Type.VARCHAR: "VARCHAR",
    Type.BOOLEAN: "BOOLEAN",
    Type.INTEGER: "INTEGER",
    Type.BIGINT: "BIGINT",
    Type.DOUBLE: "DOUBLE",
    Type.TIMESTAMP: "BIGINT",
    Type.DATE: "DATE",
    Type.INTERVAL: "BIGINT",
    Type.MONTHS: "INTEGER",
    Type.UNKNOWN: "INTEGER",
}
"""The DuckDB type that holds each."""

_DURATION = re.compile(rf"([0-9]{{1,18}})\s*({'|'.join(DURATIONS_NS)})", re.ASCII | re.IGNORECASE)
_INSTANT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?"
    r"\s*(Z|UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)


def duration_ns(text: str) -> int:
    """Nanoseconds of a duration such as `15m` or `1d`. ValueError for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"'{text}' is no duration; the units are {', '.join(DURATIONS_NS)}")
    return int(found[1]) * DURATIONS_NS[found[2].lower()]


def instant_ns(text: str, *, zoned: bool) -> int:
    """Nanoseconds since the epoch of a time in ISO 8601 or SQL; UTC without a time zone.

    Unless `zoned`, a time zone is refused. ValueError for other texts and for times before the epoch.
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


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z", "UTC"):
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def timestamp_text(ns: int) -> str:
    """`2026-03-02 07:30:00.000000000`."""
    seconds, rest = divmod(ns, SECOND_NS)
    return f"{(EPOCH + timedelta(seconds=seconds)).strftime('%Y-%m-%d %H:%M:%S')}.{rest:09d}"


def iso_text(ns: int) -> str:
    """`2026-03-02T07:30:00.000Z`, as the reasons of rejected records show times."""
    seconds, rest = divmod(ns, SECOND_NS)
    shown = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{shown}.{rest // 1_000_000:03d}Z"


def interval_text(ns: int) -> str:
    """`1 02:03:04.000000000`: days, hours, minutes, seconds, nanoseconds."""
    days, rest = divmod(abs(ns), DAY_NS)
    hours, rest = divmod(rest, HOUR_NS)
    minutes, rest = divmod(rest, MINUTE_NS)
    seconds, rest = divmod(rest, SECOND_NS)
    return f"{'-' if ns < 0 else ''}{days} {hours:02d}:{minutes:02d}:{seconds:02d}.{rest:09d}"


def months_text(months: int) -> str:
    """`1-2`: years and months."""
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"


def double_text(value: float) -> str:
    """A DOUBLE as Java writes it: `21.5`, `1.0E7`, `NaN`."""
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
    """`12345678.9` → `1.23456789`, `7`."""
    sign = "-" if shown.startswith("-") else ""
    whole, _, fraction = shown.lstrip("-").partition(".")
    digits = (whole + ("" if fraction == "0" else fraction)).lstrip("0")
    exponent = len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0")) + 1)
    digits = digits.rstrip("0") or "0"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}", str(exponent)


def _date_text(value: date) -> str:
    return value.isoformat()


TEXTS: dict[Type, Callable[..., str]] = {
    Type.VARCHAR: str,
    Type.BOOLEAN: lambda value: "true" if value else "false",
    Type.INTEGER: str,
    Type.BIGINT: str,
    Type.DOUBLE: double_text,
    Type.TIMESTAMP: timestamp_text,
    Type.DATE: _date_text,
    Type.INTERVAL: interval_text,
    Type.MONTHS: months_text,
    Type.UNKNOWN: str,
}
"""How results write a value that isn't NULL."""
