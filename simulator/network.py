"""A bus network: stops, lines, their route patterns, service and buses. Immutable, and known by its digest.

A line runs in one or two directions; a direction has one or more route patterns (sequences of stops at
distances along their own shape). Terms are those of TransXChange and GTFS.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from simulator.types import BusId, DayType, LineId, StopId

MADRID_DAY_START_S = 4 * 3600
NIGHT_DAY_START_S = 12 * 3600
DAY_S = 86_400
MADRID_TIME = "Europe/Madrid"

EXTRA = "left out at its default"
"""Metadata of fields that count in a digest only where they aren't the default: older digests stay."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where people wait, WGS84 degrees.

    `gtfs_id` is its id in the feed that the network was imported from, or "".
    """

    stop_id: StopId
    name: str
    latitude: float
    longitude: float
    gtfs_id: str = field(default="", metadata={EXTRA: True})


@dataclass(frozen=True, slots=True)
class PatternStop:
    """A stop in a pattern: metres from the pattern's start, and the point at which a bus stands there.

    `boarding` and `alighting` say whether people may get in and out there; a bus passes a stop that allows
    neither with closed doors.
    """

    stop_id: StopId
    distance_m: float
    latitude: float
    longitude: float
    boarding: bool = field(default=True, metadata={EXTRA: True})
    alighting: bool = field(default=True, metadata={EXTRA: True})


class PatternPosition(NamedTuple):
    """A stop of a line's pattern: the pattern's index in the line, the stop's in the pattern."""

    pattern: int
    position: int


@dataclass(frozen=True, slots=True)
class ShapePoint:
    """A vertex of a pattern's polyline, with its metres from the start."""

    latitude: float
    longitude: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class Hold:
    """A timepoint of a trip: the stop's position, and the seconds from the trip's departure to its own there.

    A bus doesn't leave earlier than that.
    """

    position: int
    leaves_s: int


@dataclass(frozen=True, slots=True)
class Timing:
    """The planned running times of trips on a pattern, and their timepoints.

    `runs_s` has the seconds of each hop, one fewer than the stops: from leaving a stop until leaving the
    next, dwell included, or until reaching it if the bus has a hold there.
    """

    runs_s: tuple[int, ...]
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A route pattern: at least two stops along a shape. Every stop's point is a vertex of the shape.

    Distances rise strictly along `stops`; the first is 0. A stop may come more than once. Departures choose
    one of the `timings` by its index; without one, trips run at the line's speed.
    """

    pattern_id: str
    direction: int
    stops: tuple[PatternStop, ...]
    shape: tuple[ShapePoint, ...]
    timings: tuple[Timing, ...] = field(default=(), metadata={EXTRA: True})


@dataclass(frozen=True, slots=True)
class Headway:
    """From `start_s` to `end_s` of the service day a bus departs every `headway_s` seconds."""

    start_s: int
    end_s: int
    headway_s: int


@dataclass(frozen=True, slots=True)
class Departure:
    """A scheduled departure from the first stop of a pattern.

    `timing` is the index of one of the pattern's timings. Departures of one service day with the same `block`
    are run by one bus, one after the other.
    """

    time_s: int
    pattern_id: str
    timing: int | None = field(default=None, metadata={EXTRA: True})
    block: str = field(default="", metadata={EXTRA: True})


@dataclass(frozen=True, slots=True)
class Service:
    """One day type's service: departures between `start_s` and `end_s`, both included.

    Seconds count from the service day's origin (noon minus 12 h, GTFS), so 25:30 is 91,800. `departures`
    (by time) apply if given, else `headways`; without either the headway follows from the number of buses and
    the running time. Outside of given headways nothing departs.
    """

    start_s: int
    end_s: int
    headways: tuple[Headway, ...] = ()
    departures: tuple[Departure, ...] = ()


@dataclass(frozen=True, slots=True)
class Bus:
    """A bus of a line and its home terminal.

    `initial_position` (0..1) orders the first departures of the day: below 0.5 from the first terminal,
    else from the last; the larger first.
    """

    bus_id: BusId
    capacity: int
    initial_position: float


@dataclass(frozen=True, slots=True)
class Line:
    """A bus line. The first pattern of a direction is its main one.

    `base_arrival_rate` is the people a minute who come to each stop for this line, mean over the hours of a
    weekday's service. A day type without a `Service` has none. `speed_kmh` is the speed between stops at a
    quiet hour, None for the city's default.

    Line-days last 24 hours from `day_start_s`. `overnight` has the departures of a day type's dates that lie
    outside of these: one at 00:30 of a Saturday is part of Friday's line-day, one at 30:30 of Sunday's. Its
    times, ascending, count from the origin of its own date.

    `dates` has the dates (ISO 8601) on which the line has the service of another day type than the
    calendar's, None for no service.
    """

    line_id: LineId
    name: str
    patterns: tuple[Pattern, ...]
    buses: tuple[Bus, ...]
    base_arrival_rate: Mapping[StopId, float]
    services: Mapping[DayType, Service]
    night: bool = False
    day_start_s: int = MADRID_DAY_START_S
    speed_kmh: float | None = None
    overnight: Mapping[DayType, tuple[Departure, ...]] = field(default_factory=dict, metadata={EXTRA: True})
    timezone: str = field(default=MADRID_TIME, metadata={EXTRA: True})
    dates: Mapping[str, DayType | None] = field(default_factory=dict, metadata={EXTRA: True})
    gtfs_id: str = field(default="", metadata={EXTRA: True})
    """The id of its route in the feed it was imported from."""

    def main_pattern(self, direction: int) -> Pattern | None:
        """The first pattern of a direction; None where the line doesn't run in it."""
        return next((p for p in self.patterns if p.direction == direction), None)

    @property
    def stop_ids(self) -> frozenset[StopId]:
        """Every stop that any pattern serves."""
        return frozenset(stop.stop_id for pattern in self.patterns for stop in pattern.stops)


@dataclass(frozen=True)
class Network:
    """Lines and the stops they serve, each sorted by id."""

    lines: tuple[Line, ...]
    stops: tuple[Stop, ...]
    name: str = field(default="network", compare=False)

    @cached_property
    def line(self) -> Mapping[str, Line]:
        """Lines by id."""
        return {line.line_id: line for line in self.lines}

    @cached_property
    def stop(self) -> Mapping[str, Stop]:
        """Stops by id."""
        return {stop.stop_id: stop for stop in self.stops}

    @cached_property
    def line_of_bus(self) -> Mapping[str, Line]:
        """The line of each bus id."""
        return {bus.bus_id: line for line in self.lines for bus in line.buses}

    @cached_property
    def bus(self) -> Mapping[str, Bus]:
        """Buses by id."""
        return {bus.bus_id: bus for line in self.lines for bus in line.buses}

    @cached_property
    def day_line_ids(self) -> tuple[LineId, ...]:
        """The ids of the lines that aren't night lines, in order."""
        return tuple(line.line_id for line in self.lines if not line.night)

    @cached_property
    def lines_of_stop(self) -> Mapping[str, tuple[LineId, ...]]:
        """The sorted ids of the lines that serve each stop id."""
        served: dict[str, list[LineId]] = {stop.stop_id: [] for stop in self.stops}
        for line in self.lines:
            for stop_id in line.stop_ids:
                served[stop_id].append(line.line_id)
        return {stop_id: tuple(sorted(lines)) for stop_id, lines in served.items()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex of everything that decides the simulation."""
        content = {"lines": self.lines, "stops": self.stops}
        text = json.dumps(
            content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=fields_of
        )
        return hashlib.sha256(text.encode()).hexdigest()


def fields_of(entry: Any) -> dict[str, Any]:
    """A dataclass as a dict, without extra fields at their default, nor the deep copy of `asdict`."""
    found = {}
    for each in dataclasses.fields(entry):
        value = getattr(entry, each.name)
        if EXTRA not in each.metadata or value != ({} if each.default is MISSING else each.default):
            found[each.name] = value
    return found
