"""The PostgreSQL store: writers at once, shards, crashes, other versions, and messages without passwords."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from storage.digest import stream_digest
from storage.duckdb_store import DuckDBStore
from storage.errors import RunMismatch, StoreError, StoreInvalid, StoreUnavailable
from storage.open import open_store
from storage.postgres.place import PostgresPlace
from storage.postgres.rows import binary_of
from storage.postgres.store import PostgresStore
from storage.schema import SCHEMAS, Stream
from storage.store import Covered, Run, Store
from tests.postgres_server import PostgresServer, open_shared, query, schema_of, shared_server, url_of
from tests.storage.records import NOON, OTHER_RUN, RUN, after, any_record, order, position, table

pytestmark = pytest.mark.integration

POSITION = Stream.BUS_POSITION
END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bus-simulator'"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PostgresStore]:
    with closing(open_shared(tmp_path)) as opened:
        yield opened


def write(store: Store, run: Run = RUN, first_s: float = 0, buses: tuple[str, ...] = ("B001",)) -> None:
    """Write ten minutes of positions."""
    records = [position(after(first_s + s), bus) for s in range(0, 600, 30) for bus in buses]
    store.write(POSITION, table(POSITION, records), covers=(after(first_s), after(first_s + 600)), run=run)


def test_all_streams_have_the_digests_of_a_duckdb_store(store: PostgresStore, tmp_path: Path) -> None:
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as other:
        for stream in Stream:
            records = [any_record(stream, after(60 * i), n, value=i) for i in range(90) for n in (1, 2, 3)]
            for each in (store, other):
                each.write(stream, table(stream, records), covers=(NOON, after(hours=2)), run=RUN)
            scans = (each.scan(stream, start=NOON, end=after(hours=2)) for each in (store, other))
            digests = {stream_digest(scan, stream) for scan in scans}
            assert len(digests) == 1


@pytest.mark.parametrize("stream", Stream)
def test_rows_in_the_binary_format_are_those_that_the_server_would_send(
    store: PostgresStore, stream: Stream, tmp_path: Path
) -> None:
    records = [any_record(stream, after(60 * i), n, value=i) for i in range(9) for n in (1, 2, 3)]
    rows = table(stream, records)
    store.write(stream, rows, covers=(NOON, after(hours=2)), run=RUN)
    held = f"SELECT * FROM {schema_of(tmp_path)}.{stream} ORDER BY time, {SCHEMAS[stream].entity}"
    copied_out = f"COPY ({held}) TO STDOUT (FORMAT binary)".encode()
    with psycopg.connect(shared_server().url) as connection, connection.cursor().copy(copied_out) as copy:
        sent = b"".join(copy)
    assert b"".join(map(bytes, binary_of(stream, rows))) == sent


def test_a_window_over_midnights_is_stored_in_the_tables_of_its_days(
    store: PostgresStore, tmp_path: Path
) -> None:
    records = [position(after(hours=h)) for h in range(0, 48, 6)]
    store.write(POSITION, table(POSITION, records), covers=(NOON, after(hours=48)), run=RUN)
    schema = schema_of(tmp_path)
    rows = f"SELECT tableoid, count(*) FROM {schema}.bus_position GROUP BY tableoid ORDER BY min(time)"
    parts = query(shared_server().url, rows)
    assert [count for _, count in parts] == [2, 4, 2]
    for part, _ in parts:
        indexes = f"SELECT count(*) FROM pg_index WHERE indrelid = {part} AND indisvalid"
        assert query(shared_server().url, indexes) == [(3,)]


@pytest.mark.parametrize("schemas", [("public", "other"), ("other", "public")])
def test_two_stores_of_a_database_share_nothing_also_if_one_is_in_public(schemas: tuple[str, str]) -> None:
    name = f"of_two_{schemas[0]}"
    with psycopg.connect(shared_server().url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = shared_server().url.replace("/postgres?", f"/{name}?")
    with (
        closing(PostgresStore(f"{url}&schema={schemas[0]}")) as one,
        closing(PostgresStore(f"{url}&schema={schemas[1]}")) as other,
    ):
        write(other, OTHER_RUN, buses=("B001", "B002"))
        assert one.coverage(POSITION) == ()
        write(one)
        write(one, first_s=600)
        assert [len(each.records_at(POSITION, NOON)) for each in (one, other)] == [1, 2]
        assert [held.run for each in (one, other) for held in each.coverage(POSITION)] == [RUN, OTHER_RUN]


def test_of_two_runs_that_write_at_once_one_is_refused(tmp_path: Path) -> None:
    with closing(open_shared(tmp_path)) as one, closing(open_shared(tmp_path)) as other:

        def attempt(store: Store, run: Run) -> str:
            try:
                write(store, run)
            except RunMismatch:
                return "refused"
            return "written"

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(attempt, (one, other), (RUN, OTHER_RUN)))
        assert sorted(results) == ["refused", "written"]
        assert one.rows(POSITION) == 20
        assert one.coverage(POSITION) == other.coverage(POSITION)


def test_the_database_itself_refuses_two_runs_at_one_instant(store: PostgresStore, tmp_path: Path) -> None:
    write(store)
    schema = schema_of(tmp_path)
    coverage = f"{schema}.feeder_coverage"
    forged = f"INSERT INTO {coverage} SELECT stream, shard, 'x', during FROM {coverage}"
    with psycopg.connect(shared_server().url) as connection:
        run = f"INSERT INTO {schema}.runs SELECT 'x', seed, '', '', '' FROM {schema}.runs"
        connection.execute(run.encode())
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(forged.encode())


def test_a_span_is_complete_once_all_shards_have_it(tmp_path: Path) -> None:
    shards = [PostgresStore(url_of(tmp_path), shard=f"{number}/2") for number in (1, 2)]
    with closing(shards[0]) as first, closing(shards[1]) as second, closing(open_shared(tmp_path)) as reader:
        write(first, buses=("B001",))
        assert reader.coverage(POSITION) == ()
        write(second, buses=("B002",))
        write(first, buses=("B001",))  # has no effect: it knows what it has written
        assert reader.coverage(POSITION) == (Covered(NOON, after(600), RUN),)
        assert reader.rows(POSITION) == 40


def test_a_lost_connection_is_replaced_for_a_read(store: PostgresStore) -> None:
    write(store)
    query(shared_server().url, END_ALL)
    assert store.rows(POSITION) == 20


def test_whole_days_are_dropped_when_they_are_pruned_unless_they_are_read(
    store: PostgresStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for days in range(3):
        write(store, first_s=days * 86_400)
    of_schema = f"schemaname = '{schema_of(tmp_path)}' AND tablename LIKE 'bus_position_2%'"
    parts = f"SELECT tablename FROM pg_tables WHERE {of_schema}"
    assert len(query(shared_server().url, parts)) == 3
    store.prune(after(hours=24, minutes=5))
    assert len(query(shared_server().url, parts)) == 2
    assert store.rows(POSITION) == 30
    monkeypatch.setattr("storage.postgres.sql.WAIT_LITTLE", "SET LOCAL lock_timeout = '10ms'")
    with psycopg.connect(shared_server().url) as reader:
        reader.execute(f"SELECT FROM {schema_of(tmp_path)}.bus_position".encode())
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            store.prune(after(hours=48))
    assert store.rows(POSITION) == 30
    write(store, OTHER_RUN)
    assert store.rows(POSITION) == 50


def test_tables_of_a_newer_version_are_refused(store: PostgresStore, tmp_path: Path) -> None:
    with psycopg.connect(shared_server().url) as connection:
        connection.execute(f"UPDATE {schema_of(tmp_path)}.store_meta SET schema_version = 99".encode())
    with pytest.raises(
        StoreInvalid, match=r"holds \[\('bus-simulator', 99\)\], this program needs .* version 1"
    ):
        open_shared(tmp_path)


def test_an_older_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.postgres.connection.OLDEST_SERVER", 990_000)
    with pytest.raises(
        StoreInvalid, match=r"PostgreSQL \d+ is too old, this program needs version 99 or newer"
    ):
        open_shared(tmp_path)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda url: url.replace("host=/", "host=/no/"), StoreUnavailable, "No such file"),
        (lambda url: url.replace("/postgres?", "/none?"), StoreUnavailable, 'database "none" does not exist'),
        (lambda url: url.replace("postgres@", "nobody:secret@"), StoreUnavailable, 'role "nobody"'),
        (lambda url: f"{url}&password=secret&zone=1", ValueError, 'invalid URI query parameter: "zone"'),
        (lambda url: f"{url}&schema=A-b&password=secret", ValueError, "the schema 'A-b' must be of a-z"),
        (
            lambda url: f"{url}&read_url=replica&password=secret",
            ValueError,
            "read_url must be a postgresql:// URL",
        ),
        (
            lambda url: f"{url}&read_url=postgresql%3A%2F%2Fu%3Asecret%40127.0.0.1%3A1%2Fbus",
            StoreUnavailable,
            r"postgresql://u:\*\*\*@127.0.0.1:1/bus: connection failed",
        ),
        (
            lambda _: "postgresql://me:a/secret@host/x",
            ValueError,
            "with @ and / in a password percent-encoded",
        ),
        (
            lambda _: "postgresql://me:a@secret@host/x",
            ValueError,
            "with @ and / in a password percent-encoded",
        ),
        (lambda _: "postgresql:me:secret@host/x", ValueError, "expected postgresql://USER@HOST/DATABASE"),
        (lambda _: "postgresql://me:%secret@host/x", ValueError, r'percent-encoded token: "\*\*\*"'),
        (lambda _: "postgresql://me:a secret@host/x", ValueError, r'spaces found in "\*\*\*"'),
        (
            lambda _: "postgresql://host/x?password=a&secret",
            ValueError,
            r'in URI query parameter: "\*\*\*"',
        ),
        (lambda _: "postgresql://me:secret@[::1/x", ValueError, "is not a store: Invalid IPv6 URL"),
        (lambda _: "mysql://me:secret@host/x", ValueError, "unknown store 'mysql'"),
    ],
)
def test_a_wrong_url_is_refused_without_its_password(
    change: Callable[[str], str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        open_store(change(shared_server().url))
    assert "secret" not in str(raised.value)


def test_a_password_may_have_a_question_mark() -> None:
    place = PostgresPlace.of("postgresql://me:a?b#c@host:1/bus?schema=city&sslmode=require")
    assert place == ("postgresql://me:a?b#c@host:1/bus?sslmode=require", "city", "")


def test_a_user_without_rights_is_told_which(tmp_path: Path) -> None:
    server, url = shared_server(), url_of(tmp_path).replace("postgres@", "guest@")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
        connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public")
        with pytest.raises(
            StoreError, match=r"permission denied .*; the user must own the schema .* btree_gist"
        ):
            PostgresStore(url)
        connection.execute(f"CREATE SCHEMA {schema_of(tmp_path)} AUTHORIZATION guest".encode())
        with closing(PostgresStore(url)) as store:  # it needs no right to create schemas
            write(store)
        connection.execute("DROP OWNED BY guest CASCADE")
        connection.execute("DROP ROLE guest")


STREAMS = (POSITION, Stream.STOP_VISIT)


def write_on(store: Store, stream: Stream) -> None:
    """Write a hundred records a minute after what is covered, until the server is gone."""
    try:
        held = store.coverage(stream)
        minute = 0 if not held else (held[-1].end - NOON) // timedelta(minutes=1)
        while True:
            start = after(minutes=minute)
            records = [any_record(stream, start, number) for number in range(100)]
            window = (start, after(minutes=minute + 1))
            store.write(stream, table(stream, sorted(records, key=order)), covers=window, run=RUN)
            minute += 1
    except StoreUnavailable:
        return


@pytest.mark.long
def test_a_server_that_crashes_keeps_whole_windows() -> None:
    server = PostgresServer()
    try:
        with closing(PostgresStore(server.url)) as store:
            for crash in range(1, 4):
                with ThreadPoolExecutor(len(STREAMS)) as pool:
                    writers = [pool.submit(write_on, store, stream) for stream in STREAMS]
                    while min(store.rows(stream) for stream in STREAMS) < 500 * crash:
                        assert not any(writer.done() for writer in writers)
                    server.stop()
                    for writer in writers:
                        writer.result()
                server.start()
                for stream in STREAMS:
                    (held,) = store.coverage(stream)
                    assert store.rows(stream) == 100 * ((held.end - held.start) // timedelta(minutes=1))
    finally:
        server.remove()
