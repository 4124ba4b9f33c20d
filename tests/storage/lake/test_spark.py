"""A lake read by Spark's API, which Sail serves without Java: by folders, and as Iceberg tables."""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from pyiceberg.catalog import Catalog

from services.lake.iceberg_tables import iceberg_publisher
from storage.lake.store import LakeStore
from storage.schema import SCHEMAS, BusPosition, Kind, Stream
from tests.environment import environment
from tests.services.lake.test_generation import HOUR, SPAN, made

pytestmark = pytest.mark.long

READERS = Path(__file__).parents[3] / "build/lake-readers/bin/python"
SPARK_TYPES: dict[Kind, str] = {
    "id": "string",
    "text": "string",
    "int": "bigint",
    "float": "double",
    "bool": "boolean",
    "time": "timestamp",
}


def by_bus(store: LakeStore) -> list[list[object]]:
    """For each bus the number of its positions, the sums of passengers and speeds, and its last second."""
    found: dict[str, list[BusPosition]] = {}
    for second in range(0, int((SPAN[1] - SPAN[0]).total_seconds()), 30):
        for record in store.records_at(Stream.BUS_POSITION, SPAN[0] + second * HOUR / 3600):
            assert isinstance(record, BusPosition)
            found.setdefault(record.bus_id, []).append(record)
    return [
        [
            bus,
            len(records),
            sum(record.passenger_count for record in records),
            round(sum(record.speed for record in records), 6),
            int(records[-1].time.timestamp()),
        ]
        for bus, records in sorted(found.items())
    ]


def test_spark_reads_a_lake_by_its_folders_and_as_iceberg_tables(catalog: Catalog, tmp_path: Path) -> None:
    url = str(tmp_path / "lake")
    iceberg_publisher("here.madrid")(url, made(url))
    program = Path(__file__).with_name("sail_client.py")
    done = subprocess.run(
        [READERS, program, url, "2026-03-03"], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    with closing(LakeStore(url)) as store:
        assert found.pop("buses") == by_bus(store)
        for stream in Stream:
            columns = {column.name: SPARK_TYPES[column.kind] for column in SCHEMAS[stream].columns}
            of_date = sum(len(rows) for rows in store.scan(stream, start=SPAN[0] + HOUR, end=SPAN[1]))
            assert found[stream] == {
                "types": columns | {"date": "string"},
                "rows": store.rows(stream),
                "of_date": of_date,
                "iceberg": store.rows(stream),
            }
