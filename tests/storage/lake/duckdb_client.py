"""What users of DuckDB do with a lake's Iceberg tables; a program for an environment with its extensions.

Arguments: a JSON object of each stream's metadata file, and for a lake in S3 the host and port of a server in
S3's place. Prints for each stream its number of rows and what is before midnight, and the positions' sums by
bus, as JSON.
"""

import json
import sys
from pathlib import Path

import duckdb

METADATA, *SERVER = sys.argv[1:]
PACKAGES = Path(duckdb.__file__).parents[1]

connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
for name in ("httpfs", "avro", "iceberg"):
    (extension,) = PACKAGES.glob(f"duckdb_extension_{name}/extensions/*/{name}.duckdb_extension")
    connection.execute(f"LOAD '{extension}'")
for server in SERVER:
    connection.execute(
        "CREATE SECRET (TYPE s3, KEY_ID 'any', SECRET 'any', REGION 'eu-west-1', URL_STYLE 'path', "
        f"USE_SSL false, ENDPOINT '{server}')"
    )
found: dict[str, object] = {}
for stream, metadata in json.loads(METADATA).items():
    connection.execute(f"CREATE VIEW {stream} AS FROM iceberg_scan('{metadata}')")
    total = f"SELECT count(*), count(*) FILTER (time < '2026-03-03 00:00:00+00') FROM {stream}"
    found[stream] = connection.execute(total).fetchone()
by_bus = """SELECT bus_id, count(*), sum(passenger_count)::BIGINT, round(sum(speed), 6),
epoch(max(time))::BIGINT FROM bus_position GROUP BY bus_id ORDER BY bus_id"""
found["buses"] = connection.execute(by_bus).fetchall()
sys.stdout.write(json.dumps(found))
