"""A scenario's changes as sentences, for people and agents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from simulator.network import Network
from simulator.scenario.demand import DemandChange, Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.headway_control import ControlChange, HeadwayControl
from simulator.scenario.scenario import Scenario
from simulator.scenario.weather_changes import Rain, Weather, WeatherChange
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.types import to_datetime

Timed: TypeAlias = (
    DemandChange
    | Surge
    | Closure
    | SlowZone
    | ClosedStop
    | Strike
    | WeatherChange
    | ControlChange
    | WireFault
)
"""What applies in a part of the day, or between two instants."""

RAINS = {
    Rain.LIGHT: "Light rain: slower buses, fewer people.",
    Rain.MODERATE: "Moderate rain: slower buses, fewer people.",
    Rain.HEAVY: "Heavy rain: slower buses, fewer people.",
}
CONTROLS = {
    HeadwayControl.NONE: "No headway control: buses leave terminals as soon as they are ready.",
    HeadwayControl.HEADWAY: "Holding: a bus too close to the one ahead waits at stops.",
}
FAULTS = {
    FaultKind.STUCK: "{share} of {buses} keep their first position",
    FaultKind.DELAYED: "{share} of the positions of {buses} arrive {delay} late",
    FaultKind.DROPPED: "{share} of the positions of {buses} never arrive",
    FaultKind.OUT_OF_ORDER: "{share} of the positions of {buses} arrive after the next one",
    FaultKind.MALFORMED: "{share} of the messages about {buses} are cut off",
}


def changes(scenario: Scenario, network: Network) -> list[str]:
    """Return a sentence for each difference from ordinary days."""
    parts: tuple[Callable[[Scenario, Network], Iterator[str]], ...] = (_air, _people, _road, _fleet, _wire)
    return [sentence for part in parts for sentence in part(scenario, network)]


def _air(scenario: Scenario, _: Network) -> Iterator[str]:
    yield from _weather(scenario.weather)
    for change in scenario.weather_changes:
        yield from (f"{said.removesuffix('.')}{_during(change)}." for said in _weather(change.weather))
    if scenario.control in CONTROLS:
        yield CONTROLS[scenario.control]
    for control in scenario.control_changes:
        yield f"Headway control is {control.control}{_during(control)}."


def _weather(weather: Weather) -> Iterator[str]:
    if weather.rain is not None:
        yield RAINS[weather.rain]
    if weather.temperature_c:
        warmer = "warmer" if weather.temperature_c > 0 else "colder"
        yield f"It is {abs(weather.temperature_c):g} °C {warmer}."
    if weather.humidity:
        wetter = "higher" if weather.humidity > 0 else "lower"
        yield f"Relative humidity is {abs(weather.humidity):g} points {wetter}."


def _people(scenario: Scenario, network: Network) -> Iterator[str]:
    for change in scenario.demand:
        at = f" at {', '.join(_stop(network, stop) for stop in change.stops)}" if change.stops else ""
        who = f"people come{at} for {_lines(change.lines)}"
        yield f"{change.factor:g} times as many {who}{_during(change)}."
    for surge in scenario.surges:
        who = f" for {_lines(surge.lines)}" if surge.lines else ""
        more = f"{surge.people_per_min:g} more people a minute come"
        yield f"{more} to {_stop(network, surge.stop_id)}{who}{_during(surge)}."


def _road(scenario: Scenario, network: Network) -> Iterator[str]:
    for breakdown in scenario.breakdowns:
        where = "" if breakdown.stop_id is None else f" at {_stop(network, breakdown.stop_id)}"
        line = network.line_of_bus.get(breakdown.bus_id)
        whose = "" if line is None else f" of {line.line_id}"
        yield (
            f"{breakdown.bus_id}{whose} breaks down{where} after {_breaks(breakdown)}; "
            f"repairs take {_minutes(breakdown.repair_s)}."
        )
    for closure in scenario.closures:
        way = "turn" if closure.detour_s is None else f"take {_minutes(closure.detour_s)} longer"
        between = f"{_stop(network, closure.from_stop)} and {_stop(network, closure.to_stop)}"
        yield f"{closure.line_id}: the road between {between} is closed{_during(closure)}; buses {way}."
    for zone in scenario.slow_zones:
        between = f"{_stop(network, zone.from_stop)} and {_stop(network, zone.to_stop)}"
        speed = f"{100 * zone.speed_factor:g} % of their speed"
        yield f"{zone.line_id}: between {between} buses have {speed}{_during(zone)}."
    for closed in scenario.closed_stops:
        yield f"No bus stops at {_stop(network, closed.stop_id)}{_during(closed)}."


def _breaks(breakdown: Breakdown) -> str:
    start = None if breakdown.period is None else breakdown.period.start
    return _clock(breakdown.time_s) if start is None else _instant(start)


def _fleet(scenario: Scenario, _: Network) -> Iterator[str]:
    for strike in scenario.strikes:
        yield f"{100 * strike.share:g} % of the buses of {_lines(strike.lines)} don't run{_during(strike)}."
    for extra in scenario.extra_buses:
        yield f"{extra.line_id} has {extra.count} more buses for {extra.capacity} people each."


def _wire(scenario: Scenario, _: Network) -> Iterator[str]:
    for fault in scenario.wire_faults:
        said = FAULTS[fault.kind].format(
            share=f"{100 * fault.share:g} %",
            buses=", ".join(fault.buses) or "all buses",
            delay=f"{fault.delay_s} s",
        )
        yield f"In live messages {said}{_during(fault)}; stored data are correct."


def _stop(network: Network, stop_id: str) -> str:
    return f"{network.stop[stop_id].name} ({stop_id})"


def _lines(lines: tuple[str, ...]) -> str:
    return ", ".join(lines) or "all lines"


def _during(entry: Timed) -> str:
    """The hours of an entry, or the instants between which it applies; empty for a whole day."""
    if entry.period is not None:
        bounds = {"from": entry.period.start, "to": entry.period.end}
        return "".join(
            f" {name} {_instant(instant)}" for name, instant in bounds.items() if instant is not None
        )
    start = f" from {_clock(entry.span.start_s)}" if entry.span.start_s else ""
    return start + (f" to {_clock(entry.span.end_s)}" if entry.span.end_s < 2 * 86_400 else "")


def _instant(instant: int) -> str:
    return f"{to_datetime(instant):%Y-%m-%d %H:%M:%S} UTC"


def _clock(second: int) -> str:
    hour, minute = divmod(second // 60, 60)
    return f"{hour % 24:02d}:{minute:02d}"


def _minutes(seconds: int) -> str:
    return f"{seconds / 60:g} min"
