"""What users of awswrangler do with Timestream; a program for an environment with awswrangler alone.

Arguments: the endpoint's URL, S3's URL, and a bucket. Prints what it found as JSON.
"""

import json
import sys

import awswrangler as wr
import pandas as pd

ENDPOINT, S3, BUCKET = sys.argv[1:]
wr.config.timestream_write_endpoint_url = wr.config.timestream_query_endpoint_url = ENDPOINT
wr.config.s3_endpoint_url = S3
NOW = pd.Timestamp.now("UTC").tz_localize(None).floor("s")
FRAME = pd.DataFrame({
    "time": [NOW - pd.Timedelta(minutes=n) for n in range(3)],
    "stop": ["S1", "S2", "S3"],
    "people": [5, 7, 9],
    "warmth": [20.5, 21.5, 22.5],
    "note": ["a", "b", "ñ"],
})  # fmt: skip

wr.timestream.create_database("wrangled")
for table in ("several", "single", "loaded"):
    wr.timestream.create_table("wrangled", table, memory_retention_hours=24, magnetic_retention_days=7)
rejected = wr.timestream.write(
    FRAME, database="wrangled", table="several", time_col="time",
    measure_col=["people", "warmth", "note"], dimensions_cols=["stop"],
)  # fmt: skip
rejected += wr.timestream.write(
    FRAME,
    database="wrangled",
    table="single",
    time_col="time",
    measure_col="people",
    dimensions_cols=["stop"],
)
rejected += wr.timestream.write(
    FRAME, database="wrangled", table="single", time_col="time", measure_col="people",
    dimensions_cols=["stop"], version=2, time_unit="SECONDS", use_threads=2,
)  # fmt: skip
found = wr.timestream.query("SELECT time, stop, people, warmth, note FROM wrangled.several ORDER BY people")
chunks = wr.timestream.query("SELECT stop FROM wrangled.single", chunked=True)
task = wr.timestream.batch_load(
    FRAME, path=f"s3://{BUCKET}/load/", database="wrangled", table="loaded", time_col="time",
    dimensions_cols=["stop"], measure_cols=["people", "warmth"],
    report_s3_configuration={"BucketName": BUCKET, "ObjectKeyPrefix": "reports"}, measure_name_col="note",
    time_unit="MILLISECONDS", timestream_batch_load_wait_polling_delay=0.1,
)  # fmt: skip
unloaded = wr.timestream.unload(
    "SELECT stop, people, time FROM wrangled.several", path=f"s3://{BUCKET}/unloaded/",
    unload_format="PARQUET", partition_cols=None,
)  # fmt: skip
answer = {
    "rejected": rejected,
    "types": {name: str(kind) for name, kind in found.dtypes.items()},
    "rows": found[["stop", "people", "warmth", "note"]].to_numpy().tolist(),
    "times": found["time"].is_monotonic_decreasing and bool((found["time"] == FRAME["time"]).all()),
    "single": sum(len(chunk) for chunk in chunks),
    "task": task["BatchLoadTaskDescription"]["TaskStatus"],
    "loaded": wr.timestream.query("SELECT people, measure_name FROM wrangled.loaded ORDER BY 1")
    .to_numpy()
    .tolist(),
    "unloaded": sorted(unloaded["people"].tolist()),
    "tables": sorted(wr.timestream.list_tables("wrangled")),
    "databases": wr.timestream.list_databases(),
}
for table in ("several", "single", "loaded"):
    wr.timestream.delete_table("wrangled", table)
wr.timestream.delete_database("wrangled")
sys.stdout.write(json.dumps(answer))
