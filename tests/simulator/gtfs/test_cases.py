"""Small feeds, each with one thing that published feeds have, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from simulator.files.findings import Finding, Severity
from simulator.files.problems import InputFileError
from simulator.gtfs.importer import Imported, Selection, import_feed
from simulator.types import DayType
from tests.gtfs_feeds import zipped
from tests.simulator.gtfs.feed_builder import (
    CALENDAR,
    Call,
    Trip,
    every_five_minutes,
    feed_of,
    hourly,
    zip_of,
)

HOUR_S = 3600
FREQUENCIES = "trip_id,start_time,end_time,headway_secs,exact_times\n"


def warnings(made: Imported) -> list[Finding]:
    return [found for found in made.details.findings if found.severity is Severity.WARNING]


def departures(made: Imported, kind: DayType = DayType.WEEKDAY) -> list[tuple[int, str]]:
    """The departures of the only line, with their patterns."""
    [line] = made.lines
    return [(each.time_s, each.pattern_id) for each in line.services[kind].departures]


def test_a_coach_at_eight_for_three_hours_ends_the_import(tmp_path: Path) -> None:
    """Nine stops 22 km apart, one trip each way at 20:00."""
    trips = [
        Trip(
            f"T{way}",
            "WK",
            way,
            [Call(stop, at, at) for at, stop in zip(range(72_000, 84_000, 1350), order, strict=True)],
        )
        for way, order in ((0, "ABCDEFGHI"), (1, "IHGFEDCBA"))
    ]
    stops = [f"{stop},{stop},{36.5 + 0.2 * i:.2f},-3.70" for i, stop in enumerate("ABCDEFGHI")]
    path = zip_of(tmp_path, trips, stops="\n".join(["stop_id,stop_name,stop_lat,stop_lon", *stops, ""]))
    assert departures(import_feed(path)) == [(72_000, "1-0"), (72_000, "1-1")]


def test_a_line_of_trips_of_23_hours_is_left_out_alone(tmp_path: Path) -> None:
    late = Trip("L0", "WK", 0, [Call("A", 21_600, 21_600), Call("D", 104_400, 104_400)], route="R2")
    routes = "route_id,route_short_name,route_type\nR1,1,3\nR2,2,3\n"
    stops = "stop_id,stop_lat,stop_lon\nA,40.40,-3.7\nB,40.41,-3.7\nC,40.42,-3.7\nD,40.60,-3.7\n"
    made = import_feed(zip_of(tmp_path, [*hourly(), late], routes=routes, stops=stops))
    assert [line.line_id for line in made.lines] == ["1"]
    [found] = warnings(made)
    assert (found.code, found.file, found.lines, found.trips) == (
        "line-left-out",
        f"{tmp_path}/feed.zip/routes.txt",
        [3],
        1,
    )


def test_a_bus_every_seven_seconds_comes_in_with_a_warning(tmp_path: Path) -> None:
    rows = [f"WK7{way},07:00:00,21:00:00,7," for way in (0, 1)]
    made = import_feed(zip_of(tmp_path, hourly(), frequencies=FREQUENCIES + "\n".join(rows)))
    found = next(each for each in warnings(made) if each.code == "short-headway")
    assert (found.file, found.lines, found.count) == (f"{tmp_path}/feed.zip/frequencies.txt", [2, 3], 2)
    assert found.message.startswith("every 7 s from 07:00 to 21:00: a headway under a minute")
    assert len(departures(made)) > 14_400


def test_equal_departures_of_several_trips_are_one(tmp_path: Path) -> None:
    copies = [Trip(f"D{trip.direction}", "WK", trip.direction, trip.calls) for trip in hourly(["WK"])[:2]]
    rows = [f"{trip},07:00:00,21:00:00,600," for trip in ("WK70", "WK71", "D0", "D1")]
    trips = hourly(["WK"])[:2]
    made = import_feed(zip_of(tmp_path, [*trips, *copies], frequencies=FREQUENCIES + "\n".join(rows)))
    assert departures(made) == [(at, f"1-{way}") for at in range(25_200, 75_600, 600) for way in (0, 1)]
    [found] = warnings(made)
    assert (found.code, found.lines) == ("duplicate-departures", [4, 5])
    assert found.message.startswith("168 departures are equal to another of their route")


def test_windows_of_a_trip_that_overlap_are_reported_and_equal_times_run_once(tmp_path: Path) -> None:
    rows = "WK70,07:00:00,09:00:00,600,1\nWK70,08:00:00,10:00:00,600,1\n"
    made = import_feed(zip_of(tmp_path, hourly(["WK"])[:2], frequencies=FREQUENCIES + rows))
    assert [at for at, pattern in departures(made) if pattern == "1-0"] == [*range(25_200, 36_000, 600)]
    assert [(each.code, each.lines) for each in warnings(made)] == [("overlapping-frequencies", [3])]


def test_an_endless_timetable_costs_its_line_and_no_memory(tmp_path: Path) -> None:
    rows = "".join(f"WK7{way},00:00:00,99:00:00,1,\n" for way in (0, 1))
    with pytest.raises(InputFileError, match=r"routes\.txt:2: route 1 has .* departures .* is left out"):
        import_feed(zip_of(tmp_path, hourly(["WK"]), frequencies=FREQUENCIES + rows))


def test_flexible_trips_are_left_out_and_named(tmp_path: Path) -> None:
    flex = Trip("FX", "WK", 0, [Call("", None, None, {"location_group_id": "G"})] * 2)
    made = import_feed(
        zipped(
            tmp_path / "feed.zip",
            feed_of([*hourly(), flex])
            | {
                "location_groups.txt": "location_group_id\nG\n",
                "stops.txt": "stop_id,stop_lat,stop_lon\nA,40.40,-3.7\nB,40.41,-3.7\nC,40.42,-3.7\n",
            },
        )
    )
    assert len(departures(made)) == 28
    [found] = warnings(made)
    assert (found.code, found.count, found.trips) == ("flexible", 2, 1)
    assert "trip FX" in found.message
    assert any("location_groups.txt" in each.message for each in made.details.findings)


def test_the_date_chosen_has_one_version_of_the_timetable(tmp_path: Path) -> None:
    later = [Trip(f"2{trip.trip_id}", "WK2", trip.direction, trip.calls) for trip in hourly(["WK"])]
    calendar = CALENDAR.replace("WK,1,1,1,1,1,0,0,20260101,20261231", "WK,1,1,1,1,1,0,0,20260101,20260315")
    calendar += "WK2,1,1,1,1,1,0,0,20260312,20261231\n"
    made = import_feed(zip_of(tmp_path, [*hourly(), *later], calendar=calendar))
    assert len(departures(made)) == 28
    day = made.details.days[0]
    assert (day.date, day.why) == (
        "2026-03-16",
        "its services (WK2) run on 209 of 261 such dates; on 2 others two versions of the timetable overlap",
    )
    selection = Selection(first=date(2026, 2, 1), last=date(2026, 2, 28))
    assert import_feed(tmp_path / "feed.zip", selection=selection).details.days[0].date == "2026-02-02"


def test_ids_follow_from_the_feeds_alone(tmp_path: Path) -> None:
    names = {"A": "東京", "B": "大阪", "C": "C/1"}
    trips = [
        Trip(
            trip.trip_id,
            trip.service,
            trip.direction,
            [Call(names[c.stop], c.arrives_s, c.leaves_s) for c in trip.calls],
        )
        for trip in hourly()
    ]
    made = import_feed(zip_of(tmp_path, trips)).network
    again = import_feed(zip_of(tmp_path, trips[::-1])).network
    assert {stop.gtfs_id: stop.stop_id for stop in made.stops} == {
        "東京": "h130016b",
        "大阪": "h6df9774",
        "C/1": "C-1-h8a2ca8d",
    }
    assert made.stops == again.stops
    assert made.line["1"].gtfs_id == "R1"


def test_routes_of_one_name_are_two_lines_told_apart(tmp_path: Path) -> None:
    routes = "route_id,route_short_name,route_type\nR1,1,3\nR2,1,3\n"
    other = [
        Trip(f"o{trip.trip_id}", "WK", trip.direction, trip.calls, route="R2") for trip in hourly(["WK"])
    ]
    made = import_feed(zip_of(tmp_path, [*hourly(["WK"]), *other], routes=routes))
    assert {line.line_id: line.name for line in made.lines} == {"R1": "1 (R1)", "R2": "1 (R2)"}


def test_other_route_types_come_in_when_they_are_asked_for(tmp_path: Path) -> None:
    routes = "route_id,route_short_name,route_type\nR1,1,3\nT,T,0\n"
    tram = [Trip(f"t{trip.trip_id}", "WK", trip.direction, trip.calls, route="T") for trip in hourly(["WK"])]
    path = zip_of(tmp_path, [*hourly(["WK"]), *tram], routes=routes)
    plain = import_feed(path)
    assert [line.line_id for line in plain.lines] == ["1"]
    assert "left out, not bus routes: 1 route (T); --route-types 0 takes them" in plain.report
    both = import_feed(path, selection=Selection(route_types={0, 3}))
    assert [line.line_id for line in both.lines] == ["1", "T"]


def test_a_fault_of_another_route_costs_nothing(tmp_path: Path) -> None:
    routes = "route_id,route_short_name,route_type\nR1,1,3\nM,M,1\n"
    broken = Trip("MT", "WK", 0, every_five_minutes(8 * HOUR_S, "AZ"), route="M")
    stops = "stop_id,stop_lat,stop_lon\nA,40.40,-3.7\nB,40.41,-3.7\nC,40.42,-3.7\n"
    path = zip_of(tmp_path, [*hourly(), broken], routes=routes, stops=stops)
    for chosen in ((), ("1",)):
        made = import_feed(path, routes=chosen)
        assert len(departures(made)) == 28
        [found] = warnings(made)
        assert found.message == "stop_id Z isn't in stops.txt: trip MT is left out"
        assert (found.file, found.trips) == (f"{path}/stop_times.txt", 1)
    with pytest.raises(InputFileError, match="stop_id Z"):
        import_feed(path, strict=True)


PLAIN: dict[str, Callable[[dict[str, str]], Mapping[str, str]]] = {
    "blank lines": lambda files: files | {"stops.txt": files["stops.txt"].replace("\n", "\n\n") + "   \n"},
    "a header without an end": lambda files: (
        files | {"shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence"}
    ),
    "no direction_id": lambda files: files | {"trips.txt": without_last_column(files["trips.txt"])},
}


def without_last_column(text: str) -> str:
    return "".join(line.rsplit(",", 1)[0] + "\n" for line in text.splitlines())


@pytest.mark.parametrize("name", PLAIN)
def test_some_things_change_nothing(name: str, tmp_path: Path) -> None:
    made = import_feed(zipped(tmp_path / "feed.zip", PLAIN[name](feed_of(hourly()))))
    assert made.network.digest == import_feed(zip_of(tmp_path, hourly())).network.digest
    assert warnings(made) == []
