"""The source of a feeder's realtime feeds: records from its model, so that no store is asked.

Amazon Timestream charges each query for half a minute, which is as often as feeds change. The model knows any
past tick, and keeps the line-days that it has simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from services.feeders.feeder import Model
from services.feeds.gtfs_realtime.feed_names import CADENCE, PROTOBUF, RealtimeFeed
from services.feeds.gtfs_realtime.realtime_feeds import RealtimeFeeds
from services.times import floor
from simulator.network import Network
from simulator.scenario.scenario import Scenario
from storage.instants import EPOCH
from storage.records import records_of
from storage.schema import BusPosition, Record, StopVisit, Stream
from storage.store import Covered, Page, Run, Selection

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ModelRecords:
    """A model's positions and visits up to the present; see `TickReader`."""

    model: Model
    run: Run
    now: Callable[[], datetime]

    def coverage(self, stream: Stream) -> Sequence[Covered]:  # noqa: ARG002 - the protocol's argument
        """One span up to the present."""
        return [Covered(EPOCH, self.now(), self.run)]

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:  # noqa: ARG002
        """The newest tick at or before `time`."""
        return floor(time, CADENCE)

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """The positions at a tick."""
        return records_of(self._rows(stream, tick, tick + CADENCE), BusPosition)

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """The rows in [start, end), as one table."""
        if start < end:
            yield self._rows(stream, start, end)

    def range_of(
        self,
        stream: Stream,
        selection: Selection,
        *,
        start: datetime,
        end: datetime,
        limit: int = 1000,  # noqa: ARG002
        cursor: str | None = None,  # noqa: ARG002
    ) -> Page:
        """The visits of a selection, all on one page."""
        wanted = [(column, frozenset(values)) for column, values in selection.conditions]
        visits = records_of(self._rows(stream, start, end), StopVisit)
        return Page([v for v in visits if all(getattr(v, name) in ids for name, ids in wanted)], None)

    def _rows(self, stream: Stream, start: datetime, end: datetime) -> pa.Table:
        return self.model.window(start, end, [stream])[stream]


@dataclass(slots=True)
class ModelSource:
    """A city that a feeder simulates; see `RealtimeSource`. `at` is its present."""

    network: Network
    run: Run
    model: Model
    scenario_at_start: Scenario | None
    current_scenario: Callable[[], Scenario | None]
    at: datetime = EPOCH

    @property
    def store(self) -> ModelRecords:
        """The records."""
        return ModelRecords(self.model, self.run, self.now)

    @property
    def scenario(self) -> Scenario | None:
        """The scenario with the interventions so far."""
        return self.current_scenario()

    def now(self) -> datetime:
        """The present."""
        return self.at


def messages_of(source: ModelSource) -> Callable[[datetime], Mapping[str, bytes]]:
    """Make the messages of ticks from a source, by the names of the feeds. One thread at a time."""
    feeds = RealtimeFeeds(source)

    def made(tick: datetime) -> Mapping[str, bytes]:
        source.at = tick + timedelta(microseconds=1)
        return {str(feed): feeds.message(feed, tick, PROTOBUF).body for feed in RealtimeFeed}

    return made
