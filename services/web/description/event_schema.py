"""The schema of an event of `/live`: OpenAPI 3.2's `itemSchema`, which programs for 3.1 read too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from services.queries.bodies import (
    BusPositionBody,
    BusSensorsBody,
    PeopleCountBody,
    StopSensorsBody,
    StopVisitBody,
)
from storage.schema import Stream

EVENT_STREAM = "text/event-stream"
STREAM_NAMES = {"type": "string", "pattern": "^({0})(,({0}))*$".format("|".join(sorted(Stream)))}
"""The schema of the parameter that chooses streams."""
OTHER_STREAMS = (
    (Stream.PEOPLE_COUNT, PeopleCountBody),
    (Stream.SENSOR_DATA, BusSensorsBody),
    (Stream.SENSOR_DATA, StopSensorsBody),
    (Stream.STOP_VISIT, StopVisitBody),
)
"""The bodies of the streams whose records name their stream."""


def event_schema() -> dict[str, Any]:
    """An event: the stream's name, an id, and a record as REST has it."""
    records = [BusPositionBody.model_json_schema(), *(named(body, stream) for stream, body in OTHER_STREAMS)]
    return {
        "type": "object",
        "properties": {
            "event": {"type": "string", "enum": sorted(Stream)},
            "id": {"type": "string"},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"oneOf": records},
            },
        },
        "required": ["event", "data"],
    }


def named(body: type[BaseModel], stream: Stream) -> Mapping[str, object]:
    """A body with the name of its stream."""
    schema = body.model_json_schema()
    properties = {"stream": {"const": stream}, **schema["properties"]}
    return {**schema, "properties": properties, "required": ["stream", *schema["required"]]}
