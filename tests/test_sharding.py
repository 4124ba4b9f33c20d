"""What `docs/scaling.md` promises: the shards' rows are those of the whole network, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from services.feeders.feeder import FEEDERS, Feeder
from services.inputs.load import Inputs, load_inputs
from simulator.city import City
from simulator.clock import Clock
from simulator.shard import Shard, ShardedCity, parse_shard
from storage.digest import stream_digest
from storage.schema import SCHEMAS, Stream
from storage.timestream_store import TimestreamStore
from tests.simulated_days import each_simulated_once
from tests.synthetic import synthetic_network
from tests.timestream_endpoint import KEYS, QUICK, REGION, database_of, open_shared, shared_endpoint

pytestmark = pytest.mark.integration

START = datetime(2026, 11, 18, 7, tzinfo=UTC)
END = START + timedelta(minutes=10)
WHOLE = synthetic_network(12, 30, 80)
MINUTE = timedelta(minutes=1)


def ordered(stream: Stream, tables: list[pa.Table]) -> list[dict[str, object]]:
    """The rows of several tables, by (time, key)."""
    rows = [row for table in tables for row in table.to_pylist()]
    return sorted(rows, key=lambda row: [row[name] for name in ("time", *SCHEMAS[stream].key)])


@pytest.fixture(scope="module")
def whole() -> Iterator[Mapping[Stream, pa.Table]]:
    """The streams of the whole network; its line-days are simulated once, also for the shards."""
    with each_simulated_once(), closing(City(WHOLE)) as city:
        yield city.window(START, END, list(Stream))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_together_are_the_whole(count: int, whole: Mapping[Stream, pa.Table]) -> None:
    shards = [ShardedCity(WHOLE, Shard(number, count)) for number in range(1, count + 1)]
    parts = [shard.window(START, END, list(Stream)) for shard in shards]
    for stream in Stream:
        tables = [part[stream] for part in parts]
        assert all(len(table) < len(whole[stream]) for table in tables) or count == 1
        assert ordered(stream, tables) == whole[stream].to_pylist()


def test_a_shard_simulates_no_more_than_it_has_to() -> None:
    shard = ShardedCity(WHOLE, Shard(2, 7))
    assert len(shard._by_lines.network.lines) <= 2
    assert len(shard._by_stops.network.lines) < len(WHOLE.lines)


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/101", "1/3/3", "a/b", "1 /3"])
def test_an_invalid_shard_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a shard"):
        parse_shard(text)
    assert parse_shard(" 2/3 ") == Shard(2, 3)


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return load_inputs(None, None, "match-day")


@pytest.fixture
def stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[TimestreamStore]]:
    """Stores of three shards, and last the one of a reader."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    writers = [
        TimestreamStore(
            database_of(tmp_path),
            region=REGION,
            endpoint_url=shared_endpoint().url,
            shard=f"{number}/3",
            write_retries=QUICK,
        )
        for number in (1, 2, 3)
    ]
    found = [*writers, open_shared(tmp_path)]
    yield found
    for store in found:
        store.close()


@pytest.mark.long
def test_three_feeders_of_shards_fill_a_store_as_one_feeder_does(
    inputs: Inputs, stores: list[TimestreamStore], tmp_path: Path
) -> None:
    start = datetime(2026, 3, 14, 17, tzinfo=UTC)
    ends = [start + minutes * MINUTE for minutes in (6, 4, 5)]
    *writers, reader = stores
    clock = Clock(start=start, rate=1000.0)
    for number, (store, end) in enumerate(zip(writers, ends, strict=True), start=1):
        shard = Shard(number, 3)
        with closing(ShardedCity(inputs.network, shard, scenario=inputs.scenario, seed=inputs.seed)) as city:
            for kind in FEEDERS:
                feeder = Feeder(kind, model=city, store=store, run=inputs.run, clock=clock, start=start)
                feeder.catch_up(end)
        assert not number < 3 or not reader.coverage(Stream.BUS_POSITION)
    # A store of its own, since one keeps the coverage that it has read for a few seconds.
    with closing(inputs.city(1)) as whole, closing(open_shared(tmp_path)) as reader:
        for stream in Stream:
            (held,) = reader.coverage(stream)
            assert held.start == start
            assert min(ends) - MINUTE <= held.end <= min(ends) + MINUTE
            wanted = stream_digest([whole.window(held.start, held.end, [stream])[stream]], stream)
            assert stream_digest(reader.scan(stream, start=held.start, end=held.end), stream) == wanted
