"""Some lines of the shipped network on a scenario, simulated for some hours, and their realtime feeds."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.transit.gtfs_realtime_pb2 import FeedMessage
from gtfs_rt_validator.api import Mode, PreparedFeed, Request, SortBy, prepare_feed, resolve, validate

from services.access.authentication import ApiKey
from services.context import Context
from services.feeds.gtfs_realtime.feed_names import PROTOBUF, RealtimeFeed
from services.feeds.gtfs_realtime.realtime_feeds import RealtimeFeeds
from services.feeds.gtfs_static.feed_zip import write_feed
from services.gtfs_trips.calendar import Span
from services.inputs.load import load_inputs
from simulator.city import City
from simulator.clock import Clock
from simulator.network import Network
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Run
from tests.services.fakes import FakeWall

LINES = ("L1", "L3", "L6", "L12")
"""The lines that shipped scenarios disturb."""
TICK = timedelta(seconds=30)
HOUR = timedelta(hours=1)
STREAMS = (Stream.BUS_POSITION, Stream.STOP_VISIT)


@dataclass(frozen=True)
class RealtimeWorld:
    """A context whose clock can be set, and its feeds."""

    context: Context
    wall: FakeWall
    feeds: RealtimeFeeds

    def at(self, feed: RealtimeFeed, tick: datetime) -> FeedMessage:
        """The message of a feed at a tick."""
        self.wall.seconds = tick.timestamp()
        assert self.feeds.tick() == tick
        return FeedMessage.FromString(self.feeds.message(feed, tick, PROTOBUF).body)

    def whole(self, tick: datetime) -> FeedMessage:
        """The messages of all feeds in one."""
        found = FeedMessage()
        for feed in RealtimeFeed:
            found.MergeFrom(self.at(feed, tick))
        return found

    def static_feed(self, folder: Path) -> PreparedFeed:
        """The static feed of the dates around the world's, read by the validator."""
        day, path = self.context.now().date(), folder / "gtfs.zip"
        span = Span(day - timedelta(days=7), day + timedelta(days=30))
        write_feed(path, self.context.network, self.context.scenario, span)
        return prepare_feed(path, mode=Mode.MODERN)


def world(
    name: str | None, start: datetime, end: datetime, folder: Path, lines: Sequence[str] = LINES
) -> RealtimeWorld:
    """The lines of a shipped scenario, None for an ordinary day, with the data of [start, end)."""
    inputs = load_inputs(None, None, name)
    network = part_of(inputs.network, lines)
    run = Run(1, network.digest, "" if inputs.scenario is None else inputs.scenario.digest, "2")
    store = DuckDBStore(Path(tempfile.mkdtemp(dir=folder)) / "bus.duckdb")
    city = City(network, seed=1, scenario=inputs.scenario, whole=inputs.network)
    while start < end:
        stop = min(start + HOUR, end)
        for stream, rows in city.window(start, stop, STREAMS).items():
            store.write(stream, rows, covers=(start, stop), run=run)
        start = stop
    city.close()
    wall = FakeWall(end + HOUR)
    context = Context(
        store=store,
        network=network,
        clock=Clock(wall=wall),
        run=run,
        key=ApiKey.of("right"),
        version="1.2.3",
        scenario_at_start=inputs.scenario,
    )
    wall.seconds = (end - TICK).timestamp()
    return RealtimeWorld(context, wall, RealtimeFeeds(context))


def part_of(network: Network, lines: Sequence[str]) -> Network:
    """Some lines of a network, and their stops."""
    chosen = tuple(line for line in network.lines if line.line_id in lines)
    served = {stop_id for line in chosen for stop_id in line.stop_ids}
    return replace(network, lines=chosen, stops=tuple(s for s in network.stops if s.stop_id in served))


@dataclass(frozen=True)
class Finding:
    """A rule of the validator that was broken: its code, and what it says of the first places."""

    code: str
    count: int
    samples: Sequence[str]


def findings(
    feed: PreparedFeed, messages: Sequence[FeedMessage], folder: Path, severity: str
) -> list[Finding]:
    """What the validator finds in messages that follow each other."""
    inbox = Path(tempfile.mkdtemp(dir=folder))
    for number, message in enumerate(messages):
        path = inbox / f"{number:04}.pb"
        path.write_bytes(message.SerializeToString())
        os.utime(path, (message.header.timestamp, message.header.timestamp))
    result = validate(Request(Mode.MODERN, feed, resolve(str(inbox), sort_by=SortBy.DATE_MODIFIED)))
    result.write(inbox / "report")
    report = json.loads((inbox / "report" / "report.json").read_text())
    assert report["summary"]["messagesValidated"] == len(messages)
    return [
        Finding(each["code"], each["totalNotices"], [sample["prefix"] for sample in each["sampleNotices"]])
        for each in report["notices"]
        if each["severity"] == severity
    ]


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)
