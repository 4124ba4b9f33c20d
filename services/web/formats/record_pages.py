"""Pages of records: as JSON with the next cursor, in other formats with the cursor in a header."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from services.queries import bodies
from services.queries.bodies import Body
from services.queries.parameters import Format
from services.web.formats.tables import MEDIA_TYPES, csv_bytes, geojson_bytes, parquet_bytes
from services.web.handlers import json_response
from simulator.network import Network
from storage.schema import Stream

CURSOR_HEADER = "x-next-cursor"

FIELDS: Mapping[tuple[Stream, str], Sequence[str]] = {
    (Stream.PEOPLE_COUNT, "stop"): tuple(bodies.PeopleCountBody.model_fields),
    (Stream.SENSOR_DATA, "stop"): tuple(bodies.StopSensorsBody.model_fields),
    (Stream.SENSOR_DATA, "bus"): tuple(bodies.BusSensorsBody.model_fields),
    (Stream.BUS_POSITION, "bus"): tuple(bodies.BusPositionBody.model_fields),
    **{
        (Stream.STOP_VISIT, kind): tuple(bodies.StopVisitBody.model_fields)
        for kind in ("stop", "bus", "line")
    },
}
"""The columns of each kind of record as a table."""


def json_page(items: Sequence[Body], next_cursor: str | None) -> Response:
    """Write a page as JSON."""
    return json_response(bodies.page_body(items, next_cursor))


def record_page(
    items: Sequence[Body], next_cursor: str | None, fields: Sequence[str], written: Format, network: Network
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
    return Response(body, 200, headers, MEDIA_TYPES[written])
