"""Strategies for valid scenarios of the shipped network, and their files' contents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from simulator.network import Line, Network
from simulator.network_files.loader import load_network
from simulator.network_files.timetable import clock
from simulator.scenario.demand import DemandChange, Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.extra_buses import ExtraBuses
from simulator.scenario.headway_control import HeadwayControl
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import WHOLE_DAY, Span
from simulator.scenario.weather_changes import Rain, Weather
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.types import BusId, StopId

HOUR = 3600


@cache
def city() -> Network:
    return load_network(Path(__file__).parents[2] / "data" / "lines.yaml")


NOON_S = 12 * HOUR
shares = st.floats(0, 1)
seconds = st.integers(0, 47 * 60).map(lambda minute: 60 * minute)
spans = st.one_of(
    st.just(WHOLE_DAY),
    st.builds(Span, seconds.filter(lambda s: s < NOON_S), seconds.filter(lambda s: s > NOON_S)),
)
"""All day, or a part of it in which every day line has service."""


names = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
weathers = st.builds(Weather, st.floats(-20, 20), st.floats(-60, 60), st.sampled_from([None, *Rain]))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """A scenario whose disruptions are on separate lines, stops and buses, so that none conflict."""
    lines = draw(st.permutations([line for line in city().lines if not line.night]))
    line_ids = tuple(line.line_id for line in lines)
    buses = tuple(draw(st.permutations([bus.bus_id for line in lines for bus in line.buses])))
    stretches = [(line.line_id, *draw(ends(line))) for line in lines[:6]]
    stops = draw(st.permutations(quiet_stops({stop for _, *pair in stretches for stop in pair})))
    day = draw(st.dates(date(1970, 1, 1), date(2199, 12, 31)))

    def few(most: int) -> range:
        return range(draw(st.integers(0, most)))

    return Scenario(
        name=draw(names),
        first_day=day,
        last_day=day,
        description=" ".join(draw(st.lists(st.text("abc:#-'\"é{}", min_size=1, max_size=9), max_size=4))),
        seed=draw(st.integers(0, 10**18 - 1)),
        start=datetime(day.year, day.month, day.day, 10, draw(st.integers(0, 59)), tzinfo=UTC),
        rate=draw(st.one_of(st.just(math.inf), st.floats(0, 1_000_000, exclude_min=True))),
        demand=tuple(
            DemandChange(draw(st.floats(0, 20)), line_ids[:i], (stops[0],) if i == 0 else (), draw(spans))
            for i in few(3)
        ),
        weather=draw(weathers),
        control=draw(st.sampled_from(HeadwayControl)),
        surges=tuple(Surge(stops[1 + i], draw(st.floats(0, 200)), part(draw)) for i in few(3)),
        breakdowns=tuple(
            Breakdown(buses[i], 60 * draw(st.integers(480, 1320)), 60 * draw(st.integers(1, 720)))
            for i in few(4)
        ),
        closures=tuple(Closure(*stretches[i], draw(spans), draw(detours)) for i in few(3)),
        slow_zones=tuple(SlowZone(*stretches[3 + i], draw(spans), draw(st.floats(0.1, 1))) for i in few(3)),
        closed_stops=tuple(ClosedStop(stops[5 + i], draw(spans)) for i in few(3)),
        strikes=tuple(Strike(draw(st.floats(0, 0.99)), line_ids[2 * i : 2 * i + 2]) for i in few(3)),
        extra_buses=tuple(
            ExtraBuses(line_ids[i], draw(st.integers(1, 50)), draw(st.integers(1, 90))) for i in few(3)
        ),
        wire_faults=tuple(draw(wire_fault(buses[:i])) for i in few(4)),
    )


detours = st.one_of(st.none(), st.integers(1, 120).map(lambda half_minutes: 30 * half_minutes))


def part(draw: st.DrawFn) -> Span:
    """A span shorter than the day."""
    return draw(spans.filter(lambda span: span != WHOLE_DAY))


@st.composite
def ends(draw: st.DrawFn, line: Line) -> tuple[StopId, StopId]:
    """Two stops between a line's terminals."""
    one, other, *_ = draw(st.permutations([stop.stop_id for stop in line.patterns[0].stops[1:-1]]))
    return one, other


def quiet_stops(used: Set[str]) -> list[StopId]:
    """The stops of day lines at which no trip begins or ends."""
    night_only = {stop for stop, lines in city().lines_of_stop.items() if set(lines) <= {"L11", "L12"}}
    terminals = {pattern.stops[0].stop_id for line in city().lines for pattern in line.patterns}
    return [s.stop_id for s in city().stops if s.stop_id not in terminals | used | night_only]


@st.composite
def wire_fault(draw: st.DrawFn, buses: tuple[BusId, ...]) -> WireFault:
    kind = draw(st.sampled_from(FaultKind))
    delay_s = draw(st.integers(1, 3600)) if kind is FaultKind.DELAYED else 0
    return WireFault(kind, draw(shares), buses, draw(spans), delay_s)


def as_plain(scenario: Scenario) -> dict[str, Any]:
    """A scenario as the data of its file."""
    weather = {"temperature_c": scenario.weather.temperature_c, "humidity": scenario.weather.humidity}
    rain = {"rain": str(scenario.weather.rain)} if scenario.weather.rain else {}
    speed = "max" if scenario.rate == math.inf else scenario.rate
    assert scenario.start is not None
    return {
        "name": scenario.name,
        "description": scenario.description,
        "dates": str(scenario.first_day),
        "seed": scenario.seed,
        "clock": {"start": scenario.start.isoformat(), "speed": speed},
        "weather": weather | rain,
        "control": str(scenario.control),
        "demand": [
            {"factor": d.factor} | named("lines", d.lines) | named("stops", d.stops) | spoken(d.span)
            for d in scenario.demand
        ],
        "disruptions": list(disruptions(scenario)),
        "wire": [
            {
                f.kind.replace("-", "_"): {"share": f.share}
                | named("buses", f.buses)
                | late(f)
                | spoken(f.span)
            }
            for f in scenario.wire_faults
        ],
    }


def disruptions(scenario: Scenario) -> Iterator[dict[str, dict[str, Any]]]:
    for b in scenario.breakdowns:
        yield {"breakdown": {"bus": b.bus_id, "at": clock(b.time_s), "repair_min": b.repair_s / 60}}
    for c in scenario.closures:
        way = {"short_turn": True} if c.detour_s is None else {"detour_min": c.detour_s / 60}
        yield {"closure": {"line": c.line_id, "between": [c.from_stop, c.to_stop]} | way | spoken(c.span)}
    for z in scenario.slow_zones:
        place = {"line": z.line_id, "between": [z.from_stop, z.to_stop]}
        yield {"slow_zone": place | {"speed_factor": z.speed_factor} | spoken(z.span)}
    for stop in scenario.closed_stops:
        yield {"closed_stop": {"stop": stop.stop_id} | spoken(stop.span)}
    for s in scenario.surges:
        yield {"surge": {"stop": s.stop_id, "people_per_min": s.people_per_min} | spoken(s.span)}
    for strike in scenario.strikes:
        yield {"strike": {"share": strike.share} | named("lines", strike.lines)}
    for e in scenario.extra_buses:
        yield {"extra_buses": {"line": e.line_id, "count": e.count, "capacity": e.capacity}}


def named(field: str, ids: tuple[str, ...]) -> dict[str, list[str]]:
    return {field: list(ids)} if ids else {}


def spoken(span: Span) -> dict[str, str]:
    return {} if span == WHOLE_DAY else {"from": clock(span.start_s), "to": clock(span.end_s)}


def late(fault: WireFault) -> dict[str, int]:
    return {"delay_s": fault.delay_s} if fault.delay_s else {}
