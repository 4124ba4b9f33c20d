"""What an audit has to know of a network and of the model, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class BusFacts:
    """A bus: its line, its places, and how fast one passenger raises its cabin's CO2 (ppm/s)."""

    bus_id: str
    line_id: str
    capacity: int
    co2_source_ppm_per_s: float


@dataclass(frozen=True, slots=True)
class PatternFacts:
    """A route pattern: (stop id, metres from the start, latitude, longitude) in order."""

    line_id: str
    direction: int
    pattern_id: str
    stops: tuple[tuple[str, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Irregular:
    """A line's disturbed day [start, end), on which trips may begin and end between terminals."""

    line_id: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """A network, and a scenario on it, as an audit sees them. `stops` are (stop id, text of `line_ids`).

    CO2 above `co2_outdoor_ppm` decays by `exchange_closed_per_s` with shut doors, `exchange_open_per_s`
    with open ones.
    """

    network_digest: str
    scenario_digest: str
    buses: tuple[BusFacts, ...]
    stops: tuple[tuple[str, str], ...]
    patterns: tuple[PatternFacts, ...]
    co2_outdoor_ppm: float
    exchange_closed_per_s: float
    exchange_open_per_s: float
    irregular: tuple[Irregular, ...] = ()
