"""The three deliveries of SIRI, and the document around each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from services.errors import UnknownEntity, clipped
from services.feeds.feed_outlook import CADENCE
from services.feeds.siri.cancelled_journeys import cancelled_timetable
from services.feeds.siri.cancelled_visits import CancelledVisits
from services.feeds.siri.journeys import (
    SiriCity,
    delay,
    described,
    estimated_call,
    index_of_stop,
    journey,
    next_call,
    occupancy,
    stop_call,
)
from services.feeds.siri.parameters import LINE, MONITORING, VEHICLE, SiriRequest
from services.feeds.siri.tree import VERSION, Tree, duration
from services.queries.stream_queries import LINE_REACH
from services.times import format_instant
from services.transit.arrivals import Arrival, Underway, arrival_of, arrivals, underway, unserved_stops
from services.transit.line_history import Outlook
from simulator.network import Line, Stop
from storage.schema import BusPosition

PRODUCER = "bus-simulator"


def service_delivery(name: str, time: datetime, content: Tree, error: Tree | None = None) -> Tree:
    """A document with one delivery; with an `error` it has no content."""
    at, fine = format_instant(time), error is None
    validity: Mapping[str, str] = (
        {"ValidUntil": format_instant(time + CADENCE), "ShortestPossibleCycle": duration(CADENCE)}
        if fine
        else {}
    )
    delivery: Tree = {
        "version": VERSION,
        "ResponseTimestamp": at,
        "Status": fine,
        "ErrorCondition": error,
        **validity,
        **content,
    }
    head: Tree = {"ResponseTimestamp": at, "ProducerRef": PRODUCER, "Status": fine, "MoreData": False}
    return {"ServiceDelivery": {**head, name: [delivery]}}


def lines_of(city: SiriCity, wanted: SiriRequest) -> Sequence[Line]:
    """The lines that a request names, by our id or the feed's; else all. Raises `UnknownEntity`."""
    theirs = {feed_id: line_id for line_id, feed_id in city.ids.route.items()}
    found = []
    for ref in wanted.line_refs:
        line = city.network.line.get(theirs.get(ref, ref))
        if line is None:
            raise UnknownEntity(f"{LINE} {clipped(ref)} not found")
        found.append(line)
    return found or city.network.lines


def stop_of(city: SiriCity, ref: str) -> Stop:
    """The stop that a request names, by the simulator's id or the feed's. Raises `UnknownEntity`."""
    theirs = {feed_id: stop_id for stop_id, feed_id in city.ids.stop.items()}
    stop = city.network.stop.get(theirs.get(ref, ref))
    if stop is None:
        raise UnknownEntity(f"{MONITORING} {clipped(ref)} not found")
    return stop


def stop_monitoring(city: SiriCity, outlook: Outlook, wanted: SiriRequest) -> Tree:
    """The next buses at stops, and visits that don't take place.

    Raises `UnknownEntity`; may raise `StoreError`.
    """
    lines = lines_of(city, wanted)
    stops = [stop_of(city, ref) for ref in wanted.monitoring_refs]
    not_served = CancelledVisits(city, outlook, wanted)
    visits, cancellations = list[Tree](), list[Tree]()
    for stop in stops:
        serving = city.network.lines_of_stop[stop.stop_id]
        chosen = [line for line in lines if line.line_id in serving]
        found = _arrivals_at(outlook, stop, chosen, wanted)[: wanted.most]
        visits += [_stop_visit(city, arrival, stop) for arrival in found]
        cancellations += not_served.at(stop, chosen)
    return {
        "MonitoringRef": [city.ids.stop[stop.stop_id] for stop in stops],
        "MonitoredStopVisit": visits,
        "MonitoredStopVisitCancellation": cancellations,
    }


def _arrivals_at(
    outlook: Outlook, stop: Stop, lines: Sequence[Line], wanted: SiriRequest
) -> Sequence[Arrival]:
    return [
        arrival
        for arrival in arrivals(outlook, lines, stop_id=stop.stop_id)
        if arrival.expected <= outlook.now + wanted.preview
        and wanted.direction in (None, arrival.pattern.direction)
    ]


def _stop_visit(city: SiriCity, arrival: Arrival, stop: Stop) -> Tree:
    position, stop_ref = arrival.position, city.ids.stop[stop.stop_id]
    return {
        "RecordedAtTime": format_instant(position.time),
        "ItemIdentifier": f"{stop_ref}:{position.trip_id}",
        "MonitoringRef": stop_ref,
        "MonitoredVehicleJourney": {
            **journey(city, arrival.line, position, arrival.pattern),
            "Delay": delay(arrival),
            "VehicleRef": position.bus_id,
            "MonitoredCall": stop_call(city, arrival, index_of_stop(arrival, stop.stop_id)),
        },
    }


def vehicle_monitoring(city: SiriCity, outlook: Outlook, wanted: SiriRequest) -> Tree:
    """The newest position of each bus. Raises `UnknownEntity`; may raise `StoreError`."""
    vehicles = frozenset(wanted.vehicle_refs)
    for ref in wanted.vehicle_refs:
        if ref not in city.network.bus:
            raise UnknownEntity(f"{VEHICLE} {clipped(ref)} not found")
    lines = lines_of(city, wanted)
    outlook.read(lines)
    activities = [
        _vehicle_activity(city, line, position, running.get(position.bus_id))
        for line in lines
        for history in [outlook.history(line)]
        for running in [{bus.position.bus_id: bus for bus in underway(line, history)}]
        for position in history.positions
        if (not vehicles or position.bus_id in vehicles) and wanted.direction in (None, position.direction)
    ]
    return {"VehicleActivity": activities[: wanted.most]}


def _vehicle_activity(city: SiriCity, line: Line, position: BusPosition, bus: Underway | None) -> Tree:
    pattern = None if bus is None else bus.place.pattern
    return {
        "RecordedAtTime": format_instant(position.time),
        "ItemIdentifier": position.bus_id,
        "ValidUntilTime": format_instant(position.time + LINE_REACH),
        "MonitoredVehicleJourney": {
            **journey(city, line, position, pattern),
            "VehicleRef": position.bus_id,
            "MonitoredCall": None if bus is None else next_call(city, bus),
        },
    }


def estimated_timetable(city: SiriCity, outlook: Outlook, wanted: SiriRequest) -> Tree:
    """When the buses under way are expected at their stops ahead, and trips that no bus runs.

    As `stop_monitoring`.
    """
    lines = lines_of(city, wanted)
    outlook.read(lines)
    journeys = [
        estimated
        for line in lines
        for bus in underway(line, outlook.history(line))
        if wanted.direction in (None, bus.position.direction)
        for estimated in _estimated_journey(city, outlook, bus, wanted.preview)
    ]
    line_ids = {line.line_id for line in lines}
    journeys += [
        cancelled_timetable(city, each)
        for each in city.cancelled()
        if each.line.line_id in line_ids and wanted.direction in (None, each.pattern.direction)
    ]
    frame: Tree = {"RecordedAtTime": format_instant(outlook.now), "EstimatedVehicleJourney": journeys}
    return {"EstimatedJourneyVersionFrame": [frame] if journeys else []}


def _estimated_journey(city: SiriCity, outlook: Outlook, bus: Underway, preview: timedelta) -> Iterator[Tree]:
    """A bus's journey, none if no stop is ahead within `preview`."""
    here, stops = bus.place.index, bus.place.pattern.stops
    unserved, calls = unserved_stops(outlook, bus), list[Tree]()
    for index in range(here, len(stops)):
        arrival = arrival_of(outlook, bus, index)
        if arrival.expected > outlook.now + preview:
            break
        calls.append(estimated_call(city, arrival, index, is_served=index not in unserved))
    if calls:
        yield {
            "LineRef": city.ids.route[bus.line.line_id],
            "DirectionRef": str(bus.position.direction),
            "DatedVehicleJourneyRef": bus.position.trip_id,
            **described(city, bus.line, bus.place.pattern),
            "Monitored": True,
            "Occupancy": occupancy(city.network, bus.position),
            "VehicleRef": bus.position.bus_id,
            "EstimatedCalls": {"EstimatedCall": calls},
            "IsCompleteStopSequence": False,
        }
