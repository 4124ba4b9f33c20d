"""New records for a server that doesn't feed: positions from an SQS queue, everything else from the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from services.background import background
from services.live.coverage_source import CoverageSource
from services.live.hub import Hub
from services.live.store_source import StoreSource
from services.processes.process_setup import client
from simulator.clock import Clock
from storage.store import Store


class LiveSource(Protocol):
    """Where new records come from. `hub` may be replaced while it runs."""

    hub: Hub | None

    def run_until_closed(self) -> None:
        """Hand new records to the hub until the clock is closed."""


class LiveSources:
    """The sources of positions and of the other streams."""

    def __init__(self, sources: Sequence[LiveSource]) -> None:
        self._sources = sources

    def feed(self, hub: Hub | None) -> None:
        """Hand new records to `hub` from now on."""
        for source in self._sources:
            source.hub = hub


@contextmanager
def live_sources(store: Store, clock: Clock, *, queue: str | None) -> Iterator[LiveSources]:
    """Get new records in threads, positions from a `queue` if one is named; on exit close the clock."""
    positions: LiveSource = StoreSource(store, clock)
    if queue is not None:
        from services.aws.sqs_source import SqsSource

        positions = SqsSource(client("sqs"), queue, clock)
    others = CoverageSource(store, clock)
    with (
        background(positions.run_until_closed, name="live-positions", stop=clock.close),
        background(others.run_until_closed, name="live-streams", stop=clock.close),
    ):
        yield LiveSources([positions, others])
