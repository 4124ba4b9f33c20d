"""What an import took of a feed and what it left, in words."""

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
    """What was taken of the feed, and what was left."""
    for kind in DayType:
        if kind in days:
            trips = sum(len(service.runs.get(kind, ())) for service in services)
            yield f"{kind}: the service of {days[kind]}, {trips:,} trips"
        else:
            yield f"{kind}: nothing runs"
    other = [route.short_name or route.route_id for route in feed.routes if route.route_type not in BUS_TYPES]
    if other:
        yield f"left out, no buses: {len(other)} routes ({first_few(other)})"
    idle = len(chosen) - len(found)
    if idle:
        yield f"left out, without trips on these dates: {idle} routes"
    for service in found:
        if service.far_m:
            name = service.route.short_name or service.route.route_id
            yield f"left out, {service.far_m / 1000:.0f} km from one stop to the next: route {name}"
    short = sum(service.short for service in services)
    if short:
        yield f"left out, without two stops: {short:,} trips"
    if feed.estimated:
        yield "frequencies without exact times: departures are spaced evenly from the start of each"
    if feed.timezone != "Europe/Madrid":
        yield f"the feed's times ({feed.timezone}) are taken for Madrid's, and Madrid's holidays count"


def first_few(names: Iterable[str]) -> str:
    """The first five, and that there are more."""
    names = list(names)
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
