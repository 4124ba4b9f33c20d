"""Scenarios of every kind on any network, for property tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from simulator.network import Line, Network
from simulator.scenario.demand import DemandChange, Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.extra_buses import ExtraBuses
from simulator.scenario.headway_control import HeadwayControl
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import Span
from simulator.scenario.weather_changes import Rain, Weather
from simulator.types import StopId

DAY_S = 86_400
T = TypeVar("T")


@st.composite
def spans(draw: st.DrawFn, line: Line) -> Span:
    """Some of a line's service day."""
    start = line.day_start_s + draw(st.integers(0, 20 * 3600))
    return Span(start, start + draw(st.integers(60, 8 * 3600)))


@st.composite
def sections(draw: st.DrawFn, line: Line) -> tuple[StopId, StopId]:
    """Two stops of a line's main pattern, neither of them its end where there are enough."""
    stops = [stop.stop_id for stop in line.patterns[0].stops]
    inner = stops[1:-1] if len(stops) > 3 else stops[:2]
    low = draw(st.integers(0, len(inner) - 2))
    high = draw(st.integers(low + 1, len(inner) - 1))
    return inner[low], inner[high]


def turns_back(line: Line, section: tuple[StopId, StopId]) -> bool:
    """Whether the line has both stops in both directions, so that buses can turn."""
    both = [set(section) <= {s.stop_id for s in p.stops} for p in line.patterns]
    return len(line.patterns) == 2 and all(both)


@st.composite
def closures(draw: st.DrawFn, line: Line) -> Closure:
    """A closed road of a line."""
    section = draw(sections(line))
    detours = st.integers(30, 1800)
    how = st.none() | detours if turns_back(line, section) else detours
    return Closure(line.line_id, *section, draw(spans(line)), draw(how))


@st.composite
def scenarios(draw: st.DrawFn, network: Network, day: date) -> Scenario:
    """A scenario of a day and perhaps the next, with something of everything."""
    line = draw(st.sampled_from(network.lines))
    stops = [stop.stop_id for stop in line.patterns[0].stops]
    ends = {
        stop.stop_id for other in network.lines for p in other.patterns for stop in (p.stops[0], p.stops[-1])
    }
    inner = [stop_id for stop_id in stops if stop_id not in ends]
    breakdowns = st.builds(
        Breakdown,
        st.sampled_from([bus.bus_id for bus in line.buses]),
        st.integers(line.day_start_s, line.day_start_s + 20 * 3600),
        st.integers(60, 12 * 3600),
        st.none() | st.sampled_from(stops),
    )
    zone = (line.line_id, *draw(sections(line)))
    slow_zones = st.builds(SlowZone, *map(st.just, zone), spans(line), st.floats(0.1, 1))
    rain = st.none() | st.sampled_from(Rain)
    return Scenario(
        "any",
        day,
        day + timedelta(days=draw(st.integers(0, 1))),
        demand=draw(up_to(2, st.builds(DemandChange, st.floats(0, 4), span=spans(line)))),
        weather=draw(st.builds(Weather, st.floats(-20, 20), st.floats(-60, 60), rain)),
        control=draw(st.sampled_from(HeadwayControl)),
        surges=draw(up_to(1, st.builds(Surge, st.sampled_from(stops), st.floats(0, 60), spans(line)))),
        breakdowns=draw(up_to(3, breakdowns, unique_by=lambda b: b.bus_id)),
        closures=draw(up_to(1, closures(line))),
        slow_zones=draw(up_to(1, slow_zones)),
        closed_stops=draw(up_to(1, st.builds(ClosedStop, st.sampled_from(inner), spans(line))))
        if inner
        else (),
        strikes=draw(up_to(1, st.builds(Strike, st.floats(0, 1)))),
        extra_buses=draw(
            up_to(1, st.builds(ExtraBuses, st.just(line.line_id), st.integers(1, 3), st.just(60)))
        ),
    )


def up_to(
    most: int, values: st.SearchStrategy[T], *, unique_by: Callable[[T], object] | None = None
) -> st.SearchStrategy[tuple[T, ...]]:
    """Tuples of at most so many values."""
    return st.lists(values, max_size=most, unique_by=unique_by).map(tuple)
