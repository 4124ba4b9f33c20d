"""The lines of a space-time diagram go where the positions are."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from simulator.analysis.space_time import TripLine, halts, trip_lines
from simulator.day.line_day import line_day
from simulator.day.trajectory import Trajectory
from simulator.network import Departure, Line
from simulator.scenario.disruptions import Breakdown, Closure
from simulator.scenario.line_changes import LineChanges
from simulator.scenario.spans import Span
from simulator.service_day import origin_ms
from simulator.streams.bus_position import bus_position
from simulator.streams.entity_index import EntityIndex
from simulator.types import BusId, LineId, StopId
from tests.networks import line, network, pattern, street

DAY = date(2026, 3, 3)
HOUR = 3_600_000
PLACES = street(12)
CHANGES = LineChanges(
    closures=(Closure(LineId("L1"), StopId("S004"), StopId("S007"), Span(9 * 3600, 11 * 3600)),),
    breakdowns=(Breakdown(BusId("B002"), 12 * 3600, 1800),),
)


def whole(day: Trajectory, of: Line, direction: int) -> list[TripLine]:
    return trip_lines(day, of, direction, day.starts, day.ends)


@pytest.mark.parametrize("changes", [LineChanges(), CHANGES], ids=["ordinary", "disturbed"])
@pytest.mark.parametrize("direction", [0, 1])
def test_a_trip_is_one_line_that_never_goes_back(changes: LineChanges, direction: int) -> None:
    made = line("L1", PLACES)
    day = line_day(made, seed=1, day=DAY, changes=changes)
    found = whole(day, made, direction)
    assert [trip.trip_id for trip in sorted(found, key=lambda trip: trip.trip_id)] == [
        trip for trip in day.trips if f"-{direction}-" in trip
    ]
    length = made.patterns[direction].stops[-1].distance_m
    for trip in found:
        assert np.all(np.diff(trip.ms) >= 0)
        assert np.all(np.diff(trip.metres) >= -1e-6)
        assert 0 <= trip.metres[0] < trip.metres[-1] <= length
    ends = {(trip.metres[0] > 0, trip.metres[-1] < length) for trip in found}
    assert ends == (
        {(False, False)} if changes == LineChanges() else {(False, False), (True, False), (False, True)}
    )


@pytest.mark.parametrize("changes", [LineChanges(), CHANGES], ids=["ordinary", "disturbed"])
def test_the_lines_agree_with_the_positions(changes: LineChanges) -> None:
    made = line("L1", PLACES)
    city = network(made)
    day = line_day(made, seed=1, day=DAY, changes=changes)
    stops = {stop.stop_id: stop.distance_m for stop in made.patterns[0].stops}
    table = bus_position(EntityIndex(city, seed=1), [day], day.starts, day.ends)
    beside = []
    trips = whole(day, made, 0)
    for row in table.to_pylist():
        ms = int(row["time"].timestamp() * 1000)
        on = [t for t in trips if t.bus_id == row["bus_id"] and t.ms[1] < ms < t.ms[-1]]
        if on and row["direction"] == 0:
            place = float(np.interp(ms, on[0].ms, on[0].metres))
            beside.append(abs(place - stops[row["next_stop_id"]] + row["distance_to_next_stop"]))
    assert len(beside) > 1000
    assert np.median(beside) < 1
    assert max(beside) < 40


def test_a_stretch_cuts_lines_at_its_ends() -> None:
    made = line("L1", PLACES)
    day = line_day(made, seed=1, day=DAY)
    start, end = origin_ms(DAY) + 8 * HOUR, origin_ms(DAY) + 9 * HOUR
    uncut = {trip.trip_id: trip for trip in whole(day, made, 0)}
    found = trip_lines(day, made, 0, start, end)
    assert found
    assert min(trip.ms[0] for trip in found) == start
    assert max(trip.ms[-1] for trip in found) == end
    for trip in found:
        there = np.interp(trip.ms, uncut[trip.trip_id].ms, uncut[trip.trip_id].metres)
        assert np.allclose(trip.metres, there)
    assert trip_lines(day, made, 0, end, end) == []
    assert trip_lines(day, made, 0, day.starts - HOUR, day.starts) == []


def test_other_patterns_are_drawn_on_the_main_ones_metres() -> None:
    branch = [*PLACES[2:5], *street(2, first=50, row=1), *PLACES[5:8]]
    made = line(
        "L1",
        PLACES,
        patterns=[pattern("a", 0, PLACES), pattern("branch", 0, branch), pattern("b", 1, PLACES[::-1])],
        departures=[Departure(25_000 + 900 * i, ("a", "b", "branch", "b")[i % 4]) for i in range(40)],
    )
    day = line_day(made, seed=1, day=DAY)
    metres = {stop.stop_id: stop.distance_m for stop in made.patterns[0].stops}
    ends = {(round(trip.metres[0]), round(trip.metres[-1])) for trip in whole(day, made, 0)}
    assert ends == {
        (0, round(metres[StopId("S012")])),
        tuple(round(metres[StopId(s)]) for s in ("S003", "S008")),
    }


def test_a_direction_that_the_line_lacks_is_refused() -> None:
    made = line("L1", PLACES, one_way=True)
    day = line_day(made, seed=1, day=DAY)
    assert whole(day, made, 0)
    with pytest.raises(ValueError, match="doesn't run in direction 1"):
        whole(day, made, 1)


def test_a_broken_bus_halts_where_its_trip_ends() -> None:
    made = line("L1", PLACES)
    day = line_day(made, seed=1, day=DAY, changes=CHANGES)
    found = [(direction, halt) for direction in (0, 1) for halt in halts(day, made, direction)]
    ((direction, halt),) = found
    assert halt.bus_id == "B002"
    assert halt.start > origin_ms(DAY) + 12 * HOUR
    assert halt.end > halt.start
    (ended,) = [t for t in whole(day, made, direction) if (t.bus_id, t.ms[-1]) == ("B002", halt.start)]
    assert ended.metres[-1] == halt.metres
    assert halts(line_day(made, seed=1, day=DAY), made, 0) == []
