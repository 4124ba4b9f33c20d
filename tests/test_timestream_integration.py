"""The Timestream store over the local endpoint: the same data as in DuckDB, in spite of failures."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from benchmarks.scaling import cut
from services.feeders.feeder import FEEDERS, Feeder, FeederKind
from services.inputs.load import Inputs, load_inputs
from services.reports.audit_inputs import audit_facts
from simulator.city import City
from simulator.clock import Clock
from storage.arrow_schema import arrow_schema
from storage.audit import audit
from storage.aws_clients import client
from storage.duckdb_store import DuckDBStore
from storage.errors import StoreError, StoreUnavailable
from storage.schema import RECORD_TYPES, SCHEMAS, Record, Stream
from storage.store import Covered, Store
from storage.timestream_client import QueryClient, RetryPolicy
from storage.timestream_store import TimestreamStore
from tests import faulty_proxy as faults
from tests.faulty_proxy import Fault, Proxy, proxied
from tests.storage.records import entity
from tests.timestream_endpoint import KEYS, REGION, Endpoint, endpoint

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 3, 7, tzinfo=UTC)
"""Eight o'clock in Madrid, on the Tuesday of the scenario."""
MINUTE = timedelta(minutes=1)
SPAN = 6 * MINUTE
QUICK = RetryPolicy(attempts=3, first_s=0.01, longest_s=0.02, answer_s=20.0)
IMPATIENT = replace(QUICK, answer_s=3.0)
"""For an endpoint that hangs. On a busy machine other answers may take as long."""


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


LINES = 3
"""A few lines meet every fault that a whole city does."""


@pytest.fixture(scope="module")
def whole() -> Inputs:
    return load_inputs(None, None, "strike")


@pytest.fixture(scope="module")
def inputs(whole: Inputs) -> Inputs:
    return of_lines(whole, LINES)


def of_lines(whole: Inputs, lines: int) -> Inputs:
    network = cut(whole.network, lines)
    return replace(whole, network=network, run=replace(whole.run, network_digest=network.digest))


@pytest.fixture(scope="module")
def city(inputs: Inputs) -> Iterator[City]:
    with closing(inputs.city(1)) as made:
        yield made


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with endpoint(tmp_path_factory.mktemp("endpoint")) as started:
        yield started


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """One for each test."""
    return f"bus_{sha256(request.node.name.encode()).hexdigest()[:16]}"


def opened(database: str, url: str, retries: RetryPolicy = QUICK) -> TimestreamStore:
    return TimestreamStore(
        database, region=REGION, endpoint_url=url, write_retries=retries, read_retries=retries
    )


def tables(store: Store, stream: Stream) -> pa.Table:
    return read(store, stream, START - MINUTE, START + timedelta(hours=2))


def plain(part: pa.Table) -> pa.Table:
    """A table whose texts aren't numbered, however its store numbers them."""
    fields = [
        pa.field(f.name, f.type.value_type) if pa.types.is_dictionary(f.type) else pa.field(f.name, f.type)
        for f in part.schema
    ]
    return part.cast(pa.schema(fields))


def read(store: Store, stream: Stream, start: datetime, end: datetime) -> pa.Table:
    """A store's rows of a span of time, as one table."""
    parts = [arrow_schema(stream).empty_table(), *store.scan(stream, start=start, end=end)]
    return pa.concat_tables([plain(part) for part in parts], promote_options="none").combine_chunks()


@pytest.mark.long
def test_the_same_hour_is_the_same_in_both_stores(
    whole: Inputs, served: Endpoint, database: str, tmp_path: Path
) -> None:
    inputs, end = whole, START + timedelta(hours=1)
    facts = [audit_facts(inputs.network, inputs.scenario)]
    with (
        closing(inputs.city(1)) as city,
        closing(DuckDBStore(tmp_path / "bus.duckdb")) as duckdb,
        closing(opened(database, served.url)) as timestream,
    ):
        for stream, batch in city.window(START, end, list(Stream)).items():
            for store in (duckdb, timestream):
                store.write(stream, batch, covers=(START, end), run=inputs.run)
            assert tables(timestream, stream).to_pylist() == tables(duckdb, stream).to_pylist()
            assert timestream.rows(stream) == duckdb.rows(stream) == len(batch)
            assert timestream.coverage(stream) == duckdb.coverage(stream)
            for record in some(stream, batch):
                assert everything(timestream, stream, record) == everything(duckdb, stream, record)
        assert lines(timestream, inputs) == lines(duckdb, inputs)
        verdicts = [audit(store, facts).as_dict() for store in (timestream, duckdb)]
        assert verdicts[0] == verdicts[1]
        assert verdicts[0]["passed"]


@pytest.mark.long
def test_the_same_day_is_the_same_in_both_stores(
    whole: Inputs, served: Endpoint, database: str, tmp_path: Path
) -> None:
    inputs = of_lines(whole, 1)
    hours = [START + timedelta(hours=number) for number in range(25)]
    with (
        closing(DuckDBStore(tmp_path / "bus.duckdb")) as duckdb,
        closing(opened(database, served.url)) as timestream,
        closing(inputs.city(1)) as city,
    ):
        written = dict.fromkeys(Stream, 0)
        for start, end in pairwise(hours):
            for stream, batch in city.window(start, end, list(Stream)).items():
                written[stream] += len(batch)
                for store in (duckdb, timestream):
                    store.write(stream, batch, covers=(start, end), run=inputs.run)
        for stream in Stream:
            for start, end in pairwise(hours):
                assert read(timestream, stream, start, end).equals(read(duckdb, stream, start, end))
            assert timestream.rows(stream) == duckdb.rows(stream) == written[stream] > 0
            held = timestream.coverage(stream)
            assert held == duckdb.coverage(stream) == (Covered(START, hours[-1], inputs.run),)
        facts = [audit_facts(inputs.network, inputs.scenario)]
        verdicts = [audit(store, facts).as_dict() for store in (timestream, duckdb)]
        assert verdicts[0] == verdicts[1]
        assert verdicts[0]["passed"]


def some(stream: Stream, batch: pa.Table) -> Sequence[Record]:
    """Records of some entities."""
    rows = batch.take(pa.array(range(0, len(batch), len(batch) // 7))).to_pylist()
    return [RECORD_TYPES[stream](**row) for row in rows]


def everything(store: Store, stream: Stream, record: Record) -> object:
    """The results of all queries for an entity around a record."""
    key, time = entity(record), record.time
    page = store.range(stream, key, start=START, end=time, limit=17)
    rest = page
    if page.next_cursor:
        rest = store.range(stream, key, start=START, end=time, limit=17, cursor=page.next_cursor)
    return [
        store.at(stream, key, time=time),
        store.at(stream, key, time=time - timedelta(milliseconds=1)),
        store.latest(stream, key, now=START + timedelta(days=3)),
        list(page.records),
        list(rest.records),
    ]


def lines(store: Store, inputs: Inputs) -> object:
    now = START + timedelta(minutes=40, seconds=10)
    return [
        list(store.latest_of_line(line.line_id, since=now - 5 * MINUTE, now=now))
        for line in inputs.network.lines
    ]


class Events:
    """Warnings and recoveries in the log."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "bus_simulator")
        self._caplog = caplog

    def of(self, logger: str) -> list[str]:
        """Levels of a logger's lines, in order."""
        return [r.levelname for r in self._caplog.records if r.name == f"bus_simulator.{logger}"]


def fed(
    city: City, inputs: Inputs, store: Store, proxy: Proxy, planned: Mapping[int, Sequence[Fault]]
) -> None:
    """Let the three feeders write SPAN tick by tick, with faults before the numbered ticks.

    A feeder waits for the store, but not for the clock.
    """
    for kind in FEEDERS:
        feeder = feeding(kind, city, inputs, store)
        ticks = 0
        while feeder.next_tick < START + SPAN:
            proxy.fail("WriteRecords", *planned.get(ticks, ()))
            until = feeder.next_tick
            while feeder.next_tick <= until:
                try:
                    feeder.catch_up(until)
                except StoreUnavailable:
                    threading.Event().wait(0.01)
            ticks += 1


def check(city: City, inputs: Inputs, database: str, url: str) -> None:
    """Check that rows are complete and unique, coverage is right, and the audit passes."""
    with closing(opened(database, url)) as store:
        for stream in Stream:
            (held,) = store.coverage(stream)
            assert (held.start, held.run) == (START, inputs.run)
            assert held.end >= START + SPAN - MINUTE
            wanted = city.window(held.start, held.end, [stream])[stream]
            assert tables(store, stream).to_pylist() == wanted.to_pylist()
            assert store.rows(stream) == len(wanted)
        report = audit(store, [audit_facts(inputs.network, inputs.scenario)])
        assert report.passed, report.as_dict()


ONCE = {
    "throttled": faults.throttled,
    "broken": faults.broken,
    "no JSON": faults.no_json,
    "cut before": faults.cut_before,
    "cut after": faults.cut_after,
    "hung": faults.hung,
}


@pytest.mark.parametrize(
    "name", [name if name == "throttled" else pytest.param(name, marks=pytest.mark.long) for name in ONCE]
)
def test_a_failed_call_is_retried(
    name: str,
    inputs: Inputs,
    city: City,
    served: Endpoint,
    database: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = Events(caplog)
    with proxied(served.url) as proxy:
        with closing(opened(database, proxy.url, IMPATIENT if name == "hung" else QUICK)) as store:
            fed(city, inputs, store, proxy, {1: [ONCE[name]], 3: [ONCE[name]]})
        assert len(proxy.injected) == 2 * len(FEEDERS)
    assert events.of("timestream") == ["WARNING", "INFO"] * 2 * len(FEEDERS)
    check(city, inputs, database, served.url)


@pytest.mark.long
def test_an_unreachable_store_is_waited_for(
    inputs: Inputs, city: City, served: Endpoint, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    events = Events(caplog)
    storm = [faults.throttled, faults.cut_after, faults.broken, faults.no_json, faults.cut_before] * 4
    with proxied(served.url) as proxy, closing(opened(database, proxy.url)) as store:
        fed(city, inputs, store, proxy, {2: storm})
        assert not proxy.faults
    told = events.of("timestream")
    # Two calls of a window that end at the same time may tell of the end twice.
    assert told == ["WARNING", "INFO"] * (len(told) // 2)
    assert len(FEEDERS) <= len(told) // 2 <= 2 * len(FEEDERS)
    check(city, inputs, database, served.url)


def test_rejected_records_leave_the_window_uncovered(
    inputs: Inputs, city: City, served: Endpoint, database: str
) -> None:
    stream, end = Stream.BUS_POSITION, START + 10 * MINUTE
    batch = city.window(START, end, [stream])[stream]
    with proxied(served.url) as proxy, closing(opened(database, proxy.url)) as store:
        proxy.fail("WriteRecords", faults.half_rejected)
        with pytest.raises(StoreError, match=r"bus_position: 50 of 100 records were refused: .*time range"):
            store.write(stream, batch, covers=(START, end), run=inputs.run)
        assert store.coverage(stream) == ()
        assert list(store.scan(stream, start=START, end=end)) == []
        assert store.rows(stream) < len(batch)
        store.write(stream, batch, covers=(START, end), run=inputs.run)
        assert store.coverage(stream) == (Covered(START, end, inputs.run),)
        assert tables(store, stream).to_pylist() == batch.to_pylist()


@pytest.mark.long
def test_a_feeder_ends_if_records_are_rejected_and_the_next_one_continues(
    inputs: Inputs, city: City, served: Endpoint, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    events = Events(caplog)
    ends = START + 2 * MINUTE
    with proxied(served.url) as proxy, closing(opened(database, proxy.url)) as store:
        for kind in FEEDERS:
            first = feeding(kind, city, inputs, store)
            while first.next_tick < ends:
                first.catch_up(first.next_tick)
            proxy.fail("WriteRecords", faults.half_rejected)
            with pytest.raises(StoreError, match="records were refused"):
                first.catch_up(ends)
            assert first.next_tick == ends
            following = feeding(kind, city, inputs, store)
            assert following.next_tick == ends
            while following.next_tick < START + SPAN:
                following.catch_up(following.next_tick)
        assert proxy.injected == ["half_rejected"] * len(FEEDERS)
    assert events.of("timestream") == []
    check(city, inputs, database, served.url)


def feeding(kind: FeederKind, city: City, inputs: Inputs, store: Store) -> Feeder:
    clock = Clock(start=START, rate=1000.0)
    return Feeder(kind, model=city, store=store, run=inputs.run, clock=clock, start=START)


def test_an_unfinished_window_of_another_run_is_overwritten(
    inputs: Inputs, city: City, served: Endpoint, database: str
) -> None:
    stream, end = Stream.PEOPLE_COUNT, START + 10 * MINUTE
    ours = city.window(START, end, [stream])[stream]
    count = ours.schema.get_field_index("count")
    theirs = ours.set_column(count, ours.schema.field(count), pa.array([7] * len(ours), pa.int64()))
    other = load_inputs(None, 99, "strike").run
    with proxied(served.url) as proxy, closing(opened(database, proxy.url)) as store:
        calls = -(-len(theirs) // 100)
        # All their records are there, but their last call was never answered, and they gave up.
        proxy.faults.extend([("WriteRecords", handed_on)] * (calls - 1))
        proxy.fail("WriteRecords", *[faults.cut_after] * QUICK.attempts)
        with pytest.raises(StoreUnavailable):
            store.write(stream, theirs, covers=(START, end), run=other)
        proxy.faults.clear()
        store.write(stream, ours, covers=(START, end), run=inputs.run)
        assert tables(store, stream).to_pylist() == ours.to_pylist()
        assert store.rows(stream) == len(ours)


def handed_on(exchange: faults.Exchange) -> None:
    exchange.answer(*exchange.pass_on())


@pytest.mark.long
def test_a_killed_and_restarted_endpoint_has_all_records(
    inputs: Inputs, city: City, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with endpoint(tmp_path) as own, closing(opened("bus_simulator", own.url)) as store:
        back = threading.Timer(1.0, own.restart)
        for number, kind in enumerate(FEEDERS):
            feeder = feeding(kind, city, inputs, store)
            while feeder.next_tick < START + SPAN:
                if number == 1 and feeder.next_tick == START + 2 * MINUTE and not back.ident:
                    own.kill()
                    back.start()
                try:
                    feeder.catch_up(feeder.next_tick)
                except StoreUnavailable:
                    threading.Event().wait(0.05)
        back.join()
        check(city, inputs, "bus_simulator", own.url)


def test_reads_raise_while_the_store_is_unreachable_and_then_work_again(
    inputs: Inputs, city: City, served: Endpoint, database: str
) -> None:
    stream = Stream.SENSOR_DATA
    batch = city.window(START, START + MINUTE, [stream])[stream]
    with proxied(served.url) as proxy, closing(opened(database, proxy.url)) as store:
        store.write(stream, batch, covers=(START, START + MINUTE), run=inputs.run)
        (record,) = some(stream, batch)[:1]
        proxy.fail("Query", *[faults.broken] * QUICK.attempts)
        with pytest.raises(StoreUnavailable, match="InternalServerException"):
            store.latest(stream, entity(record), now=START + MINUTE)
        assert store.latest(stream, entity(record), now=START + MINUTE) == record


def test_every_stream_has_a_table_of_its_columns(
    served: Endpoint, inputs: Inputs, city: City, database: str
) -> None:
    service = client("timestream-query", region=REGION, endpoint_url=served.url)
    with closing(opened(database, served.url)) as store, closing(QueryClient(service, QUICK)) as queries:
        for stream, batch in city.window(START, START + 5 * MINUTE, list(Stream)).items():
            store.write(stream, batch, covers=(START, START + 5 * MINUTE), run=inputs.run)
            rows = queries.rows(f'DESCRIBE "{database}"."{stream}"')
            assert {str(row[0]) for row in rows} == {*SCHEMAS[stream].names, "measure_name"}


def test_consecutive_ticks_are_written_without_queries(
    served: Endpoint, inputs: Inputs, city: City, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    rows = QueryClient.rows

    def noted(calls: QueryClient, sql: str, names: Sequence[str] | None = None) -> list[Any]:
        asked.append(sql)
        return rows(calls, sql, names)

    monkeypatch.setattr(QueryClient, "rows", noted)
    with closing(opened(database, served.url)) as store:
        for tick in (START + number * MINUTE for number in range(5)):
            batch = city.window(tick, tick + MINUTE, [Stream.PEOPLE_COUNT])[Stream.PEOPLE_COUNT]
            store.write(Stream.PEOPLE_COUNT, batch, covers=(tick, tick + MINUTE), run=inputs.run)
    assert len(asked) == 1
    with closing(opened(database, served.url)) as store:
        (held,) = store.coverage(Stream.PEOPLE_COUNT)
    assert (held.start, held.end) == (START, START + 5 * MINUTE)


READER = """
import sys
for heavy in ("pyarrow", "numpy", "duckdb", "simpy"):
    sys.modules[heavy] = None
from datetime import datetime, timedelta
from storage.schema import Stream
from storage.timestream_store import TimestreamStore
store = TimestreamStore(sys.argv[1], region="eu-west-1", endpoint_url=sys.argv[2])
now = datetime.fromisoformat(sys.argv[3])
print(store.latest(Stream.BUS_POSITION, "B001", now=now).bus_id)
print(len(store.latest_of_line("L1", since=now - timedelta(minutes=5), now=now)) > 1)
page = store.range(Stream.BUS_POSITION, "B001", start=now - timedelta(minutes=5), end=now, limit=3)
print(len(page.records), store.at(Stream.BUS_POSITION, "B001", time=now).bus_id)
print(len(store.coverage(Stream.BUS_POSITION)), store.rows(Stream.STOP_VISIT))
store.close()
"""


def test_records_are_read_without_arrow_and_numpy(
    served: Endpoint, inputs: Inputs, city: City, database: str
) -> None:
    end = START + 5 * MINUTE
    with closing(opened(database, served.url)) as store:
        batch = city.window(START, end, [Stream.BUS_POSITION])[Stream.BUS_POSITION]
        store.write(Stream.BUS_POSITION, batch, covers=(START, end), run=inputs.run)
    arguments = [sys.executable, "-c", READER, database, served.url, end.isoformat()]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["B001", "True", "3", "B001", "1", "0"], done.stderr
