"""The trips of a line as lines of a space-time diagram: instants against metres along the route.

A trip is drawn straight between the ends of its motion's pieces, and level where the bus stands. While a bus
changes speed its true position is up to v²/8a (some metres) off that line. Trips may begin and end at any
stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulator.day.trajectory import Floats, Ints, Trajectory
from simulator.network import Line, Pattern
from simulator.types import BusId


@dataclass(frozen=True, slots=True)
class TripLine:
    """A trip: instants (ms since the epoch, ascending), metres from the main pattern's first stop."""

    bus_id: BusId
    trip_id: str
    ms: Ints
    metres: Floats


def trip_lines(day: Trajectory, line: Line, direction: int, start: int, end: int) -> list[TripLine]:
    """The trips of a direction in [start, end], ms since the epoch, by departure; cut at both ends.

    Metres are those of the direction's main pattern. Trips on another pattern are drawn between the stops
    that both have, stretched from stop to stop. ValueError if the line has no such direction.
    """
    main = line.main_pattern(direction)
    if main is None:
        raise ValueError(f"line {line.line_id} doesn't run in direction {direction}")
    found: list[TripLine] = []
    for index, pattern in enumerate(line.patterns):
        if pattern.direction == direction:
            own, shared = _common_stops(pattern, main)
            if len(own) > 1:
                found += _on_pattern(day, index, own, shared, (start, end))
    return sorted(found, key=lambda trip: (trip.ms[0], trip.trip_id))


def _common_stops(pattern: Pattern, main: Pattern) -> tuple[Floats, Floats]:
    """Metres of the stops that a pattern shares with the main one, along each of the two; both ascend."""
    if pattern is main:
        metres = np.array([stop.distance_m for stop in main.stops])
        return metres, metres
    pairs: list[tuple[float, float]] = []
    for stop in pattern.stops:
        after = pairs[-1][1] if pairs else -1.0
        there = (s.distance_m for s in main.stops if s.stop_id == stop.stop_id and s.distance_m > after)
        place = next(there, None)
        if place is not None:
            pairs.append((stop.distance_m, place))
    own, shared = np.array(pairs).reshape(-1, 2).T
    return own, shared


def _on_pattern(
    day: Trajectory, pattern: int, own: Floats, shared: Floats, stretch: tuple[int, int]
) -> Iterator[TripLine]:
    """The trips on a pattern. A trip's first leg, the stand at its first stop, isn't a hop."""
    legs = day.legs
    hop = np.zeros(len(legs.trip), np.bool_)
    hop[1:] = (legs.trip[1:] == legs.trip[:-1]) & (legs.trip[1:] >= 0) & (legs.path[1:] == pattern)
    hop &= (legs.from_m >= own[0]) & (legs.to_m <= own[-1])
    rows = np.flatnonzero(hop)
    for legs_of_trip in np.split(rows, np.flatnonzero(np.diff(legs.trip[rows])) + 1):
        if len(legs_of_trip):
            ms, metres = _way(day, legs_of_trip)
            ms, metres = _cut(ms, np.interp(metres, own, shared), *stretch)
            if len(ms) > 1:
                first = legs_of_trip[0]
                yield TripLine(day.buses[legs.bus[first]], day.trips[legs.trip[first]], ms, metres)


def _way(day: Trajectory, rows: Ints) -> tuple[Ints, Floats]:
    """Instants and metres of the ends of these legs' pieces, preceded by when the doors first opened."""
    legs = day.legs
    begins, changed, brakes = legs.begins[rows], legs.changed[rows], legs.brakes[rows]
    from_m, to_m, speed = legs.from_m[rows], legs.to_m[rows], legs.speed[rows]
    fast = from_m + (legs.v_in[rows] + speed) / 2 * (changed - begins)
    slows = fast + speed * (brakes - changed)
    ms = np.stack([begins, changed, brakes, legs.stops[rows], legs.leaves[rows]], axis=1).ravel()
    metres = np.stack([from_m, fast, slows, to_m, to_m], axis=1).ravel()
    stands = legs.opens[rows[0] - 1]
    return np.concatenate([[stands], ms]), np.concatenate([from_m[:1], metres])


def _cut(ms: Ints, metres: Floats, start: int, end: int) -> tuple[Ints, Floats]:
    """The part of a line in [start, end]; no points if they don't overlap."""
    inside = (ms > start) & (ms < end)
    bounds = np.array([max(start, int(ms[0])), min(end, int(ms[-1]))])
    if bounds[0] >= bounds[1]:
        return ms[:0], metres[:0]
    places = np.interp(bounds, ms, metres)
    kept = np.concatenate([bounds[:1], ms[inside], bounds[1:]])
    return kept, np.concatenate([places[:1], metres[inside], places[1:]])


@dataclass(frozen=True, slots=True)
class Halt:
    """A broken-down bus that stood from `start` to `end` (ms since the epoch); metres as in `TripLine`."""

    bus_id: BusId
    start: int
    end: int
    metres: float


def halts(day: Trajectory, line: Line, direction: int) -> list[Halt]:
    """Breakdowns on trips in a direction, in the order of buses and times.

    Those off the direction's main pattern are left out.
    """
    legs, main = day.legs, line.main_pattern(direction)
    stands = np.zeros(len(legs.trip), np.bool_)
    stands[:-1] = (legs.trip[:-1] < 0) & (legs.bus[1:] == legs.bus[:-1])
    found: list[Halt] = []
    for row in np.flatnonzero(stands).tolist():
        pattern = line.patterns[legs.path[row - 1]]
        if main is not None and pattern.direction == direction:
            own, shared = _common_stops(pattern, main)
            place = float(legs.to_m[row - 1])
            if len(own) > 1 and own[0] <= place <= own[-1]:
                times = int(legs.begins[row]), int(legs.leaves[row])
                found.append(Halt(day.buses[legs.bus[row]], *times, float(np.interp(place, own, shared))))
    return found
