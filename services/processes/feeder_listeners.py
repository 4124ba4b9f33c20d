"""Where a feeder process reports its writes and ticks: EventBridge, S3, CloudWatch, a heartbeat file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from services.feeders.feeder import FeederStatus, OnWrite
from services.processes.feeder_settings import FeederSettings
from services.processes.process_setup import client
from simulator.clock import Clock, Course
from simulator.network import Network
from simulator.scenario import Scenario
from storage.schema import Stream

if TYPE_CHECKING:
    import pyarrow as pa

OnNetwork: TypeAlias = Callable[[Network, Scenario | None], object]
"""Called with a network and its scenario when a feeder begins with them. Must not wait."""
OnStatus: TypeAlias = Callable[[FeederStatus], object]
"""Called with a feeder's status after each tick. Must not wait."""


STORES_FEED = "people-count"
"""The feeder that stores the network as a GTFS feed, too: it has the least to do at a tick."""


class FeederListeners:
    """Passes a feeder's writes and ticks on to several listeners."""

    def __init__(self) -> None:
        self.on_write: list[OnWrite] = []
        self.on_status: list[OnStatus] = []
        self.on_network: list[OnNetwork] = []

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """Pass on rows that were just stored on a course of the clock."""
        for call in self.on_write:
            call(stream, rows, course)

    def began(self, network: Network, scenario: Scenario | None) -> None:
        """Pass on the network with which a feeder begins."""
        for call in self.on_network:
            call(network, scenario)

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
        if settings.metrics_namespace is not None:
            from services.aws.cloudwatch_metrics import FeederMetrics, sending_metrics

            metrics = FeederMetrics(client("cloudwatch"), settings.metrics_namespace)
            stack.enter_context(sending_metrics(metrics))
            listeners.on_write.append(lambda _stream, rows, _course: metrics.count(len(rows)))
            listeners.on_status.append(metrics.note)
        if settings.heartbeat is not None:
            listeners.on_status.append(heartbeat(settings.heartbeat))
        yield listeners


def heartbeat(file: Path) -> OnStatus:
    """Touch a file at each tick; it is removed first. Raises OSError if it can't be created."""
    file.unlink(missing_ok=True)
    return lambda _status: file.touch()
