"""Disruptions of a scenario file as the fields of a `Scenario`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from simulator.scenario.demand import Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.extra_buses import ExtraBuses
from simulator.scenario.headway_control import ControlChange, HeadwayControl
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import Period
from simulator.scenario.weather_changes import Rain, Weather, WeatherChange
from simulator.scenario_files.schema import (
    BreakdownEntry,
    ClosedStopEntry,
    ClosureEntry,
    ControlChangeEntry,
    DisruptionEntry,
    ExtraBusesEntry,
    SlowZoneEntry,
    StrikeEntry,
    SurgeEntry,
    WeatherChangeEntry,
)
from simulator.types import BusId, LineId, StopId, to_ms


def with_disruptions(scenario: Scenario, entries: Sequence[DisruptionEntry]) -> Scenario:
    """A scenario with more disruptions, those of each kind behind those that it has."""
    return dataclasses.replace(
        scenario,
        surges=(*scenario.surges, *(_surge(e.surge) for e in entries if e.surge)),
        breakdowns=(*scenario.breakdowns, *(_breakdown(e.breakdown) for e in entries if e.breakdown)),
        closures=(*scenario.closures, *(_closure(e.closure) for e in entries if e.closure)),
        slow_zones=(*scenario.slow_zones, *(_slow_zone(e.slow_zone) for e in entries if e.slow_zone)),
        closed_stops=(
            *scenario.closed_stops,
            *(_closed_stop(e.closed_stop) for e in entries if e.closed_stop),
        ),
        strikes=(*scenario.strikes, *(_strike(e.strike) for e in entries if e.strike)),
        extra_buses=(*scenario.extra_buses, *(_extra_buses(e.extra_buses) for e in entries if e.extra_buses)),
        weather_changes=(*scenario.weather_changes, *(_weather(e.weather) for e in entries if e.weather)),
        control_changes=(*scenario.control_changes, *(_control(e.control) for e in entries if e.control)),
    )


def line_ids(names: Sequence[str]) -> tuple[LineId, ...]:
    """Names of lines as ids."""
    return tuple(LineId(line_id) for line_id in names)


def seconds(minutes: float) -> int:
    """Whole seconds."""
    return round(minutes * 60)


def _surge(entry: SurgeEntry) -> Surge:
    return Surge(StopId(entry.stop), entry.people_per_min, entry.span, line_ids(entry.lines), entry.period)


def _breakdown(entry: BreakdownEntry) -> Breakdown:
    stop = None if entry.stop is None else StopId(entry.stop)
    repair_s = seconds(entry.repair_min)
    if not isinstance(entry.at, datetime):
        return Breakdown(BusId(entry.bus), entry.at, repair_s, stop)
    ends = to_ms(entry.ends) if isinstance(entry.ends, datetime) else None
    return Breakdown(BusId(entry.bus), 0, repair_s, stop, Period(to_ms(entry.at), ends))


def _closure(entry: ClosureEntry) -> Closure:
    one, other = entry.between
    detour_s = None if entry.detour_min is None else seconds(entry.detour_min)
    return Closure(LineId(entry.line), StopId(one), StopId(other), entry.span, detour_s, entry.period)


def _slow_zone(entry: SlowZoneEntry) -> SlowZone:
    one, other = entry.between
    return SlowZone(
        LineId(entry.line), StopId(one), StopId(other), entry.span, entry.speed_factor, entry.period
    )


def _closed_stop(entry: ClosedStopEntry) -> ClosedStop:
    return ClosedStop(StopId(entry.stop), entry.span, entry.period)


def _strike(entry: StrikeEntry) -> Strike:
    return Strike(entry.share, line_ids(entry.lines), entry.span, entry.period)


def _weather(entry: WeatherChangeEntry) -> WeatherChange:
    rain = Rain(entry.rain) if entry.rain else None
    return WeatherChange(Weather(entry.temperature_c, entry.humidity, rain), entry.span, entry.period)


def _control(entry: ControlChangeEntry) -> ControlChange:
    return ControlChange(HeadwayControl(entry.how), entry.span, entry.period)


def _extra_buses(entry: ExtraBusesEntry) -> ExtraBuses:
    return ExtraBuses(LineId(entry.line), entry.count, entry.capacity)
