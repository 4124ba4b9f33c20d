"""Serving a store without feeding it, and what is answered without a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.access.allowed_hosts import hosts_for
from services.access.authentication import ApiKey
from services.access.rate_limits import UNLIMITED
from services.app import create_app
from services.aws.journal.journaled_store import JournaledStore
from services.aws.journal.s3_journal import S3Journal
from services.context import Context
from services.inputs.load import Inputs
from services.processes.server_context import context_over
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore
from storage.errors import RunMismatch
from storage.schema import Stream
from storage.store import Store
from tests.postgres_server import open_shared
from tests.services.aws.fake_aws import FakeClient
from tests.services.fakes import HOUR, MINUTE, NOW, OTHER_RUN, RUN, FakeWall, FormulaCity, network
from tests.services.rest_served import in_process

START = NOW - 10 * MINUTE
LATEST = (
    "/people-count/S001?mode=latest",
    "/sensors/bus/B001?mode=latest",
    "/bus-position/B001?mode=latest",
    "/bus-position/line/L1?mode=latest",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as opened:
        yield opened


def fill(store: Store) -> None:
    for stream, batch in FormulaCity().window(START, NOW, list(Stream)).items():
        store.write(stream, batch, covers=(START, NOW), run=RUN)


def context(store: Store) -> Context:
    clock = Clock(wall=FakeWall(NOW + HOUR))
    inputs = Inputs(network(), 1, RUN)
    return context_over(
        store,
        inputs=inputs,
        clock=clock,
        keys=ApiKey.of("right"),
        limits=UNLIMITED,
        hosts=hosts_for("127.0.0.1"),
    )


def test_a_store_is_served_without_feeders(store: DuckDBStore) -> None:
    fill(store)
    ask = in_process(create_app(context(store)))
    for path in LATEST:
        assert ask(path).status_code == 200
    health = ask("/health", {}).json()
    assert (health["status"], health["feeders"]) == ("healthy", [])


def test_another_runs_store_is_refused(store: DuckDBStore) -> None:
    batch = FormulaCity().window(START, NOW, [Stream.PEOPLE_COUNT])[Stream.PEOPLE_COUNT]
    store.write(Stream.PEOPLE_COUNT, batch, covers=(START, NOW), run=OTHER_RUN)
    with pytest.raises(RunMismatch):
        context(store)


def test_the_latest_is_answered_from_memory_and_the_same_as_from_the_file(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    ask = in_process(create_app(context(store)))
    from_file = [ask(path).json() for path in LATEST]

    async def no_thread(*_: object, **_named: object) -> None:
        raise AssertionError("a thread was asked")

    monkeypatch.setattr("services.queries.async_reader.to_thread.run_sync", no_thread)
    assert [ask(path).json() for path in LATEST] == from_file
    assert ask("/people-count/S999?mode=latest").status_code == 404
    assert ask("/people-count/S001?timestamp=2026-03-02").status_code == 500


@pytest.mark.integration
@pytest.mark.parametrize("behind_journal", [False, True])
def test_over_postgresql_what_was_read_at_the_current_tick_is_answered_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behind_journal: bool
) -> None:
    monkeypatch.setattr("storage.postgres.current_records.SURE_S", 600.0)
    with closing(open_shared(tmp_path)) as shared:
        fill(shared)
        store = JournaledStore(shared, S3Journal(FakeClient(), "s3://bucket/journal.json"))
        ask = in_process(create_app(context(store if behind_journal else shared)))
        paths = (*LATEST[:3], "/bus-position?mode=latest")
        read = [ask(path).json() for path in paths]

        async def no_thread(*_: object, **_named: object) -> None:
            raise AssertionError("a thread was asked")

        monkeypatch.setattr("services.queries.async_reader.to_thread.run_sync", no_thread)
        assert [ask(path).json() for path in paths] == read
        assert read[0]["time"] == "2026-03-02T07:30:00Z"
        assert ask("/people-count/S002?mode=latest").status_code == 500, "it wasn't read before"


def test_a_closed_store_has_no_records_in_memory(store: DuckDBStore) -> None:
    fill(store)
    ask = in_process(create_app(context(store)))
    assert ask(LATEST[0]).status_code == 200
    store.close()
    for path in LATEST:
        assert ask(path).status_code == 503
