"""JSON bodies of the tools' results about lines and stops, from records; `tool_items` has their models."""

from __future__ import annotations

from datetime import datetime

from services.queries.bodies import Body
from services.queries.line_status import BusStatus, DirectionStatus, LineArrival
from services.queries.name_search import NearbyStop
from services.queries.network_bodies import line_item, stop_item
from services.times import ceiling, format_instant
from services.transit.bodies import SECOND, arrival_body
from services.transit.rides import Ride
from simulator.network import Line, Network, Pattern


def near_stop_item(network: Network, near: NearbyStop) -> Body:
    """Build a `NearStopItem`."""
    return {**stop_item(network, near.stop), "distance": near.distance_m}


def line_summary(network: Network, line: Line) -> Body:
    """Build a `LineSummary`."""
    mains = [pattern for direction in (0, 1) if (pattern := line.main_pattern(direction)) is not None]
    return {**line_item(line), "directions": [towards_item(network, pattern) for pattern in mains]}


def towards_item(network: Network, pattern: Pattern) -> Body:
    """Build a `TowardsItem`."""
    last = pattern.stops[-1].stop_id
    return {
        "direction": pattern.direction,
        "towards": network.stop[last].name,
        "towards_stop_id": last,
    }


def direction_status_item(network: Network, status: DirectionStatus) -> Body:
    """Build a `DirectionStatusItem`."""
    loads = [load_of(bus) for bus in status.buses]
    return {
        "line_id": status.line.line_id,
        "name": status.line.name,
        **towards_item(network, status.pattern),
        "buses_out": len(status.buses),
        "passengers": sum(bus.position.passenger_count for bus in status.buses),
        "load": round(sum(loads) / len(loads), 2) if loads else None,
        "mean_headway_s": None if status.mean_headway_s is None else round(status.mean_headway_s, 1),
        "headway_cv": None if status.headway_cv is None else round(status.headway_cv, 2),
        "bunched_bus_ids": list(status.bunched),
        "people_at_stops": status.people_at_stops,
        "left_behind": status.left_behind,
        "buses": [bus_status_item(network, bus) for bus in status.buses],
        "arrivals": None if status.arrivals is None else [arrival_item(each) for each in status.arrivals],
    }


def bus_status_item(network: Network, bus: BusStatus) -> Body:
    """Build a `BusStatusItem`."""
    position = bus.position
    return {
        "bus_id": position.bus_id,
        "time": format_instant(position.time),
        "passenger_count": position.passenger_count,
        "capacity": bus.capacity,
        "load": load_of(bus),
        "next_stop_id": position.next_stop_id,
        "next_stop_name": network.stop[position.next_stop_id].name,
        "distance_to_next_stop": position.distance_to_next_stop,
        "speed": position.speed,
        "headway_s": None if bus.headway_s is None else round(bus.headway_s, 1),
    }


def arrival_item(arrival: LineArrival) -> Body:
    """Build an `ArrivalItem`."""
    expected = arrival.expected
    return {
        "bus_id": arrival.bus.position.bus_id,
        "stops_away": arrival.stops_away,
        "distance": arrival.distance_m,
        "expected_time": None if expected is None else format_instant(expected),
        "expected_by": None if expected is None else "last bus" if arrival.by_last_bus else "mean speed",
        "passenger_count": arrival.bus.position.passenger_count,
        "capacity": arrival.bus.capacity,
        "load": load_of(arrival.bus),
    }


def ride_item(network: Network, ride: Ride, now: datetime) -> Body:
    """Build a `RideItem`."""
    arrival = arrival_body(network, ride.board, now)
    boards, arrives = ceiling(ride.board.expected, SECOND), ceiling(ride.arrives, SECOND)
    aboard, bus = ride.board.position.passenger_count, network.bus.get(ride.board.position.bus_id)
    return {
        "line_id": arrival["line_id"],
        "name": ride.board.line.name,
        "direction": arrival["direction"],
        "towards": arrival["destination"],
        "bus_id": arrival["bus_id"],
        "trip_id": arrival["trip_id"],
        "from_stop_id": ride.board_stop_id,
        "to_stop_id": ride.alight_stop_id,
        "board_time": arrival["expected_time"],
        "wait_s": arrival["wait_s"],
        "arrival_time": format_instant(arrives),
        "ride_s": round((arrives - boards).total_seconds()),
        "stops": ride.stop_count,
        "passenger_count": aboard,
        "capacity": arrival["capacity"],
        "load": None if bus is None else round(aboard / bus.capacity, 2),
        "certainty": arrival["certainty"],
    }


def load_of(bus: BusStatus) -> float:
    """Passengers aboard divided by capacity, to two decimals."""
    return round(bus.position.passenger_count / bus.capacity, 2)
