"""Vehicle journeys and calls as SIRI writes them. The order of the names is that of the schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.feeds.gtfs_static.network_tables import route_names
from services.feeds.siri.tree import Node, Tree, duration
from services.gtfs_trips.ids import FeedIds
from services.queries.bearing import bearing
from services.times import format_instant
from services.transit.arrivals import Arrival, Underway
from services.transit.bodies import expected_time
from services.transit.timetable import parse_trip_id
from simulator.network import Line, Network, Pattern
from storage.schema import BusPosition

BUS = "bus"
SEATS_SHARE = 0.33
"""The share of a city bus's places that are seats: some 30 of 90."""


@dataclass(frozen=True, slots=True)
class CancelledJourney:
    """A trip of the static feed that no bus runs; `aimed` is when it was planned to be at each stop."""

    line: Line
    pattern: Pattern
    trip_id: str
    start_date: date
    aimed: Sequence[datetime]

    @property
    def ref(self) -> str:
        """Its id, which is that of its update in GTFS-Realtime."""
        return f"{self.trip_id}-{self.start_date:%Y%m%d}"


@dataclass(frozen=True, slots=True)
class SiriCity:
    """A network and the ids by which feeds name its stops and lines: those of `/gtfs.zip`.

    `cancelled` finds the trips that no bus runs. It may raise `StoreError`.
    """

    network: Network
    ids: FeedIds
    cancelled: Callable[[], Sequence[CancelledJourney]] = tuple


def journey(city: SiriCity, line: Line, position: BusPosition, pattern: Pattern | None) -> Tree:
    """The parts of a monitored journey that don't depend on a stop; without a pattern the bus has no trip."""
    name = parse_trip_id(position.trip_id) if pattern is not None else None
    framed = None if name is None else framed_journey(name.day.isoformat(), position.trip_id)
    return {
        "LineRef": city.ids.route[line.line_id],
        "DirectionRef": str(position.direction),
        "FramedVehicleJourneyRef": framed,
        **described(city, line, pattern),
        "Monitored": True,
        "VehicleLocation": {"Longitude": position.longitude, "Latitude": position.latitude},
        "Bearing": bearing(position, line),
        "Occupancy": occupancy(city.network, position),
    }


def framed_journey(date: str, trip_id: str) -> Tree:
    """A trip by its service day and its id."""
    return {"DataFrameRef": date, "DatedVehicleJourneyRef": trip_id}


def described(city: SiriCity, line: Line, pattern: Pattern | None) -> Tree:
    """What passengers see of a line, and where its pattern begins and ends."""
    found: dict[str, Node] = {
        "JourneyPatternRef": None if pattern is None else pattern.pattern_id,
        "VehicleMode": [BUS],
        "PublishedLineName": [route_names(line).short],
    }
    if pattern is not None:
        first, last = (city.network.stop[pattern.stops[i].stop_id] for i in (0, -1))
        found |= {
            "OriginRef": city.ids.stop[first.stop_id],
            "OriginName": [first.name],
            "DestinationRef": city.ids.stop[last.stop_id],
            "DestinationName": [last.name],
        }
    return found


def occupancy(network: Network, position: BusPosition) -> str | None:
    """How full a bus is; None for one that the network no longer has."""
    bus = network.bus.get(position.bus_id)
    if bus is None:
        return None
    if position.passenger_count >= bus.capacity:
        return "full"
    return "seatsAvailable" if position.passenger_count < SEATS_SHARE * bus.capacity else "standingAvailable"


def call_times(arrival: Arrival) -> Tree:
    """When a bus is planned and expected; at a trip's first stop these are departures."""
    event = "Departure" if arrival.stops_away == 0 and not arrival.has_departed else "Arrival"
    planned = None if arrival.planned is None else format_instant(arrival.planned)
    return {f"Aimed{event}Time": planned, f"Expected{event}Time": format_instant(expected_time(arrival))}


def index_of_stop(arrival: Arrival, stop_id: str) -> int:
    """The index of an arrival's stop in its pattern, which may call there more than once."""
    stops, away = arrival.pattern.stops, arrival.stops_away
    found = [i for i in range(away, len(stops)) if stops[i].stop_id == stop_id]
    ahead = (i for i in found if stops[i - away].stop_id == arrival.position.next_stop_id)
    return next(ahead, found[0])


def stop_call(city: SiriCity, arrival: Arrival, index: int) -> Tree:
    """The call of a bus at the stop with an index in its pattern."""
    stop, position = city.network.stop[arrival.pattern.stops[index].stop_id], arrival.position
    stands = arrival.stops_away == 0 and position.distance_to_next_stop < 0.1 and position.speed == 0
    return {
        "StopPointRef": city.ids.stop[stop.stop_id],
        "Order": index + 1,
        "StopPointName": [stop.name],
        "VehicleAtStop": stands,
        **call_times(arrival),
        "DistanceFromStop": round(arrival.distance_m),
        "NumberOfStopsAway": arrival.stops_away,
    }


def estimated_call(city: SiriCity, arrival: Arrival, index: int, *, is_served: bool) -> Tree:
    """The call of a bus in an estimated timetable.

    One at a stop that it won't serve has `Cancellation`, and no expected time.
    """
    call = dict(stop_call(city, arrival, index))
    del call["VehicleAtStop"]
    if is_served:
        return call
    names = ("StopPointRef", "Order", "StopPointName")
    aimed = {name: node for name, node in call.items() if name.startswith("Aimed")}
    return {**{name: call[name] for name in names}, "Cancellation": True, **aimed}


def delay(arrival: Arrival) -> str | None:
    """How late a bus is, None on a line without a timetable."""
    return None if arrival.planned is None else duration(expected_time(arrival) - arrival.planned)


def next_call(city: SiriCity, bus: Underway) -> Tree:
    """The next stop of a bus."""
    index = bus.place.index
    stop = city.network.stop[bus.place.pattern.stops[index].stop_id]
    stands = bus.position.distance_to_next_stop < 0.1 and bus.position.speed == 0
    return {
        "StopPointRef": city.ids.stop[stop.stop_id],
        "Order": index + 1,
        "StopPointName": [stop.name],
        "VehicleAtStop": stands,
        "DistanceFromStop": round(bus.distance_m),
    }
