"""A PostgreSQL store over a primary and its replica: reads at the replica, a failover while writing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from urllib.parse import quote

import pytest

from storage.errors import StoreUnavailable
from storage.postgres.store import PostgresStore
from storage.schema import Stream
from storage.store import Covered
from tests.postgres_server import PostgresServer, query
from tests.storage.records import NOON, RUN, after, position, table

pytestmark = [pytest.mark.integration, pytest.mark.long]

POSITION = Stream.BUS_POSITION
WINDOWS, LOST_AFTER = 24, 12
PATIENCE_S, PAUSE_S = 30.0, 0.02


@pytest.fixture
def servers() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary, and a replica without which it acknowledges no write."""
    with ExitStack() as stack:
        primary = PostgresServer()
        stack.callback(primary.remove)
        replica = PostgresServer(of=primary)
        stack.callback(replica.remove)
        # Not part of the replica's copy of the settings: promoted, it would wait for one of its own.
        primary.set("synchronous_standby_names", "*")
        yield primary, replica


def write_patiently(store: PostgresStore, minute: int) -> int:
    """Write a minute of positions, again and again while the store is unavailable; return the attempts."""
    span = after(60 * minute), after(60 * minute + 60)
    rows = table(POSITION, [position(after(60 * minute + s)) for s in (0, 30)])
    for attempt in range(int(PATIENCE_S / PAUSE_S)):
        try:
            store.write(POSITION, rows, covers=span, run=RUN)
            return attempt + 1
        except StoreUnavailable:
            threading.Event().wait(PAUSE_S)
    raise AssertionError("the store never came back")


def test_a_failover_loses_nothing_that_was_written(servers: tuple[PostgresServer, PostgresServer]) -> None:
    primary, replica = servers
    hosts = f"{primary.folder},{replica.folder}"
    url = f"postgresql://postgres@/postgres?host={hosts}&target_session_attrs=read-write"
    promoting = threading.Thread(target=replica.promote)
    with closing(PostgresStore(url)) as store:
        for minute in range(WINDOWS):
            if minute == LOST_AFTER:
                primary.stop("immediate")
                promoting.start()
            attempts = write_patiently(store, minute)
            assert (attempts > 1) == (minute == LOST_AFTER)
        promoting.join()
        end = NOON + timedelta(minutes=WINDOWS)
        assert store.coverage(POSITION) == (Covered(NOON, end, RUN),)
        page = store.range(POSITION, "B001", start=NOON, end=end)
        assert [record.time for record in page.records] == [after(30 * n) for n in range(2 * WINDOWS)]
        primary.start()  # for its removal


def test_a_store_reads_what_has_reached_the_replica(servers: tuple[PostgresServer, PostgresServer]) -> None:
    primary, replica = servers
    primary.set("synchronous_commit", "remote_apply")
    with (
        closing(PostgresStore(primary.url)) as writer,
        closing(PostgresStore(f"{primary.url}&read_url={quote(replica.url, safe='')}")) as store,
    ):
        write_patiently(store, 0)
        assert store.coverage(POSITION) == writer.coverage(POSITION) != ()
        query(replica.url, "SELECT pg_wal_replay_pause()")
        primary.set("synchronous_standby_names", "")
        write_patiently(writer, 1)
        assert store.rows(POSITION) == 2 < writer.rows(POSITION) == 4
        query(replica.url, "SELECT pg_wal_replay_resume()")
        for _ in range(int(PATIENCE_S / PAUSE_S)):
            if store.rows(POSITION) == 4:
                break
            threading.Event().wait(PAUSE_S)
        assert store.latest(POSITION, "B001", now=after(120)) == writer.latest(
            POSITION, "B001", now=after(120)
        )
        store.ping()


def test_a_replica_alone_is_no_place_to_write(servers: tuple[PostgresServer, PostgresServer]) -> None:
    primary, replica = servers
    with closing(PostgresStore(primary.url)) as writer:
        write_patiently(writer, 0)
    with closing(PostgresStore(replica.url)) as store, pytest.raises(StoreUnavailable, match="read-only"):
        store.write(POSITION, table(POSITION, []), covers=(after(60), after(120)), run=RUN)
