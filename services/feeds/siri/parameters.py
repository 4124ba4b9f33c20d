"""The parameters of SIRI requests, whose names are SIRI's in any case. All functions raise `BadRequest`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.errors import BadRequest, clipped
from services.feeds.feed_route import IN_QUERY
from services.feeds.siri.tree import JSON, XML
from services.queries import parameters
from services.transit.request import DEFAULT_HORIZON_MIN, LONGEST_HORIZON_MIN

MONITORING, LINE, DIRECTION, VEHICLE = "MonitoringRef", "LineRef", "DirectionRef", "VehicleRef"
MOST_VISITS, MOST_VEHICLES, PREVIEW = "MaximumStopVisits", "MaximumVehicles", "PreviewInterval"
COMMON = ("format", *IN_QUERY)
FORMATS = {"xml": XML, "json": JSON}
DURATION = re.compile(r"PT(?=\d)(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,6})S)?")
GREATEST = 100_000
LISTS = (MONITORING, LINE, VEHICLE)
"""Parameters that may have several values, with commas between them or repeated."""


@dataclass(frozen=True, slots=True)
class SiriRequest:
    """What is asked for. Of lists an empty one stands for all; `most` None is no limit."""

    monitoring_refs: Sequence[str]
    line_refs: Sequence[str]
    direction: int | None
    vehicle_refs: Sequence[str]
    preview: timedelta
    most: int | None


def siri_request(query: Mapping[str, str], known: Sequence[str]) -> SiriRequest:
    """The request of a query that may have the parameters `known`, and those that all have."""
    canonical = {name.lower(): name for name in (*known, *COMMON)}
    given: dict[str, str] = {}
    for written, value in query.items():
        name = canonical.get(written.lower(), written)
        given[name] = f"{given[name]},{value}" if name in given and name in LISTS else value
    parameters.check_known(given, (*known, *COMMON))
    direction = given.get(DIRECTION)
    if direction not in (None, "", "0", "1"):
        raise BadRequest(f"Invalid {DIRECTION}: {clipped(direction)}. Must be 0 (outbound) or 1 (inbound)")
    most = MOST_VEHICLES if MOST_VEHICLES in known else MOST_VISITS
    return SiriRequest(
        _several(given, MONITORING),
        _several(given, LINE),
        int(direction) if direction else None,
        _several(given, VEHICLE),
        _preview(given.get(PREVIEW)),
        _most(most, given.get(most)),
    )


def media_type(query: Mapping[str, str], accept: str) -> str:
    """The media type of the answer: by `format`, else JSON if only that is accepted, else XML."""
    wanted = next((value for name, value in query.items() if name.lower() == "format"), "")
    if wanted:
        if wanted.lower() not in FORMATS:
            raise BadRequest(f"Invalid format: {clipped(wanted)}. Must be xml or json")
        return FORMATS[wanted.lower()]
    accepted = accept.lower()
    return JSON if "application/json" in accepted and "xml" not in accepted else XML


def _several(given: Mapping[str, str], name: str) -> Sequence[str]:
    return [each.strip() for each in given.get(name, "").split(",") if each.strip()]


def _preview(text: str | None) -> timedelta:
    if not text:
        return timedelta(minutes=DEFAULT_HORIZON_MIN)
    found = DURATION.fullmatch(text.strip().upper())
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta() < span <= timedelta(minutes=LONGEST_HORIZON_MIN):
        most = f"at most PT{LONGEST_HORIZON_MIN}M"
        raise BadRequest(f"Invalid {PREVIEW}: {clipped(text)}. Must be a duration such as PT30M, {most}")
    return span


def _most(name: str, text: str | None) -> int | None:
    if not text:
        return None
    number = int(text) if len(text) <= 6 and text.isascii() and text.isdecimal() else 0
    if not 1 <= number <= GREATEST:
        raise BadRequest(f"Invalid {name}: {clipped(text)}. Must be a whole number from 1 to {GREATEST}")
    return number
