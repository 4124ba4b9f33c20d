"""What is known of the city's lines when a feed is asked for, as a scenario's wire faults leave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import AnyStr

from services.context import Context
from services.feeds.feed_faults import FeedFaults
from services.queries.stream_queries import LINE_REACH
from services.times import floor
from services.transit.line_history import LineHistory, Outlook
from simulator.network import Line
from storage.schema import BusPosition
from storage.store import Reader

CADENCE = timedelta(seconds=30)
"""Feeds change with the positions."""


class FaultyOutlook(Outlook):
    """An outlook whose positions are those that a feed shows."""

    def __init__(self, outlook: Outlook, faults: FeedFaults, context: Context) -> None:
        super().__init__(context.histories, outlook.store, outlook.now, context.closures)
        self._faults = faults
        self._shown: dict[str, LineHistory] = {}

    def history(self, line: Line) -> LineHistory:
        """A line's history with the positions that are shown. May raise `StoreError`."""
        if line.line_id not in self._shown:
            history = super().history(line)

            def read(tick: datetime) -> Sequence[BusPosition]:
                return self.store.latest_of_line(line.line_id, since=tick - LINE_REACH, now=tick)

            tick = floor(self.now, CADENCE)
            shown = self._faults.positions(tick, history.positions, read)
            self._shown[line.line_id] = replace(history, positions=shown)
        return self._shown[line.line_id]


@dataclass(frozen=True, slots=True)
class FeedOutlooks:
    """Outlooks for feeds over one context."""

    context: Context

    @property
    def faults(self) -> FeedFaults | None:
        """The wire faults, None without any."""
        scenario = self.context.scenario
        if scenario is None or not scenario.wire_faults:
            return None
        return FeedFaults(scenario, self.context.run.seed)

    def at(self, store: Reader, feed: str) -> Outlook:
        """What a `feed` shows now: of an older tick if its message is late."""
        now, faults = self.context.now(), self.faults
        if faults is None:
            return self.context.outlook(store, now)
        tick = floor(now, CADENCE)
        late = tick - faults.tick_of(feed, tick)
        return FaultyOutlook(self.context.outlook(store, now - late), faults, self.context)

    def cut(self, feed: str, content: AnyStr) -> AnyStr:
        """The content of a feed's message, without its second half if a fault hits it."""
        faults = self.faults
        return content if faults is None else faults.cut(feed, floor(self.context.now(), CADENCE), content)
