"""A network as the zip of a GTFS feed: its rows, its bytes, and that validators find no error in it."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import gtfs_guru
import pytest
from hypothesis import given

from services.errors import InputError
from services.feeds.gtfs_static.feed_zip import write_feed
from services.gtfs_trips.calendar import Span
from simulator.load_network import load_network
from simulator.network import Departure, Headway, Hold, Line, Network, Service, Timing
from simulator.progress import Progress
from simulator.types import DayType
from tests.any_network import any_network
from tests.examples import examples
from tests.networks import line, network, street

SPAN = Span(date(2026, 3, 1), date(2026, 3, 31))
Row = dict[str, str]


def tables(path: Path) -> dict[str, list[Row]]:
    """The rows of each table of a feed."""
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".txt")}
    return {name: list(csv.DictReader(io.StringIO(text, newline=""))) for name, text in texts.items()}


def exported(city: Network, folder: Path) -> dict[str, list[Row]]:
    write_feed(folder / "feed.zip", city, span=SPAN)
    return tables(folder / "feed.zip")


def timetabled() -> Line:
    """A one-way line with a block of two trips, one with a timepoint, on Sundays; a stop lets nobody in."""
    made = line("L1", street(3), one_way=True)
    timing = Timing((60, 80), (Hold(1, 90),))
    out = made.patterns[0]
    stops = (out.stops[0], replace(out.stops[1], boarding=False), out.stops[2])
    departures = (Departure(36_000, "L1-0", 0, "a"), Departure(90_000, "L1-0", None, "a"))
    return replace(
        made,
        name='9 "Centro", Sur',
        patterns=(replace(out, stops=stops, timings=(timing,)),),
        services={DayType.SUNDAY: Service(36_000, 90_000, (), departures)},
    )


def test_a_timetables_trips_keep_their_times_blocks_and_closed_stops(tmp_path: Path) -> None:
    found = exported(network(timetabled()), tmp_path)
    assert "frequencies.txt" not in found
    assert [tuple(row.values()) for row in found["trips.txt"]] == [
        ("L1", "sunday", "L1-sunday-0-001", "Stop S003", "0", "L1-a", "L1-0"),
        ("L1", "sunday", "L1-sunday-0-002", "Stop S003", "0", "L1-a", "L1-0"),
    ]
    first = [row for row in found["stop_times.txt"] if row["trip_id"] == "L1-sunday-0-001"]
    assert [tuple(row.values())[1:] for row in first] == [
        ("10:00:00", "10:00:00", "S001", "1", "0", "0", "0.00", "1"),
        ("10:01:00", "10:01:30", "S002", "2", "1", "0", "254.04", "1"),
        ("10:02:50", "10:02:50", "S003", "3", "0", "0", "508.08", "0"),
    ]
    assert found["stop_times.txt"][3]["departure_time"] == "25:00:00"
    route = found["routes.txt"][0]
    assert (route["route_short_name"], route["route_long_name"]) == ("9", '"Centro", Sur')
    assert [row["service_id"] for row in found["calendar.txt"]] == ["sunday"]


def test_a_block_is_cut_where_its_bus_is_not_back_in_time(tmp_path: Path) -> None:
    made = timetabled()
    times = (36_000, 36_100, 50_000)
    departures = tuple(Departure(time_s, "L1-0", 0, "a") for time_s in times)
    made = replace(made, services={DayType.SUNDAY: Service(36_000, 50_000, (), departures)})
    found = exported(network(made), tmp_path)
    assert [row["block_id"] for row in found["trips.txt"]] == ["L1-a", "L1-a-2", "L1-a-2"]


def test_names_are_on_one_line_and_come_back_as_they_were(tmp_path: Path) -> None:
    city = network(timetabled())
    stops = tuple(replace(stop, name=f' "Calle\r\n\t{stop.stop_id}", ¿é? ') for stop in city.stops)
    odd = replace(city, stops=stops, lines=(replace(city.lines[0], name="Ñ\u2028東京"),))
    found = exported(odd, tmp_path)
    assert found["stops.txt"][0]["stop_name"] == '"Calle S001", ¿é?'
    assert "Ñ 東京" in found["routes.txt"][0].values()
    assert load_network(tmp_path / "feed.zip").digest == odd.digest
    assert gtfs_guru.validate(str(tmp_path / "feed.zip")).error_count == 0


def test_only_patterns_with_trips_have_shapes(tmp_path: Path) -> None:
    made = line("L1", street(3))
    service = Service(36_000, 36_000, (), (Departure(36_000, "L1-1"),))
    found = exported(network(replace(made, services={DayType.SUNDAY: service})), tmp_path)
    assert {row["shape_id"] for row in found["shapes.txt"]} == {"L1-1"}


def test_a_headways_trips_are_trips_of_their_own_with_a_window_each(tmp_path: Path) -> None:
    headways = (Headway(6 * 3600, 7 * 3600, 1800),)
    found = exported(network(line("L1", street(3), one_way=True, headways=headways)), tmp_path)
    weekday = [tuple(row.values()) for row in found["frequencies.txt"] if "weekday" in row["trip_id"]]
    assert weekday == [
        ("L1-weekday-0-001", "06:00:00", "06:30:00", "1800", "1"),
        ("L1-weekday-0-002", "06:30:00", "07:00:00", "1800", "1"),
        ("L1-weekday-0-003", "07:00:00", "07:30:00", "1800", "1"),
    ]
    starts = [r["departure_time"] for r in found["stop_times.txt"] if r["stop_sequence"] == "1"]
    assert starts[:3] == ["06:00:00", "06:30:00", "07:00:00"]


def test_the_calendar_has_madrids_holidays(tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    write_feed(path, network(line("L1", street(3))), span=Span(date(2026, 5, 1), date(2026, 5, 14)))
    found = tables(path)
    # Friday 1 May and Saturday 2 May.
    assert [tuple(row.values()) for row in found["calendar_dates.txt"]] == [
        ("weekday", "20260501", "2"),
        ("saturday", "20260502", "2"),
        ("sunday", "20260501", "1"),
        ("sunday", "20260502", "1"),
    ]
    info = found["feed_info.txt"][0]
    assert (info["feed_start_date"], info["feed_end_date"]) == ("20260501", "20260514")


def test_equal_networks_give_equal_bytes_whatever_they_are_called(tmp_path: Path) -> None:
    city = network(timetabled())
    write_feed(tmp_path / "a.zip", city)
    write_feed(tmp_path / "b.zip", load_network(tmp_path / "a.zip"))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_progress_is_reported_line_by_line(tmp_path: Path) -> None:
    seen: list[Progress] = []
    write_feed(tmp_path / "a.zip", network(timetabled()), on_progress=seen.append)
    assert Progress("writing stop_times.txt", 0, 1, "lines") in seen
    assert Progress("writing stop_times.txt", 1, 1, "lines") in seen


def test_a_feed_has_one_time_zone(tmp_path: Path) -> None:
    far = replace(line("L2", street(4, row=1, first=9), first_bus=9), timezone="America/New_York")
    with pytest.raises(InputError) as refused:
        write_feed(tmp_path / "a.zip", network(line("L1", street(4)), far))
    assert "has 2: Europe/Madrid (L1 and others), America/New_York (L2 and others)" in str(refused.value)


@examples(24)
@given(city=any_network())
def test_any_network_comes_back_and_its_feed_has_no_errors(
    city: Network, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("feed") / "feed.zip"
    write_feed(path, city, span=SPAN)
    assert load_network(path).digest == city.digest
    assert gtfs_guru.validate(str(path)).error_count == 0
