"""Parsing of the parameters of arrivals, timetables and shapes. All raise `BadRequest`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.errors import BadRequest, clipped
from services.queries import parameters
from services.queries.stream_queries import check_stop, known_line
from services.times import YEARS
from services.transit.arrivals import Arrival, arrivals
from services.transit.line_history import Outlook
from simulator.network import Line, Network

DEFAULT_ARRIVALS = 100
DEFAULT_HORIZON_MIN, LONGEST_HORIZON_MIN = 60, 180


@dataclass(frozen=True, slots=True)
class ArrivalsRequest:
    """The arrivals that are wanted: of these lines (all if empty), at most so many, so far ahead."""

    stop_id: str
    line_ids: Sequence[str]
    limit: int
    horizon: timedelta


def arrivals_request(stop_id: str, query: Mapping[str, str]) -> ArrivalsRequest:
    """The arrivals that a query asks for."""
    limit = parameters.limit(query) if query.get("limit") else DEFAULT_ARRIVALS
    text = query.get("horizon_min") or str(DEFAULT_HORIZON_MIN)
    minutes = int(text) if len(text) <= 4 and text.isascii() and text.isdecimal() else 0
    if not 1 <= minutes <= LONGEST_HORIZON_MIN:
        whole = f"Must be a whole number from 1 to {LONGEST_HORIZON_MIN}"
        raise BadRequest(f"Invalid horizon_min: {clipped(text)}. {whole}")
    return ArrivalsRequest(stop_id, line_ids(query), limit, timedelta(minutes=minutes))


def line_ids(query: Mapping[str, str]) -> Sequence[str]:
    """The lines that `line_id` names, empty for all."""
    return parameters.names(query.get("line_id"))


def wanted_arrivals(network: Network, outlook: Outlook, *, wanted: ArrivalsRequest) -> Sequence[Arrival]:
    """The arrivals of a request.

    Raises `UnknownEntity` for an unknown stop or line, `BadRequest` for a line that doesn't serve the stop.
    """
    check_stop(network, wanted.stop_id)
    serving = network.lines_of_stop[wanted.stop_id]
    for line_id in wanted.line_ids:
        if known_line(network, line_id).line_id not in serving:
            raise BadRequest(
                f"Stop {wanted.stop_id} is not served by line {line_id}. Its lines: {', '.join(serving)}"
            )
    lines = [network.line[line_id] for line_id in dict.fromkeys(wanted.line_ids or serving)]
    found = arrivals(outlook, lines, stop_id=wanted.stop_id)
    return [each for each in found if each.expected <= outlook.now + wanted.horizon][: wanted.limit]


def wanted_lines(network: Network, wanted: Collection[str]) -> Sequence[Line]:
    """The lines of these ids, all if there are none. Raises `UnknownEntity`."""
    return [known_line(network, line_id) for line_id in dict.fromkeys(wanted)] or network.lines


def wanted_date(query: Mapping[str, str]) -> date | None:
    """The service day that `date` names, None for the present one."""
    text = query.get("date")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or len(text) != 10 or found.year not in YEARS:
        years = f"from {YEARS[0]} to {YEARS[-1]}"
        raise BadRequest(f"Invalid date: '{clipped(text)}'. Must be YYYY-MM-DD, {years}")
    return found


def wanted_start_date(query: Mapping[str, str]) -> date | None:
    """The date that `start_date` names, `YYYYMMDD` as in GTFS or `YYYY-MM-DD`; None if it isn't given."""
    text = query.get("start_date")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or len(text) not in (8, 10) or found.year not in YEARS:
        raise BadRequest(f"Invalid start_date: '{clipped(text)}'. Must be YYYYMMDD or YYYY-MM-DD")
    return found
