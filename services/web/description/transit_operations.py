"""The operations of visits, arrivals and the network's shape, as entries of the OpenAPI table."""

from __future__ import annotations

from collections.abc import Mapping

from services.queries import bodies
from services.queries.parameters import GREATEST_LIMIT
from services.transit import bodies as transit_bodies
from services.transit import geojson_bodies
from services.transit.request import DEFAULT_ARRIVALS, DEFAULT_HORIZON_MIN, LONGEST_HORIZON_MIN
from services.web.description.operation import EVERY, MOMENT, RANGE, TEXT, Operation, Parameter

NETWORK = (400, 401, 404, 429, 500)
LINES = Parameter("line_id", "Only these lines: repeated, or with commas between them.", TEXT)
HORIZON = Parameter(
    "horizon_min",
    "How many minutes ahead.",
    {"type": "integer", "minimum": 1, "maximum": LONGEST_HORIZON_MIN, "default": DEFAULT_HORIZON_MIN},
)
MOST = Parameter(
    "limit",
    "The most arrivals.",
    {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT, "default": DEFAULT_ARRIVALS},
)
DATE = Parameter("date", "A service day, `YYYY-MM-DD`; else the one that runs now.", TEXT)
START_DATE = Parameter(
    "start_date",
    "The date, `YYYYMMDD`, with a trip id of the GTFS feeds instead of one of REST.",
    TEXT,
)

TRANSIT_OPERATIONS: Mapping[str, Operation] = {
    **{
        f"/stop-visits/{kind}/{{{kind}_id}}": Operation(
            what, (bodies.StopVisitPage,), (*MOMENT, *RANGE), EVERY, is_cached=True
        )
        for kind, what in (
            ("stop", "Buses' visits to a stop: the newest of each line, at a time, or over a range"),
            ("bus", "A bus's visits to stops: the newest, at a time, or over a range"),
            ("line", "Visits of a line's buses to stops: the newest of each, at a time, or over a range"),
        )
    },
    "/arrivals/{stop_id}": Operation(
        "The next buses of every line at a stop: when they are expected, how far they are, how full",
        (transit_bodies.ArrivalsBody,),
        (LINES, MOST, HORIZON),
        EVERY,
    ),
    "/trips/{trip_id}": Operation(
        "A trip: its visits so far, and when it is planned and expected at the stops ahead",
        (transit_bodies.TripBody,),
        (START_DATE,),
        EVERY,
    ),
    "/lines/{line_id}/shape": Operation(
        "A line's route patterns as GeoJSON lines with their direction",
        (geojson_bodies.LineShapeBody,),
        (),
        NETWORK,
        "network",
        is_cached=True,
    ),
    "/lines/{line_id}/timetable": Operation(
        "A line's departures or headways on a service day",
        (transit_bodies.TimetableBody,),
        (DATE,),
        NETWORK,
        "network",
        is_cached=True,
    ),
    "/network.geojson": Operation(
        "The lines' routes with their colours, and the stops, as GeoJSON",
        (geojson_bodies.NetworkShapeBody,),
        (LINES,),
        NETWORK,
        "network",
        is_cached=True,
    ),
    "/stops/{stop_id}": Operation(
        "A stop and the lines that serve it", (transit_bodies.StopBody,), (), NETWORK, "network"
    ),
    "/buses/{bus_id}": Operation(
        "A bus, its line and its newest position", (transit_bodies.BusBody,), (), EVERY, "network"
    ),
}
