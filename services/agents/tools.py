"""The tools that agents get, by name. Their queries are in `tool_queries`."""

from __future__ import annotations

from collections.abc import Mapping

from services.agents import compare_tool, ride_tools, tool_queries
from services.agents.tool import Tool
from services.agents.tool_arguments import (
    BusPositionArguments,
    CompareArguments,
    EndInterventionArguments,
    FindStopsArguments,
    InterveneArguments,
    LineBusesArguments,
    LineStatusArguments,
    ListInterventionsArguments,
    ListLinesArguments,
    NearestStopsArguments,
    NextArrivalsArguments,
    PeopleCountArguments,
    PlanRideArguments,
    SensorArguments,
    TimeRangeArguments,
)
from services.agents.tool_items import (
    AnyRecordItem,
    DirectionStatusItem,
    LineComparisonItem,
    LineSummary,
    NearStopItem,
    RideItem,
    SensorsItem,
)
from services.context import Context
from services.interventions.bodies import InterventionBody
from services.queries.bodies import BusPositionBody, PeopleCountBody
from services.queries.network_bodies import StopItem
from services.transit.bodies import ArrivalBody

TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "query_people_count",
            "People at a stop",
            "The number of people waiting at a bus stop, now or at a time in the past.",
            PeopleCountArguments,
            PeopleCountBody,
            tool_queries.people_count,
        ),
        Tool(
            "query_sensor_data",
            "Sensors of a bus or stop",
            "Temperature (°C) and humidity (%) at a stop or in a bus; for a bus also CO2 (ppm) and whether "
            "its doors are open. Now or at a time in the past.",
            SensorArguments,
            SensorsItem,
            tool_queries.sensor_data,
        ),
        Tool(
            "query_bus_position",
            "Where a bus is",
            "A bus's place, passengers aboard, next stop and the distance to it (m along the route), speed "
            "(km/h) and direction. Now or at a time in the past.",
            BusPositionArguments,
            BusPositionBody,
            tool_queries.bus_position,
        ),
        Tool(
            "query_line_buses",
            "Where a line's buses are",
            "The newest position of each bus of a line. For loads, headways and arrivals use line_status.",
            LineBusesArguments,
            BusPositionBody,
            tool_queries.line_buses,
        ),
        Tool(
            "query_time_range",
            "Records over a time range",
            "The records of one stop or bus in a time range, oldest first, page by page.",
            TimeRangeArguments,
            AnyRecordItem,
            tool_queries.time_range,
        ),
        Tool(
            "find_stops",
            "Find stops by name",
            "Stops whose names match, best match first, with their ids, coordinates and lines.",
            FindStopsArguments,
            StopItem,
            tool_queries.find_stops,
        ),
        Tool(
            "nearest_stops",
            "Stops near a place",
            "The stops nearest to a place, with their distance (m).",
            NearestStopsArguments,
            NearStopItem,
            tool_queries.nearest_stops,
        ),
        Tool(
            "list_lines",
            "The lines",
            "The lines with their ids, names and terminals. The number that passengers know (the 27) is part "
            "of a line's name, not its id.",
            ListLinesArguments,
            LineSummary,
            tool_queries.list_lines,
        ),
        Tool(
            "line_status",
            "How a line runs now",
            "How a line runs now, in each direction: buses and their loads, headways, bunched buses, people "
            "waiting at its stops. With stop_id also the next arrivals there: which bus, when, how full.",
            LineStatusArguments,
            DirectionStatusItem,
            tool_queries.status_of_line,
        ),
        Tool(
            "next_arrivals",
            "Next buses at a stop",
            "The next buses of all lines at a stop: when each is expected and planned, how far it is, how "
            "full, and how certain the time is.",
            NextArrivalsArguments,
            ArrivalBody,
            ride_tools.next_arrivals,
        ),
        Tool(
            "plan_ride",
            "Which bus to take",
            "The buses that go from one stop to another without a change: the wait, the ride, and how full "
            "each is. By arrival; compare load to avoid the crowd.",
            PlanRideArguments,
            RideItem,
            ride_tools.plan_ride,
        ),
        Tool(
            "compare",
            "What a scenario would change",
            "Simulates today's service twice, as it is and with a scenario such as a closure, a strike or "
            "rain: waits, people left behind, headways, loads, speed, by line, most affected first. Takes "
            "some seconds.",
            CompareArguments,
            LineComparisonItem,
            compare_tool.compare,
        ),
    )
}
"""The tools by name."""

CONTROL_TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "intervene",
            "Disturb the city",
            "Disturb the running city, from the first moment that is not yet stored or from a later one: a "
            "bus breaks down, a road or stop closes, more people come, a strike, rain, holding. Every answer "
            "is then of the disturbed city. Needs the main key.",
            InterveneArguments,
            InterventionBody,
            tool_queries.intervene,
            changes_city=True,
        ),
        Tool(
            "list_interventions",
            "The disruptions so far",
            "The disruptions made while the city ran, in their order: when each takes effect and ends.",
            ListInterventionsArguments,
            InterventionBody,
            tool_queries.list_interventions,
        ),
        Tool(
            "end_intervention",
            "End a disruption",
            "End a disruption as early as possible; one that hasn't taken effect is withdrawn. Needs the "
            "main key.",
            EndInterventionArguments,
            InterventionBody,
            tool_queries.end_intervention,
            changes_city=True,
        ),
    )
}
"""The tools that a city has in addition where it may be disturbed."""


def tools_of(context: Context) -> Mapping[str, Tool]:
    """The tools that a context offers, by name."""
    return TOOLS if context.interventions is None else {**TOOLS, **CONTROL_TOOLS}
