"""A PostgreSQL store over a primary and its replica: reads at the replica, a failover while writing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from urllib.parse import quote

import pytest

from storage.errors import StoreUnavailable
from storage.postgres.store import PostgresStore
from storage.schema import Stream
from storage.store import Covered
from tests.postgres_server import (
    PAUSE_S,
    UNAVAILABLE_S,
    PostgresServer,
    primary_and_replica,
    query,
    url_of_writable,
    write_patiently,
)
from tests.storage.records import NOON, RUN, after, position, table

pytestmark = [pytest.mark.integration, pytest.mark.long]

POSITION = Stream.BUS_POSITION
WINDOWS, LOST_AFTER = 24, 12


@pytest.fixture
def servers() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    with primary_and_replica() as found:
        yield found


def write_minute(store: PostgresStore, minute: int) -> int:
    """Write a minute of positions; return the attempts."""
    span = after(60 * minute), after(60 * minute + 60)
    rows = table(POSITION, [position(after(60 * minute + s)) for s in (0, 30)])
    return write_patiently(store, POSITION, rows, covers=span, run=RUN)


def test_a_failover_loses_nothing_that_was_written(servers: tuple[PostgresServer, PostgresServer]) -> None:
    primary, replica = servers
    promoting = threading.Thread(target=replica.promote)
    with closing(PostgresStore(url_of_writable(primary, replica))) as store:
        for minute in range(WINDOWS):
            if minute == LOST_AFTER:
                primary.stop("immediate")
                promoting.start()
            attempts = write_minute(store, minute)
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
        write_minute(store, 0)
        assert store.coverage(POSITION) == writer.coverage(POSITION) != ()
        read = store.latest(POSITION, "B001", now=after(30))
        assert read is not None
        query(replica.url, "SELECT pg_wal_replay_pause()")
        primary.set("synchronous_standby_names", "")
        write_minute(writer, 1)
        assert store.rows(POSITION) == 2 < writer.rows(POSITION) == 4
        assert store.latest(POSITION, "B001", now=after(60)) == read, "what the replica has"
        remembered = [store.remembered(POSITION, "B001", now=after(s)) for s in (59, 60)]
        assert remembered == [read, None], "the next is due, and asked for until it is there"
        query(replica.url, "SELECT pg_wal_replay_resume()")
        for _ in range(int(UNAVAILABLE_S / PAUSE_S)):
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
        write_minute(writer, 0)
    with closing(PostgresStore(replica.url)) as store, pytest.raises(StoreUnavailable, match="read-only"):
        store.write(POSITION, table(POSITION, []), covers=(after(60), after(120)), run=RUN)
