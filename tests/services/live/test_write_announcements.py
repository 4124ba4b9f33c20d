"""Live positions as soon as PostgreSQL announces them, and polling where it doesn't."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from services.background import background
from services.processes.live_sources import announcements_of
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore
from storage.postgres.store import PostgresStore
from storage.schema import Stream
from tests.postgres_server import open_shared, query, schema_of, shared_server, url_of
from tests.storage.records import RUN, after, position, table

pytestmark = pytest.mark.integration

POSITION = Stream.BUS_POSITION
PATIENCE_S = 60.0


def write(store: PostgresStore, minute: int) -> None:
    span = after(60 * minute), after(60 * minute + 60)
    store.write(POSITION, table(POSITION, [position(span[0])]), covers=span, run=RUN)


def test_a_write_ends_the_rest_of_those_that_wait_for_its_stream(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    with closing(open_shared(tmp_path)) as store, closing(open_shared(tmp_path)) as feeder:
        announced = announcements_of(store, clock)
        assert announced is not None
        of_positions, of_visits = (announced.rest_until(each) for each in (POSITION, Stream.STOP_VISIT))
        with background(announced.run_until_closed, name="announcements", stop=clock.close):
            for rest in (of_positions, of_visits):
                assert rest(PATIENCE_S), "all are woken once it listens"
            for minute in range(3):
                write(feeder, minute)
                assert of_positions(PATIENCE_S)
            assert not of_visits(0)
            listening = f"query = 'LISTEN \"{schema_of(tmp_path)}\"'"
            query(
                shared_server().url,
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {listening}",
            )
            assert of_visits(PATIENCE_S), "and once it listens again, for what was written meanwhile"
        assert of_visits(PATIENCE_S), "and at the end, so that nobody waits"
    assert "the store is polled, since its writes aren't announced" in caplog.text


def test_other_stores_and_replicas_are_polled(tmp_path: Path) -> None:
    replica = f"{url_of(tmp_path)}&read_url={quote(shared_server().url, safe='')}"
    with closing(PostgresStore(replica)) as store, closing(DuckDBStore(tmp_path / "bus.duckdb")) as file:
        assert [announcements_of(each, Clock()) for each in (store, file)] == [None, None]
