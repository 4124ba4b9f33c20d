"""The DuckDB store's tables, and its data after a full disk and after SIGKILL."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from storage.duckdb_store import DuckDBStore
from storage.schema import SCHEMAS
from tests.storage.duckdb_files import complete_ticks, fill, killed_while_writing

CONTRACT_TYPES = {
    "id": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP WITH TIME ZONE",
}


def test_the_tables_have_the_columns_of_the_contract(path: Path) -> None:
    store = DuckDBStore(path)
    fill(store)
    store.close()
    with duckdb.connect(path, read_only=True) as connection:
        for stream, schema in SCHEMAS.items():
            columns = connection.execute(f"DESCRIBE {stream}").fetchall()
            types = [CONTRACT_TYPES[column.kind] for column in schema.columns]
            assert [column[:2] for column in columns] == list(zip(schema.names, types, strict=True))
            coded = connection.execute(f"DESCRIBE {stream}_coded").fetchall()
            assert [column[0] for column in coded if column[2] == "YES"] == [
                column.name for column in schema.columns if column.nullable
            ]


@pytest.mark.integration
def test_instants_do_not_depend_on_the_time_zone_of_the_process(path: Path) -> None:
    store = DuckDBStore(path)
    fill(store)
    store.close()
    code = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from storage.duckdb_store import DuckDBStore; from storage.schema import Stream\n"
        "store = DuckDBStore(Path(sys.argv[1]))\n"
        "print(store.at(Stream.BUS_POSITION, 'B001', time=datetime(2026, 3, 2, 12, 3, 59, tzinfo=UTC)).time)"
    )
    done = subprocess.run(
        ["env", "TZ=Pacific/Kiritimati", sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "2026-03-02 12:03:00+00:00"


FULL_DISK = """
import resource, sys
from pathlib import Path
from storage.duckdb_store import DuckDBStore
from storage.errors import StoreUnavailable
from storage.schema import Stream
from tests.storage.records import NOON, RUN, after, positions

store = DuckDBStore(Path(sys.argv[1]))
LAST = int(sys.argv[2]) // 1000

def write(tick, rows):
    batch = positions(range(tick, tick + rows), buses=200)
    store.write(Stream.BUS_POSITION, batch, covers=(after(tick), after(tick + rows)), run=RUN)

def covered():
    return sum((c.end - c.start).total_seconds() for c in store.coverage(Stream.BUS_POSITION))

write(0, 10)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
failures = 0
for tick in range(10, LAST, 10):
    try:
        write(tick, 10)
    except StoreUnavailable as error:
        failures += 1
        message = str(error)
    assert store.rows(Stream.BUS_POSITION) == covered() * 200, (tick, covered())
    assert store.at(Stream.BUS_POSITION, "B0001", time=after(5)).passenger_count == 5
assert failures, "the disk was never full"
assert "no room to write" in message, message
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for tick in range(0, LAST, 10):
    write(tick, 10)
assert covered() == LAST
store.close()
again = DuckDBStore(Path(sys.argv[1]))
assert again.rows(Stream.BUS_POSITION) == LAST * 200
print("served")
"""


@pytest.mark.integration
@pytest.mark.parametrize(
    "limit", [300_000, *(pytest.param(limit, marks=pytest.mark.long) for limit in (600_000, 1_000_000))]
)
def test_a_full_disk_is_reported_and_writing_resumes_without_partial_batches(path: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(limit)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "served\n", done.stderr


@pytest.mark.integration
@pytest.mark.parametrize(
    ("buses", "deaths"),
    [(10, 2), (3000, 2), *(pytest.param(*each, marks=pytest.mark.long) for each in ((10, 4), (3000, 8)))],
)
def test_after_sigkill_all_covered_records_are_there(path: Path, buses: int, deaths: int) -> None:
    written = 0
    for _ in range(deaths):
        ticks = killed_while_writing(path, buses, at_once=False)
        store = DuckDBStore(path)
        written = complete_ticks(store, buses)
        store.close()
        assert written > ticks[-1]
    assert written >= 3 * deaths
