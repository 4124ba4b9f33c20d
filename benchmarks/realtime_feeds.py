"""The three GTFS-Realtime feeds of the whole network at the morning peak: what a tick of them costs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from benchmarks.figures import Figure, Unmeasured, timed
from benchmarks.filling import FEED, WEDNESDAY
from benchmarks.whole_live import PEAK
from services.access.authentication import ApiKey
from services.context import Context
from services.feeds.gtfs_realtime.feed_names import PROTOBUF, RealtimeFeed
from services.feeds.gtfs_realtime.realtime_feeds import RealtimeFeeds
from simulator.city import City
from simulator.clock import Clock
from simulator.gtfs.importer import import_feed
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Run
from tests.environment import feeds_folder

WHAT = "a tick of the three GTFS-Realtime feeds of the whole network"
TICK, FIRST_TICKS, TICKS = timedelta(seconds=30), 3, 12
STREAMS = (Stream.BUS_POSITION, Stream.STOP_VISIT)


def measure() -> Iterator[Figure | Unmeasured]:
    """CPU time of the messages of a tick. The first few, which fill what is kept, don't count."""
    folder = feeds_folder()
    if folder is None or not (folder / FEED).exists():
        needs = f"`BUS_SIMULATOR_TEST_FEEDS` names no folder with {FEED}"
        yield Unmeasured(WHAT, needs, row_id="rt-tick")
        return
    network = import_feed(folder / FEED).network
    end, run = PEAK + (FIRST_TICKS + TICKS) * TICK, Run(1, network.digest, "", "2")
    with (
        tempfile.TemporaryDirectory() as name,
        closing(DuckDBStore(Path(name) / "bus.duckdb")) as store,
        closing(City(network, jobs=2)) as city,
        closing(Clock(start=PEAK, paused=True)) as clock,
    ):
        for stream, table in city.window(WEDNESDAY, end, STREAMS).items():
            store.write(stream, table, covers=(WEDNESDAY, end), run=run)
        feeds = RealtimeFeeds(Context(store, network, clock, run, ApiKey.of("benchmark"), "0"))
        made = [tick_ms(feeds, clock) for _ in range(FIRST_TICKS + TICKS)]
    size = f"{len(network.line_of_bus):,} buses, median of {TICKS} ticks"
    yield timed(WHAT, statistics.median(made[FIRST_TICKS:]), "ms of CPU", 200, size, row_id="rt-tick")


def tick_ms(feeds: RealtimeFeeds, clock: Clock) -> float:
    """CPU time in ms of the newest tick's three messages. The clock then steps to the next tick."""
    began = time.process_time()
    tick = feeds.tick()
    for feed in RealtimeFeed:
        feeds.message(feed, tick, PROTOBUF)
    spent_ms = (time.process_time() - began) * 1000
    clock.step(TICK)
    return spent_ms
