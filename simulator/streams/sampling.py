"""Sampling legs at ticks: which leg a bus is in, how far along its path, and where that is on the map.

Only IEEE + − × ÷ and integer operations; NumPy's `interp`, whose compiled form may fuse operations, is
avoided. A line's samples don't depend on which other lines are sampled with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.day.trajectory import Floats, Ints, Trajectory
from simulator.streams.entity_index import EntityIndex

PATH_KEY = 1 << 36
"""More millimetres than any path is long."""


def rounded(values: Floats, decimals: int) -> Floats:
    """Round to some decimals, half to even; -0 becomes 0."""
    scale = float(10**decimals)
    return np.rint(values * scale) / scale + 0.0


class Samples:
    """The leg of every bus at every multiple of `step` (ms) in [start, end), line-day by line-day.

    `at` is each sample's instant, `day` the index of its line-day; both and all columns have equal length.
    """

    def __init__(self, days: Sequence[Trajectory], start: int, end: int, step: int):
        self._days = days
        self._step, self._first_tick = step, -(-start // step)
        self._chosen: list[Ints] = []
        firsts, counts = [], []
        for day in days:
            # Legs tile a bus's time, so a leg owns the ticks in [begins, leaves): those from its first tick,
            # `first`, on, `count` of them. Legs without a tick are left out.
            low, high = max(start, day.starts), min(end, day.ends)
            index = np.flatnonzero((day.legs.leaves > low) & (day.legs.begins < high))
            first = -(-np.maximum(day.legs.begins[index], low) // step)
            count = -(-np.minimum(day.legs.leaves[index], high) // step) - first
            met = count > 0
            self._chosen.append(index[met])
            firsts.append(first[met])
            counts.append(count[met])
        self._count = np.concatenate(counts)
        # One sample a tick and leg: sample i of all lies `i - before` ticks after its leg's first tick.
        before = np.cumsum(self._count) - self._count
        ticks = np.arange(int(self._count.sum())) - np.repeat(before - np.concatenate(firsts), self._count)
        self.at: Ints = ticks * step
        self.day: Ints = np.repeat(np.arange(len(days)), [int(count.sum()) for count in counts])

    def column(self, name: str) -> NDArray[Any]:
        """A column of `Legs`, one value per sample."""
        legs = [getattr(day.legs, name)[index] for day, index in zip(self._days, self._chosen, strict=True)]
        return np.repeat(np.concatenate(legs), self._count)

    def of_bus(self, values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """For each sample the value of its bus; `values` has one array per line-day, by bus."""
        first = np.cumsum([0, *(len(v) for v in values[:-1])])
        each: NDArray[Any] = np.concatenate(values)[first[self.day] + self.column("bus")]
        return each

    def time_major(self, entities: EntityIndex) -> Ints:
        """The order of the samples by (instant, bus id): every bus is there once a tick."""
        bus = self.of_bus([entities.buses_of[day.line_id] for day in self._days])
        order = np.empty(len(self.at), np.int64)
        # A window has every bus once a tick, so a sample's rank needs no sort.
        rank = (self.at // self._step - self._first_tick) * len(entities.buses) + bus
        order[rank] = np.arange(len(self.at))
        return order


def along(samples: Samples) -> tuple[Floats, Floats]:
    """Metres along each sample's path, and speed in m/ms."""
    # All three pieces of the motion are computed for every sample and the right one is chosen: no piece's
    # formula depends on which other samples there are. Denominators are at least 1 so that a piece which a
    # leg doesn't have divides by nothing.
    at, begins, changed, brakes, stops = (
        samples.at,
        *(samples.column(name) for name in ("begins", "changed", "brakes", "stops")),
    )
    v_in, cruising, from_m, to_m = (samples.column(name) for name in ("v_in", "speed", "from_m", "to_m"))
    changing = (changed - begins).astype(np.float64)
    since, left = (at - begins).astype(np.float64), (stops - at).astype(np.float64)
    gain = (cruising - v_in) / np.maximum(changing, 1.0)
    early = v_in * since + gain * since * since / 2.0
    cruise = (v_in + cruising) / 2.0 * changing + cruising * (since - changing)
    slowing = cruising * left / np.maximum((stops - brakes).astype(np.float64), 1.0)
    metres = np.where(at < changed, from_m + early, from_m + cruise)
    metres = np.where(at < brakes, metres, to_m - slowing * left / 2.0)
    speed = np.where(at < changed, v_in + gain * since, np.where(at < brakes, cruising, slowing))
    standing = at >= stops
    return np.where(standing, to_m, np.minimum(metres, to_m)), np.where(standing, 0.0, speed)


class PathIndex:
    """The paths of several line-days as one sorted array, to find points along them."""

    def __init__(self, trajectories: Sequence[Trajectory]):
        paths = [path for day in trajectories for path in day.paths]
        self._first_path = np.cumsum([0, *(len(day.paths) for day in trajectories[:-1])])
        # (path, millimetres) as one ascending key, so that one binary search finds the vertex before a point
        # on any path.
        number = np.repeat(np.arange(len(paths)), [len(path.mm) for path in paths])
        self._mm = np.concatenate([path.mm for path in paths])
        self._key = number * PATH_KEY + self._mm
        self._latitude = np.concatenate([path.latitude for path in paths])
        self._longitude = np.concatenate([path.longitude for path in paths])

    def place(self, trajectory: Ints, path: Ints, metres: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude `metres` along `path` of line-day `trajectory`."""
        millimetres = metres * 1000.0
        wanted = (self._first_path[trajectory] + path) * PATH_KEY + millimetres.astype(np.int64)
        vertex = np.searchsorted(self._key, wanted, side="right") - 1
        after = np.minimum(vertex + 1, len(self._mm) - 1)
        length = (self._mm[after] - self._mm[vertex]).astype(np.float64)
        part = np.where(length > 0, (millimetres - self._mm[vertex]) / np.where(length > 0, length, 1.0), 0.0)
        part = np.clip(part, 0.0, 1.0)
        latitude, longitude = self._latitude[vertex], self._longitude[vertex]
        return (
            latitude + (self._latitude[after] - latitude) * part,
            longitude + (self._longitude[after] - longitude) * part,
        )
