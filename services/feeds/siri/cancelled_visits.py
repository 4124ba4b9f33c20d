"""Visits to a stop that don't take place, as SIRI's stop monitoring writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from services.feeds.gtfs_static.network_tables import route_names
from services.feeds.siri.journeys import BUS, CancelledJourney, SiriCity, framed_journey
from services.feeds.siri.parameters import SiriRequest
from services.feeds.siri.tree import Tree
from services.times import format_instant
from services.transit.arrivals import expected_at, passing_buses
from services.transit.line_history import Outlook
from services.transit.timetable import CANCELLED, parse_trip_id
from simulator.network import Line, Pattern, Stop


class CancelledVisits:
    """The visits that a request asks for. May raise `StoreError`."""

    def __init__(self, city: SiriCity, outlook: Outlook, wanted: SiriRequest) -> None:
        self._city, self._outlook, self._direction = city, outlook, wanted.direction
        # That a trip is cancelled is known when it is so late.
        self._earliest, self._latest = outlook.now - CANCELLED, outlook.now + wanted.preview
        self._not_run = city.cancelled()

    def at(self, stop: Stop, lines: Sequence[Line]) -> Iterator[Tree]:
        """Those of buses that won't serve a stop, then those of trips that no bus runs."""
        for line in lines:
            for bus, index in passing_buses(self._outlook, line, stop_id=stop.stop_id):
                name, pattern = parse_trip_id(bus.position.trip_id), bus.place.pattern
                is_near = expected_at(self._outlook, bus, index) <= self._latest
                if name is not None and is_near and self._direction in (None, pattern.direction):
                    yield self._visit(stop, line, pattern, (name.day, bus.position.trip_id))
        line_ids = {line.line_id for line in lines}
        for each in self._not_run:
            is_near = any(self._earliest <= aimed <= self._latest for aimed in aimed_at(each, stop))
            is_wanted = each.line.line_id in line_ids and self._direction in (None, each.pattern.direction)
            if is_wanted and is_near:
                yield self._visit(stop, each.line, each.pattern, (each.start_date, each.ref))

    def _visit(self, stop: Stop, line: Line, pattern: Pattern, journey: tuple[date, str]) -> Tree:
        """A cancellation, in the schema's order. `ItemRef` is the `ItemIdentifier` that the visit had."""
        stop_ref, (day, journey_ref) = self._city.ids.stop[stop.stop_id], journey
        return {
            "RecordedAtTime": format_instant(self._outlook.now),
            "ItemRef": f"{stop_ref}:{journey_ref}",
            "MonitoringRef": stop_ref,
            "LineRef": self._city.ids.route[line.line_id],
            "DirectionRef": str(pattern.direction),
            "VehicleJourneyRef": framed_journey(day.isoformat(), journey_ref),
            "JourneyPatternRef": pattern.pattern_id,
            "VehicleMode": [BUS],
            "PublishedLineName": [route_names(line).short],
            "DirectionName": [self._city.network.stop[pattern.stops[-1].stop_id].name],
        }


def aimed_at(cancelled: CancelledJourney, stop: Stop) -> list[datetime]:
    """When a journey was planned to be at a stop, where it may call twice."""
    calls = zip(cancelled.pattern.stops, cancelled.aimed, strict=True)
    return [aimed for call, aimed in calls if call.stop_id == stop.stop_id]
