"""What users of Spark do with a lake; a program for an environment with Sail, which needs no Java, alone.

Arguments: the lake's folder, and a date. Prints for each stream what it found as JSON.
"""

import json
import sys

from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

LAKE, DATE = sys.argv[1:]
STREAMS = ("people_count", "sensor_data", "bus_position", "stop_visit")

server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
spark = SparkSession.builder.remote("sc://{}:{}".format(*server.listening_address)).getOrCreate()
found: dict[str, object] = {}
for stream in STREAMS:
    rows = spark.read.parquet(f"{LAKE}/stream={stream}")
    tables = spark.read.format("iceberg").load(f"{LAKE}/_iceberg/{stream}")
    found[stream] = {
        "types": dict(rows.dtypes),
        "rows": rows.count(),
        "of_date": rows.where(rows.date == DATE).count(),
        "iceberg": tables.count(),
    }
spark.read.parquet(f"{LAKE}/stream=bus_position").createOrReplaceTempView("positions")
total = """SELECT bus_id, count(*), sum(passenger_count), round(sum(speed), 6), CAST(max(time) AS bigint)
FROM positions GROUP BY bus_id ORDER BY bus_id"""
found["buses"] = [list(row) for row in spark.sql(total).collect()]
spark.stop()
server.stop()
sys.stdout.write(json.dumps(found))
