"""What OpenAPI says of SIRI's services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.feeds.siri.parameters import (
    DIRECTION,
    LINE,
    MONITORING,
    MOST_VEHICLES,
    MOST_VISITS,
    PREVIEW,
    VEHICLE,
)
from services.web.description.operation import TEXT, Parameter

TAG = "siri"
COUNT = {"type": "integer", "minimum": 1, "maximum": 100_000}
LINES = Parameter(LINE, "Only these lines, with commas between them.", TEXT)
DIRECTIONS = Parameter(DIRECTION, "0 outbound, 1 inbound.", {"type": "string", "enum": ["0", "1"]})
AHEAD = Parameter(PREVIEW, "How far ahead: a duration such as `PT30M`, which is at most `PT180M`.", TEXT)
FORMAT = Parameter("format", "The format; else by `Accept`.", {"type": "string", "enum": ["xml", "json"]})
KEY, GROUP = (
    Parameter("key", "Instead of `x-api-key`.", TEXT),
    Parameter("group", "Instead of `x-group-name`.", TEXT),
)
PARAMETERS: Mapping[str, Sequence[Parameter]] = {
    "stop-monitoring": (
        Parameter(MONITORING, "The stop; several with commas between them.", TEXT, required=True),
        LINES,
        DIRECTIONS,
        Parameter(MOST_VISITS, "The most buses at each stop.", COUNT),
        AHEAD,
    ),
    "vehicle-monitoring": (
        LINES,
        Parameter(VEHICLE, "Only these buses, with commas between them.", TEXT),
        DIRECTIONS,
        Parameter(MOST_VEHICLES, "The most buses.", COUNT),
    ),
    "estimated-timetable": (LINES, DIRECTIONS, AHEAD),
}
"""The parameters of each service; all have `format`, `key` and `group` too."""
SUMMARIES = {
    "stop-monitoring": "SIRI: the next buses at a stop",
    "vehicle-monitoring": "SIRI: where every bus is",
    "estimated-timetable": "SIRI: when the buses under way are expected at their stops",
}
ERRORS = {
    400: "A parameter is missing or invalid",
    401: "No valid key",
    404: "No such stop, line or bus",
    429: "Too many requests",
    500: "The server failed",
    503: "The store can't be reached",
}


def declared_siri(name: str, *, is_open: bool) -> dict[str, Any]:
    """The arguments of FastAPI's `add_api_route` that describe a service."""
    given = [*PARAMETERS[name], FORMAT, KEY, GROUP]
    return {
        "operation_id": f"siri_{name.replace('-', '_')}",
        "summary": SUMMARIES[name],
        "tags": [TAG],
        "response_description": "A SIRI 2.0 document",
        "responses": {
            status: _response(what) for status, what in ({200: "A SIRI 2.0 document"} | ERRORS).items()
        },
        "openapi_extra": {
            "security": [] if is_open else [{"key": [], "group": []}],
            "parameters": [
                {
                    "name": each.name,
                    "in": "query",
                    "description": each.what,
                    "required": each.required,
                    "schema": dict(each.schema),
                }
                for each in given
            ],
        },
    }


def _response(what: str) -> dict[str, Any]:
    """A document: in JSON with `Siri` at its top."""
    siri = {"type": "object", "properties": {"Siri": {"type": "object"}}, "required": ["Siri"]}
    return {
        "description": what,
        "content": {"application/json": {"schema": siri}, "application/xml": {"schema": {"type": "string"}}},
    }
