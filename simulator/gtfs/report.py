"""The report of a GTFS import: what was taken from the feed, left out and assumed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from simulator.gtfs.feed import Feed
from simulator.gtfs.routes import BUS_TYPES, RouteService
from simulator.types import DayType


def report_lines(
    feed: Feed,
    days: Mapping[DayType, date],
    chosen: Sequence[int],
    found: Sequence[RouteService],
    services: Sequence[RouteService],
) -> Iterator[str]:
    """A line for each day type's service, and for everything left out or assumed."""
    for kind in DayType:
        if kind in days:
            trips = sum(len(service.runs.get(kind, ())) for service in services)
            yield f"{kind}: the service of {days[kind]}, {trips:,} trips"
        else:
            yield f"{kind}: no service"
    other = [route.short_name or route.route_id for route in feed.routes if route.route_type not in BUS_TYPES]
    if other:
        yield f"left out, not bus routes: {len(other)} routes ({first_few(other)})"
    idle = len(chosen) - len(found)
    if idle:
        yield f"left out, no trips on these dates: {idle} routes"
    for service in found:
        if service.far_m:
            name = service.route.short_name or service.route.route_id
            yield f"left out, {service.far_m / 1000:.0f} km between two stops: route {name}"
    short = sum(service.short for service in services)
    if short:
        yield f"left out, fewer than two stops: {short:,} trips"
    if feed.estimated:
        yield "frequencies without exact times: departures are spaced evenly from each start time"
    if feed.timezone != "Europe/Madrid":
        yield f"times are those of {feed.timezone}, the feed's time zone; the holidays are Madrid's"


def first_few(names: Iterable[str]) -> str:
    """The first five names, with an ellipsis if there are more."""
    names = list(names)
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
