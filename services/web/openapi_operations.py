"""The REST operations as a table for OpenAPI: summary, parameters, models and errors of each route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from services.queries import bodies, network_bodies, status_bodies
from services.queries.filters import EXAMPLE_BOX
from services.queries.parameters import DEFAULT_LIMIT, GREATEST_LIMIT, Format


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter."""

    name: str
    what: str
    schema: Mapping[str, object]
    required: bool = False


TEXT = {"type": "string"}
MODE = Parameter(
    "mode", "`latest`: the newest record. Overrides `timestamp`.", {"type": "string", "enum": ["latest"]}
)
LATEST_ONLY = Parameter("mode", "`latest`: the newest records, the only mode.", MODE.schema, required=True)
LIMIT = Parameter(
    "limit",
    "The most items on a page.",
    {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT, "default": DEFAULT_LIMIT},
)
TZ = Parameter(
    "tz", "An IANA time zone for the times in the answer, such as `Europe/Madrid`; else UTC.", TEXT
)
"""Of every route that answers JSON."""
CURSOR = Parameter("cursor", "The `next_cursor` of the previous page of the same request.", TEXT)
MOMENT = (
    MODE,
    Parameter("timestamp", "ISO 8601, UTC without an offset: the newest record at or before it.", TEXT),
)
RANGE = (
    Parameter("start", "Start of a range (ISO 8601); needs `end`.", TEXT),
    Parameter("end", "End of a range, not included (ISO 8601); needs `start`.", TEXT),
    LIMIT,
    CURSOR,
    Parameter(
        "format", "The format of a range.", {"type": "string", "enum": ["json", "csv"], "default": "json"}
    ),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """The description of a route: `models` of its 200 body, and `errors`, its error statuses.

    `body` has the models of the request's body, one of which it must match. `formats` are those of the
    response. A response that `is_cached` has an entity tag, and can be 304.
    """

    summary: str
    models: Sequence[type[BaseModel]]
    parameters: Sequence[Parameter] = ()
    errors: Sequence[int] = ()
    tag: str = "data"
    body: Sequence[type[BaseModel]] = ()
    formats: Sequence[Format] = ()
    is_cached: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it needs no key."""
        return 401 not in self.errors


EVERY = (400, 401, 404, 429, 500, 503)
LISTING = (400, 401, 429, 500)
OPEN_ROUTE = (400, 500)
LINES = Parameter("line_id", "Only these lines: ids with commas between them; may be repeated.", TEXT)
STOPS = Parameter("stop_id", "Only these stops, or buses whose next stop is one of them; as `line_id`.", TEXT)
BOX = Parameter(
    "bbox", f"Only what is in this box: west,south,east,north in degrees, such as `{EXAMPLE_BOX}`.", TEXT
)


def all_at_once(summary: str, models: Sequence[type[BaseModel]], formats: Sequence[Format]) -> Operation:
    """The operation of a route of all entities. Ranges of buses take no filter by place."""
    written = {"type": "string", "enum": list(formats), "default": "json"}
    parameters = (*MOMENT, LINES, STOPS, BOX, *RANGE[:-1], Parameter("format", "The format.", written))
    return Operation(summary, models, parameters, EVERY, formats=formats, is_cached=True)


ALL_AT_ONCE: Mapping[str, Operation] = {
    "/people-count": all_at_once(
        "People waiting at every stop: now, at a time, or over a range",
        (bodies.PeopleCountsBody, bodies.PeopleCountPage),
        ("json", "csv", "parquet", "geojson"),
    ),
    "/bus-position": all_at_once(
        "Position of every bus: now, at a time, or over a range",
        (bodies.BusPositionsBody, bodies.BusPositionPage),
        ("json", "csv", "parquet", "geojson"),
    ),
    "/sensors/bus": all_at_once(
        "Sensor data of every bus: now, at a time, or over a range",
        (bodies.BusSensorsListBody, bodies.BusSensorsPage),
        ("json", "csv", "parquet"),
    ),
    "/sensors/stop": all_at_once(
        "Sensor data of every stop: now, at a time, or over a range",
        (bodies.StopSensorsListBody, bodies.StopSensorsPage),
        ("json", "csv", "parquet"),
    ),
}

OPERATIONS: Mapping[str, Operation] = {
    **ALL_AT_ONCE,
    "/people-count/{stop_id}": Operation(
        "People waiting at a stop: now, at a time, or over a range",
        (bodies.PeopleCountBody, bodies.PeopleCountPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/sensors/{entity_type}/{entity_id}": Operation(
        "Sensor data of a bus or a stop: now, at a time, or over a range",
        (bodies.BusSensorsBody, bodies.StopSensorsBody, bodies.SensorsPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/bus-position/{bus_id}": Operation(
        "Position of a bus: now, at a time, or over a range",
        (bodies.BusPositionBody, bodies.BusPositionPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/bus-position/line/{line_id}": Operation(
        "Newest position of each bus of a line, not older than 5 minutes",
        (bodies.LineBody,),
        (LATEST_ONLY,),
        EVERY,
    ),
    **{
        f"/stop-visits/{kind}/{{{kind}_id}}": Operation(
            what, (bodies.StopVisitPage,), (*MOMENT, *RANGE), EVERY
        )
        for kind, what in (
            ("stop", "Buses' visits to a stop: the newest of each line, at a time, or over a range"),
            ("bus", "A bus's visits to stops: the newest, at a time, or over a range"),
            ("line", "Visits of a line's buses to stops: the newest of each, at a time, or over a range"),
        )
    },
    "/lines": Operation("The lines", (network_bodies.LinesPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/lines/{line_id}": Operation(
        "A line: the stops of each direction with coordinates, and its buses",
        (network_bodies.LineRouteBody,),
        (),
        (400, 401, 404, 429, 500),
        "network",
    ),
    "/stops": Operation("The stops", (network_bodies.StopsPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/buses": Operation("The buses", (network_bodies.BusesPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/live": Operation(
        "New records as Server-Sent Events; `Last-Event-ID` continues where a connection ended",
        (),
        (
            Parameter("line_ids", "Lines, apart by commas, at most 50.", TEXT, required=True),
            Parameter(
                "streams",
                "`bus_position` (the default), `people_count`, `sensor_data`, `stop_visit`, apart by commas.",
                TEXT,
            ),
            Parameter("api_key", "Instead of the header `x-api-key`.", TEXT),
            Parameter("group_name", "Instead of the header `x-group-name`.", TEXT),
            TZ,
        ),
        (400, 401, 404, 429, 500),
    ),
    "/health": Operation(
        "Status of clock, feeders and store", (status_bodies.HealthBody,), (), OPEN_ROUTE, "operations"
    ),
    "/metrics": Operation("Metrics in Prometheus's text format", (), (), OPEN_ROUTE, "operations"),
}


CLOCK_OPERATIONS: Mapping[str, Operation] = {
    "GET": Operation(
        "The simulated clock: time, rate, paused or not",
        (status_bodies.ClockBody,),
        (),
        (401, 400, 429, 500),
        "operations",
    ),
    "POST": Operation(
        "Change the clock: rate, pause, step or jump. A jump deletes no data, and skipped time gets none",
        (status_bodies.ClockBody,),
        (),
        (401, 400, 429, 409, 500, 503),
        "operations",
        (
            status_bodies.RateChange,
            status_bodies.PauseChange,
            status_bodies.StepChange,
            status_bodies.JumpChange,
        ),
    ),
}
"""`/clock` by method. POST exists with `--clock-control` only."""
