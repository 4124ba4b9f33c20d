"""The OpenAPI 3.1 description of the REST API, built from the table in `openapi_operations`."""

from __future__ import annotations

import re
from functools import reduce
from operator import or_
from typing import Any

from fastapi import FastAPI
from starlette.responses import JSONResponse, PlainTextResponse, Response

from services.access.authentication import GROUP_HEADER, KEY_HEADER
from services.queries import bodies, status_bodies
from services.web.description.event_schema import EVENT_STREAM, event_schema
from services.web.description.operation import TEXT, TZ, Operation, Parameter
from services.web.formats.tables import MEDIA_TYPES
from services.web.handlers import JSON, OPEN
from services.web.openapi_examples import BODIES, CSV_EXAMPLES, ERRORS, REQUESTS, VALUES
from services.web.openapi_operations import (
    CONTROL_OPERATIONS,
    FILE_TYPES,
    METHOD_NAMES,
    NAMES,
    OPERATIONS,
    OTHERS_FORMATS,
    TAGS,
)

DESCRIPTION = """Live and historical data of a simulated Madrid bus network. All routes except `/health`,
`/metrics`, `/openapi.json` and `/docs` need the headers `x-api-key` and `x-group-name`. If several errors
apply, the response is the first of 401, 404 for a path, 400, 429, 404 for an id, 409, 503."""

Json = dict[str, Any]

ABOUT: Json = {
    "title": "Madrid Bus Real-Time Simulator",
    "description": DESCRIPTION,
    "license_info": {"name": "MIT", "identifier": "MIT"},
}


NEXT_CURSOR: Json = {"description": "The cursor of a page that isn't JSON", "schema": TEXT}
NOT_MODIFIED: dict[int | str, Json] = {
    304: {"description": "The client has this answer (`If-None-Match` names its `ETag`)"}
}
SERVERS = [
    {"url": "/", "description": "The server of this document"},
    {"url": "http://localhost:8080", "description": "`bus-simulator run` on this machine"},
]
SECURITY_SCHEMES: Json = {
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
    "group": {"type": "apiKey", "in": "header", "name": GROUP_HEADER},
    "emt_token": {"type": "apiKey", "in": "header", "name": "accessToken"},
}


BINARY: Json = {"type": "string", "format": "binary"}
PARTIAL: dict[int | str, Json] = {206: {"description": "The part that `Range` asks for"}}


def document(app: FastAPI) -> Json:
    """Return the whole description."""
    found: Json = alternatives(app.openapi())
    found["servers"] = SERVERS
    found["tags"] = [{"name": name, "description": what} for name, what in TAGS.items()]
    found["components"]["securitySchemes"] = SECURITY_SCHEMES
    return found


def own_document(whole: Json) -> Json:
    """Return the description without operations that have other APIs' paths and bodies."""
    paths = {
        path: {method: each for method, each in methods.items() if OTHERS_FORMATS.isdisjoint(each["tags"])}
        for path, methods in whole["paths"].items()
    }
    return whole | {"paths": {path: methods for path, methods in paths.items() if methods}}


def alternatives(part: Any) -> Any:
    """Return a part of the description in which one of several named schemas is a `oneOf`.

    No body fits two of them, and generators make a union only of a `oneOf`.
    """
    if isinstance(part, list):
        return [alternatives(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {name: alternatives(each) for name, each in part.items()}
    if all("$ref" in each for each in found.get("anyOf", [{}])):
        found["oneOf"] = found.pop("anyOf")
    return found


def declared(template: str) -> Json:
    """Return the arguments of FastAPI's `add_api_route` that describe a route."""
    return _declared(template, OPERATIONS[template], operation_id(template))


def declared_method(template: str, method: str) -> Json:
    """Return the same for a method of a route that has several."""
    name = METHOD_NAMES.get((template, method)) or operation_id(template)
    return _declared(template, CONTROL_OPERATIONS[template, method], name)


def _declared(template: str, operation: Operation, name: str) -> Json:
    security = OPEN if operation.is_open else {"security": [{"key": [], "group": []}]}
    zone = (TZ,) if operation.models else ()
    parameters = [*path_parameters(template), *map(query_parameter, (*operation.parameters, *zone))]
    return {
        "operation_id": name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "response_model": reduce(or_, operation.models) if operation.models else None,
        "response_class": response_class(operation),
        "response_description": "The requested data",
        "status_code": operation.status,
        "responses": {
            operation.status: ok_response(template, operation),
            **(NOT_MODIFIED if operation.is_cached else {}),
            **(PARTIAL if operation.media_types == FILE_TYPES else {}),
            **error_responses(template, operation),
        },
        "openapi_extra": {**security, "parameters": parameters, **request_body(template, operation)},
    }


def response_class(operation: Operation) -> type[Response]:
    """Return the class whose media type FastAPI describes."""
    if operation.media_types:
        return Response
    return JSONResponse if operation.models else PlainTextResponse


def operation_id(template: str) -> str:
    """Return the operation's id: of those without a name the path without its parameters."""
    parts = (part for part in template.strip("/").split("/") if not part.startswith("{"))
    return NAMES.get(template) or re.sub(r"\W", "_", "_".join(parts))


def path_parameters(template: str) -> list[Json]:
    """Return the parameter objects of a path template."""
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    return [
        {"name": name, "in": "path", "required": True, "example": VALUES[name], "schema": path_schema(name)}
        for name in names
    ]


def path_schema(name: str) -> Json:
    """Return the schema of a path parameter."""
    return {"type": "string", "enum": ["bus", "stop"]} if name == "entity_type" else {"type": "string"}


def query_parameter(parameter: Parameter) -> Json:
    """Return the parameter object of a query parameter."""
    found: Json = {"name": parameter.name, "in": "query", "description": parameter.what}
    found |= {"required": parameter.required, "schema": dict(parameter.schema)}
    return found | ({"example": VALUES[parameter.name]} if parameter.name in VALUES else {})


def request_body(template: str, operation: Operation) -> Json:
    """Return the `requestBody` entry; empty for a route without a body."""
    if not operation.body:
        return {}
    # Inline: of a named schema with bounds datamodel-code-generator makes types that mypy refuses.
    shapes = [model.model_json_schema() for model in operation.body]
    content = {JSON: {"schema": {"oneOf": shapes}, "examples": dict(REQUESTS[template])}}
    return {"requestBody": {"required": True, "content": content}}


def ok_response(template: str, operation: Operation) -> Json:
    """Return the parts of the 200 response that FastAPI can't derive: examples, formats, headers."""
    if operation.media_types:
        return {"content": {each: content_of(each) for each in operation.media_types}}
    if template not in BODIES:
        return {}
    found: Json = {"content": {JSON: {"examples": dict(BODIES[template])}}}
    if template in CSV_EXAMPLES:
        found["content"]["text/csv"] = {"schema": TEXT, "example": CSV_EXAMPLES[template]}
        found["headers"] = {"X-Next-Cursor": NEXT_CURSOR}
    for written in (each for each in operation.formats if each not in ("json", "csv")):
        schema = {"type": "object"} if written == "geojson" else BINARY
        found["content"][MEDIA_TYPES[written]] = {"schema": schema}
    if operation.is_cached:
        found.setdefault("headers", {})["ETag"] = {"description": "Changes with the answer", "schema": TEXT}
    return found


def content_of(media_type: str) -> Json:
    """Return the media type object of a response that isn't JSON."""
    if media_type == EVENT_STREAM:
        return {"itemSchema": event_schema()}
    return {"schema": TEXT if media_type.startswith("text/") else BINARY}


def error_responses(template: str, operation: Operation) -> dict[int | str, Json]:
    """Return the response objects of a route's errors, with the possible messages as examples."""
    found: dict[int | str, Json] = {}
    for status in operation.errors:
        what, examples = ERRORS[status]
        named = {text: {"value": value} for text, value in examples(template).items()}
        content = {JSON: {"examples": named}}
        found[status] = {"description": what, "model": bodies.ErrorBody, "content": content}
        if status in (429, 503):
            wait = {"description": "Seconds to wait", "schema": {"type": "integer"}}
            found[status]["headers"] = {"Retry-After": wait}
    if template == "/health":
        found[503] = {"description": "The store can't be reached", "model": status_bodies.HealthBody}
    return found
