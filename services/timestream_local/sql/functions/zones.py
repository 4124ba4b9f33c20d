"""Times in another time zone: the local time there, as a TIMESTAMP."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.timestream_local.errors import ValidationException
from services.timestream_local.sql.functions.signatures import MICROS, T, literal_of
from services.timestream_local.sql.typed_sql import Typed, text_sql
from services.timestream_local.types import HOUR_NS, MINUTE_NS

LARGEST_OFFSET = 14 * HOUR_NS
_OFFSET = re.compile(r"([+-])([0-9]{1,2}):([0-9]{2})", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


def at_zone(instant: str, zone: Typed) -> Typed:
    """The local time at an instant, where `zone` is a name such as `Europe/Madrid`, or an offset."""
    name = literal_of("AT TIME ZONE", zone)
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        shift = int(offset[2]) * HOUR_NS + int(offset[3]) * MINUTE_NS
        if shift > LARGEST_OFFSET or int(offset[3]) >= 60:
            raise ValidationException(f"'{name}' is not an offset of a time zone: they end at 14:00")
        return Typed(f"({instant} {offset[1]} {shift})", T)
    try:
        known = _NAME.fullmatch(name) is not None and bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if not known:
        raise ValidationException(f"'{name[:64]}' is not a time zone")
    utc = f"({MICROS.replace('{0}', instant)} AT TIME ZONE 'UTC')"
    return Typed(f"(epoch_us(timezone({text_sql(name)}, {utc})) * 1000 + {instant} % 1000)", T)
