"""DuckDB files for tests: filling a store, reading all of it, and checking that a file is unchanged."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from storage.duckdb_code_sql import DICTIONARY_OF
from storage.duckdb_store import DuckDBStore
from storage.schema import SCHEMAS, Stream
from tests.storage.records import NOON, RUN, after, any_record, table

POSITION = Stream.BUS_POSITION


def fill(store: DuckDBStore, ticks: int = 10) -> None:
    for stream in Stream:
        records = [any_record(stream, after(60 * i), n, value=i) for i in range(ticks) for n in (1, 2)]
        store.write(stream, table(stream, records), covers=(NOON, after(60 * ticks)), run=RUN)


def everything(store: DuckDBStore) -> dict[Stream, pa.Table]:
    return {s: pa.concat_tables(store.scan(s, start=after(-9999), end=after(hours=99))) for s in Stream}


def change(path: Path, *statements: str) -> None:
    """Execute statements that change a stream's records each, as if the stream's view were a table."""
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for statement in statements:
            stream = Stream(
                re.findall(rf"\b(?:UPDATE|INTO|DELETE FROM) ({'|'.join(Stream)})\b", statement)[0]
            )
            # A temporary table hides the view of the same name.
            connection.execute(f"CREATE TEMP TABLE {stream} AS FROM {stream}")
            ((changed,),) = connection.execute(statement).fetchall()
            assert changed > 0, statement
            _replace(connection, stream)
            connection.execute(f"DROP TABLE temp.{stream}")


def _replace(connection: duckdb.DuckDBPyConnection, stream: Stream) -> None:
    """Replace the records of a stream by those of the temporary table of its name."""
    cells = []
    for column in SCHEMAS[stream].columns:
        cell = f'"{column.name}"'
        if column.kind == "id":
            texts = DICTIONARY_OF[column.name]
            new = f"SELECT DISTINCT {cell} FROM {stream} WHERE {cell} NOT IN (SELECT text FROM {texts})"
            code = f"(SELECT max(code) FROM {texts}) + row_number() OVER ()"
            connection.execute(f"INSERT INTO {texts} SELECT {code}, {cell} FROM ({new})")
            cell = f"(SELECT code FROM {texts} WHERE text = {cell})"
        cells.append(cell)
    connection.execute(f"DELETE FROM {stream}_coded")
    connection.execute(f"INSERT INTO {stream}_coded SELECT {', '.join(cells)} FROM {stream}")


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def untouched(path: Path) -> Iterator[None]:
    """Check that the block neither changes a file nor adds another to its folder."""
    before = digest(path), sorted(path.parent.iterdir())
    yield
    assert (digest(path), sorted(path.parent.iterdir())) == before


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


WRITER = """
import sys
from pathlib import Path
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from tests.storage.records import NOON, RUN, after, positions, visits

path, buses, at_once = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "True"
store = DuckDBStore(path)
first = max((c.end for c in store.coverage(Stream.STOP_VISIT)), default=NOON)
tick = round((first - NOON).total_seconds()) // 30
while True:
    window = (after(30 * tick), after(30 * tick + 30))
    batches = {
        Stream.BUS_POSITION: positions([30 * tick], buses=buses),
        Stream.STOP_VISIT: visits([30 * tick], buses=buses),
    }
    if at_once:
        store.write_window(batches, covers=window, run=RUN)
    else:
        for stream, batch in batches.items():
            store.write(stream, batch, covers=window, run=RUN)
    print(tick, flush=True)
    tick += 1
"""
"""Writes positions and visits of a tick after the other, in one transaction or in two."""


def killed_while_writing(path: Path, buses: int, *, at_once: bool) -> list[int]:
    """Let a process write ticks that follow those in a file, and kill it; return those it has written."""
    command = [sys.executable, "-c", WRITER, str(path), str(buses), str(at_once)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ticks = [int(process.stdout.readline()) for _ in range(3)]
        process.kill()
        return ticks + [int(line) for line in process.stdout.read().split("\n")[:-1]]
