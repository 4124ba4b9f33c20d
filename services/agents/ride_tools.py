"""The queries of the tools about next buses: arrivals at a stop, rides from one stop to another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from services.agents import tool_hints
from services.agents.tool import ToolOutput, ToolQuery
from services.agents.tool_arguments import NextArrivalsArguments, PlanRideArguments
from services.agents.tool_bodies import ride_item
from services.context import Context
from services.errors import UnknownEntity
from services.queries.name_search import find_stops
from services.transit.arrivals import arrivals
from services.transit.bodies import arrival_body
from services.transit.rides import rides
from simulator.network import Network
from storage.store import Reader

HORIZON = timedelta(hours=1)
NO_ARRIVALS = "No bus is on its way to this stop now. Try line_status for its lines."
NO_RIDES = "No bus that is out now goes there without a change. Try stops near either end (nearest_stops)."


def next_arrivals(context: Context, given: NextArrivalsArguments) -> ToolQuery:
    """Query the next buses of all lines at a stop."""
    network = context.network

    def find(store: Reader) -> ToolOutput:
        try:
            stop_ids = stops_named(network, given.stop)
        except UnknownEntity as error:
            return ToolOutput(hint=tool_hints.unknown(network, given.stop, error))
        outlook = context.outlook(store)
        found = [
            each
            for stop_id in stop_ids
            for each in arrivals(
                outlook, map(network.line.__getitem__, network.lines_of_stop[stop_id]), stop_id=stop_id
            )
            if each.expected <= outlook.now + HORIZON
        ]
        found.sort(key=lambda each: (each.expected, each.position.bus_id))
        items = [arrival_body(network, each, outlook.now) for each in found[: given.limit]]
        return ToolOutput(items, hint=None if items else NO_ARRIVALS)

    return ToolQuery(find)


def plan_ride(context: Context, given: PlanRideArguments) -> ToolQuery:
    """Query the direct rides between two stops."""
    network = context.network

    def find(store: Reader) -> ToolOutput:
        ends: list[Sequence[str]] = []
        for name in (given.from_, given.to):
            try:
                ends.append(stops_named(network, name))
            except UnknownEntity as error:
                return ToolOutput(hint=tool_hints.unknown(network, name, error))
        outlook = context.outlook(store)
        found = rides(network, outlook, start=ends[0], end=ends[1])[: given.limit]
        items = [ride_item(network, ride, outlook.now) for ride in found]
        return ToolOutput(items, hint=None if items else NO_RIDES)

    return ToolQuery(find)


def stops_named(network: Network, text: str) -> Sequence[str]:
    """The stop with this id, else all stops with the name most like it. Raises `UnknownEntity`."""
    if text in network.stop:
        return [text]
    found = find_stops(network, name=text)
    if not found:
        raise UnknownEntity(f"Stop {text[:100]} not found")
    return [stop.stop_id for stop in found if stop.name == found[0].name]
