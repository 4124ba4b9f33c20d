"""A bus network: stops, lines, their route patterns, service and buses. Immutable, and known by its digest.

A line runs in one or two directions; a direction has one or more route patterns (sequences of stops at
distances along their own shape). Terms are those of TransXChange and GTFS.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simulator.types import BusId, DayType, LineId, StopId

MADRID_DAY_START_S = 4 * 3600
NIGHT_DAY_START_S = 12 * 3600


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where people wait, WGS84 degrees."""

    stop_id: StopId
    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class PatternStop:
    """A stop in a pattern: metres from the pattern's start, and the point at which a bus stands there."""

    stop_id: StopId
    distance_m: float
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class ShapePoint:
    """A vertex of a pattern's polyline, with its metres from the start."""

    latitude: float
    longitude: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class Pattern:
    """A route pattern: at least two stops along a shape. Every stop's point is a vertex of the shape.

    Distances rise strictly along `stops`; the first is 0. A stop may come more than once.
    """

    pattern_id: str
    direction: int
    stops: tuple[PatternStop, ...]
    shape: tuple[ShapePoint, ...]


@dataclass(frozen=True, slots=True)
class Headway:
    """From `start_s` to `end_s` of the service day a bus departs every `headway_s` seconds."""

    start_s: int
    end_s: int
    headway_s: int


@dataclass(frozen=True, slots=True)
class Departure:
    """A scheduled departure from the first stop of a pattern."""

    time_s: int
    pattern_id: str


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
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_fields)
        return hashlib.sha256(text.encode()).hexdigest()


def _fields(entry: Any) -> dict[str, Any]:
    """A dataclass as a dict, without the deep copy of `dataclasses.asdict`."""
    return {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}
