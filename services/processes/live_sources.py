"""New records for a server that doesn't feed: positions from an SQS queue, everything else from the store.

A store that announces what others write is read at once, any other is polled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

from services.background import background
from services.live.coverage_source import STREAMS, CoverageSource
from services.live.hub import Hub
from services.live.store_source import StoreSource
from services.live.write_announcements import AnnouncesWrites, WriteAnnouncements
from services.processes.process_setup import client
from simulator.clock import Clock
from storage.schema import Stream
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
    announced = announcements_of(store, clock)
    rest, others_rest = (
        None if announced is None else announced.rest_until(*streams)
        for streams in ((Stream.BUS_POSITION,), STREAMS)
    )
    positions: LiveSource = StoreSource(store, clock, rest)
    if queue is not None:
        from services.aws.sqs_source import SqsSource

        positions = SqsSource(client("sqs"), queue, clock)
    others = CoverageSource(store, clock, others_rest)
    jobs = {"live-positions": positions.run_until_closed, "live-streams": others.run_until_closed}
    if announced is not None:
        jobs["live-announcements"] = announced.run_until_closed
    with ExitStack() as stack:
        for name, job in jobs.items():
            stack.enter_context(background(job, name=name, stop=clock.close))
        yield LiveSources([positions, others])


def announcements_of(store: Store, clock: Clock) -> WriteAnnouncements | None:
    """The announcements of writes by a store, None if it makes none that count where it reads."""
    if isinstance(store, AnnouncesWrites) and store.announces_writes:
        return WriteAnnouncements(store, clock)
    return None
