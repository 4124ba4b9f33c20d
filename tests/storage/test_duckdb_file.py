"""Opening a DuckDB file: files that are refused, and files held by a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pytest

from storage.duckdb_store import DuckDBStore
from storage.errors import StoreHeld, StoreInvalid, StoreUnavailable
from tests.storage.duckdb_files import everything, fill, untouched

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: remove it, or choose another --store"),
        (b"seed: 1\n" * 4000, "is not a DuckDB database; choose another --store"),
        (b"PAR1" * 3000, "is not a DuckDB database; choose another --store"),
    ],
    ids=["empty", "text", "other"],
)
def test_a_file_that_is_no_database_is_left_alone(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with untouched(path), pytest.raises(StoreInvalid, match=message):
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
    ("version", "message"), [(1, "an older bus-simulator.*backfill"), (3, "a newer bus-simulator.*upgrade")]
)
def test_another_schema_version_is_refused_with_a_hint(path: Path, version: int, message: str) -> None:
    DuckDBStore(path).close()
    with duckdb.connect(path) as connection:
        connection.execute("UPDATE store_meta SET schema_version = ?", [version])
    with untouched(path), pytest.raises(StoreInvalid, match=message):
        DuckDBStore(path)


def test_a_store_that_lacks_a_column_is_refused(path: Path) -> None:
    DuckDBStore(path).close()
    with duckdb.connect(path) as connection:
        connection.execute("ALTER TABLE bus_position_coded DROP COLUMN trip_id")
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


@pytest.mark.integration
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
