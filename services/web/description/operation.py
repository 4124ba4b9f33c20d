"""The description of a REST operation for OpenAPI, and the parameters and errors that many have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from services.queries.parameters import DEFAULT_LIMIT, GREATEST_LIMIT, Format


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter."""

    name: str
    what: str
    schema: Mapping[str, object]
    required: bool = False


TEXT = {"type": "string"}
INSTANT = {"type": "string", "format": "date-time"}
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
    Parameter(
        "timestamp",
        "ISO 8601, UTC without an offset, also a date: the newest record at or before it.",
        INSTANT,
    ),
)
RANGE = (
    Parameter("start", "Start of a range (ISO 8601); needs `end`.", INSTANT),
    Parameter("end", "End of a range, not included (ISO 8601); needs `start`.", INSTANT),
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
    response, `media_types` those of one that isn't JSON. A response that `is_cached` has an entity tag, and
    can be 304. `status` is that of success.
    """

    summary: str
    models: Sequence[type[BaseModel]]
    parameters: Sequence[Parameter] = ()
    errors: Sequence[int] = ()
    tag: str = "data"
    body: Sequence[type[BaseModel]] = ()
    formats: Sequence[Format] = ()
    is_cached: bool = False
    media_types: Sequence[str] = ()
    status: int = 200

    @property
    def is_open(self) -> bool:
        """Whether it needs no key."""
        return 401 not in self.errors


EVERY = (400, 401, 404, 429, 500, 503)
LISTING = (400, 401, 429, 500)
OPEN_ROUTE = (400, 500)
