"""The zones of times in texts."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.timestream_local.types import HOUR_NS, MINUTE_NS
from storage.instants import EPOCH

ABBREVIATIONS = {
    "UTC": 0,
    "GMT": 0,
    "Z": 0,
    "CET": 1,
    "CEST": 2,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
"""Hours ahead of UTC."""
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?", re.ASCII)


def zoned_ns(local_ns: int, zone: str) -> int:
    """The instant of a local time in a zone: an offset, an abbreviation, or a name such as `Europe/Madrid`.

    Both times are in nanoseconds since the epoch. Raises ValueError for an unknown zone.
    """
    if zone.upper() in ABBREVIATIONS:
        return local_ns - ABBREVIATIONS[zone.upper()] * HOUR_NS
    found = _OFFSET.fullmatch(zone)
    if found:
        offset = int(found[2]) * HOUR_NS + int(found[3] or 0) * MINUTE_NS
        return local_ns + (offset if found[1] == "-" else -offset)
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"'{zone}' is not a time zone") from None
    local = (EPOCH + timedelta(microseconds=local_ns // 1000)).replace(tzinfo=there)
    return local_ns - (local.utcoffset() or timedelta()) // timedelta(microseconds=1) * 1000
