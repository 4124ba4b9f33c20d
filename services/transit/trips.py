"""A trip: its visits so far, and what is planned and expected of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.errors import NoData, UnknownEntity, clipped
from services.transit.arrivals import Underway, expected_at, underway, unserved_stops
from services.transit.line_history import Outlook
from services.transit.timetable import PlannedTrip, TripName, instant_of, parse_trip_id, planned_trip
from simulator.network import Line, Network
from storage.schema import StopVisit, Stream

LONGEST = timedelta(hours=54)
"""From the origin of a service day to the end of its last trip, at most."""
MOST_VISITS = 1000


@dataclass(frozen=True, slots=True)
class TripStop:
    """A stop of a trip: its visit if the bus has been there, else when it is expected; and as planned.

    Neither at a stop ahead that the bus won't serve, as one at a closed road.
    """

    stop_id: str
    sequence: int
    visit: StopVisit | None
    expected: datetime | None
    planned: datetime | None


@dataclass(frozen=True, slots=True)
class Trip:
    """A trip with its stops. `bus` is where its bus is, None if it isn't on this trip now."""

    name: TripName
    trip_id: str
    line: Line
    bus_id: str
    bus: Underway | None
    stops: Sequence[TripStop]


def trip(network: Network, outlook: Outlook, *, trip_id: str) -> Trip:
    """Return a trip.

    Raises `UnknownEntity` if no line can have a trip of this id, `NoData` if it hasn't run.
    """
    name = parse_trip_id(trip_id)
    line = None if name is None else network.line.get(name.line_id)
    if name is None or line is None:
        raise UnknownEntity(f"Trip {clipped(trip_id)} not found")
    visits = _visits(outlook, line, name, trip_id)
    running = underway(line, outlook.history(line))
    bus = next((each for each in running if each.position.trip_id == trip_id), None)
    if not visits and bus is None:
        raise NoData(f"No data found for trip {trip_id}")
    departed = visits[0].time if visits and visits[0].sequence == 1 else None
    planned = planned_trip(line, name, outlook.departures(line, name.day), departed)
    done = [TripStop(v.stop_id, v.sequence, v, None, _planned_at(planned, v.sequence)) for v in visits]
    ahead = [] if bus is None else list(_stops_ahead(outlook, bus, planned))
    return Trip(name, trip_id, line, bus.position.bus_id if bus else visits[0].bus_id, bus, [*done, *ahead])


def _stops_ahead(outlook: Outlook, bus: Underway, planned: PlannedTrip | None) -> Iterator[TripStop]:
    stops, unserved = bus.place.pattern.stops, unserved_stops(outlook, bus)
    for i in range(bus.place.index, len(stops)):
        expected = None if i in unserved else expected_at(outlook, bus, i)
        yield TripStop(stops[i].stop_id, i + 1, None, expected, _planned_at(planned, i + 1))


def _visits(outlook: Outlook, line: Line, name: TripName, trip_id: str) -> list[StopVisit]:
    start = instant_of(line, name.day, 0)
    end = min(start + LONGEST, outlook.now + timedelta(milliseconds=1))
    if end <= start:
        return []
    page = outlook.store.range(
        Stream.STOP_VISIT, trip_id, start=start, end=end, limit=MOST_VISITS, by="trip_id"
    )
    found = [record for record in page.records if isinstance(record, StopVisit)]
    return sorted(found, key=lambda visit: visit.sequence)


def _planned_at(planned: PlannedTrip | None, sequence: int) -> datetime | None:
    return planned.times[sequence - 1] if planned and sequence <= len(planned.times) else None
