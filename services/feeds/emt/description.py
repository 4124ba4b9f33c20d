"""What OpenAPI says of EMT's calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

TAG = "emt"
Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}


def record(**fields: Schema) -> Schema:
    """An object that has exactly these fields."""
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def array(items: Schema) -> Schema:
    """An array."""
    return {"type": "array", "items": items}


def texts(*names: str) -> dict[str, Schema]:
    """Fields that are text."""
    return dict.fromkeys(names, TEXT)


POINT = record(
    type={"const": "Point"},
    coordinates={"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
)
COUNTER = record(current=WHOLE, dailyUse=WHOLE, owner=WHOLE, **texts("licenceUse", "aboutUses"))
SESSION = record(
    **texts("userName", "username", "email", "idUser", "accessToken"),
    tokenSecExpiration=WHOLE,
    tokenDteExpiration={"type": "object", "properties": {"$date": WHOLE}, "required": ["$date"]},
    apiCounter=COUNTER,
)
ARRIVAL = record(
    **texts("line", "stop", "destination", "positionTypeBus"),
    isHead={"enum": ["False", "True"]},
    deviation=WHOLE,
    bus=WHOLE,
    geometry=POINT,
    estimateArrive={"type": "integer", "minimum": 0, "maximum": 999_999},
    DistanceBus=WHOLE,
)
LINE_HERE = record(
    **texts("label", "line", "nameA", "nameB"), metersFromHeader=WHOLE, to={"enum": ["A", "B"]}
)
STOP_INFO = record(lines=array(LINE_HERE), geometry=POINT, **texts("stopId", "stopName", "Direction"))
INCIDENT = record(
    **texts("guid", "title", "description", "link", "pubDate", "rssAfectaDesde", "rssAfectaHasta"),
    **texts("GoogleTransitCause", "GoogleTransitEffect"),
    category=array({"type": "string"}),
)
INCIDENTS = {"type": "object", "properties": {"ListaIncident": record(data=array(INCIDENT))}}
ARRIVALS = record(Arrive=array(ARRIVAL), StopInfo=array(STOP_INFO), ExtraInfo=array({}), Incident=INCIDENTS)
DATA_LINE = record(
    **texts("line", "label", "maxFreq", "minFreq", "headerA", "headerB", "startTime", "stopTime"),
    direction={"enum": ["A", "B"]},
    dayType={"enum": ["LA", "SA", "FE"]},
)


def stop_schema(data_line: Schema) -> Schema:
    """A stop whose lines are written so."""
    return record(**texts("stop", "name", "postalAddress", "pmv"), geometry=POINT, dataLine=array(data_line))


BODY = {
    "type": "object",
    "properties": {
        **texts("cultureInfo", "DateTime_Referenced_Incidencies_YYYYMMDD"),
        **texts("Text_StopRequired_YN", "Text_EstimationsRequired_YN", "Text_IncidencesRequired_YN"),
    },
}


class EmtOperation(NamedTuple):
    """A call: its name, what it answers, and the schema of an item of `data`."""

    name: str
    summary: str
    data: Schema


ARRIVES = EmtOperation("emt_arrivals", "EMT: the next buses at a stop", ARRIVALS)
LINES = EmtOperation(
    "emt_lines",
    "EMT: the lines that run on a date",
    record(**texts("line", "label", "nameA", "nameB", "group")),
)
EMT_OPERATIONS: Mapping[str, EmtOperation] = {
    "/mobilitylabs/user/login/": EmtOperation(
        "emt_login", "EMT: log in, with any e-mail and the API key, or with group and API key", SESSION
    ),
    "/transport/busemtmad/stops/{stopId}/detail/": EmtOperation(
        "emt_stop", "EMT: a stop and its lines", record(stops=array(stop_schema(DATA_LINE)))
    ),
    "/transport/busemtmad/stops/{stopId}/arrives/": ARRIVES,
    "/transport/busemtmad/stops/{stopId}/arrives/{lineId}/": ARRIVES._replace(
        name="emt_arrivals_of_line", summary="EMT: the next buses of a line at a stop"
    ),
    "/transport/busemtmad/lines/info/": LINES._replace(
        name="emt_lines_today", summary="EMT: the lines that run today"
    ),
    "/transport/busemtmad/lines/info/{date}/": LINES,
    "/transport/busemtmad/lines/{lineId}/stops/{direction}/": EmtOperation(
        "emt_line_stops",
        "EMT: the stops of a line in a direction",
        record(**texts("line", "label"), stops=array(stop_schema(TEXT))),
    ),
}
VERSIONS = ("v1", "v2", "v3")
"""The versions in paths; all answer the same."""
PATH_EXAMPLES = {"stopId": "1", "lineId": "027", "date": "20260302", "direction": "1"}
LOGIN_HEADERS = ("email", "password", "X-ClientId", "passKey")
ERRORS = {
    400: "The path, the query or the body is wrong",
    401: "The access token is missing, wrong or expired",
    404: "The path is none of the calls",
    429: "Too many requests a second",
    500: "The server failed",
    503: "The store can't be reached",
}
DESCRIPTION_OF_200 = (
    "`code` 00 or 01, or why there are no data: 80 nothing known, 84 and 92 wrong credentials, 98 the day's "
    "requests are used up, 99 no credentials"
)


def declared_emt(path: str, method: str) -> dict[str, Any]:
    """The arguments of FastAPI's `add_api_route` that describe a call."""
    found, is_login = EMT_OPERATIONS[path], "login" in path
    return {
        "operation_id": found.name,
        "summary": found.summary,
        "tags": [TAG],
        "response_description": DESCRIPTION_OF_200,
        "responses": {
            200: _response(DESCRIPTION_OF_200, found.data),
            **{
                status: _response(what, {})
                for status, what in ERRORS.items()
                if not (is_login and status == 401)
            },
        },
        "openapi_extra": {
            "security": [] if is_login else [{"emt_token": []}],
            "parameters": [*_path_parameters(path), *(_header(name) for name in LOGIN_HEADERS if is_login)],
            **({"requestBody": _request_body()} if method == "POST" else {}),
        },
    }


def _response(what: str, data: Schema) -> Schema:
    envelope = record(code=TEXT, description={"type": ["string", "array"]}, datetime=TEXT, data=array(data))
    return {"description": what, "content": {"application/json": {"schema": envelope}}}


def _path_parameters(path: str) -> Sequence[Schema]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    version = {"type": "string", "enum": list(VERSIONS)}
    return [
        {"name": "version", "in": "path", "required": True, "example": VERSIONS[0], "schema": version},
        *(
            {"name": name, "in": "path", "required": True, "example": PATH_EXAMPLES[name], "schema": TEXT}
            for name in names
        ),
    ]


def _header(name: str) -> Schema:
    return {"name": name, "in": "header", "required": False, "schema": TEXT}


def _request_body() -> Schema:
    content = {kind: {"schema": BODY} for kind in ("application/json", "text/plain")}
    return {"required": False, "content": content}
