"""A feed as a network: lines, patterns, timetables, fleets, demand, in memory and as files."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from simulator.analysis.performance import performance, total
from simulator.city import City
from simulator.files.problems import InputFileError
from simulator.gtfs.folder import write_folder
from simulator.gtfs.importer import Imported, import_feed
from simulator.gtfs.lines import Assumptions
from simulator.network import Network
from simulator.network_files.loader import load_network
from simulator.service_day import usual_service
from simulator.types import DayType
from tests.environment import feeds_folder
from tests.gtfs_feeds import feed, text_of, zipped
from tests.simulator.network_files.test_loader import assert_sound
from tests.test_invariants import assert_clean, audited

pytestmark = pytest.mark.integration

TUESDAY = date(2026, 3, 3)


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return import_feed(zipped(tmp_path_factory.mktemp("feed") / "small.zip", feed()))


C9 = "C-9-h0730187"
E1, E2 = "e-1-h71c8334", "e-2-hd948a75"


def network(folder: Path, **changed: str | bytes | None) -> Network:
    return import_feed(zipped(folder / "feed.zip", feed(**changed))).network


def test_every_bus_route_becomes_a_line_with_its_public_names(imported: Imported) -> None:
    made = imported.network
    assert_sound(made)
    assert {line.line_id: line.name for line in made.lines} == {
        "27": "27 Calle 1, Sur - Calle 8",
        C9: "C 9 Circular",
        "N1": "N1 Nocturna",
    }
    assert [line.line_id for line in made.lines if line.night] == ["N1"]
    assert made.stop[E1].name == "Plaza 1"
    assert not {stop.stop_id for stop in made.stops} & set(made.line_of_bus)


def test_variants_loops_and_one_way_lines_keep_their_stops_in_order(imported: Imported) -> None:
    line = imported.network.line["27"]
    assert [(p.pattern_id, p.direction, len(p.stops)) for p in line.patterns] == [
        ("27-0", 0, 8),
        ("27-0-2", 0, 5),
        ("27-1", 1, 8),
    ]
    [circle] = imported.network.line[C9].patterns
    assert [stop.stop_id for stop in circle.stops] == [E1, E2, "S2", "S1", E1]


def test_roads_are_the_shapes_led_through_the_stops(imported: Imported) -> None:
    main, _, back = imported.network.line["27"].patterns
    assert len(main.shape) == len(main.stops) + 2
    assert len(back.shape) == len(back.stops)
    assert main.stops[-1].distance_m > back.stops[-1].distance_m > 1700


def test_timetables_are_those_of_three_dates(imported: Imported) -> None:
    services = imported.network.line["27"].services
    assert {day: len(service.departures) for day, service in services.items()} == {
        DayType.WEEKDAY: 145,
        DayType.SATURDAY: 72,
        DayType.SUNDAY: 36,
    }
    assert services[DayType.WEEKDAY].start_s == 6 * 3600
    assert services[DayType.WEEKDAY].end_s == 23 * 3600 + 2700 + 300
    night = imported.network.line["N1"].services[DayType.SUNDAY]
    assert (night.start_s, night.end_s) == (23 * 3600 + 1800, 30 * 3600)
    assert list(imported.report[:3]) == [
        "weekday: the service of 2026-03-02, 187 trips",
        "saturday: the service of 2026-03-07, 100 trips",
        "sunday: the service of 2026-03-08, 57 trips",
    ]


def test_a_date_chooses_the_service_near_it(tmp_path: Path) -> None:
    path = zipped(tmp_path / "feed.zip", feed())
    assert list(import_feed(path, near=date(2026, 3, 29)).report[:3]) == [
        "weekday: the service of 2026-03-30, 187 trips",
        "saturday: the service of 2026-03-28, 100 trips",
        "sunday: the service of 2026-03-29, 57 trips",
    ]
    with pytest.raises(InputFileError, match="has no calendar for 2027-01-01: choose a date from 2026-03-02"):
        import_feed(path, near=date(2027, 1, 1))


def test_routes_are_chosen_by_id_or_short_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "feed.zip", feed())
    chosen = import_feed(path, routes={"27", "N"}).network
    assert [line.line_id for line in chosen.lines] == ["27", "N1"]
    with pytest.raises(InputFileError, match="no route 28, X"):
        import_feed(path, routes={"X", "28", "27"})
    with pytest.raises(InputFileError, match="no bus routes"):
        import_feed(path, routes={"M"})


def test_the_written_folder_is_the_same_network(imported: Imported, tmp_path: Path) -> None:
    write_folder(imported, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "import-report.json",
        "network.yaml",
        "shapes.csv",
        "timetable.csv",
        "timings.csv",
    ]
    loaded = load_network(tmp_path)
    assert loaded.lines == imported.network.lines
    assert loaded.stops == imported.network.stops
    assert loaded.digest == imported.network.digest


def test_demand_follows_from_service_and_assumptions(imported: Imported, tmp_path: Path) -> None:
    def boarding(made: Network) -> float:
        city = City(made)
        sums = total(part for day in city.days(TUESDAY, TUESDAY) for part in performance(day))
        return sums.boardings / sums.trips

    assert 30 < boarding(imported.network) < 50
    few = import_feed(zipped(tmp_path / "f.zip", feed()), assumed=Assumptions(people_per_trip=5, capacity=20))
    assert 3 < boarding(few.network) < 7
    assert {bus.capacity for line in few.network.lines for bus in line.buses} == {20}


def test_every_departure_runs_in_time_and_the_day_passes_the_audit(imported: Imported) -> None:
    [*days] = City(imported.network).days(TUESDAY, TUESDAY)
    for line, day in zip(imported.network.lines, days, strict=True):
        assert len(day.trips) == len(line.services[DayType.WEEKDAY].departures)
    start = datetime(2026, 3, 3, 3, tzinfo=UTC)
    assert_clean(audited(imported.network, start, start.replace(hour=12)))


@pytest.mark.parametrize("exact", ["", "0", "1"])
def test_frequencies_repeat_their_trip(exact: str, tmp_path: Path) -> None:
    trip = "C-LV-0-25200-5"
    rows = f"{trip},09:00:00,10:00:00,600,{exact}\n{trip},10:00:00,11:00:00,1200,{exact}\n"
    made = import_feed(
        zipped(
            tmp_path / "feed.zip",
            feed(frequencies=f"trip_id,start_time,end_time,headway_secs,exact_times\n{rows}"),
        ),
    )
    times = [d.time_s for d in made.network.line[C9].services[DayType.WEEKDAY].departures]
    assert {32_400, 33_000, 35_400, 36_000, 37_200, 38_400} <= set(times)
    assert 25_200 not in times
    assert any("evenly" in line for line in made.report) == (exact != "1")


def test_without_directions_inbound_is_found_by_the_patterns_ends(tmp_path: Path) -> None:
    lines = [line.split(",") for line in text_of("trips").splitlines()]
    trips = "\n".join(",".join([*line[:3], line[4]]) for line in lines) + "\n"
    directions = Counter(p.direction for p in network(tmp_path, trips=trips).line["27"].patterns)
    assert directions == {0: 2, 1: 1}


def test_without_shapes_roads_are_straight(tmp_path: Path) -> None:
    trips = text_of("trips").replace(",east\n", ",\n")
    for pattern in network(tmp_path, trips=trips, shapes=None).line["27"].patterns:
        assert len(pattern.shape) == len(pattern.stops)


def test_a_shape_that_passes_elsewhere_is_left_out_and_reported(tmp_path: Path) -> None:
    made = import_feed(
        zipped(tmp_path / "feed.zip", feed(shapes=text_of("shapes").replace("40.41", "40.46")))
    )
    assert len(made.network.line["27"].patterns[0].shape) == 8
    assert any(line.startswith("straight") and "27-0" in line for line in made.report)


def around_the_clock() -> str:
    """Stop times of the circle every 20 minutes of 24 hours, instead of its own."""
    kept = [line for line in text_of("stop_times").splitlines() if not line.startswith("C-LV-0-25200-5")]
    stops = ("e:1", "e:2", "S2", "S1", "e:1")
    rows = [
        f"C-LV-0-25200-5,{i // 12:02}:{i % 12 * 5:02}:00,{i // 12:02}:{i % 12 * 5:02}:00,{stop},{i}"
        for i, stop in enumerate(stops)
    ]
    return "\n".join([*kept, *rows, ""])


def test_a_line_around_the_clock_is_split_into_day_and_night(tmp_path: Path) -> None:
    frequencies = "trip_id,start_time,end_time,headway_secs\nC-LV-0-25200-5,00:00:00,24:00:00,1200\n"
    made = import_feed(
        zipped(tmp_path / "feed.zip", feed(stop_times=around_the_clock(), frequencies=frequencies))
    )
    day, night = made.network.line[C9], made.network.line[f"{C9}-night"]
    assert (day.night, night.night) == (False, True)
    weekdays = [usual_service(line, DayType.WEEKDAY) for line in (day, night)]
    count = sum(len(service.departures) for service in weekdays if service)
    own = sum(start % 86_400 != 25_200 for start in range(7 * 3600, 21 * 3600, 1800))
    assert count == 72 + own
    assert any(line.startswith("split") and C9 in line for line in made.report)
    assert_sound(made.network)


def test_one_stop_twice_in_a_row_is_one_and_trips_without_two_are_left_out(tmp_path: Path) -> None:
    times = text_of("stop_times").replace(",S3,", ",S2,")
    made = network(tmp_path, stop_times=times).line["27"]
    assert [stop.stop_id for stop in made.patterns[0].stops] == ["S1", "S2", *(f"S{i}" for i in range(4, 9))]


@pytest.mark.long
@pytest.mark.skipif(feeds_folder() is None, reason="BUS_SIMULATOR_TEST_FEEDS names no folder of feeds")
def test_twelve_lines_of_madrid_run_every_trip_of_a_weekday_and_pass_the_audit() -> None:
    folder = feeds_folder()
    assert folder is not None
    made = import_feed(folder / "emt-centro-gtfs.zip").network
    assert (len(made.lines), len(made.stops)) == (12, 500)
    days = City(made).days(TUESDAY, TUESDAY)
    assert sum(len(day.trips) for day in days) == 3137
    sums = total(part for day in days for part in performance(day))
    assert 35 < sums.boardings / sums.trips < 50
    start = datetime(2026, 3, 3, 6, tzinfo=UTC)
    assert_clean(audited(made, start, start.replace(hour=9)))


@pytest.mark.long
@pytest.mark.skipif(feeds_folder() is None, reason="BUS_SIMULATOR_TEST_FEEDS names no folder of feeds")
def test_the_whole_of_madrid_is_imported_and_a_rush_hour_passes_the_audit(tmp_path: Path) -> None:
    folder = feeds_folder()
    assert folder is not None
    made = import_feed(folder / "emt-madrid-gtfs.zip")
    assert list(made.report[:3]) == [
        "weekday: the service of 2026-01-02, 38,020 trips",
        "saturday: the service of 2026-01-03, 26,071 trips",
        "sunday: the service of 2026-01-04, 19,822 trips",
    ]
    assert len(made.network.stops) == 4716
    assert 2600 <= len(made.network.line_of_bus) <= 2800
    write_folder(made, tmp_path)
    assert load_network(tmp_path).digest == made.network.digest
    start = datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert_clean(audited(made.network, start, start.replace(hour=8), jobs=2))
