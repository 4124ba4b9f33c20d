"""The DuckDB file: damaged, foreign, held by another process, on a full disk, after SIGKILL, copied."""

from __future__ import annotations

import gc
import hashlib
import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from storage.duckdb_store import DuckDBStore
from storage.errors import StoreHeld, StoreInvalid, StoreUnavailable
from storage.schema import SCHEMAS, Stream
from tests.storage.records import NOON, OTHER_RUN, RUN, after, any_record, positions, table, visits

POSITION = Stream.BUS_POSITION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bus.duckdb"


def fill(store: DuckDBStore, ticks: int = 10) -> None:
    for stream in Stream:
        records = [any_record(stream, after(60 * i), n, value=i) for i in range(ticks) for n in (1, 2)]
        store.write(stream, table(stream, records), covers=(NOON, after(60 * ticks)), run=RUN)


def everything(store: DuckDBStore) -> dict[Stream, pa.Table]:
    return {s: pa.concat_tables(store.scan(s, start=after(-9999), end=after(hours=99))) for s in Stream}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def untouched(path: Path) -> Iterator[None]:
    """Check that the block neither changes a file nor adds another to its folder."""
    before = digest(path), sorted(path.parent.iterdir())
    yield
    assert (digest(path), sorted(path.parent.iterdir())) == before


def test_the_tables_have_the_columns_of_the_contract(path: Path) -> None:
    store = DuckDBStore(path)
    fill(store)
    store.close()
    with duckdb.connect(path, read_only=True) as connection:
        for stream, schema in SCHEMAS.items():
            columns = connection.execute(f"DESCRIBE {stream}").fetchall()
            assert [column[0] for column in columns] == list(schema.names)
            assert [column[0] for column in columns if column[2] == "YES"] == [
                column.name for column in schema.columns if column.nullable
            ]
            assert columns[0][1] == "TIMESTAMP WITH TIME ZONE"


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


@pytest.mark.parametrize(
    "content", [b"", b"seed: 1\n" * 4000, b"PAR1" * 3000], ids=["empty", "text", "other"]
)
def test_a_file_that_is_no_database_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with untouched(path), pytest.raises(StoreInvalid, match="another --store"):
        DuckDBStore(path)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE invoices (amount INTEGER)"],
        ["CREATE TABLE bus_position (time TIMESTAMPTZ, bus_id VARCHAR)"],
        ["CREATE TABLE store_meta (note VARCHAR)"],
        ["CREATE TABLE store_meta (format VARCHAR, schema_version BIGINT)"],
        [
            "CREATE TABLE store_meta (format VARCHAR, schema_version BIGINT)",
            "INSERT INTO store_meta VALUES ('trams', 1)",
        ],
        ["CREATE VIEW answers AS SELECT 42"],
        ["CREATE SCHEMA trams", "CREATE TABLE trams.trips (id INTEGER)"],
    ],
)
def test_a_foreign_database_is_left_alone(path: Path, statements: list[str]) -> None:
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    with untouched(path), pytest.raises(StoreInvalid, match="of another program; choose another --store"):
        DuckDBStore(path)


def test_a_database_without_tables_becomes_a_store(path: Path) -> None:
    duckdb.connect(path).close()
    store = DuckDBStore(path)
    fill(store)
    store.close()


@pytest.mark.parametrize(
    ("version", "said"), [(0, "an older bus-simulator.*backfill"), (2, "a newer bus-simulator.*upgrade")]
)
def test_another_schema_version_is_refused_with_a_hint(path: Path, version: int, said: str) -> None:
    DuckDBStore(path).close()
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE store_meta SET schema_version = ?", [version])
    with untouched(path), pytest.raises(StoreInvalid, match=said):
        DuckDBStore(path)


def test_a_store_that_lacks_a_column_is_refused(path: Path) -> None:
    DuckDBStore(path).close()
    with duckdb.connect(path) as connection:
        connection.execute("ALTER TABLE bus_position DROP COLUMN trip_id")
    with untouched(path), pytest.raises(StoreInvalid, match="lacks tables or columns"):
        DuckDBStore(path)


@pytest.mark.parametrize("keep", [20, 5000, 0.5], ids=["a header's start", "a header", "half"])
def test_a_truncated_file_is_refused(path: Path, keep: float) -> None:
    store = DuckDBStore(path)
    fill(store)
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[: int(keep if keep > 1 else len(content) * keep)])
    with pytest.raises(StoreInvalid, match=r"damaged.*another --store"):
        DuckDBStore(path)


@pytest.mark.integration
@pytest.mark.parametrize("step", [131_072, pytest.param(32_768, marks=pytest.mark.long)])
def test_a_damaged_file_is_refused_or_read_correctly(step: int, path: Path) -> None:
    store = DuckDBStore(path)
    fill(store)
    whole = everything(store)
    store.close()
    content = path.read_bytes()
    refused = 0
    for place in range(0, len(content), step):
        path.write_bytes(content[: place + 100] + b"scribble" * 8 + content[place + 164 :])
        try:
            with closing(DuckDBStore(path)) as damaged:
                assert everything(damaged) == whole
        except StoreInvalid:
            refused += 1
    assert refused > 0


def test_a_path_that_cannot_be_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file" / "bus.duckdb"):
        with pytest.raises(StoreUnavailable, match="can't be opened"):
            DuckDBStore(place)


HOLDER = (
    "import sys; from pathlib import Path; from storage.duckdb_store import DuckDBStore\n"
    "store = DuckDBStore(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read(); store.close()"
)


@contextmanager
def held_by_another_process(path: Path) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.stdin.close()


def test_the_error_names_the_process_that_holds_the_file(path: Path) -> None:
    with (
        held_by_another_process(path) as pid,
        pytest.raises(StoreHeld, match=rf"process {pid} .*`bus-simulator snapshot -o FILE`"),
    ):
        DuckDBStore(path)
    DuckDBStore(path).close()


def test_a_process_can_open_a_file_only_once(path: Path) -> None:
    store = DuckDBStore(path)
    with pytest.raises(StoreHeld, match="already in this process"):
        DuckDBStore(path)
    fill(store)
    store.close()
    DuckDBStore(path).close()


FULL_DISK = """
import resource, sys
from pathlib import Path
from storage.duckdb_store import DuckDBStore
from storage.errors import StoreUnavailable
from storage.schema import Stream
from tests.storage.records import NOON, RUN, after, positions

store = DuckDBStore(Path(sys.argv[1]))

def write(tick, rows):
    batch = positions(range(tick, tick + rows), buses=500)
    store.write(Stream.BUS_POSITION, batch, covers=(after(tick), after(tick + rows)), run=RUN)

def covered():
    return sum((c.end - c.start).total_seconds() for c in store.coverage(Stream.BUS_POSITION))

write(0, 10)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
failures = 0
for tick in range(10, 400, 10):
    try:
        write(tick, 10)
    except StoreUnavailable as error:
        failures += 1
        message = str(error)
    assert store.rows(Stream.BUS_POSITION) == covered() * 500, (tick, covered())
    assert store.at(Stream.BUS_POSITION, "B0001", time=after(5)).passenger_count == 5
assert failures, "the disk was never full"
assert "no room to write" in message, message
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for tick in range(0, 400, 10):
    write(tick, 10)
assert covered() == 400
store.close()
again = DuckDBStore(Path(sys.argv[1]))
assert again.rows(Stream.BUS_POSITION) == 400 * 500
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


WRITER = """
import sys
from pathlib import Path
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from tests.storage.records import NOON, RUN, after, positions, visits

store = DuckDBStore(Path(sys.argv[1]))
first = max((c.end for c in store.coverage(Stream.STOP_VISIT)), default=NOON)
tick = round((first - NOON).total_seconds()) // 30
buses = int(sys.argv[2])
while True:
    window = (after(30 * tick), after(30 * tick + 30))
    batch = positions([30 * tick], buses=buses)
    store.write(Stream.BUS_POSITION, batch, covers=window, run=RUN)
    batch = visits([30 * tick], buses=buses)
    store.write(Stream.STOP_VISIT, batch, covers=window, run=RUN)
    print(tick, flush=True)
    tick += 1
"""


@pytest.mark.integration
@pytest.mark.parametrize(
    ("buses", "deaths"), [(10, 4), (3000, 2), pytest.param(3000, 8, marks=pytest.mark.long)]
)
def test_after_sigkill_all_covered_records_are_there(path: Path, buses: int, deaths: int) -> None:
    written = 0
    for _ in range(deaths):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(buses)], stdout=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdout is not None
            told = [int(process.stdout.readline()) for _ in range(3)]
            process.kill()
            told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        store = DuckDBStore(path)
        written = complete_ticks(store, buses)
        store.close()
        assert written > told[-1]
    assert written >= 3 * deaths


def complete_ticks(store: DuckDBStore, buses: int) -> int:
    """Check that every covered tick has all its records; return the number of ticks of positions."""
    ticks = {}
    for stream in (POSITION, Stream.STOP_VISIT):
        (covered,) = store.coverage(stream)
        ticks[stream] = round((covered.end - NOON).total_seconds()) // 30
        assert store.rows(stream) == ticks[stream] * buses
        rows = [len(part) for part in store.scan(stream, start=covered.start, end=covered.end)]
        assert sum(rows) == ticks[stream] * buses
    assert 0 <= ticks[POSITION] - ticks[Stream.STOP_VISIT] <= 1
    return ticks[POSITION]


def test_a_copy_equals_the_original_and_opens_as_a_store(path: Path, tmp_path: Path) -> None:
    store = DuckDBStore(path)
    fill(store)
    store.write(POSITION, table(POSITION, []), covers=(after(600), after(660)), run=OTHER_RUN)
    target = tmp_path / "copies" / "snapshot.duckdb"
    store.copy_to(target)
    assert [each.name for each in target.parent.iterdir()] == ["snapshot.duckdb"]
    copy = DuckDBStore(target)
    assert everything(copy) == everything(store)
    for stream in Stream:
        assert list(copy.coverage(stream)) == list(store.coverage(stream))
    copy.close()
    store.close()


def test_a_copy_does_not_overwrite_a_file(path: Path, tmp_path: Path) -> None:
    store = DuckDBStore(path)
    target = tmp_path / "precious"
    target.write_text("mine")
    with untouched(target), pytest.raises(FileExistsError, match="precious"):
        store.copy_to(target)
    store.close()


def test_a_copy_that_fails_leaves_no_file(path: Path, tmp_path: Path) -> None:
    store = DuckDBStore(path)
    (tmp_path / "file").touch()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoreUnavailable):
        store.copy_to(tmp_path / "file" / "copy.duckdb")
    assert sorted(tmp_path.iterdir()) == before
    store.close()


@pytest.mark.parametrize(
    "name", ["it's.duckdb", 'a "b".duckdb', "main.duckdb", "temp.duckdb", "plain", "ñ.db"]
)
def test_any_file_name_is_accepted(tmp_path: Path, name: str) -> None:
    store = DuckDBStore(tmp_path / name)
    fill(store)
    store.copy_to(tmp_path / f"copy of {name}")
    store.prune(after(60))
    assert store.rows(POSITION) == 18
    store.close()
    copy = DuckDBStore(tmp_path / f"copy of {name}")
    assert copy.rows(POSITION) == 20
    copy.close()


@pytest.mark.integration
def test_a_copy_made_during_writes_is_consistent(path: Path, tmp_path: Path) -> None:
    buses, stop = 200, threading.Event()

    def write_on(store: DuckDBStore) -> None:
        for tick in itertools.count():
            window = (after(30 * tick), after(30 * tick + 30))
            store.write(POSITION, positions([30 * tick], buses=buses), covers=window, run=RUN)
            store.write(Stream.STOP_VISIT, visits([30 * tick], buses=buses), covers=window, run=RUN)
            if tick >= 5 and stop.is_set():
                return

    with closing(DuckDBStore(path)) as store, ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write_on, store)
        try:
            while not store.coverage(Stream.STOP_VISIT):
                store.ping()
            for number in range(5):
                store.copy_to(tmp_path / f"copy{number}")
        finally:
            stop.set()
        writer.result()
    ticks = []
    for number in range(5):
        with closing(DuckDBStore(tmp_path / f"copy{number}")) as copy:
            ticks.append(complete_ticks(copy, buses))
    assert ticks == sorted(ticks)


def test_closing_waits_for_running_reads(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "bus.duckdb")
    store.write(Stream.BUS_POSITION, positions(range(10), buses=3), covers=(after(0), after(10)), run=RUN)
    wrong: list[BaseException] = []
    started = threading.Barrier(5)

    def read() -> None:
        started.wait()
        try:
            while True:
                store.at(Stream.BUS_POSITION, "B0001", time=after(5))
        except StoreUnavailable:
            return
        except duckdb.Error as error:
            wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    started.wait()
    store.close()
    for reader in readers:
        reader.join(30)
    assert wrong == []
    DuckDBStore(tmp_path / "bus.duckdb").close()


def test_a_closed_store_keeps_no_connection(tmp_path: Path) -> None:
    """DuckDB's binding reports leaks if a connection object is alive when the interpreter ends."""
    before = connections()
    store = DuckDBStore(tmp_path / "bus.duckdb")
    assert connections() > before
    store.close()
    assert connections() == before


def connections() -> int:
    """The number of DuckDB's connection objects that are alive."""
    gc.collect()
    return sum(isinstance(each, duckdb.DuckDBPyConnection) for each in gc.get_objects())
