"""The rows of the tables that need no timetable: agency, stops, routes, calendar and feed info."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import NamedTuple

from services.errors import InputError
from services.feeds.gtfs_static.colours import route_colours
from services.feeds.gtfs_static.csv_text import csv_row, degrees
from services.gtfs_trips.calendar import WEEK, FeedCalendar
from services.gtfs_trips.ids import FeedIds
from simulator.network import MADRID_TIME, Line, Network

AGENCY = "agency_id,agency_name,agency_url,agency_timezone,agency_lang"
STOPS = "stop_id,stop_code,stop_name,stop_lat,stop_lon"
ROUTES = (
    "route_id,agency_id,route_short_name,route_long_name,route_type,route_color,route_text_color,"
    "route_sort_order"
)
CALENDAR = "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date"
CALENDAR_DATES = "service_id,date,exception_type"
FEED_INFO = (
    "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,feed_version,"
    "feed_contact_url"
)

AGENCY_ID = "bus-simulator"
NAME, URL = "Madrid Bus Real-Time Simulator", "http://127.0.0.1:8080/"
"""The publisher is the simulator, at its usual address: no agency answers for this feed."""
BUS = "3"
LONGEST_NUMBER = 6


class RouteNames(NamedTuple):
    """A route's public number and its long name."""

    short: str
    long: str


def route_names(line: Line) -> RouteNames:
    """The number that a line's name begins with, and the rest of it; else the line's id and its name.

    A number is a short word with a digit, as in `27 Embajadores - Plaza de Castilla`, or the line's id.
    """
    first, _, rest = line.name.partition(" ")
    has_digit = len(first) <= LONGEST_NUMBER and any(map(str.isdecimal, first))
    is_number = has_digit or first == line.line_id.partition("-")[0]
    return RouteNames(first, rest.strip()) if is_number and rest else RouteNames(line.line_id, line.name)


def timezone_of(network: Network) -> str:
    """The time zone of all lines. Raises `InputError` if they have several, which no feed may have."""
    zones: dict[str, str] = {}
    for line in network.lines:
        zones.setdefault(line.timezone, line.line_id)
    if len(zones) > 1:
        named = ", ".join(f"{zone} ({line_id} and others)" for zone, line_id in zones.items())
        raise InputError(
            f"a GTFS feed has one time zone, but this network has {len(zones)}: {named}; put the lines of "
            "each zone into a network of their own"
        )
    return next(iter(zones), MADRID_TIME)


def language_of(timezone: str) -> str:
    """The language of the names: Spanish in Madrid, elsewhere not known."""
    return "es" if timezone == MADRID_TIME else "mul"


def agency_rows(timezone: str) -> Iterator[str]:
    """The row of agency.txt."""
    language = language_of(timezone)
    yield csv_row(AGENCY_ID, NAME, URL, timezone, language if language != "mul" else "")


def stop_rows(network: Network, ids: FeedIds) -> Iterator[str]:
    """The rows of stops.txt. The code is the simulator's stop id."""
    for stop in network.stops:
        place = degrees(stop.latitude), degrees(stop.longitude)
        yield csv_row(ids.stop[stop.stop_id], stop.stop_id, stop.name, *place)


def route_rows(network: Network, ids: FeedIds) -> Iterator[str]:
    """The rows of routes.txt."""
    for index, line in enumerate(network.lines):
        names, colours = route_names(line), route_colours(index)
        yield csv_row(ids.route[line.line_id], AGENCY_ID, *names, BUS, *colours, str(index))


def calendar_rows(calendar: FeedCalendar, used: Set[str]) -> Iterator[str]:
    """The rows of calendar.txt of the services used; those of single dates have none."""
    first, last = (f"{day:%Y%m%d}" for day in (calendar.span.first, calendar.span.last))
    for service in calendar.services:
        if service.service_id in used and not service.kind.extra_buses:
            days = ("1" if kind == service.kind.day_type else "0" for kind in WEEK)
            yield csv_row(service.service_id, *days, first, last)


def calendar_date_rows(calendar: FeedCalendar, used: Set[str]) -> Iterator[str]:
    """The rows of calendar_dates.txt of the services used."""
    for service in calendar.services:
        if service.service_id in used:
            dates = [(day, "1") for day in service.added] + [(day, "2") for day in service.removed]
            for day, exception in sorted(dates):
                yield csv_row(service.service_id, f"{day:%Y%m%d}", exception)


def feed_info_rows(network: Network, timezone: str, calendar: FeedCalendar) -> Iterator[str]:
    """The row of feed_info.txt. The version is the network's digest, shortened."""
    first, last = (f"{day:%Y%m%d}" for day in (calendar.span.first, calendar.span.last))
    yield csv_row(NAME, URL, language_of(timezone), first, last, network.digest[:16], URL)
