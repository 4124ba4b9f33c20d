"""The description of the REST API (OpenAPI 3.1), from one table: what each route takes, gives and refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse

from services.access.authentication import GROUP_HEADER, KEY_HEADER
from services.queries import bodies, network_bodies
from services.queries.parameters import DEFAULT_LIMIT, GREATEST_LIMIT
from services.web.handlers import JSON, OPEN
from services.web.openapi_examples import BODIES, CLOCK_CHANGES, CSV_EXAMPLES, ERRORS, VALUES

DESCRIPTION = """A living Madrid bus network. Every route but `/health`, `/metrics`, `/openapi.json` and
`/docs` needs the headers `x-api-key` and `x-group-name`. Errors come in the precedence 401, 404 for a path,
400, 429, 404 for an id, 409, 503."""

Json = dict[str, Any]

ABOUT: Json = {
    "title": "Madrid Bus Real-Time Simulator",
    "description": DESCRIPTION,
    "license_info": {"name": "MIT", "identifier": "MIT"},
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter."""

    name: str
    what: str
    schema: Mapping[str, object]
    required: bool = False


TEXT = {"type": "string"}
MODE = Parameter(
    "mode", "`latest`: the newest. Beats everything else.", {"type": "string", "enum": ["latest"]}
)
LATEST_ONLY = Parameter(
    "mode", "`latest`: the newest. Nothing else is supported.", MODE.schema, required=True
)
LIMIT = Parameter(
    "limit",
    "How many items a page has at most.",
    {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT, "default": DEFAULT_LIMIT},
)
CURSOR = Parameter("cursor", "The `next_cursor` of the page before, for the same request.", TEXT)
MOMENT = (MODE, Parameter("timestamp", "ISO 8601, UTC if it doesn't say: the newest at or before it.", TEXT))
RANGE = (
    Parameter("start", "From here on (ISO 8601); with `end`.", TEXT),
    Parameter("end", "Up to here, not included (ISO 8601); with `start`.", TEXT),
    LIMIT,
    CURSOR,
    Parameter(
        "format", "How a range is written.", {"type": "string", "enum": ["json", "csv"], "default": "json"}
    ),
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A route as it is described. `models` are the shapes of its 200 body, `refusals` its error statuses.

    `body` are the shapes that a request's may have.
    """

    summary: str
    models: Sequence[type[BaseModel]]
    parameters: Sequence[Parameter] = ()
    refusals: Sequence[int] = ()
    tag: str = "data"
    body: Sequence[type[BaseModel]] = ()

    @property
    def is_open(self) -> bool:
        """Whether it needs no key."""
        return 401 not in self.refusals


EVERY = (400, 401, 404, 429, 500, 503)
LISTING = (400, 401, 429, 500)

OPERATIONS: Mapping[str, Operation] = {
    "/people-count/{stop_id}": Operation(
        "How many people wait at a stop: now, at a time, or over a range",
        (bodies.PeopleCountBody, bodies.PeopleCountPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/sensors/{entity_type}/{entity_id}": Operation(
        "The sensors of a bus or a stop: now, at a time, or over a range",
        (bodies.BusSensorsBody, bodies.StopSensorsBody, bodies.SensorsPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/bus-position/{bus_id}": Operation(
        "Where a bus is: now, at a time, or over a range",
        (bodies.BusPositionBody, bodies.BusPositionPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/bus-position/line/{line_id}": Operation(
        "Where a line's buses are: the newest position of each, not older than 5 minutes",
        (bodies.LineBody,),
        (LATEST_ONLY,),
        EVERY,
    ),
    "/lines": Operation("The lines", (network_bodies.LinesPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/lines/{line_id}": Operation(
        "A line: the stops of its directions, with their places, and its buses",
        (network_bodies.LineRouteBody,),
        (),
        (401, 404, 429, 500),
        "network",
    ),
    "/stops": Operation("The stops", (network_bodies.StopsPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/buses": Operation("The buses", (network_bodies.BusesPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/health": Operation(
        "How the clock, the feeders and the store are", (bodies.HealthBody,), (), (500,), "operations"
    ),
    "/metrics": Operation("Measurements for Prometheus", (), (), (500,), "operations"),
}


CLOCK_OPERATIONS: Mapping[str, Operation] = {
    "GET": Operation(
        "What simulated time it is", (bodies.ClockBody,), (), (401, 400, 429, 500), "operations"
    ),
    "POST": Operation(
        "Set, stop or move the clock. A jump deletes nothing, and leaves what it jumps over as it is",
        (bodies.ClockBody,),
        (),
        (401, 400, 429, 409, 500, 503),
        "operations",
        (bodies.RateChange, bodies.PauseChange, bodies.StepChange, bodies.JumpChange),
    ),
}
"""`/clock` by method; it is there with `--clock-control` only."""


SECURITY_SCHEMES: Json = {
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "group": {"type": "apiKey", "in": "header", "name": GROUP_HEADER},
}


def document(app: FastAPI) -> Json:
    """The whole description."""
    found = app.openapi()
    found["components"]["securitySchemes"] = SECURITY_SCHEMES
    return found


def declared(template: str) -> Json:
    """What FastAPI has to know of a route to describe it: the arguments of `add_api_route`."""
    return _declared(template, OPERATIONS[template], operation_id(template))


def declared_clock(template: str, method: str) -> Json:
    """The same of the clock's route with a method."""
    return _declared(template, CLOCK_OPERATIONS[method], f"{method.lower()}_{operation_id(template)}")


def _declared(template: str, operation: Operation, name: str) -> Json:
    security = OPEN if operation.is_open else {"security": [{"key": [], "group": []}]}
    parameters = [*path_parameters(template), *map(query_parameter, operation.parameters)]
    return {
        "operation_id": name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "response_model": reduce(or_, operation.models) if operation.models else None,
        "response_class": JSONResponse if operation.models else PlainTextResponse,
        "response_description": "The answer",
        "responses": {200: answer(template), **refusals(template, operation)},
        "openapi_extra": {**security, "parameters": parameters, **request_body(operation)},
    }


def operation_id(template: str) -> str:
    """A name for the operation: `/lines/{line_id}` is `lines_line_id`."""
    return template.strip("/").replace("{", "").replace("}", "").replace("/", "_").replace("-", "_")


def path_parameters(template: str) -> list[Json]:
    """The places for values in a path."""
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    return [
        {"name": name, "in": "path", "required": True, "example": VALUES[name], "schema": path_schema(name)}
        for name in names
    ]


def path_schema(name: str) -> Json:
    """What a value in a path may be."""
    return {"type": "string", "enum": ["bus", "stop"]} if name == "entity_type" else {"type": "string"}


def query_parameter(parameter: Parameter) -> Json:
    """A parameter object."""
    found: Json = {"name": parameter.name, "in": "query", "description": parameter.what}
    found |= {"required": parameter.required, "schema": dict(parameter.schema)}
    return found | ({"example": VALUES[parameter.name]} if parameter.name in VALUES else {})


def request_body(operation: Operation) -> Json:
    """What a request's body may be; nothing for a route that takes none."""
    if not operation.body:
        return {}
    shapes = [model.model_json_schema() for model in operation.body]
    content = {JSON: {"schema": {"oneOf": shapes}, "examples": dict(CLOCK_CHANGES)}}
    return {"requestBody": {"required": True, "content": content}}


def answer(template: str) -> Json:
    """What FastAPI doesn't know of the good answer."""
    if template not in BODIES:
        return {}
    found: Json = {"content": {JSON: {"examples": dict(BODIES[template])}}}
    if template in CSV_EXAMPLES:
        found["content"]["text/csv"] = {"schema": TEXT, "example": CSV_EXAMPLES[template]}
        found["headers"] = {"X-Next-Cursor": {"description": "The cursor of a page as CSV", "schema": TEXT}}
    return found


def refusals(template: str, operation: Operation) -> dict[int | str, Json]:
    """The errors' response objects, with the texts that they have."""
    found: dict[int | str, Json] = {}
    for status in operation.refusals:
        what, examples = ERRORS[status]
        named = {text: {"value": value} for text, value in examples(template).items()}
        content = {JSON: {"examples": named}}
        found[status] = {"description": what, "model": bodies.ErrorBody, "content": content}
        if status in (429, 503):
            wait = {"description": "Seconds to wait", "schema": {"type": "integer"}}
            found[status]["headers"] = {"Retry-After": wait}
    if template == "/health":
        found[503] = {"description": "The store can't be reached", "model": bodies.HealthBody}
    return found
