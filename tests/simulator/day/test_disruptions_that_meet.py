"""Every two kinds of disruption on one line at one time: what each promises holds beside the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from simulator.day.line_day import line_day
from simulator.day.trajectory import Trajectory
from simulator.network import Service
from simulator.scenario.demand import Surge
from simulator.scenario.disruptions import Breakdown, ClosedStop, Closure, SlowZone, Strike
from simulator.scenario.headway_control import ControlChange, HeadwayControl
from simulator.scenario.line_changes import NO_CHANGES, LineChanges
from simulator.scenario.spans import Span
from simulator.scenario.weather_changes import Rain, Weather, WeatherChange
from simulator.service_day import origin_ms
from simulator.types import DayType, StopId
from tests.examples import examples
from tests.networks import line, street

DAY = date(2026, 11, 18)
HOURS = Service(7 * 3600, 13 * 3600)
LINE = line("L1", street(12), buses=6, capacity=30, rate=0.5, services=dict.fromkeys(DayType, HOURS))
STOPS = [stop.stop_id for stop in LINE.patterns[0].stops]
BRAKING_S = 60
"""A bus that brakes for a stop when a disruption begins still stops there."""
LONGEST_WAY_S = 1200
"""A bus that is on a stretch when it is closed has left it after so long."""


def disruption(kind: str, span: Span, low: int) -> LineChanges:
    """A disruption of a kind around the stop at position `low`, in a span of the day."""
    here, other, end = STOPS[low], STOPS[low + 1], STOPS[low + 3]
    match kind:
        case "breakdown":
            times = range(span.start_s, span.end_s, 1200)
            broken = (
                Breakdown(b.bus_id, t, 1500, StopId(other)) for b, t in zip(LINE.buses, times, strict=False)
            )
            return dataclasses.replace(NO_CHANGES, breakdowns=tuple(broken))
        case "any breakdown":
            broken = (Breakdown(bus.bus_id, span.start_s + 60 * i, 900) for i, bus in enumerate(LINE.buses))
            return dataclasses.replace(NO_CHANGES, breakdowns=tuple(broken))
        case "detour":
            return dataclasses.replace(NO_CHANGES, closures=(Closure(LINE.line_id, here, end, span, 240),))
        case "short turn":
            return dataclasses.replace(NO_CHANGES, closures=(Closure(LINE.line_id, here, end, span),))
        case "slow zone":
            return dataclasses.replace(NO_CHANGES, slow_zones=(SlowZone(LINE.line_id, here, end, span, 0.3),))
        case "closed stop":
            return dataclasses.replace(NO_CHANGES, closed_stops=(ClosedStop(other, span),))
        case "surge":
            return dataclasses.replace(NO_CHANGES, surges=(Surge(other, 4.0, span),))
        case "strike":
            return dataclasses.replace(NO_CHANGES, strikes=(Strike(0.5, (), span),))
        case "rain":
            shower = WeatherChange(Weather(rain=Rain.HEAVY), span)
            return dataclasses.replace(NO_CHANGES, weather_changes=(shower,))
    change = ControlChange(HeadwayControl(kind), span)
    return dataclasses.replace(NO_CHANGES, control_changes=(change,))


KINDS = (
    *("breakdown", "any breakdown", "detour", "short turn", "slow zone", "closed stop", "surge", "strike"),
    *("rain", "headway", "none"),
)
REFUSED = {("closed stop", "closed stop"), ("detour", "short turn"), ("short turn", "slow zone")}
"""Pairs that scenario files refuse where they overlap."""
PAIRS = [pair for pair in combinations_with_replacement(KINDS, 2) if pair not in REFUSED]


def joined(one: LineChanges, other: LineChanges) -> LineChanges:
    """Both disruptions. Of two of one kind on the same section or bus, or of all buses, the first counts."""
    result = one
    for field in dataclasses.fields(LineChanges):
        if not getattr(one, field.name):
            result = dataclasses.replace(result, **{field.name: getattr(other, field.name)})
    return result


def closed_stops(changes: LineChanges) -> Iterator[tuple[str, Span]]:
    """The stops that no bus serves, and when."""
    for closed in changes.closed_stops:
        yield closed.stop_id, closed.span
    for closure in changes.closures:
        inside = STOPS[STOPS.index(closure.from_stop) + 1 : STOPS.index(closure.to_stop)]
        yield from ((stop_id, closure.span) for stop_id in inside)


def visits(day: Trajectory, stop_id: str, start_s: int, end_s: int) -> np.ndarray:
    """The visits at a stop, by the time at which the bus arrived or passed."""
    legs = day.legs
    second = (legs.opens - origin_ms(DAY)) / 1000
    here = (legs.sequence > 0) & (legs.stop == day.stops.index(StopId(stop_id)))
    return np.flatnonzero(here & (second >= start_s) & (second < end_s))


def check_promises(day: Trajectory, changes: LineChanges) -> None:
    for stop_id, span in closed_stops(changes):
        there = visits(day, stop_id, span.start_s + BRAKING_S, span.end_s)
        assert not day.legs.doors[there].any(), f"doors open at {stop_id}"
        assert not (day.legs.boarding[there] + day.legs.alighting[there]).any()
    for closure in changes.closures:
        if closure.detour_s is None:
            inside = STOPS[STOPS.index(closure.from_stop) + 1]
            span = closure.span
            assert not len(visits(day, inside, span.start_s + LONGEST_WAY_S, span.end_s)), (
                "bus on closed road"
            )
    check_consistent(day)
    assert_strikes(day, changes)


def check_consistent(day: Trajectory) -> None:
    """Every bus's legs follow one another with a load that fits, and everybody aboard gets out."""
    legs = day.legs
    assert np.all(legs.begins < legs.leaves)
    for bus, capacity in enumerate(day.capacities):
        rows = np.flatnonzero(legs.bus == bus)
        assert (legs.begins[rows[0]], legs.leaves[rows[-1]]) == (day.starts, day.ends)
        assert np.array_equal(legs.begins[rows[1:]], legs.leaves[rows[:-1]])
        assert np.all((legs.load[rows] >= 0) & (legs.load[rows] <= capacity))
        after = legs.load[rows] + legs.boarding[rows] - legs.alighting[rows]
        assert np.array_equal(after[:-1], legs.load[rows[1:]])
        assert np.all(after[legs.left_behind[rows] > 0] == capacity)
        parked = legs.trip[rows] < 0
        assert not legs.load[rows][parked].any()
    on_trips = np.flatnonzero(legs.trip >= 0)
    change = (legs.boarding - legs.alighting)[on_trips].astype(np.float64)
    assert not np.bincount(legs.trip[on_trips], change).any()
    assert len(set(day.trips)) == len(day.trips)
    assert len(day.arrived.ms) == day.boarded.people.sum() + len(day.left.ms)
    assert np.all(legs.waiting >= legs.left_behind)


def assert_strikes(day: Trajectory, changes: LineChanges) -> None:
    """That the buses on strike depart no more, but for trips that they showed before."""
    for strike in changes.strikes:
        second = (day.legs.leaves - origin_ms(DAY)) / 1000
        late = (second > strike.span.start_s + 3600) & (second < strike.span.end_s) & (day.legs.sequence == 1)
        assert len(np.unique(day.legs.bus[late])) <= len(LINE.buses) // 2


def check_pair(pair: tuple[str, str], seed: int, lows: tuple[int, int], starts_s: tuple[int, int]) -> None:
    one, other = (
        disruption(kind, Span(start_s, start_s + 2 * 3600), low)
        for kind, low, start_s in zip(pair, lows, starts_s, strict=True)
    )
    changes = joined(one, other)
    check_promises(line_day(LINE, seed=seed, day=DAY, changes=changes), changes)


PLACES = {"breakdown", "any breakdown", "detour", "short turn", "closed stop"}
"""Kinds that decide where buses stop: pairs of these are tried in each run."""


@pytest.mark.parametrize(
    "pair",
    [pytest.param(pair, marks=() if set(pair) <= PLACES else pytest.mark.long) for pair in PAIRS],
    ids="-".join,
)
def test_two_disruptions_that_meet_are_consistent(pair: tuple[str, str]) -> None:
    check_pair(pair, 1, (4, 4), (8 * 3600, 9 * 3600))


@pytest.mark.long
@examples(100, suppress=list(HealthCheck))
@given(
    pair=st.sampled_from(PAIRS),
    seed=st.integers(0, 1000),
    low=st.integers(1, 6),
    start_s=st.integers(6 * 3600, 13 * 3600),
    later_s=st.integers(-5400, 5400),
)
def test_any_two_disruptions_that_meet_are_consistent(
    pair: tuple[str, str], seed: int, low: int, start_s: int, later_s: int
) -> None:
    check_pair(pair, seed, (low, low), (start_s, max(start_s + later_s, 4 * 3600)))


def test_a_bus_breaks_down_behind_the_closed_road_not_on_it() -> None:
    span = Span(8 * 3600, 12 * 3600)
    closure = Closure(LINE.line_id, STOPS[4], STOPS[7], span, 240)
    bus = LINE.buses[0].bus_id
    changes = dataclasses.replace(
        NO_CHANGES, closures=(closure,), breakdowns=(Breakdown(bus, 9 * 3600, 1800),)
    )
    day = line_day(LINE, seed=1, day=DAY, changes=changes)
    halted = np.flatnonzero((day.legs.trip < 0) & (day.legs.sequence == 0) & (day.legs.bus == 0))[0]
    assert day.stops[day.legs.stop[halted - 1]] not in STOPS[5:7]
