"""What a scenario changes of one line on one service day, and what of it is known when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from simulator.scenario.demand import DemandChange, Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.headway_control import ControlChange, HeadwayControl
from simulator.scenario.weather_changes import Rain, WeatherChange
from simulator.types import BusId


@dataclass(frozen=True, slots=True)
class LineChanges:
    """What a scenario changes of one line on one service day."""

    demand: tuple[DemandChange, ...] = ()
    surges: tuple[Surge, ...] = ()
    """`people_per_min` is this line's share."""
    breakdowns: tuple[Breakdown, ...] = ()
    closures: tuple[Closure, ...] = ()
    slow_zones: tuple[SlowZone, ...] = ()
    closed_stops: tuple[ClosedStop, ...] = ()
    strike_share: float = 0.0
    """The share of the buses that stays at its terminal all day."""
    strikes: tuple[Strike, ...] = ()
    """Strikes in a part of the day."""
    parked: frozenset[BusId] = frozenset()
    """Buses that don't run: the extra buses, on days that the scenario doesn't change."""
    rain: Rain | None = None
    """Rain all day."""
    weather_changes: tuple[WeatherChange, ...] = ()
    """Rain in a part of the day."""
    control: HeadwayControl = HeadwayControl.TERMINALS
    """Headway control, except in `control_changes`."""
    control_changes: tuple[ControlChange, ...] = ()

    @property
    def disturbs_trips(self) -> bool:
        """Whether trips may be disturbed, so that some begin or end between terminals."""
        places = self.breakdowns or self.closures or self.slow_zones or self.closed_stops
        times = self.strikes or self.weather_changes or self.control_changes
        return bool(places or times) or self.rain is not None or self.control is HeadwayControl.HEADWAY

    @property
    def changes_demand(self) -> bool:
        """Whether demand differs from an ordinary day's."""
        people = self.demand or self.surges or self.closed_stops or self.weather_changes
        return bool(people) or self.rain is not None


NO_CHANGES = LineChanges()


class Revision(NamedTuple):
    """What is known of a line-day's changes from an instant on (ms since the epoch)."""

    since: int
    changes: LineChanges
