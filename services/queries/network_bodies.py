"""JSON bodies of lines, stops and buses: pydantic models for OpenAPI, and functions that fill them."""

from __future__ import annotations

from services.queries.bodies import Body, ExactModel
from simulator.network import Bus, Line, Network, Pattern, Stop


class LineItem(ExactModel):
    """A line of the network; a `night` line runs all night.

    `gtfs_id` is the id of its route in the GTFS feed that the network was imported from, if it was.
    """

    line_id: str
    name: str
    night: bool
    stop_count: int
    bus_count: int
    gtfs_id: str = ""


class StopItem(ExactModel):
    """A stop: WGS84, and the lines that serve it, as "L1,L2".

    `gtfs_id` is its id in the GTFS feed that the network was imported from, if it was.
    """

    stop_id: str
    name: str
    latitude: float
    longitude: float
    line_ids: str
    gtfs_id: str = ""


class BusItem(ExactModel):
    """A bus, its line, and the number of people it can carry."""

    bus_id: str
    line_id: str
    capacity: int


class LinesPage(ExactModel):
    """A page of lines by `line_id`; `next_cursor` asks for the next, null at the end."""

    items: list[LineItem]
    next_cursor: str | None


class StopsPage(ExactModel):
    """A page of stops by `stop_id`; `next_cursor` asks for the next, null at the end."""

    items: list[StopItem]
    next_cursor: str | None


class BusesPage(ExactModel):
    """A page of buses by `bus_id`; `next_cursor` asks for the next, null at the end."""

    items: list[BusItem]
    next_cursor: str | None


class PatternStopBody(ExactModel):
    """A stop on a route: where its buses stop (WGS84), and metres from the route's start."""

    stop_id: str
    name: str
    latitude: float
    longitude: float
    distance: float


class DirectionBody(ExactModel):
    """A direction's main route: 0 outbound, 1 inbound; its stops in order."""

    direction: int
    stops: list[PatternStopBody]


class LineRouteBody(ExactModel):
    """A line with the stops of its directions and its buses."""

    line_id: str
    name: str
    night: bool
    directions: list[DirectionBody]
    bus_ids: list[str]


def line_item(line: Line) -> Body:
    """A `LineItem`."""
    return {
        "line_id": line.line_id,
        "name": line.name,
        "night": line.night,
        "stop_count": len(line.stop_ids),
        "bus_count": len(line.buses),
        **_gtfs_id(line),
    }


def stop_item(network: Network, stop: Stop) -> Body:
    """A `StopItem`."""
    return {
        "stop_id": stop.stop_id,
        "name": stop.name,
        "latitude": stop.latitude,
        "longitude": stop.longitude,
        "line_ids": ",".join(network.lines_of_stop[stop.stop_id]),
        **_gtfs_id(stop),
    }


def _gtfs_id(entity: Line | Stop) -> Body:
    return {"gtfs_id": entity.gtfs_id} if entity.gtfs_id else {}


def bus_item(line: Line, bus: Bus) -> Body:
    """A `BusItem`."""
    return {"bus_id": bus.bus_id, "line_id": line.line_id, "capacity": bus.capacity}


def line_route_body(network: Network, line: Line) -> Body:
    """A `LineRouteBody`."""
    mains = [pattern for direction in (0, 1) if (pattern := line.main_pattern(direction)) is not None]
    return {
        "line_id": line.line_id,
        "name": line.name,
        "night": line.night,
        "directions": [direction_body(network, pattern) for pattern in mains],
        "bus_ids": sorted(bus.bus_id for bus in line.buses),
    }


def direction_body(network: Network, pattern: Pattern) -> Body:
    """A `DirectionBody`."""
    stops = [
        {
            "stop_id": place.stop_id,
            "name": network.stop[place.stop_id].name,
            "latitude": place.latitude,
            "longitude": place.longitude,
            "distance": round(place.distance_m, 1),
        }
        for place in pattern.stops
    ]
    return {"direction": pattern.direction, "stops": stops}
