"""A scenario's changes as sentences, for people and agents."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simulator.network import Network
from simulator.scenario import FaultKind, HeadwayControl, Rain, Scenario, Span

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
    weather = scenario.weather
    if weather.rain is not None:
        yield RAINS[weather.rain]
    if weather.temperature_c:
        warmer = "warmer" if weather.temperature_c > 0 else "colder"
        yield f"It is {abs(weather.temperature_c):g} °C {warmer}."
    if weather.humidity:
        wetter = "higher" if weather.humidity > 0 else "lower"
        yield f"Relative humidity is {abs(weather.humidity):g} points {wetter}."
    if scenario.control in CONTROLS:
        yield CONTROLS[scenario.control]


def _people(scenario: Scenario, network: Network) -> Iterator[str]:
    for change in scenario.demand:
        at = f" at {', '.join(_stop(network, stop) for stop in change.stops)}" if change.stops else ""
        who = f"people come{at} for {_lines(change.lines)}"
        yield f"{change.factor:g} times as many {who}{_during(change.span)}."
    for surge in scenario.surges:
        who = f" for {_lines(surge.lines)}" if surge.lines else ""
        more = f"{surge.people_per_min:g} more people a minute come"
        yield f"{more} to {_stop(network, surge.stop_id)}{who}{_during(surge.span)}."


def _road(scenario: Scenario, network: Network) -> Iterator[str]:
    for breakdown in scenario.breakdowns:
        where = "" if breakdown.stop_id is None else f" at {_stop(network, breakdown.stop_id)}"
        line = network.line_of_bus.get(breakdown.bus_id)
        whose = "" if line is None else f" of {line.line_id}"
        yield (
            f"{breakdown.bus_id}{whose} breaks down{where} after {_clock(breakdown.time_s)}; "
            f"repairs take {_minutes(breakdown.repair_s)}."
        )
    for closure in scenario.closures:
        way = "turn" if closure.detour_s is None else f"take {_minutes(closure.detour_s)} longer"
        between = f"{_stop(network, closure.from_stop)} and {_stop(network, closure.to_stop)}"
        yield f"{closure.line_id}: the road between {between} is closed{_during(closure.span)}; buses {way}."
    for zone in scenario.slow_zones:
        between = f"{_stop(network, zone.from_stop)} and {_stop(network, zone.to_stop)}"
        speed = f"{100 * zone.speed_factor:g} % of their speed"
        yield f"{zone.line_id}: between {between} buses have {speed}{_during(zone.span)}."
    for closed in scenario.closed_stops:
        yield f"No bus stops at {_stop(network, closed.stop_id)}{_during(closed.span)}."


def _fleet(scenario: Scenario, _: Network) -> Iterator[str]:
    for strike in scenario.strikes:
        yield f"{100 * strike.share:g} % of the buses of {_lines(strike.lines)} don't run."
    for extra in scenario.extra_buses:
        yield f"{extra.line_id} has {extra.count} more buses for {extra.capacity} people each."


def _wire(scenario: Scenario, _: Network) -> Iterator[str]:
    for fault in scenario.wire_faults:
        said = FAULTS[fault.kind].format(
            share=f"{100 * fault.share:g} %",
            buses=", ".join(fault.buses) or "all buses",
            delay=f"{fault.delay_s} s",
        )
        yield f"In live messages {said}{_during(fault.span)}; stored data are correct."


def _stop(network: Network, stop_id: str) -> str:
    return f"{network.stop[stop_id].name} ({stop_id})"


def _lines(lines: tuple[str, ...]) -> str:
    return ", ".join(lines) or "all lines"


def _during(span: Span) -> str:
    """The hours of a span, empty for a whole day."""
    start = f" from {_clock(span.start_s)}" if span.start_s else ""
    return start + (f" to {_clock(span.end_s)}" if span.end_s < 2 * 86_400 else "")


def _clock(second: int) -> str:
    hour, minute = divmod(second // 60, 60)
    return f"{hour % 24:02d}:{minute:02d}"


def _minutes(seconds: int) -> str:
    return f"{seconds / 60:g} min"
