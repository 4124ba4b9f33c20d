"""The REST operations as a table for OpenAPI: summary, parameters, models and errors of each route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from services.interventions.bodies import DisruptionRequest, InterventionBody, JournalBody
from services.queries import bodies, network_bodies, status_bodies
from services.queries.filters import EXAMPLE_BOX
from services.queries.parameters import Format
from services.web.description.event_schema import EVENT_STREAM, STREAM_NAMES
from services.web.description.operation import (
    CURSOR,
    EVERY,
    LATEST_ONLY,
    LIMIT,
    LISTING,
    MOMENT,
    OPEN_ROUTE,
    RANGE,
    TEXT,
    TZ,
    Operation,
    Parameter,
)
from services.web.description.transit_operations import TRANSIT_OPERATIONS

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

FILE_TYPES = (
    "application/vnd.apache.parquet",
    "text/csv",
    "application/x-ndjson",
    "application/vnd.apache.arrow.stream",
)
"""The media types of `/export/{stream}`."""

OPERATIONS: Mapping[str, Operation] = {
    **ALL_AT_ONCE,
    "/people-count/{stop_id}": Operation(
        "People waiting at a stop: now, at a time, or over a range",
        (bodies.PeopleCountBody, bodies.PeopleCountPage),
        (*MOMENT, *RANGE),
        EVERY,
        is_cached=True,
    ),
    "/sensors/{entity_type}/{entity_id}": Operation(
        "Sensor data of a bus or a stop: now, at a time, or over a range",
        (bodies.BusSensorsBody, bodies.StopSensorsBody, bodies.SensorsPage),
        (*MOMENT, *RANGE),
        EVERY,
        is_cached=True,
    ),
    "/bus-position/{bus_id}": Operation(
        "Position of a bus: now, at a time, or over a range",
        (bodies.BusPositionBody, bodies.BusPositionPage),
        (*MOMENT, *RANGE),
        EVERY,
        is_cached=True,
    ),
    "/bus-position/line/{line_id}": Operation(
        "Newest position of each bus of a line, not older than 5 minutes",
        (bodies.LineBody,),
        (LATEST_ONLY,),
        EVERY,
    ),
    **TRANSIT_OPERATIONS,
    "/lines": Operation(
        "The lines", (network_bodies.LinesPage,), (LIMIT, CURSOR), LISTING, "network", is_cached=True
    ),
    "/lines/{line_id}": Operation(
        "A line: the stops of each direction with coordinates, and its buses",
        (network_bodies.LineRouteBody,),
        (),
        (400, 401, 404, 429, 500),
        "network",
        is_cached=True,
    ),
    "/stops": Operation(
        "The stops", (network_bodies.StopsPage,), (LIMIT, CURSOR), LISTING, "network", is_cached=True
    ),
    "/buses": Operation(
        "The buses", (network_bodies.BusesPage,), (LIMIT, CURSOR), LISTING, "network", is_cached=True
    ),
    "/live": Operation(
        "New records as Server-Sent Events; `Last-Event-ID` continues where a connection ended",
        (),
        (
            Parameter("line_ids", "Lines, apart by commas, at most 50.", TEXT, required=True),
            Parameter(
                "streams",
                "`bus_position` (the default), `people_count`, `sensor_data`, `stop_visit`, apart by commas.",
                STREAM_NAMES,
            ),
            Parameter("api_key", "Instead of the header `x-api-key`.", TEXT),
            Parameter("group_name", "Instead of the header `x-group-name`.", TEXT),
            TZ,
        ),
        (400, 401, 404, 429, 500),
        media_types=(EVENT_STREAM,),
    ),
    "/export/{stream}": Operation(
        "A stream as a file, up to the simulated present; `Range` continues a download",
        (),
        (
            Parameter("start", "Start (ISO 8601).", TEXT, required=True),
            Parameter("end", "End, not included (ISO 8601).", TEXT, required=True),
            Parameter(
                "format",
                "The file's format.",
                {"type": "string", "enum": ["parquet", "csv", "jsonl", "arrow"], "default": "parquet"},
            ),
        ),
        (*EVERY, 416),
        media_types=FILE_TYPES,
    ),
    "/health": Operation(
        "Status of clock, feeders and store", (status_bodies.HealthBody,), (), OPEN_ROUTE, "operations"
    ),
    "/metrics": Operation("Metrics in Prometheus's text format", (), (), OPEN_ROUTE, "operations"),
}

NAMES: Mapping[str, str] = {
    "/people-count": "people_counts",
    "/people-count/{stop_id}": "people_count",
    "/bus-position": "bus_positions",
    "/bus-position/{bus_id}": "bus_position",
    "/bus-position/line/{line_id}": "line_positions",
    "/sensors/bus": "bus_sensors",
    "/sensors/stop": "stop_sensors",
    "/stop-visits/stop/{stop_id}": "stop_visits_at_stop",
    "/stop-visits/bus/{bus_id}": "stop_visits_of_bus",
    "/stop-visits/line/{line_id}": "stop_visits_of_line",
    "/lines/{line_id}": "line",
    "/lines/{line_id}/shape": "line_shape",
    "/lines/{line_id}/timetable": "line_timetable",
    "/stops/{stop_id}": "stop",
    "/buses/{bus_id}": "bus",
    "/trips/{trip_id}": "trip",
}
"""The ids of operations that aren't just their paths without parameters. Clients name methods after them."""

TAGS: Mapping[str, str] = {
    "data": "What the simulated sensors say: people at stops, buses' positions, temperatures, visits.",
    "network": "What doesn't change while the simulator runs: lines, stops, buses.",
    "operations": "The state of the simulator itself, and its clock.",
    "control": "What disturbs the running city: made with the main key, kept in the journal.",
    "siri": "SIRI 2.0 as XML or JSON: stop monitoring, vehicle monitoring, estimated timetables.",
    "emt": "EMT Madrid's MobilityLabs API, with its own login, ids and errors.",
}
"""What each group of operations is about."""
OTHERS_FORMATS = frozenset(("emt", "siri"))
"""The tags of operations whose paths and bodies are those of other APIs."""


CONTROL_OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("/clock", "GET"): Operation(
        "The simulated clock: time, rate, paused or not",
        (status_bodies.ClockBody,),
        (),
        (401, 400, 429, 500),
        "operations",
    ),
    ("/clock", "POST"): Operation(
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
    ("/interventions", "GET"): Operation(
        "The disruptions made while the city ran, in their order",
        (JournalBody,),
        (),
        (400, 401, 429, 500, 503),
        "control",
    ),
    ("/interventions", "POST"): Operation(
        "Disturb the running city: one disruption of the scenario vocabulary, from its `from` (of a "
        "breakdown: `at`) on, or as early as possible",
        (InterventionBody,),
        (),
        (401, 403, 400, 429, 409, 500, 503),
        "control",
        (DisruptionRequest,),
        status=201,
    ),
    ("/interventions/{intervention_id}", "DELETE"): Operation(
        "End a disruption as early as possible; before it takes effect, withdraw it",
        (InterventionBody,),
        (),
        (401, 403, 404, 400, 429, 409, 500, 503),
        "control",
    ),
}
"""The operations of the clock and of interventions, by path and method.

Changes of the clock exist with `--clock-control` or `--control`, interventions with `--control` only.
"""

METHOD_NAMES: Mapping[tuple[str, str], str] = {
    ("/clock", "POST"): "change_clock",
    ("/interventions", "POST"): "intervene",
    ("/interventions/{intervention_id}", "DELETE"): "end_intervention",
}
"""The ids of operations that change something."""
