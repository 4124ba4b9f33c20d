"""The Timestream store at AWS itself. Only `pytest -m aws` runs this: it takes an account with Timestream.

The conformance suite can't run there: its records are of fixed days, and AWS shows what is older than a day
hours after it was written. So the same promises are tried here with records of the last minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import boto3
import pytest

from services.times import floor
from simulator.clock import Clock
from storage.aws_clients import client
from storage.errors import RunMismatch
from storage.schema import Record, Stream
from storage.store import Covered, Store
from storage.timestream_store import TimestreamStore
from storage.timestream_tables import TABLES
from tests.storage.records import OTHER_RUN, RUN, any_record, entity, order, table

pytestmark = pytest.mark.aws

COST = "This makes a database, writes some 1,000 records and asks some 100 queries: less than 0.10 USD."
MINUTE = timedelta(minutes=1)
DATABASE = "bus_simulator_conformance"


@pytest.fixture(scope="module")
def region(request: pytest.FixtureRequest) -> str:
    chosen = str(request.config.option.markexpr)
    if "aws" not in chosen or "not aws" in chosen:
        pytest.skip("say `-m aws`: it costs money")
    found = boto3.Session().region_name
    if not found:
        pytest.skip("say AWS_DEFAULT_REGION")
    return str(found)


@pytest.fixture(scope="module")
def database(region: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own, deleted at the end whatever happens."""
    terminal = request.config.pluginmanager.getplugin("terminalreporter")
    if terminal is not None:
        terminal.write_line(f"\n{COST} Region {region}, database {DATABASE}.")
    yield DATABASE
    with closing(client("timestream-write", region=region)) as service:
        for name in TABLES:
            service.delete_table(DatabaseName=DATABASE, TableName=str(name))
        service.delete_database(DatabaseName=DATABASE)


@pytest.fixture
def store(database: str, region: str) -> Iterator[Store]:
    with closing(TimestreamStore(database, region=region)) as opened:
        yield opened


@pytest.fixture(scope="module")
def start() -> datetime:
    return floor(Clock().now(), MINUTE) - 20 * MINUTE


@pytest.mark.parametrize("stream", list(Stream))
def test_it_answers_what_was_written(store: Store, stream: Stream, start: datetime) -> None:
    times = [start + n * MINUTE / 2 for n in range(20)]
    records = sorted((any_record(stream, t, n, value=n) for t in times for n in range(1, 12)), key=order)
    end = start + 10 * MINUTE
    for _ in range(2):
        store.write(stream, table(stream, records), covers=(start, end), run=RUN)
    with pytest.raises(RunMismatch):
        store.write(stream, table(stream, []), covers=(start, end), run=OTHER_RUN)
    assert store.rows(stream) == len(records)
    assert list(store.coverage(stream)) == [Covered(start, end, RUN)]
    scanned = [row for part in store.scan(stream, start=start, end=end) for row in part.to_pylist()]
    assert scanned == table(stream, records).to_pylist()
    own = [record for record in records if entity(record) == entity(records[0])]
    assert store.latest(stream, entity(own[0]), now=end) == own[-1]
    assert store.at(stream, entity(own[0]), time=own[3].time) == own[3]
    assert pages(store, stream, entity(own[0]), start, end) == own


def pages(store: Store, stream: Stream, key: str, start: datetime, end: datetime) -> list[Record]:
    """Everything of an entity, seven records a page."""
    found: list[Record] = []
    cursor = None
    while True:
        page = store.range(stream, key, start=start, end=end, limit=7, cursor=cursor)
        found += page.records
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_a_line_has_the_newest_of_each_bus(store: Store, start: datetime) -> None:
    now = start + 10 * MINUTE
    found = store.latest_of_line("L1", since=start, now=now)
    assert [position.bus_id for position in found] == sorted({position.bus_id for position in found})
    assert {position.time for position in found} == {now - MINUTE / 2}
