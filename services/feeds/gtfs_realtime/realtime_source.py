"""What the realtime feeds are made from: a city's network, scenario and records.

`services.context.Context` is such a source, over a store. A feeder's is `model_source`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from services.transit.line_visits import PagedReader
from simulator.network import Network
from simulator.scenario.scenario import Scenario
from storage.schema import Record, Stream
from storage.store import Covered, Run

if TYPE_CHECKING:
    import pyarrow as pa


class TickReader(PagedReader, Protocol):
    """The part of `storage.store.Store` that feeds read: positions by tick, visits by time."""

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """See `Store.coverage`."""

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """See `Store.tick`."""

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """See `Store.records_at`."""

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """See `Store.scan`."""


class RealtimeSource(Protocol):
    """The fields of `services.context.Context` that feeds use."""

    @property
    def network(self) -> Network:
        """The network."""

    @property
    def store(self) -> TickReader:
        """The records."""

    @property
    def run(self) -> Run:
        """The run, whose seed decides which messages wire faults hit."""

    @property
    def scenario_at_start(self) -> Scenario | None:
        """The scenario whose extra buses the network has, None for none."""

    @property
    def scenario(self) -> Scenario | None:
        """The scenario with the interventions so far, None for none."""

    def now(self) -> datetime:
        """The simulated instant."""
