"""Bodies as CSV, Parquet and GeoJSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from types import NoneType
from typing import Literal, TypeAlias, get_args, get_origin

from pydantic import BaseModel

from services.errors import BadRequest
from services.queries.bodies import Body
from services.queries.parameters import Format
from services.web.handlers import JSON, json_bytes
from simulator.network import Network

CSV = "text/csv; charset=utf-8"
PARQUET = "application/vnd.apache.parquet"
GEOJSON = "application/geo+json"
MEDIA_TYPES: Mapping[Format, str] = {"json": JSON, "csv": CSV, "parquet": PARQUET, "geojson": GEOJSON}

Properties: TypeAlias = Mapping[str, object]
Fields: TypeAlias = Mapping[str, type]
"""The names of columns, with the types of their values; any may also be None."""
INSTANTS = ("time", "arrival_time")


def fields_of(model: type[BaseModel]) -> Fields:
    """The fields of a body."""
    return {name: plain_type(field.annotation) for name, field in model.model_fields.items()}


def plain_type(annotation: object) -> type:
    """The type of an annotation's values that aren't None: str for `Literal["bus"]`, int for `int | None`."""
    values = [each for each in get_args(annotation) if each is not NoneType]
    if get_origin(annotation) is Literal:
        return type(values[0])
    if values:
        return plain_type(values[0])
    if not isinstance(annotation, type):
        raise TypeError(f"{annotation} is no type of a column")
    return annotation


def csv_bytes(items: Sequence[Body], fields: Fields) -> bytes:
    """Write bodies as CSV (RFC 4180) with a header row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(fields))
    writer.writeheader()
    writer.writerows(items)
    return text.getvalue().encode("utf-8", "replace")


def parquet_bytes(items: Sequence[Body], fields: Fields) -> bytes:
    """Write bodies as a Parquet file, compressed by Zstandard; instants are timestamps in UTC.

    Columns have their types also where there is no item. Raises `BadRequest` in Lambda functions, which have
    no Arrow.
    """
    if find_spec("pyarrow") is None:
        raise BadRequest("Parquet isn't served here. Must be 'json', 'csv' or 'geojson'")
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    columns = {}
    for name, kind in fields.items():
        if name in INSTANTS:
            instants = [datetime.fromisoformat(str(item[name])).astimezone(UTC) for item in items]
            columns[name] = pa.array(instants, pa.timestamp("ms", "UTC"))
        else:
            columns[name] = pa.array([item[name] for item in items], types[kind])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def geojson_bytes(items: Sequence[Body], network: Network, members: Properties) -> bytes:
    """Write positions or stops as a GeoJSON FeatureCollection with further members."""
    features: list[Body] = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(_place(item, network))},
            "properties": item,
        }
        for item in items
    ]
    return json_bytes({"type": "FeatureCollection", **members, "features": features})


def _place(item: Body, network: Network) -> tuple[object, object]:
    """Longitude and latitude of a bus, or of the stop of a count."""
    if "longitude" in item:
        return item["longitude"], item["latitude"]
    stop = network.stop[str(item["stop_id"])]
    return stop.longitude, stop.latitude
