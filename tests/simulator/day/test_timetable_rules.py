"""Trips with a timetable of their own: running times, timepoints, blocks, and rules about boarding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from simulator.day import travel
from simulator.day.line_day import line_day
from simulator.day.trajectory import Trajectory
from simulator.network import Departure, Hold, Line, Pattern, Service, Timing
from simulator.service_day import origin_ms
from simulator.types import DayType
from tests.examples import examples
from tests.networks import line, network, pattern, street
from tests.test_invariants import assert_clean, audited, violations

DAY = date(2026, 3, 3)
FIRST_S = 7 * 3600
PLACES = street(6, step=0.008)  # stops some 680 m apart


def ruled(made: Pattern, no_boarding: Collection[int] = (), no_alighting: Collection[int] = ()) -> Pattern:
    """A pattern where trips let nobody in or out at some positions."""
    stops = (
        replace(stop, boarding=i not in no_boarding, alighting=i not in no_alighting)
        for i, stop in enumerate(made.stops)
    )
    return replace(made, stops=tuple(stops))


def timed(patterns: Sequence[Pattern], departures: Sequence[Departure], *, buses: int = 6) -> Line:
    return line(
        "L1",
        PLACES,
        buses=buses,
        rate=0.8,
        patterns=patterns,
        services=dict.fromkeys(
            DayType, Service(departures[0].time_s, departures[-1].time_s, (), tuple(departures))
        ),
    )


def every(headway_s: int, *patterns: Pattern, timing: int | None = None, count: int = 30) -> list[Departure]:
    times = [FIRST_S + headway_s * number for number in range(count)]
    return [Departure(at, each.pattern_id, timing) for at in times for each in patterns]


def both_ways(timings: Sequence[Timing] = ()) -> list[Pattern]:
    there = pattern("L1-0", 0, PLACES)
    back = pattern("L1-1", 1, PLACES[::-1])
    return [replace(each, timings=tuple(timings)) for each in (there, back)]


def visits(day: Trajectory, position: int, direction: int = 0) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The legs that end at a position of a direction's pattern."""
    legs = day.legs
    return np.flatnonzero((legs.sequence == position + 1) & (legs.direction == direction))


def test_a_bus_does_not_leave_a_timepoint_early() -> None:
    timing = Timing((150, 150, 150, 150, 150), (Hold(2, 1200),))
    patterns = both_ways([timing])
    day = line_day(timed(patterns, every(900, *patterns, timing=0)), seed=1, day=DAY)
    legs, origin = day.legs, origin_ms(DAY)
    at = visits(day, 2)
    due_s = np.sort([FIRST_S + 900 * number + 1200 for number in range(30)])
    left_s = np.sort((legs.leaves[at] - origin) / 1000)
    assert (left_s >= due_s).all()
    assert (left_s < due_s + 300).mean() > 0.9
    assert legs.doors[at].all()


def test_trips_take_the_time_of_their_own_timetable() -> None:
    fast, slow = Timing((120,) * 5), Timing((300,) * 5)
    patterns = both_ways([fast, slow])
    made = timed(patterns, every(900, *patterns, timing=0) + every(900, *patterns, timing=1), buses=20)
    day = line_day(made, seed=1, day=DAY)
    legs = day.legs
    arrives = {int(legs.trip[i]): int(legs.opens[i]) for i in visits(day, 5)}
    minutes = [(arrives[int(legs.trip[i])] - int(legs.leaves[i])) / 60_000 for i in visits(day, 0)]
    assert len(minutes) == 60
    assert 8 < np.median(sorted(minutes)[:30]) < 12
    assert 21 < np.median(sorted(minutes)[30:]) < 29


@given(
    runs=st.lists(st.integers(45, 900), min_size=5, max_size=5),
    held=st.dictionaries(st.integers(1, 4), st.integers(0, 900)),
)
def test_planned_trips_take_as_long_as_the_timetable_says(runs: list[int], held: dict[int, int]) -> None:
    there = pattern("L1-0", 0, PLACES)
    holds, at = [], 0
    for position, run in enumerate(runs, 1):
        at += run
        if position in held:
            at += held[position]
            holds.append(Hold(position, at))
    planned = travel.planned_hops(there.stops, Timing(tuple(runs), tuple(holds)))
    if min(runs) >= 75:  # 680 m at 40 km/h and more
        assert planned[-1].ends_s == pytest.approx(at, abs=1)
    assert planned[-1].ends_s >= at - 1
    for hold in holds:
        assert planned[hold.position - 1].ends_s >= hold.leaves_s


def test_nobody_boards_or_alights_where_it_is_forbidden() -> None:
    there, back = both_ways()
    patterns = [ruled(there, no_boarding={2, 3}, no_alighting={2, 4}), back]
    day = line_day(timed(patterns, every(600, *patterns)), seed=1, day=DAY)
    legs = day.legs
    by_place = {i: visits(day, i) for i in range(6)}
    assert not legs.doors[by_place[2]].any()
    assert legs.boarding[by_place[2]].sum() == legs.alighting[by_place[2]].sum() == 0
    assert legs.boarding[by_place[3]].sum() == legs.alighting[by_place[4]].sum() == 0
    assert legs.alighting[by_place[3]].sum() > 0
    assert legs.boarding[by_place[4]].sum() > 0
    assert legs.boarding.sum() == legs.alighting.sum()


def test_nobody_waits_where_nobody_may_board() -> None:
    patterns = [ruled(each, no_boarding={2, 3}, no_alighting={2, 3}) for each in both_ways()]
    day = line_day(timed(patterns, every(600, *patterns)), seed=1, day=DAY)
    closed = [day.stops.index(PLACES[i][0]) for i in (2, 3)]
    assert not np.isin(day.arrived.stop, closed).any()
    assert len(day.arrived.stop) > 100


@pytest.mark.integration
def test_an_early_bus_waits_with_shut_doors_at_a_pure_timepoint() -> None:
    timing = Timing((150, 150, 150, 150, 150), (Hold(2, 1200),))
    patterns = [ruled(each, {2}, {2}) for each in both_ways([timing])]
    made = timed(patterns, every(900, *patterns, timing=0))
    day = line_day(made, seed=1, day=DAY)
    legs, origin = day.legs, origin_ms(DAY)
    at = visits(day, 2)
    assert not legs.doors[at].any()
    assert (np.sort(legs.leaves[at] - origin) >= np.arange(30) * 900_000 + (FIRST_S + 1200) * 1000).all()
    assert (legs.opens[at] == legs.leaves[at]).all()
    assert (legs.leaves[at] - legs.stops[at] > 0).mean() > 0.9
    start = datetime(2026, 3, 3, 6, tzinfo=UTC)
    assert_clean(audited(network(made), start, start.replace(hour=9)))


def test_one_bus_runs_the_departures_of_a_block() -> None:
    patterns = both_ways()
    departures = [Departure(FIRST_S + 1500 * number, "L1-0", None, f"b{number % 2}") for number in range(12)]
    day = line_day(timed(patterns, departures, buses=2), seed=1, day=DAY)
    legs = day.legs
    first = visits(day, 0)
    order = first[np.argsort(legs.leaves[first])]
    assert len(order) == 12
    assert [bus % 2 for bus in np.argsort(np.argsort(legs.bus[order][:2]))] == [0, 1]
    assert legs.bus[order].tolist() == legs.bus[order][:2].tolist() * 6


@examples(12, quick=2, suppress=list(HealthCheck))
@given(
    no_boarding=st.sets(st.integers(0, 5), max_size=5),
    no_alighting=st.sets(st.integers(0, 5), max_size=5),
    held=st.dictionaries(st.integers(1, 4), st.integers(0, 400)),
    runs=st.lists(st.integers(20, 400), min_size=5, max_size=5),
    blocks=st.booleans(),
    seed=st.integers(0, 1000),
)
@pytest.mark.integration
def test_any_timetable_passes_the_audit(
    no_boarding: set[int],
    no_alighting: set[int],
    held: dict[int, int],
    runs: list[int],
    blocks: bool,
    seed: int,
) -> None:
    holds = tuple(Hold(i, sum(runs[:i]) + extra) for i, extra in sorted(held.items()))
    patterns = [ruled(each, no_boarding, no_alighting) for each in both_ways([Timing(tuple(runs), holds)])]
    departures = every(700, *patterns, timing=0, count=12)
    if blocks:
        departures = [replace(each, block=f"b{i % 5}") for i, each in enumerate(departures)]
    start = datetime(2026, 3, 3, 6, tzinfo=UTC)
    report = audited(network(timed(patterns, departures)), start, start.replace(hour=8), seed=seed)
    assert violations(report) == []
