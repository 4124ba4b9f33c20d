"""Pages of records: as JSON with the next cursor, in other formats with the cursor in a header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from services.queries import bodies
from services.queries.bodies import Body
from services.queries.parameters import Format
from services.web.formats.content_codings import CodedBody
from services.web.formats.tables import (
    MEDIA_TYPES,
    Fields,
    csv_bytes,
    fields_of,
    geojson_bytes,
    parquet_bytes,
)
from services.web.formats.tagged_response import TaggedResponse, tagged_json
from simulator.network import Network
from storage.schema import Stream

CURSOR_HEADER = "x-next-cursor"

FIELDS: Mapping[tuple[Stream, str], Fields] = {
    (Stream.PEOPLE_COUNT, "stop"): fields_of(bodies.PeopleCountBody),
    (Stream.SENSOR_DATA, "stop"): fields_of(bodies.StopSensorsBody),
    (Stream.SENSOR_DATA, "bus"): fields_of(bodies.BusSensorsBody),
    (Stream.BUS_POSITION, "bus"): fields_of(bodies.BusPositionBody),
    **{(Stream.STOP_VISIT, kind): fields_of(bodies.StopVisitBody) for kind in ("stop", "bus", "line")},
}
"""The columns of each kind of record as a table, with their types."""


def json_page(items: Sequence[Body], next_cursor: str | None) -> Response:
    """Write a page as JSON."""
    return tagged_json(bodies.page_body(items, next_cursor))


def record_page(
    items: Sequence[Body], next_cursor: str | None, fields: Fields, written: Format, network: Network
) -> Response:
    """Write a page. Raises `BadRequest` where Parquet can't be written."""
    if written == "json":
        return json_page(items, next_cursor)
    match written:
        case "csv":
            body = csv_bytes(items, fields)
        case "parquet":
            body = parquet_bytes(items, fields)
        case "geojson":
            body = geojson_bytes(items, network, {})
    headers = {} if next_cursor is None else {CURSOR_HEADER: next_cursor}
    return TaggedResponse(CodedBody(body, MEDIA_TYPES[written]), further=headers)
