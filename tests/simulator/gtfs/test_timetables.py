"""Running times, timepoints, blocks and boarding rules of feeds, in the network and in the simulated day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.city import City
from simulator.day.line_day import line_day
from simulator.day.trajectory import Trajectory
from simulator.files.problems import InputFileError
from simulator.gtfs.folder import write_folder
from simulator.gtfs.importer import Imported, import_feed
from simulator.network import Hold, Timing
from simulator.network_files.loader import load_network
from simulator.service_day import MADRID, origin_ms
from tests.examples import examples
from tests.simulator.gtfs.feed_builder import HOUR_S, ROUTES, Call, Trip, every_five_minutes, hourly, zip_of
from tests.test_invariants import assert_clean, audited

DAY = date(2026, 3, 4)
MORNING = datetime(2026, 3, 4, 7, tzinfo=MADRID), datetime(2026, 3, 4, 11, tzinfo=MADRID)


def imported(folder: Path, trips: Sequence[Trip], **files: str) -> Imported:
    return import_feed(zip_of(folder, trips, **files))


def seconds_at(day: Trajectory, stop: str, *, leaving: bool = True) -> list[int]:
    """When buses leave a stop (or, at a trip's last stop, reach it), in seconds of the service day."""
    legs = day.legs
    at = (legs.stop == day.stops.index(stop)) & (legs.sequence > 0)
    times = (legs.leaves if leaving else legs.opens)[at]
    return [int(ms - origin_ms(DAY)) // 1000 for ms in np.sort(times)]


def with_layover() -> list[Trip]:
    """Hourly trips both ways; outbound ones stand at B from :04 to :19. All times are exact."""
    exact = {"timepoint": 1}
    trips = []
    for hour in range(7, 21):
        at = hour * HOUR_S
        there = [
            Call("A", at, at, exact),
            Call("B", at + 240, at + 1140, exact),
            Call("C", at + 1380, at + 1380, exact),
        ]
        back = [
            Call(stop, each, each, exact)
            for stop, each in zip("CBA", range(at + 1800, at + 2400, 240), strict=False)
        ]
        trips += [Trip(f"L{hour}", "WK", 0, there), Trip(f"l{hour}", "WK", 1, back)]
    return trips


@pytest.mark.integration
def test_no_bus_leaves_a_timepoint_before_its_time(tmp_path: Path) -> None:
    made = imported(tmp_path, with_layover())
    [line] = made.lines
    assert line.patterns[0].timings == (Timing((240, 240), (Hold(1, 1140),)),)
    day = line_day(line, seed=1, day=DAY)
    legs = day.legs
    outbound = (legs.stop == day.stops.index("B")) & (legs.direction == 0) & (legs.sequence > 0)
    minutes = np.sort(legs.leaves[outbound] - origin_ms(DAY)) / 60_000
    assert len(minutes) == 14
    assert all(each % 60 >= 19 for each in minutes)
    assert_clean(audited(made.network, *MORNING))


def in_blocks() -> list[Trip]:
    """Twelve trips from C from 07:00, twelve from A from 17:00, run by two vehicles in turn."""
    trips = []
    for number in range(12):
        for name, first_s, stops, way in (("I", 7 * HOUR_S, "CA", 1), ("O", 17 * HOUR_S, "AC", 0)):
            at = first_s + 600 * number
            calls = [Call(stops[0], at, at), Call(stops[1], at + 480, at + 480)]
            block = {"block_id": f"b{number % 2}"}
            trips.append(Trip(f"{name}{number}", "WK", way, calls, columns=block))
    return trips


@pytest.mark.integration
def test_the_vehicles_of_blocks_run_back_empty_between_their_trips(tmp_path: Path) -> None:
    stops = "stop_id,stop_name,stop_lat,stop_lon\nA,A,40.40,-3.70\nC,C,40.42,-3.70\n"
    made = imported(tmp_path, in_blocks(), stops=stops)
    [line] = made.lines
    assert len(line.buses) == 2
    assert any(
        text.startswith("vehicles: block_id is followed on 1 line, with 2 buses") for text in made.report
    )
    day = line_day(line, seed=1, day=DAY)
    legs = day.legs
    starts = legs.sequence == 1
    by_bus = [legs.direction[starts & (legs.bus == bus)].tolist() for bus in (0, 1)]
    assert by_bus == [[1] * 6 + [0] * 6] * 2
    write_folder(made, tmp_path)
    assert load_network(tmp_path).digest == made.network.digest
    assert_clean(audited(made.network, *MORNING))


def test_a_block_over_several_routes_is_cut_where_the_route_changes(tmp_path: Path) -> None:
    trips = []
    for number, route in enumerate(["R1", "R1", "R2", "R2", "R1"]):
        order = "ABC" if number % 2 == 0 else "CBA"
        calls = every_five_minutes(7 * HOUR_S + 1200 * number, order)
        trips.append(Trip(f"T{number}", "WK", number % 2, calls, route, {"block_id": "b"}))
    made = imported(tmp_path, trips, routes=f"{ROUTES}R2,A,2,Two,3\n")
    first, second = made.lines
    blocks = [
        [each.block for services in line.services.values() for each in services.departures]
        for line in (first, second)
    ]
    assert [len(set(each)) for each in blocks] == [2, 1]
    assert blocks[0][0] == blocks[0][1] != blocks[0][2]
    assert "blocks are cut where the route changes, 2 times" in made.report


def without_stop_b() -> list[Trip]:
    """Hourly trips that pass B."""
    rules = (
        {"pickup_type": 0, "drop_off_type": 1},
        {"pickup_type": 1, "drop_off_type": 1},
        {"pickup_type": 1, "drop_off_type": 0},
    )
    return [
        Trip(
            trip.trip_id,
            trip.service,
            trip.direction,
            [
                Call(call.stop, call.arrives_s, call.leaves_s, each)
                for call, each in zip(trip.calls, rules, strict=True)
            ],
        )
        for trip in hourly()
    ]


@pytest.mark.integration
def test_a_stop_without_boarding_and_alighting_is_passed_in_time_with_shut_doors(tmp_path: Path) -> None:
    made = imported(tmp_path, without_stop_b())
    [line] = made.lines
    day = line_day(line, seed=1, day=DAY)
    legs = day.legs
    at_b = (legs.stop == day.stops.index("B")) & (legs.sequence > 0)
    assert at_b.sum() == 28
    assert not legs.doors[at_b].any()
    assert legs.boarding[at_b].sum() == legs.alighting[at_b].sum() == 0
    assert day.stops.index("B") not in set(day.arrived.stop.tolist())
    assert legs.boarding.sum() > 100
    late_s = [at % 1800 - 300 for at in seconds_at(day, "B")]
    assert -60 < np.median(late_s) < 180
    write_folder(made, tmp_path)
    assert load_network(tmp_path).digest == made.network.digest
    assert_clean(audited(made.network, *MORNING))


def test_an_express_and_a_local_on_one_route_keep_their_own_speeds(tmp_path: Path) -> None:
    trips = []
    for hour in range(7, 20):
        at = hour * HOUR_S
        trips.append(Trip(f"local{hour}", "WK", 0, every_five_minutes(at, "ABCDE")))
        fast = [Call("A", at + 900, at + 900), Call("E", at + 1320, at + 1320)]
        trips.append(Trip(f"express{hour}", "WK", 0, fast))
    made = imported(tmp_path, trips)
    [line] = made.lines
    takes = {(len(pattern.stops), timing.runs_s) for pattern in line.patterns for timing in pattern.timings}
    assert takes == {(5, (300, 300, 300, 300)), (2, (420,))}
    assert made.details.lines[0].worst_time_error < 0.001


def test_blank_times_are_interpolated_by_distance(tmp_path: Path) -> None:
    stops = "stop_id,stop_name,stop_lat,stop_lon\nA,A,40.400,-3.7\nB,B,40.405,-3.7\nC,C,40.420,-3.7\n"
    calls = [
        Call("A", 7 * HOUR_S, 7 * HOUR_S),
        Call("B", None, None),
        Call("C", 7 * HOUR_S + 800, 7 * HOUR_S + 800),
    ]
    [line] = imported(tmp_path, [Trip("T", "WK", 0, calls)], stops=stops).lines
    assert line.patterns[0].timings == (Timing((200, 600)),)


@examples(20, quick=3)
@given(
    runs=st.lists(st.integers(0, 12), min_size=3, max_size=7),
    stands=st.lists(st.sampled_from([0, 0, 0, 1, 5, 20]), min_size=7, max_size=7),
    blank=st.sets(st.integers(1, 6)),
    exact=st.booleans(),
)
@pytest.mark.integration
def test_planned_times_follow_any_timetable_that_a_bus_can_keep(
    runs: list[int], stands: list[int], blank: set[int], exact: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    trips = []
    for hour in (7, 8, 9):
        at, calls = hour * HOUR_S, []
        for number, stop in enumerate("ABCDEFGH"[: len(runs) + 1]):
            at += 60 * runs[number - 1] if number else 0
            leaves = at + (60 * stands[number - 1] if 0 < number < len(runs) else 0)
            hidden = number in blank and number < len(runs)
            columns = {"timepoint": int(exact and not hidden)}
            calls.append(Call(stop, None if hidden else at, None if hidden else leaves, columns))
            at = leaves
        trips.append(Trip(f"T{hour}", "WK", 0, calls))
    takes_s = at - 9 * HOUR_S
    made = imported(tmp_path_factory.mktemp("feed"), trips)
    [report] = made.details.lines
    least_s = 110 * len(runs)  # 1.1 km at up to 60 km/h, a stop, and speeding up and braking
    if takes_s >= 1.5 * least_s and not (blank or any(stands)):
        assert report.worst_time_error < 0.02
    [timing] = made.lines[0].patterns[0].timings
    assert sum(timing.runs_s) <= takes_s
    for hold in timing.holds:
        assert sum(timing.runs_s[: hold.position]) <= hold.leaves_s
    assert_clean(audited(made.network, *MORNING))


@pytest.mark.integration
def test_every_departure_of_layovers_and_blocks_runs(tmp_path: Path) -> None:
    for number, trips in enumerate((with_layover(), without_stop_b())):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = imported(folder, trips).network
        counts: dict[str, int] = defaultdict(int)
        for day in City(made).days(DAY, DAY):
            counts[day.line_id] += len(day.trips)
        assert counts == {"1": 28}


def coach(folder: Path, hours: int) -> Path:
    """A feed with a trip each way at 20:00 that takes some hours over nine stops 22 km apart."""
    at = 20 * HOUR_S
    times = range(at, at + hours * HOUR_S + 1, hours * HOUR_S // 8)
    trips = [
        Trip(f"T{way}", "WK", way, [Call(stop, each, each) for stop, each in zip(order, times, strict=True)])
        for way, order in ((0, "ABCDEFGHI"), (1, "IHGFEDCBA"))
    ]
    rows = (f"{name},{name},{40.0 + 0.2 * i:.1f},-3.7" for i, name in enumerate("ABCDEFGHI"))
    return zip_of(folder, trips, stops="\n".join(["stop_id,stop_name,stop_lat,stop_lon", *rows, ""]))


def test_a_coach_of_three_hours_runs_its_evening_trips(tmp_path: Path) -> None:
    [line] = import_feed(coach(tmp_path, 3)).lines
    assert len(line_day(line, seed=1, day=DAY).trips) == 2


def test_a_line_whose_trips_take_too_long_for_a_day_is_left_out_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="can't be simulated"):
        import_feed(coach(tmp_path, 20))
