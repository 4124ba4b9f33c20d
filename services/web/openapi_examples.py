"""The examples in the OpenAPI description: parameter values, bodies, error messages.

A test compares them with real responses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.access.authentication import MAIN_KEY_ONLY
from services.errors import Conflict, Forbidden, RangeNotSatisfiable, TooManyRequests, Unavailable, Unexpected
from services.queries.parameters import MUST_SPECIFY, RANGE_HINT
from services.times import ACCEPTED
from services.web.description.transit_examples import (
    POSITION,
    TRANSIT_BAD_REQUESTS,
    TRANSIT_BODIES,
    TRANSIT_NOT_FOUND,
    VISIT,
    VISITED,
)

Examples = Mapping[str, Mapping[str, object]]

VALUES: Mapping[str, str] = {
    "stop_id": "S001",
    "bus_id": "B001",
    "line_id": "L1",
    "entity_type": "bus",
    "entity_id": "B001",
    "mode": "latest",
    "line_ids": "L1",
    "streams": "bus_position,people_count,sensor_data,stop_visit",
    "stream": "bus_position",
    "intervention_id": "1",
    "trip_id": "L1-20260302-0-012",
}
TIME, NEXT_TIME, CURSOR = "2026-03-02T07:30:00Z", "2026-03-02T07:31:00Z", "MmM0YWZmMzBkMjg3…"
PEOPLE: dict[str, object] = {"stop_id": "S001", "time": TIME, "count": 12, "line_ids": "L1,L2"}
CLIMATE: dict[str, object] = {"time": TIME, "temperature": 20.51, "humidity": 41.5}
BUS = {"entity_id": "B001", "entity_type": "bus", **CLIMATE, "co2_level": 812, "door_status": "closed"}
STOP: dict[str, object] = {"entity_id": "S001", "entity_type": "stop", **CLIMATE}
LINE: dict[str, object] = {"line_id": "L1", "name": "1 Cristo Rey – Prosperidad", "night": False}
PLACE: dict[str, object] = {"name": "Gran Vía", "latitude": 40.420291, "longitude": -3.705774}
CLOCK = {"now": TIME, "rate": 1.0, "paused": False}
AN_HOUR_LATER = "2026-03-02T08:30:00Z"
INTERVENTION: Mapping[str, object] = {
    "id": "1",
    "takes_effect": TIME,
    "ends": AN_HOUR_LATER,
    "state": "active",
    "disruption": {"surge": {"stop": "S001", "people_per_min": 40, "from": TIME, "to": AN_HOUR_LATER}},
}
RUN = {"run_id": "1-0a1b2c3d4e5f-none-1", "seed": 1, "network_digest": "0a1b2c3d4e5f…"}


def paged(*items: object) -> Mapping[str, object]:
    """Return a page that isn't the last as an example, since FastAPI leaves out a null cursor."""
    return {"value": {"items": list(items), "next_cursor": CURSOR}}


def at_tick(*items: object) -> Mapping[str, object]:
    """Return the answer of all entities as an example."""
    return {"value": {"time": TIME, "items": list(items)}}


BODIES: Mapping[str, Examples] = {
    "/people-count": {"now": at_tick(PEOPLE), "a range": paged(PEOPLE)},
    "/bus-position": {"now": at_tick(POSITION), "a range": paged(POSITION)},
    "/sensors/bus": {"now": at_tick(BUS), "a range": paged(BUS)},
    "/sensors/stop": {"now": at_tick(STOP), "a range": paged(STOP)},
    "/people-count/{stop_id}": {
        "one": {"value": PEOPLE},
        "a range": paged(PEOPLE, PEOPLE | {"time": NEXT_TIME, "count": 14}),
    },
    "/sensors/{entity_type}/{entity_id}": {
        "of a bus": {"value": BUS},
        "of a stop": {"value": STOP},
        "a range": paged(STOP, STOP | {"time": NEXT_TIME}),
    },
    "/bus-position/{bus_id}": {"one": {"value": POSITION}, "a range": paged(POSITION)},
    "/bus-position/line/{line_id}": {"a line": {"value": {"line_id": "L1", "buses": [POSITION]}}},
    **TRANSIT_BODIES,
    "/lines": {"lines": paged({**LINE, "stop_count": 38, "bus_count": 11})},
    "/lines/{line_id}": {
        "a line": {
            "value": {
                **LINE,
                "directions": [
                    {"direction": 0, "stops": [{"stop_id": "S001", **PLACE, "distance": 0.0}]},
                    {"direction": 1, "stops": [{"stop_id": "S001", **PLACE, "distance": 6120.4}]},
                ],
                "bus_ids": ["B001", "B002"],
            }
        }
    },
    "/stops": {"stops": paged({"stop_id": "S001", **PLACE, "line_ids": "L1,L2"})},
    "/buses": {"buses": paged({"bus_id": "B001", "line_id": "L1", "capacity": 80})},
    "/clock": {
        "running": {"value": CLOCK},
        "paused": {"value": {"now": TIME, "rate": 0.0, "paused": True}},
    },
    "/interventions": {"an intervention": {"value": INTERVENTION}},
    "/interventions/{intervention_id}": {"one that ends": {"value": INTERVENTION}},
    "/health": {
        "healthy": {
            "value": {
                "status": "healthy",
                "version": "1.0.0",
                "clock": CLOCK,
                "run": RUN | {"scenario_digest": "", "model_version": "1"},
                "feeders": [
                    {"name": "bus-position", "last_tick": TIME, "lag_s": 0.0, "state": "running"},
                ],
                "streams": {
                    "bus_position": {
                        "rows": 2790,
                        "coverage": [{"start": TIME, "end": NEXT_TIME, "run_id": RUN["run_id"]}],
                    }
                },
            }
        }
    },
}

CLOCK_CHANGES: Mapping[str, object] = {
    "sixty times real time": {"value": {"rate": 60}},
    "as fast as possible": {"value": {"rate": "max"}},
    "stop": {"value": {"pause": True}},
    "resume": {"value": {"pause": False}},
    "half a minute ahead": {"value": {"step": "30s"}},
    "to Monday morning": {"value": {"jump": "2026-03-02T08:30:00Z"}},
}
DISRUPTIONS: Mapping[str, object] = {
    "a bus breaks down now": {"value": {"breakdown": {"bus": "B001", "repair_min": 20}}},
    "more people for an hour": {
        "value": {"surge": {"stop": "S001", "people_per_min": 40, "from": TIME, "to": AN_HOUR_LATER}}
    },
}
REQUESTS: Mapping[str, Mapping[str, object]] = {"/clock": CLOCK_CHANGES, "/interventions": DISRUPTIONS}
"""The bodies of requests that change something."""


def csv_text(example: Mapping[str, object]) -> str:
    """Return a record as CSV with its header."""
    return f"{','.join(example)}\r\n{','.join(map(str, example.values()))}\r\n"


CSV_EXAMPLES: Mapping[str, str] = {
    "/people-count": csv_text(PEOPLE),
    "/bus-position": csv_text(POSITION),
    "/sensors/bus": csv_text(BUS),
    "/sensors/stop": csv_text(STOP),
    "/people-count/{stop_id}": f'stop_id,time,count,line_ids\r\nS001,{TIME},12,"L1,L2"\r\n',
    "/sensors/{entity_type}/{entity_id}": (
        f"entity_id,entity_type,time,temperature,humidity\r\nS001,stop,{TIME},20.51,41.5\r\n"
    ),
    **{f"/stop-visits/{kind}/{{{kind}_id}}": csv_text(VISIT) for kind in VISITED},
    "/bus-position/{bus_id}": f"{','.join(POSITION)}\r\n{','.join(map(str, POSITION.values()))}\r\n",
}


UNKNOWN = "Unknown parameter: mod. Did you mean mode?"


def error(kind: str, *messages: str) -> dict[str, object]:
    """Return error bodies by their messages."""
    return {message: {"error": kind, "message": message} for message in messages}


def bad_requests(template: str) -> Mapping[str, object]:
    """Return the 400 bodies of a route."""
    limit = "Invalid limit: 0. Must be a whole number from 1 to 10000"
    if template in TRANSIT_BAD_REQUESTS:
        return error("BadRequest", UNKNOWN, *TRANSIT_BAD_REQUESTS[template])
    if template in ("/lines/{line_id}", "/health", "/metrics"):
        return error("BadRequest", UNKNOWN)
    if template == "/bus-position/line/{line_id}":
        return error("BadRequest", "Line queries only support 'mode=latest' parameter")
    if template == "/export/{stream}":
        return error("BadRequest", "Must specify 'start' and 'end' parameters")
    if template == "/live":
        return error("BadRequest", "Must specify 'line_ids' parameter, for example line_ids=L1,L2")
    if template in ("/lines", "/stops", "/buses"):
        return error("BadRequest", limit)
    if template == "/interventions":
        return error("BadRequest", "Invalid JSON", UNKNOWN)
    if template == "/interventions/{intervention_id}":
        return error("BadRequest", UNKNOWN)
    if template == "/clock":
        return error(
            "BadRequest", "Invalid JSON", "Must specify exactly one of 'rate', 'pause', 'step' or 'jump'"
        )
    kinds = ("Invalid entity_type: tram. Must be 'bus' or 'stop'",) if "entity_type" in template else ()
    return error(
        "BadRequest",
        *kinds,
        UNKNOWN,
        f"Invalid timestamp format: 'noon'. Accepted: {ACCEPTED}",
        "Must specify both 'start' and 'end' parameters, or neither",
        limit,
        "Invalid format: xml. Must be 'json' or 'csv'",
    ) | {MUST_SPECIFY: {"error": "BadRequest", "message": MUST_SPECIFY, "hint": RANGE_HINT}}


NOT_FOUND: Mapping[str, tuple[str, ...]] = {
    "/people-count": ("Line L99 not found", "Stop S999 not found", "No data found for any stop"),
    "/bus-position": ("Line L99 not found", "Stop S999 not found", "No data found for any bus"),
    "/sensors/bus": ("Line L99 not found", "Stop S999 not found", "No data found for any bus"),
    "/sensors/stop": ("Line L99 not found", "Stop S999 not found", "No data found for any stop"),
    "/people-count/{stop_id}": ("Stop S999 not found", "No data found for stop S001"),
    "/sensors/{entity_type}/{entity_id}": (
        "Bus B999 not found",
        "Stop S999 not found",
        "No data found for bus B001",
        "No data found for stop S001",
    ),
    "/bus-position/{bus_id}": ("Bus B999 not found", "No data found for bus B001"),
    "/bus-position/line/{line_id}": ("Line L99 not found", "No buses found for line L1"),
    "/lines/{line_id}": ("Line L99 not found",),
    "/live": ("Line L99 not found",),
    "/interventions/{intervention_id}": ("Intervention 9 not found",),
    "/export/{stream}": ("No data of bus_position in that time; there is none yet",),
    **TRANSIT_NOT_FOUND,
}
UNAUTHORIZED = ("Missing x-api-key header", "Missing x-group-name header", "Invalid API key")
CONFLICTS: Mapping[str, str] = {
    "/clock": "The clock is being moved already; wait for the answer, then move it again",
    "/interventions": f"Stored records can't change: the earliest possible moment is {TIME}",
    "/interventions/{intervention_id}": "Intervention 1 has ended already",
}
AFTER_THE_END = "Range not satisfiable: the file has 1834 bytes"
TOO_MANY = TooManyRequests("Rate limit of 50 requests per second exceeded", retry_after_s=1)

ERRORS: Mapping[int, tuple[str, Callable[[str], Mapping[str, object]]]] = {
    400: ("A parameter is missing or invalid", bad_requests),
    401: ("A header is missing or the key is invalid", lambda _: error("Unauthorized", *UNAUTHORIZED)),
    404: (
        "The entity doesn't exist or has no data",
        lambda path: error("NotFound", *NOT_FOUND[path]),
    ),
    429: ("Too many requests with this key", lambda _: error(TOO_MANY.error, str(TOO_MANY))),
    403: ("The key may not do this", lambda _: error(Forbidden.error, MAIN_KEY_ONLY)),
    409: ("It isn't possible now", lambda path: error(Conflict.error, CONFLICTS[path])),
    416: ("`Range` begins after the end", lambda _: error(RangeNotSatisfiable.error, AFTER_THE_END)),
    500: ("An internal error", lambda _: error(Unexpected.error, str(Unexpected()))),
    503: ("The store can't be reached", lambda _: error(Unavailable.error, str(Unavailable()))),
}
