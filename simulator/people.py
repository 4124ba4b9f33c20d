"""The stream `people_count`: who waits at each stop, summed over the lines that serve it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simulator.batches import batch, ids, instants
from simulator.network import Network
from simulator.trajectory import Ints, Trajectory
from simulator.types import SECOND_MS
from storage.schema import SCHEMAS, Stream

STEP_MS = (SCHEMAS[Stream.PEOPLE_COUNT].cadence_s or 0) * SECOND_MS


def people_count(network: Network, days: Sequence[Trajectory], start: int, end: int) -> pa.Table:
    """People at every stop at the ticks in [start, end).

    A tick's `arrived`, `boarded`, `left` are those of the 60 s up to it, itself included.
    """
    ticks = np.arange(-(-start // STEP_MS), -(-end // STEP_MS)) * STEP_MS
    stops = [stop.stop_id for stop in network.stops]
    position = {stop_id: i for i, stop_id in enumerate(stops)}
    grid = _Grid(ticks, len(stops))
    for day in days:
        stop_of = np.array([position[stop_id] for stop_id in day.stops])
        legs = day.legs
        boards = np.flatnonzero(legs.boarding)
        grid.add(0, stop_of[day.arrived_stop], day.arrived_ms, 1)
        grid.add(1, stop_of[legs.stop[boards]], legs.leaves[boards], legs.boarding[boards])
        grid.add(2, stop_of[day.left_stop], day.left_ms, 1)
    arrived, boarded, left = grid.minutes
    count = grid.before + np.cumsum(arrived - boarded - left, axis=0)
    index = np.tile(np.arange(len(stops)), len(ticks))
    names, line_ids = _line_ids(network)
    return batch(
        Stream.PEOPLE_COUNT,
        {
            "time": instants(np.repeat(ticks, len(stops))),
            "stop_id": ids(index, stops),
            "line_ids": ids(line_ids[index], names),
            "count": count.ravel(),
            "arrived": arrived.ravel(),
            "boarded": boarded.ravel(),
            "left": left.ravel(),
        },
    )


class _Grid:
    """Numbers of people by minute and stop, and who waited before the first minute."""

    def __init__(self, ticks: Ints, stops: int):
        self._ticks, self._stops = ticks, stops
        self.minutes = np.zeros((3, len(ticks), stops), np.int64)
        self.before = np.zeros(stops, np.int64)

    def add(self, kind: int, stop: Ints, ms: Ints, count: Ints | int) -> None:
        """Add events of a kind (0 arrived, 1 boarded, 2 left); those past the last tick don't count yet."""
        if not len(self._ticks):
            return
        minute = -(-ms // STEP_MS) - self._ticks[0] // STEP_MS
        many = np.broadcast_to(count, ms.shape)
        early = minute < 0
        sign = 1 if kind == 0 else -1
        np.add.at(self.before, stop[early], sign * many[early])
        inside = ~early & (minute < len(self._ticks))
        np.add.at(self.minutes[kind], (minute[inside], stop[inside]), many[inside])


def _line_ids(network: Network) -> tuple[list[str], Ints]:
    """The distinct texts of `line_ids` and each stop's index among them."""
    texts = [",".join(network.lines_of_stop[stop.stop_id]) for stop in network.stops]
    names = sorted(set(texts))
    position = {text: i for i, text in enumerate(names)}
    return names, np.array([position[text] for text in texts])
