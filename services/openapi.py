"""The description of the REST API (OpenAPI 3.1), from one table: what each route takes, gives and refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services import network_schemas, schemas
from services.auth import GROUP_HEADER, KEY_HEADER
from services.openapi_examples import BODIES, CSV_EXAMPLES, ERRORS, VALUES
from services.parameters import DEFAULT_LIMIT, GREATEST_LIMIT

DESCRIPTION = """A living Madrid bus network. Every route but `/health`, `/metrics`, `/openapi.json` and
`/docs` needs the headers `x-api-key` and `x-group-name`. Errors come in the precedence 401, 404 for a path,
400, 429, 404 for an id, 503."""
REFERENCE = "#/components/schemas/{model}"

Json = dict[str, Any]


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
    """A route as it is described. `models` are the shapes of its 200 body, `refusals` its error statuses."""

    summary: str
    models: Sequence[type[BaseModel]]
    parameters: Sequence[Parameter] = ()
    refusals: Sequence[int] = ()
    tag: str = "data"

    @property
    def is_open(self) -> bool:
        """Whether it needs no key."""
        return 401 not in self.refusals


EVERY = (400, 401, 404, 429, 500, 503)
LISTING = (400, 401, 429, 500)

OPERATIONS: Mapping[str, Operation] = {
    "/people-count/{stop_id}": Operation(
        "How many people wait at a stop: now, at a time, or over a range",
        (schemas.PeopleCountBody, schemas.PeopleCountPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/sensors/{entity_type}/{entity_id}": Operation(
        "The sensors of a bus or a stop: now, at a time, or over a range",
        (schemas.BusSensorsBody, schemas.StopSensorsBody, schemas.SensorsPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/bus-position/{bus_id}": Operation(
        "Where a bus is: now, at a time, or over a range",
        (schemas.BusPositionBody, schemas.BusPositionPage),
        (*MOMENT, *RANGE),
        EVERY,
    ),
    "/bus-position/line/{line_id}": Operation(
        "Where a line's buses are: the newest position of each, not older than 5 minutes",
        (schemas.LineBody,),
        (LATEST_ONLY,),
        EVERY,
    ),
    "/lines": Operation("The lines", (network_schemas.LinesPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/lines/{line_id}": Operation(
        "A line: the stops of its directions, with their places, and its buses",
        (network_schemas.LineRouteBody,),
        (),
        (401, 404, 429, 500),
        "network",
    ),
    "/stops": Operation("The stops", (network_schemas.StopsPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/buses": Operation("The buses", (network_schemas.BusesPage,), (LIMIT, CURSOR), LISTING, "network"),
    "/health": Operation(
        "How the clock, the feeders and the store are", (schemas.HealthBody,), (), (500,), "operations"
    ),
    "/metrics": Operation("Measurements for Prometheus", (), (), (500,), "operations"),
}


@cache
def document(version: str) -> Json:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Madrid Bus Real-Time Simulator",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            template: {"get": described(template, operation)} for template, operation in OPERATIONS.items()
        },
        "components": {"schemas": model_schemas(), "securitySchemes": SECURITY_SCHEMES},
    }


SECURITY_SCHEMES: Json = {
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "group": {"type": "apiKey", "in": "header", "name": GROUP_HEADER},
}


def described(template: str, operation: Operation) -> Json:
    """A route's operation object."""
    found: Json = {
        "operationId": operation_id(template),
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*path_parameters(template), *map(query_parameter, operation.parameters)],
        "responses": {"200": answer(template, operation), **refusals(template, operation)},
        "security": [] if operation.is_open else [{"key": [], "group": []}],
    }
    if template == "/health":
        found["responses"]["503"] = content("The store can't be reached", reference(schemas.HealthBody), {})
    return found


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


def answer(template: str, operation: Operation) -> Json:
    """The good answer's response object."""
    if not operation.models:
        return {"description": "As text", "content": {"text/plain": {"schema": TEXT}}}
    references = [reference(model) for model in operation.models]
    schema = references[0] if len(references) == 1 else {"anyOf": references}
    found = content("The answer", schema, BODIES[template])
    if template in CSV_EXAMPLES:
        found["content"]["text/csv"] = {"schema": TEXT, "example": CSV_EXAMPLES[template]}
        found["headers"] = {"X-Next-Cursor": {"description": "The cursor of a page as CSV", "schema": TEXT}}
    return found


def refusals(template: str, operation: Operation) -> Json:
    """The errors' response objects, with the texts that they have."""
    found = {}
    for status in operation.refusals:
        what, examples = ERRORS[status]
        named = {text: {"value": value} for text, value in examples(template).items()}
        found[str(status)] = content(what, reference(schemas.ErrorBody), named)
        if status in (429, 503):
            wait = {"description": "Seconds to wait", "schema": {"type": "integer"}}
            found[str(status)]["headers"] = {"Retry-After": wait}
    return found


def content(what: str, schema: Json, examples: Mapping[str, object]) -> Json:
    """A response object with a JSON body."""
    media: Json = {"schema": schema} | ({"examples": dict(examples)} if examples else {})
    return {"description": what, "content": {"application/json": media}}


def reference(model: type[BaseModel]) -> Json:
    """A reference to a model's schema."""
    return {"$ref": REFERENCE.format(model=model.__name__)}


def model_schemas() -> Json:
    """The schema of every model, by name."""
    models = {model for operation in OPERATIONS.values() for model in operation.models} | {schemas.ErrorBody}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, found = models_json_schema([(model, "serialization") for model in ordered], ref_template=REFERENCE)
    return dict(found["$defs"])
