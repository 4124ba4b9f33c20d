"""Sampling legs at ticks: which leg a bus is in, how far along its path, and where that is on the map.

Only IEEE + − × ÷ and integer operations; NumPy's `interp`, whose compiled form may fuse operations, is
avoided. A line's samples don't depend on which other lines are sampled with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

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
    """The leg of every bus at every multiple of `step` (ms) in [start, end).

    `at` is each sample's instant; all columns have its length. Samples are in the order of the line-days and
    their legs; with `entities`, whose buses must all be in `days`, in that of (instant, bus id).
    """

    def __init__(
        self,
        days: Sequence[Trajectory],
        start: int,
        end: int,
        step: int,
        entities: EntityIndex | None = None,
    ):
        self._days = days
        self._chosen: list[Ints] = []
        self._columns: dict[str, NDArray[Any]] = {}
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
        first, count = np.concatenate(firsts), np.concatenate(counts)
        self.day_of_leg: Ints = np.repeat(np.arange(len(days)), [len(each) for each in counts])
        self._leg: Ints = np.repeat(np.arange(len(count)), count)
        # One sample a tick and leg: sample i of all lies `i - before` ticks after its leg's first tick.
        before = np.cumsum(count) - count
        tick = np.arange(len(self._leg)) + (first - before)[self._leg]
        if entities is not None:
            # A window has every bus once a tick, so a sample's rank needs no sort.
            bus = self.bus_of_leg([entities.buses_of[day.line_id] for day in days])
            rank = (tick - -(-start // step)) * len(entities.buses) + bus[self._leg]
            self._leg, tick = _ranked(self._leg, rank), _ranked(tick, rank)
        self.at: Ints = tick * step

    def of_legs(self, name: str) -> NDArray[Any]:
        """A column of `Legs`, one value per leg that has samples."""
        if name not in self._columns:
            chosen = zip(self._days, self._chosen, strict=True)
            self._columns[name] = np.concatenate([getattr(day.legs, name)[index] for day, index in chosen])
        return self._columns[name]

    def bus_of_leg(self, values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """For each leg the value of its bus; `values` has one array per line-day, by bus."""
        first = np.cumsum([0, *(len(v) for v in values[:-1])])
        each: NDArray[Any] = np.concatenate(values)[first[self.day_of_leg] + self.of_legs("bus")]
        return each

    def spread(self, of_legs: NDArray[Any]) -> NDArray[Any]:
        """For each sample the value of its leg."""
        return of_legs[self._leg]

    def column(self, name: str) -> NDArray[Any]:
        """A column of `Legs`, one value per sample."""
        return self.spread(self.of_legs(name))

    def of_bus(self, values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """For each sample the value of its bus; `values` has one array per line-day, by bus."""
        return self.spread(self.bus_of_leg(values))


def _ranked(values: Ints, rank: Ints) -> Ints:
    """The values in the order of their ranks, which are 0, 1, 2 … in any order."""
    result = np.empty_like(values)
    result[rank] = values
    return result


class SampledMotion(NamedTuple):
    """Metres along each sample's path, speed in m/ms, and degrees."""

    metres: Floats
    speed: Floats
    latitude: Floats
    longitude: Floats


def motion(samples: Samples, paths: PathIndex) -> SampledMotion:
    """Where each sample's bus is, and how fast.

    A bus that stands is at the end of its leg, which is computed once for each leg.
    """
    to_m, path = samples.of_legs("to_m"), paths.number(samples.day_of_leg, samples.of_legs("path"))
    ends = paths.place(path, to_m)
    metres, latitude, longitude = (samples.spread(values) for values in (to_m, *ends))
    speed = np.zeros(len(metres))
    moving = np.flatnonzero(samples.at < samples.column("stops"))
    metres[moving], speed[moving] = _along(samples, moving)
    latitude[moving], longitude[moving] = paths.place(samples.spread(path)[moving], metres[moving])
    return SampledMotion(metres, speed, latitude, longitude)


def _along(samples: Samples, moving: Ints) -> tuple[Floats, Floats]:
    """Metres along the path and speed in m/ms of the samples at the places `moving`, before they stop."""
    # All three pieces of the motion are computed for every sample and the right one is chosen: no piece's
    # formula depends on which other samples there are. Denominators are at least 1 so that a piece which a
    # leg doesn't have divides by nothing.
    names = ("begins", "changed", "brakes", "stops", "v_in", "speed", "from_m", "to_m")
    begins, changed, brakes, stops, v_in, cruising, from_m, to_m = (
        samples.column(name)[moving] for name in names
    )
    at = samples.at[moving]
    changing = (changed - begins).astype(np.float64)
    since, left = (at - begins).astype(np.float64), (stops - at).astype(np.float64)
    gain = (cruising - v_in) / np.maximum(changing, 1.0)
    early = v_in * since + gain * since * since / 2.0
    cruise = (v_in + cruising) / 2.0 * changing + cruising * (since - changing)
    slowing = cruising * left / np.maximum((stops - brakes).astype(np.float64), 1.0)
    metres = np.where(at < changed, from_m + early, from_m + cruise)
    metres = np.where(at < brakes, metres, to_m - slowing * left / 2.0)
    speed = np.where(at < changed, v_in + gain * since, np.where(at < brakes, cruising, slowing))
    return np.minimum(metres, to_m), speed


class TripIndex:
    """The trips of several line-days, numbered from 1 on; 0 is none, with an empty text."""

    def __init__(self, days: Sequence[Trajectory]) -> None:
        self._days = days
        self._first = np.cumsum([1, *(len(day.trips) for day in days[:-1])])

    def number(self, day: Ints, trip: Ints) -> Ints:
        """The numbers of trips of line-days, both given by their places."""
        numbers: Ints = self._first[day] + trip
        return numbers

    def texts(self, numbers: Ints) -> list[str]:
        """The ids of trips. A window has few of a day's, so that only theirs are looked up."""
        days = np.searchsorted(self._first, numbers, "right") - 1
        places = zip(days.tolist(), (numbers - self._first[days]).tolist(), strict=True)
        return [self._days[day].trips[trip] if day >= 0 else "" for day, trip in places]


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

    def number(self, trajectory: Ints, path: Ints) -> Ints:
        """The numbers of paths among those of all line-days."""
        return self._first_path[trajectory] + path

    def place(self, path: Ints, metres: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude `metres` along the paths with the numbers `path`."""
        millimetres = metres * 1000.0
        wanted = path * PATH_KEY + millimetres.astype(np.int64)
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
