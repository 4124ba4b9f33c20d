"""New positions for a server that doesn't feed: from an SQS queue, or polled from the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from services.background import background
from services.live.hub import Hub
from services.live.store_source import StoreSource
from services.processes.process_setup import client
from simulator.clock import Clock
from storage.store import Store


class PositionSource(Protocol):
    """Where new positions come from. `hub` may be replaced while it runs."""

    hub: Hub | None

    def run_until_closed(self) -> None:
        """Hand new positions to the hub until the clock is closed."""


@contextmanager
def live_positions(store: Store, clock: Clock, *, queue: str | None) -> Iterator[PositionSource]:
    """Get new positions in a thread, from a `queue` if one is named; on exit close the clock."""
    source: PositionSource = StoreSource(store, clock)
    if queue is not None:
        from services.aws.sqs_source import SqsSource

        source = SqsSource(client("sqs"), queue, clock)
    with background(source.run_until_closed, name="live-positions", stop=clock.close):
        yield source
