"""What passengers are told of a scenario's disruptions: when, where, and in Spanish and English."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from google.transit.gtfs_realtime_pb2 import Alert

from simulator.network import DAY_S, Line, Network
from simulator.scenario.disruptions import Breakdown, Closure
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import WHOLE_DAY, Span
from simulator.scenario.spans import Period as OncePeriod
from simulator.scenario.weather_changes import Rain
from simulator.service_day import origin_ms
from simulator.types import SECOND_MS, StopId

NO_STOPS: tuple[str, ...] = ()


class Words(NamedTuple):
    """A text in both languages."""

    spanish: str
    english: str


@dataclass(frozen=True, slots=True)
class Period:
    """From `start_s` until before `end_s`, in seconds since the epoch; None: for ever."""

    start_s: int
    end_s: int | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One disruption. `line_ids` and `stop_ids` are what it concerns; with both, the stops of these lines."""

    name: str
    cause: Alert.Cause
    effect: Alert.Effect
    header: Words
    text: Words
    periods: tuple[Period, ...]
    line_ids: tuple[str, ...] = NO_STOPS
    stop_ids: tuple[str, ...] = NO_STOPS


def notices(scenario: Scenario, network: Network) -> Iterator[Notice]:
    """The notices of a scenario, in the order of its disruptions."""
    yield from _closures(scenario, network)
    yield from _closed_stops(scenario, network)
    yield from _slow_zones(scenario, network)
    yield from _strikes(scenario, network)
    yield from _breakdowns(scenario, network)
    yield from _crowds(scenario, network)
    yield from _extra_buses(scenario, network)
    yield from _rain(scenario, network)


def _closures(scenario: Scenario, network: Network) -> Iterator[Notice]:
    for number, closure in enumerate(scenario.closures, 1):
        line = network.line[closure.line_id]
        first, last = (network.stop[stop].name for stop in (closure.from_stop, closure.to_stop))
        detours = closure.detour_s is not None
        way = Words(
            "Los autobuses se desvían." if detours else "Los autobuses dan la vuelta antes del corte.",
            "Buses take a detour." if detours else "Buses turn before the closed road.",
        )
        yield Notice(
            f"closure-{number}",
            Alert.OTHER_CAUSE,
            Alert.DETOUR if detours else Alert.MODIFIED_SERVICE,
            Words(f"Línea {line.name}: calle cortada", f"Line {line.name}: road closed"),
            Words(
                f"Calle cortada entre {first} y {last}. {way.spanish} "
                "No hay servicio en las paradas intermedias.",
                f"The road between {first} and {last} is closed. {way.english} Stops between aren't served.",
            ),
            _periods(scenario, closure.span, line.timezone, once=closure.period),
            (line.line_id,),
            tuple(sorted(stops_between(line, closure))),
        )


def stops_between(line: Line, closure: Closure) -> set[StopId]:
    """The stops strictly between the two ends of a closure, in any pattern that serves both."""
    found: set[StopId] = set()
    for pattern in line.patterns:
        ids = [stop.stop_id for stop in pattern.stops]
        if closure.from_stop in ids and closure.to_stop in ids:
            first, last = sorted((ids.index(closure.from_stop), ids.index(closure.to_stop)))
            found.update(ids[first + 1 : last])
    return found


def _closed_stops(scenario: Scenario, network: Network) -> Iterator[Notice]:
    for number, closed in enumerate(scenario.closed_stops, 1):
        name = network.stop[closed.stop_id].name
        yield Notice(
            f"closed-stop-{number}",
            Alert.OTHER_CAUSE,
            Alert.NO_SERVICE,
            Words(f"Parada {name} sin servicio", f"Stop {name} isn't served"),
            Words(
                f"Ningún autobús para en {name}. Utilice la parada siguiente.",
                f"No bus stops at {name}. Please use the next stop.",
            ),
            _periods(scenario, closed.span, once=closed.period),
            stop_ids=(closed.stop_id,),
        )


def _slow_zones(scenario: Scenario, network: Network) -> Iterator[Notice]:
    for number, zone in enumerate(scenario.slow_zones, 1):
        line = network.line[zone.line_id]
        first, last = (network.stop[stop].name for stop in (zone.from_stop, zone.to_stop))
        yield Notice(
            f"slow-zone-{number}",
            Alert.OTHER_CAUSE,
            Alert.SIGNIFICANT_DELAYS,
            Words(f"Línea {line.name}: retrasos", f"Line {line.name}: delays"),
            Words(
                f"Los autobuses circulan despacio entre {first} y {last}.",
                f"Buses are slow between {first} and {last}.",
            ),
            _periods(scenario, zone.span, line.timezone, once=zone.period),
            (line.line_id,),
        )


def _strikes(scenario: Scenario, network: Network) -> Iterator[Notice]:
    for number, strike in enumerate(scenario.strikes, 1):
        share = round(100 * strike.share)
        yield Notice(
            f"strike-{number}",
            Alert.STRIKE,
            Alert.REDUCED_SERVICE,
            Words("Huelga: servicio reducido", "Strike: reduced service"),
            Words(
                f"No circula un {share} % de los autobuses. Habrá esperas más largas.",
                f"{share} % of the buses don't run. Expect longer waits.",
            ),
            _periods(scenario, strike.span, once=strike.period),
            strike.lines or tuple(line.line_id for line in network.lines),
        )


def _breakdowns(scenario: Scenario, network: Network) -> Iterator[Notice]:
    for number, breakdown in enumerate(scenario.breakdowns, 1):
        line = network.line_of_bus.get(breakdown.bus_id)
        if line is None:
            continue
        span = Span(breakdown.time_s, breakdown.time_s + max(breakdown.repair_s, 60))
        yield Notice(
            f"breakdown-{number}",
            Alert.TECHNICAL_PROBLEM,
            Alert.SIGNIFICANT_DELAYS,
            Words(f"Línea {line.name}: autobús averiado", f"Line {line.name}: a bus has broken down"),
            Words(
                f"El autobús {breakdown.bus_id} está averiado. Habrá esperas más largas.",
                f"Bus {breakdown.bus_id} has broken down. Expect longer waits.",
            ),
            _periods(scenario, span, line.timezone, once=_broken(breakdown)),
            (line.line_id,),
        )


def _crowds(scenario: Scenario, network: Network) -> Iterator[Notice]:
    for number, surge in enumerate(scenario.surges, 1):
        name = network.stop[surge.stop_id].name
        yield Notice(
            f"surge-{number}",
            Alert.OTHER_CAUSE,
            Alert.OTHER_EFFECT,
            Words(f"Gran afluencia en {name}", f"Many people at {name}"),
            Words(
                f"Espera mucha gente en {name}. Los autobuses pueden ir llenos.",
                f"Many people wait at {name}. Buses may be full.",
            ),
            _periods(scenario, surge.span, once=surge.period),
            stop_ids=(surge.stop_id,),
        )


def _extra_buses(scenario: Scenario, network: Network) -> Iterator[Notice]:
    for number, extra in enumerate(scenario.extra_buses, 1):
        line = network.line[extra.line_id]
        yield Notice(
            f"extra-buses-{number}",
            Alert.OTHER_CAUSE,
            Alert.ADDITIONAL_SERVICE,
            Words(f"Línea {line.name}: refuerzo", f"Line {line.name}: extra buses"),
            Words(f"Circulan más autobuses: {extra.count}.", f"More buses run: {extra.count}."),
            _periods(scenario, WHOLE_DAY, line.timezone),
            (line.line_id,),
        )


RAIN = {
    Rain.LIGHT: Words("lluvia débil", "light rain"),
    Rain.MODERATE: Words("lluvia moderada", "moderate rain"),
    Rain.HEAVY: Words("lluvia fuerte", "heavy rain"),
}


def _rain(scenario: Scenario, network: Network) -> Iterator[Notice]:
    if scenario.weather.rain is not None:
        yield _rain_notice("rain", scenario.weather.rain, network, _periods(scenario, WHOLE_DAY))
    for number, change in enumerate(scenario.weather_changes, 1):
        if change.weather.rain is not None:
            periods = _periods(scenario, change.span, once=change.period)
            yield _rain_notice(f"rain-{number}", change.weather.rain, network, periods)


def _rain_notice(name: str, rain: Rain, network: Network, periods: tuple[Period, ...]) -> Notice:
    words = RAIN[rain]
    return Notice(
        name,
        Alert.WEATHER,
        Alert.SIGNIFICANT_DELAYS,
        Words(f"Retrasos por {words.spanish}", f"Delays in {words.english}"),
        Words("Los autobuses circulan más despacio.", "Buses are slower than usual."),
        periods,
        tuple(line.line_id for line in network.lines),
    )


def _broken(breakdown: Breakdown) -> OncePeriod | None:
    """When a bus is broken down that breaks down at an instant."""
    period = breakdown.period
    if period is None or period.start is None:
        return None
    repaired = period.start + max(breakdown.repair_s, 60) * SECOND_MS
    return OncePeriod(period.start, repaired if period.end is None else min(repaired, period.end))


def _periods(
    scenario: Scenario, span: Span, timezone: str | None = None, *, once: OncePeriod | None = None
) -> tuple[Period, ...]:
    """The periods of a span on each of the scenario's dates; one for all of them if it is whole days.

    A disruption between two instants applies `once` instead.
    """
    if once is not None:
        return (Period((once.start or 0) // SECOND_MS, None if once.end is None else once.end // SECOND_MS),)
    days = (scenario.last_day - scenario.first_day).days + 1
    origins = [
        (origin_ms(day) if timezone is None else origin_ms(day, timezone)) // SECOND_MS
        for day in (scenario.first_day + timedelta(days=number) for number in range(days))
    ]
    if span == WHOLE_DAY:
        return (Period(origins[0], origins[-1] + DAY_S),)
    return tuple(Period(origin + span.start_s, origin + span.end_s) for origin in origins)
