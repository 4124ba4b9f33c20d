"""What the audit must know of the network, the scenario and the model, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class BusFacts:
    """A bus: its line, its capacity, and by how much one passenger raises its cabin's CO2 (ppm/s)."""

    bus_id: str
    line_id: str
    capacity: int
    co2_source_ppm_per_s: float


class StopFacts(NamedTuple):
    """A stop, and the lines that serve it in the format of the `line_ids` column."""

    stop_id: str
    line_ids: str


class PatternStopFacts(NamedTuple):
    """A stop of a route pattern: metres along the route from its first stop, WGS84 degrees.

    `boards` and `alights` say whether people may get in and out there.
    """

    stop_id: str
    distance_m: float
    latitude: float
    longitude: float
    boards: bool = True
    alights: bool = True


@dataclass(frozen=True, slots=True)
class PatternFacts:
    """A route pattern, with its stops in the order in which they are served."""

    line_id: str
    direction: int
    pattern_id: str
    stops: tuple[PatternStopFacts, ...]


@dataclass(frozen=True, slots=True)
class IrregularDay:
    """A line's service day [start, end) with a disturbance, on which trips may be cut short."""

    line_id: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """The facts of one network and scenario.

    In a cabin the CO2 above `co2_outdoor_ppm` decays exponentially, at `exchange_closed_per_s` with closed
    doors and at `exchange_open_per_s` with open ones.
    """

    network_digest: str
    scenario_digest: str
    buses: tuple[BusFacts, ...]
    stops: tuple[StopFacts, ...]
    patterns: tuple[PatternFacts, ...]
    co2_outdoor_ppm: float
    exchange_closed_per_s: float
    exchange_open_per_s: float
    irregular_days: tuple[IrregularDay, ...] = ()
