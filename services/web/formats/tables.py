"""Bodies as CSV, Parquet and GeoJSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TypeAlias

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


def csv_bytes(items: Sequence[Body], fields: Sequence[str]) -> bytes:
    """Write bodies as CSV (RFC 4180) with a header row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fields)
    writer.writeheader()
    writer.writerows(items)
    return text.getvalue().encode("utf-8", "replace")


def parquet_bytes(items: Sequence[Body], fields: Sequence[str]) -> bytes:
    """Write bodies as a Parquet file, compressed by Zstandard; `time` is a timestamp in UTC.

    Raises `BadRequest` in Lambda functions, which have no Arrow.
    """
    if find_spec("pyarrow") is None:
        raise BadRequest("Parquet isn't served here. Must be 'json', 'csv' or 'geojson'")
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: pa.array([item[name] for item in items]) for name in fields if name != "time"}
    instants = [datetime.fromisoformat(str(item["time"])).astimezone(UTC) for item in items]
    columns["time"] = pa.array(instants, pa.timestamp("ms", "UTC"))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: columns[name] for name in fields}), sink, compression="zstd")
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
