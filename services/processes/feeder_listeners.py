"""Where a feeder process reports its writes and ticks: EventBridge, S3, CloudWatch, a heartbeat file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from services.feeders.feeder import FeederStatus, Model, OnWrite
from services.processes.feeder_settings import FeederSettings
from services.processes.process_setup import client
from simulator.clock import Clock, Course
from simulator.network import Network
from simulator.scenario.scenario import Scenario
from storage.schema import Stream
from storage.store import Run

if TYPE_CHECKING:
    import pyarrow as pa

    from services.aws.latest.latest_object import LatestPlace

OnNetwork: TypeAlias = Callable[[Network, Scenario | None], object]
"""Called with a network and its scenario when a feeder begins with them. Must not wait."""
OnStatus: TypeAlias = Callable[[FeederStatus], object]
"""Called with a feeder's status after each tick. Must not wait."""


@dataclass(frozen=True, slots=True)
class FedCity:
    """What a feeder simulates: `scenario` is the one at the start, `current_scenario` has interventions."""

    network: Network
    run: Run
    model: Model
    scenario: Scenario | None
    current_scenario: Callable[[], Scenario | None]


OnCity: TypeAlias = Callable[[FedCity], AbstractContextManager[None]]
"""A block during which a feeder simulates a city."""

STORES_FEED = "people-count"
"""The feeder that stores the network as a GTFS feed, too: it has the least to do at a tick."""
WRITES_REALTIME = "bus-position"
"""The feeder that can write the GTFS-Realtime feeds, which change at its ticks."""


class FeederListeners:
    """Passes a feeder's writes and ticks on to several listeners."""

    def __init__(self) -> None:
        self.on_write: list[OnWrite] = []
        self.on_status: list[OnStatus] = []
        self.on_network: list[OnNetwork] = []
        self.on_city: list[OnCity] = []

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """Pass on rows that were just stored on a course of the clock."""
        for call in self.on_write:
            call(stream, rows, course)

    def began(self, network: Network, scenario: Scenario | None) -> None:
        """Pass on the network with which a feeder begins."""
        for call in self.on_network:
            call(network, scenario)

    @contextmanager
    def simulating(self, city: FedCity) -> Iterator[None]:
        """A block during which the feeder simulates a city."""
        with ExitStack() as stack:
            for block in self.on_city:
                stack.enter_context(block(city))
            yield

    def ticked(self, status: FeederStatus) -> None:
        """Pass on the status after a tick."""
        for call in self.on_status:
            call(status)


@contextmanager
def feeder_listeners(
    settings: FeederSettings, clock: Clock, network: Callable[[], Network]
) -> Iterator[FeederListeners]:
    """The listeners that the settings name; on exit they send what they have buffered.

    `network` returns the current network.
    """
    listeners = FeederListeners()
    with ExitStack() as stack:
        if settings.event_bus is not None:
            from services.aws.event_publisher import EventPublisher, publishing_events

            publisher = EventPublisher(client("events"), settings.event_bus, clock, network)
            stack.enter_context(publishing_events(publisher))
            listeners.on_write.append(publisher.written)
        if settings.latest_objects is not None:
            from services.aws.latest.latest_writer import LatestWriter, writing_latest

            writer = LatestWriter(client("s3"), settings.latest_objects, clock)
            stack.enter_context(writing_latest(writer))
            listeners.on_write.append(writer.written)
            listeners.on_status.append(writer.ticked)
            if settings.kind.name == STORES_FEED:
                from services.aws.latest.stored_feed import StoredFeed, storing_feed
                from services.feeds.gtfs_static.feed_content import feed_bytes

                feed = StoredFeed(client("s3"), settings.latest_objects, feed_bytes)
                stack.enter_context(storing_feed(feed))
                listeners.on_network.append(feed.began)
            if settings.realtime_feeds and settings.kind.name == WRITES_REALTIME:
                write_realtime(listeners, stack, settings.latest_objects)
        if settings.metrics_namespace is not None:
            from services.aws.cloudwatch_metrics import FeederMetrics, sending_metrics

            metrics = FeederMetrics(client("cloudwatch"), settings.metrics_namespace)
            stack.enter_context(sending_metrics(metrics))
            listeners.on_write.append(lambda _stream, rows, _course: metrics.count(len(rows)))
            listeners.on_status.append(metrics.note)
        if settings.heartbeat is not None:
            listeners.on_status.append(heartbeat(settings.heartbeat))
        yield listeners


def write_realtime(listeners: FeederListeners, stack: ExitStack, place: LatestPlace) -> None:
    """Have the GTFS-Realtime feeds of each tick written."""
    from services.aws.latest.realtime_object import RealtimeWriter, writing_realtime
    from services.feeds.gtfs_realtime.model_source import ModelSource, messages_of

    writer = RealtimeWriter(client("s3"), place)
    stack.enter_context(writing_realtime(writer))

    def making(city: FedCity) -> AbstractContextManager[None]:
        source = ModelSource(city.network, city.run, city.model, city.scenario, city.current_scenario)
        return writer.making(messages_of(source))

    listeners.on_city.append(making)
    listeners.on_status.append(writer.ticked)


def heartbeat(file: Path) -> OnStatus:
    """Touch a file at each tick; it is removed first. Raises OSError if it can't be created."""
    file.unlink(missing_ok=True)
    return lambda _status: file.touch()
