"""The types of a scenario file's fields: dates, times, speeds and references, as people write them."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from simulator.network_files.schema import parsed_time
from simulator.service_day import MADRID

YEARS = range(1970, 2200)
MOST_DAYS = 366
MOST = 1000
"""Limit of a list's entries: checks compare every two of them."""
GREATEST_SPEED = 1_000_000
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"^[0-4]?[0-9]:[0-5][0-9]$"
_DATES = re.compile(rf"({_DATE})(?:\s+to\s+({_DATE}))?")
_ZONE = "(Z|[+-][0-9]{2}:[0-9]{2})"
_LOCAL = rf"{_DATE}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}})?"
_INSTANT = re.compile(_LOCAL + _ZONE)
_ANY_INSTANT = re.compile(rf"{_LOCAL}{_ZONE}?")


def parsed_dates(value: Any) -> tuple[date, date]:
    """The first and the last service day of `dates` as written. PydanticCustomError for anything else."""
    match = _DATES.fullmatch(value) if isinstance(value, str) else None
    try:
        if match is None:
            raise ValueError(value)
        first, last = date.fromisoformat(match[1]), date.fromisoformat(match[2] or match[1])
    except ValueError:
        raise PydanticCustomError(
            "dates", 'must be a date such as 2026-03-03, or "2026-03-03 to 2026-03-05"'
        ) from None
    if first > last:
        raise PydanticCustomError("dates", "must have the earlier date first")
    if first.year not in YEARS or last.year not in YEARS:
        raise PydanticCustomError("dates", "must be in the years 1970 to 2199")
    if (last - first).days >= MOST_DAYS:
        raise PydanticCustomError("dates", "must be at most 366 days")
    return first, last


def _speed(value: Any) -> float:
    if value == "max":
        return math.inf
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < value <= GREATEST_SPEED:
        raise PydanticCustomError("speed", "must be a number more than 0 and at most 1,000,000, or max")
    return float(value)


def _moment(value: Any) -> int | datetime:
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value)
        return parsed_time(value)
    except ValueError:
        raise PydanticCustomError(
            "moment", 'must be a time such as "07:30", or an instant with its zone, 2026-03-03T07:30+01:00'
        ) from None


def parsed_when(value: Any) -> int | datetime:
    """A time of the service day (seconds), or an instant; without a zone it is Madrid time.

    PydanticCustomError for anything else.
    """
    try:
        if not isinstance(value, str) or not _ANY_INSTANT.fullmatch(value):
            return parsed_time(value)
        instant = datetime.fromisoformat(value)
        if instant.year not in YEARS:
            raise ValueError(value)
        return instant if instant.tzinfo else instant.replace(tzinfo=MADRID)
    except ValueError:
        raise PydanticCustomError(
            "when", 'must be a time such as "06:30" or "25:30", or an instant such as 2026-03-03T18:10:05Z'
        ) from None


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


def _without_none(value: Any) -> Any:
    return None if value == "none" else value


When = Annotated[
    int | datetime,
    BeforeValidator(parsed_when),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _TIME},
                {"type": "string", "pattern": f"^{_ANY_INSTANT.pattern}$"},
            ]
        }
    ),
]
Dates = Annotated[
    tuple[date, date],
    BeforeValidator(parsed_dates),
    WithJsonSchema({"type": "string", "pattern": f"^{_DATES.pattern}$"}),
]
Moment = Annotated[int | datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string"})]
Speed = Annotated[
    float,
    Field(allow_inf_nan=True),
    BeforeValidator(_speed),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": GREATEST_SPEED}, {"const": "max"}]}
    ),
]
Rain = Annotated[
    Literal["light", "moderate", "heavy"] | None,
    BeforeValidator(_without_none),
    WithJsonSchema({"enum": ["none", "light", "moderate", "heavy"]}),
]
Text = Annotated[str, BeforeValidator(_one_line), Field(max_length=2000)]
Reference = Annotated[str, Field(min_length=1, max_length=200)]
"""The id of a line, stop or bus. Any text, so that a wrong one gets a suggestion."""
References = Annotated[list[Reference], Field(min_length=1, max_length=MOST)]
Between = Annotated[list[Reference], Field(min_length=2, max_length=2)]
Share = Annotated[float, Field(ge=0, le=1)]
