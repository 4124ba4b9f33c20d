"""What a PostgreSQL store answers again without reading: the newest, whatever others do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage.errors import StoreUnavailable
from storage.postgres import current_records
from storage.postgres.current_records import CurrentRecords
from storage.postgres.store import PostgresStore
from storage.schema import Record, Stream
from tests.postgres_server import PostgresServer, open_shared, url_of
from tests.storage.records import NOON, OTHER_RUN, RUN, after, any_record, position, table, visit

pytestmark = pytest.mark.integration

POSITION, BUS, LINE = Stream.BUS_POSITION, "B001", "L1"
TICK = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def long_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine doesn't make the database count as lost."""
    monkeypatch.setattr(current_records, "SURE_S", 600.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PostgresStore]:
    with closing(open_shared(tmp_path)) as opened:
        yield opened


@pytest.fixture
def feeder(tmp_path: Path) -> Iterator[PostgresStore]:
    with closing(open_shared(tmp_path)) as opened:
        yield opened


def write(feeder: PostgresStore, tick: int, *buses: str) -> None:
    """Write a tick of positions."""
    time = NOON + tick * TICK
    records = [position(time, bus, line_id=LINE) for bus in buses or (BUS,)]
    feeder.write(POSITION, table(POSITION, records), covers=(time, time + TICK), run=RUN)


def remembered(store: PostgresStore, now: datetime) -> tuple[Record | None, datetime | None]:
    """What a store answers without reading: a bus, and the tick."""
    return store.remembered(POSITION, BUS, now=now), store.remembered_tick(POSITION, time=now)


def read(store: PostgresStore, now: datetime) -> Record | None:
    """Read a bus and the tick."""
    store.tick(POSITION, time=now)
    return store.latest(POSITION, BUS, now=now)


NOTHING = (None, None)


def test_a_record_of_the_current_tick_is_the_newest_until_the_next(
    store: PostgresStore, feeder: PostgresStore
) -> None:
    write(feeder, 0)
    assert remembered(store, after(1)) == NOTHING, "nothing was read"
    newest = read(store, after(1))
    assert newest is not None
    for seconds in (0, 1, 29.999):
        assert remembered(store, after(seconds)) == (newest, NOON)
        assert store.remembered(POSITION, BUS, now=after(seconds)) is newest, "its bytes are kept by identity"
    assert remembered(store, after(-1)) == NOTHING, "a clock that was moved back"
    assert remembered(store, after(30)) == NOTHING, "it is due, whether it is written or not"


def test_a_record_that_may_be_replaced_is_read_each_time(store: PostgresStore, feeder: PostgresStore) -> None:
    write(feeder, 0)
    now = after(31)
    assert read(store, now) == position(NOON, BUS, line_id=LINE)
    assert remembered(store, now) == NOTHING, "the feeder lags"
    write(feeder, 1)
    newest = read(store, now)
    assert newest == position(after(30), BUS, line_id=LINE)
    assert remembered(store, now) == (newest, after(30))
    stop = visit(NOON, BUS)
    feeder.write(Stream.STOP_VISIT, table(Stream.STOP_VISIT, [stop]), covers=(NOON, after(30)), run=RUN)
    assert store.latest(Stream.STOP_VISIT, BUS, now=NOON) == stop
    assert store.remembered(Stream.STOP_VISIT, BUS, now=NOON) is None, "another visit may come at any time"


@pytest.mark.parametrize("stream", [Stream.PEOPLE_COUNT, Stream.SENSOR_DATA])
def test_other_streams_have_their_cadence(
    store: PostgresStore, feeder: PostgresStore, stream: Stream
) -> None:
    record = any_record(stream, NOON, 1)
    feeder.write(stream, table(stream, [record]), covers=(NOON, after(60)), run=RUN)
    key = getattr(record, "stop_id", None) or record.entity_id  # type: ignore[union-attr]  # one has either
    assert store.latest(stream, key, now=after(1)) == record
    assert [store.remembered(stream, key, now=after(s)) for s in (59, 60)] == [record, None]


def test_late_writes_and_pruning_of_others_change_nothing(
    store: PostgresStore, feeder: PostgresStore
) -> None:
    write(feeder, 4)
    now = after(125)
    newest = read(store, now)
    write(feeder, 2)
    write(feeder, 3, BUS, "B002")
    assert remembered(store, now)[0] is newest
    feeder.prune(after(120))
    feeder.write(POSITION, table(POSITION, []), covers=(NOON, after(60)), run=OTHER_RUN)
    assert remembered(store, now) == (newest, after(120))
    assert read(store, now) == newest


def test_a_tick_that_one_shard_has_not_written_is_not_complete(tmp_path: Path, store: PostgresStore) -> None:
    with (
        closing(PostgresStore(url_of(tmp_path), shard="1/2")) as one,
        closing(PostgresStore(url_of(tmp_path), shard="2/2")) as other,
    ):
        write(one, 0)
        newest = read(store, after(1))
        assert remembered(store, after(1)) == (newest, None)
        feeder_of_other_lines = position(NOON, "B009", line_id="L9")
        other.write(POSITION, table(POSITION, [feeder_of_other_lines]), covers=(NOON, after(30)), run=RUN)
        read(store, after(1))
        assert remembered(store, after(1)) == (newest, NOON)


def test_a_lost_database_is_noticed() -> None:
    now_s = 0.0
    kept = CurrentRecords(wall_s=lambda: now_s)
    record = position(NOON, BUS, line_id=LINE)

    def look() -> None:
        with kept.reading():
            kept.keep(POSITION, BUS, record, NOON)

    look()
    assert kept.record(POSITION, BUS, NOON) is record
    now_s = current_records.SURE_S
    assert kept.record(POSITION, BUS, NOON) is None, "it hasn't answered for long"
    look()
    assert kept.record(POSITION, BUS, NOON) is record
    with pytest.raises(StoreUnavailable), kept.reading():
        raise StoreUnavailable("gone")
    assert kept.record(POSITION, BUS, NOON) is None, "it didn't answer"


@pytest.mark.long
def test_a_server_that_stops_is_asked_and_one_that_is_back_is_remembered() -> None:
    server = PostgresServer()
    try:
        with closing(PostgresStore(server.url)) as store:
            write(store, 0)
            newest = read(store, after(1))
            server.stop()
            with pytest.raises(StoreUnavailable):
                store.latest(POSITION, "B002", now=after(1))
            assert remembered(store, after(1)) == NOTHING
            server.start()
            assert read(store, after(1)) == newest
            assert store.remembered(POSITION, BUS, now=after(1)) == newest
            store.close()
            assert remembered(store, after(1)) == NOTHING
    finally:
        server.remove()
