"""What is refused of a GTFS feed: everything wrong, each with file and line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from simulator.files.problems import InputFileError
from simulator.gtfs import archive
from simulator.gtfs.feed import read_feed
from tests.environment import feeds_folder
from tests.gtfs_feeds import Files, broken, feed, text_of, with_line, zipped

BROKEN = broken()


def problems(path: Path) -> list[tuple[str, int, str]]:
    """(file in the zip, line, message) of everything that is wrong with a feed."""
    with pytest.raises(InputFileError) as caught:
        read_feed(path)
    return [(p.file.removeprefix(str(path)).lstrip("/"), p.line, p.message) for p in caught.value.problems]


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_problem_with_file_and_line(name: str, tmp_path: Path) -> None:
    files, file, line, words = BROKEN[name]
    [(found_file, found_line, message)] = problems(zipped(tmp_path / "feed.zip", files))
    assert (found_file, found_line) == (file, line)
    assert words in message


@pytest.mark.skipif(feeds_folder() is None, reason="BUS_SIMULATOR_TEST_FEEDS names no folder of feeds")
@pytest.mark.parametrize("name", BROKEN)
def test_the_broken_test_feeds_have_one_problem_each(name: str) -> None:
    folder = feeds_folder()
    assert folder is not None
    [(file, line, message)] = problems(folder / "broken" / f"{name}.zip")
    _, expected_file, expected_line, words = BROKEN[name]
    assert file == expected_file
    assert words in message
    assert line == {"05-not-utf8": 2}.get(name, expected_line)


FILES = ("routes", "stops", "calendar", "trips", "stop_times")
FIRST_TRIP = "r/27-LV-0-21600-8"
MORE: dict[str, tuple[Files, list[tuple[str, int, str]]]] = {
    "a missing column": (
        feed(stops=text_of("stops").replace("stop_lat", "latitude")),
        [("stops.txt", 1, "column `stop_lat` is missing")],
    ),
    "a column twice": (
        feed(agency="agency_name,agency_timezone,agency_name\na,Europe/Madrid,b\n"),
        [("agency.txt", 1, "`agency_name` appears twice")],
    ),
    "an empty file": (feed(routes=""), [("routes.txt", 1, "is empty")]),
    "no rows": (
        feed(agency="agency_name,agency_timezone\n"),
        [("agency.txt", 1, "has no rows")],
    ),
    "a file of others' ids without rows": (
        feed(stops="stop_id,stop_name,stop_lat,stop_lon\n"),
        [("stops.txt", 1, "has no rows")],
    ),
    "a blank first line": (feed(stops="\n" + text_of("stops")), [("stops.txt", 1, "is empty")]),
    "a header without an end": (
        feed(stops="stop_id," * 20_000),
        [("stops.txt", 1, "over 100,000 bytes in one line")],
    ),
    "a row without an end": (
        with_line("stops", 3, f"S2,{'Calle ' * 20_000},40.41,-3.704"),
        [("stops.txt", 3, "over 100,000 bytes in one line")],
    ),
    "a quote without an end": (
        feed(stops=text_of("stops") + 'S9,"Calle 9,40.41,-3.683\n'),
        [("stops.txt", 14, "has 2 fields, the header 4")],
    ),
    "a line break in the header": (
        feed(stops=text_of("stops").replace("stop_name", '"stop\nname",stop_name')),
        [("stops.txt", 1, "line break in a column's name")],
    ),
    "a calendar that ends before it begins": (
        feed(calendar=text_of("calendar").replace("S,0,0,0,0,0,1,0,20260302", "S,0,0,0,0,0,1,0,20270302")),
        [("calendar.txt", 3, "`end_date` comes before `start_date`")],
    ),
    "a frequency that ends before it begins": (
        feed(frequencies=f"trip_id,start_time,end_time,headway_secs\n{FIRST_TRIP},06:00:00,05:00:00,60\n"),
        [("frequencies.txt", 2, "`end_time` comes before `start_time`")],
    ),
    "a field too many": (
        with_line("stops", 3, "S2,Calle, 2,40.41,-3.704"),
        [("stops.txt", 3, "has 5 fields, the header 4")],
    ),
    "a NUL": (with_line("stops", 3, "S2,Cal\0le,40.41,-3.704"), [("stops.txt", 3, "NUL")]),
    "a stop without a place": (
        with_line("stops", 3, "S2,Calle 2,,"),
        [("stops.txt", 3, "needs stop_lat and stop_lon")],
    ),
    "out of range": (with_line("stops", 3, "S2,Calle 2,91,-3.704"), [("stops.txt", 3, "from -90 to 90")]),
    "infinity": (with_line("stops", 3, "S2,Calle 2,inf,-3.704"), [("stops.txt", 3, "from -90 to 90")]),
    "a stop twice": (
        feed(stops=text_of("stops") + "S2,Calle 2,40.41,-3.704\n"),
        [("stops.txt", 14, "stop_id S2: an earlier row has the same")],
    ),
    "a sequence twice": (
        with_line("stop_times", 4, f"{FIRST_TRIP},06:02:30,06:02:30,S3,20"),
        [("stop_times.txt", 4, "stop_sequence 20 twice")],
    ),
    "a time of another kind": (
        with_line("stop_times", 4, f"{FIRST_TRIP},6.02,06:02:30,S3,30"),
        [("stop_times.txt", 4, "`arrival_time` must be a time")],
    ),
    "no time at the start": (
        with_line("stop_times", 2, f"{FIRST_TRIP},,,S1,10"),
        [("stop_times.txt", 2, "first and last stop need a time")],
    ),
    "an unknown service": (
        with_line("trips", 3, "r/27,X,r/27-LV-1-21900-8,1,"),
        [("trips.txt", 3, "service_id X isn't in calendar.txt or calendar_dates.txt")],
    ),
    "a 31st of February": (
        with_line("calendar_dates", 2, "LV,20260231,2"),
        [("calendar_dates.txt", 2, "`date` must be a date")],
    ),
    "no calendar": (
        feed(calendar=None, calendar_dates=None),
        [("calendar.txt", 1, "so is calendar_dates.txt")],
    ),
    "a frequency of nothing": (
        feed(frequencies=f"trip_id,start_time,end_time,headway_secs\n{FIRST_TRIP},06:00:00,07:00:00,0\n"),
        [("frequencies.txt", 2, "seconds, at least 1")],
    ),
}


@pytest.mark.parametrize("name", MORE)
def test_each_defect_is_reported_with_file_and_line(name: str, tmp_path: Path) -> None:
    files, expected = MORE[name]
    found = problems(zipped(tmp_path / "feed.zip", files))
    assert [(file, line) for file, line, _ in found] == [(file, line) for file, line, _ in expected]
    assert all(words in message for (_, _, message), (_, _, words) in zip(found, expected, strict=True))


def test_all_defects_are_reported_at_once_and_many_of_a_kind_are_counted(tmp_path: Path) -> None:
    times = text_of("stop_times").replace(",S3,", ",S33,")
    files = feed(stop_times=times, shapes=text_of("shapes").replace(",3\n", ",x\n"), agency=None)
    found = problems(zipped(tmp_path / "feed.zip", files))
    assert {file for file, _, _ in found} == {"agency.txt", "shapes.txt", "stop_times.txt"}
    assert len(found) == 2 + 20 + 1
    assert "more lines like this" in found[-1][2]


def test_lines_are_counted_past_blank_ones_and_quoted_line_breaks(tmp_path: Path) -> None:
    lines = text_of("stops").splitlines()
    stops = "\r\n".join(
        [lines[0], 'S1,"Calle\n1",40.41,-3.707', "", "S2,Calle 2,north,-3.704", *lines[3:], ""]
    )
    [(file, line, _)] = problems(zipped(tmp_path / "feed.zip", feed(stops=stops)))
    assert (file, line) == ("stops.txt", 5)


def test_a_byte_order_mark_blanks_and_blank_lines_are_read_over(tmp_path: Path) -> None:
    stops = "\ufeff" + text_of("stops").replace("S2,", " S2 ,").replace("\n", "\r\n") + "\r\n\r\n"
    read = read_feed(zipped(tmp_path / "feed.zip", feed(stops=stops)))
    assert [stop.stop_id for stop in read.stops][:3] == ["S1", "S2", "S3"]


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_lines_may_end_as_on_any_system(ends: str, tmp_path: Path) -> None:
    plain, other = ({name: text_of(name).replace("\n", end) for name in FILES} for end in ("\n", ends))
    read = [read_feed(zipped(tmp_path / "feed.zip", feed(**files))) for files in (plain, other)]
    assert read[0].stops == read[1].stops
    assert read[0].calendar == read[1].calendar
    assert read[0].trips.service == read[1].trips.service


def test_optional_files_and_stations_are_accepted(tmp_path: Path) -> None:
    days = "".join(f"LV,202603{day:02},1\n" for day in range(2, 7))
    dates = f"service_id,date,exception_type\n{days}S,20260307,1\nD,20260308,1\n"
    read = read_feed(zipped(tmp_path / "feed.zip", feed(calendar=None, calendar_dates=dates)))
    assert len(read.calendar.services) == 7
    header, *rows = text_of("stops").splitlines()
    stations = [f"{header},location_type,parent_station", *(f"{row},0,P" for row in rows)]
    stations += ["P,Intercambiador,40.41,-3.7,1,", "E,Acceso,,,2,P", ""]
    read = read_feed(zipped(tmp_path / "feed.zip", feed(stops="\n".join(stations))))
    assert [stop.place for stop in read.stops if stop.stop_id in "PE"] == [(40.41, -3.7), None]


@pytest.mark.parametrize(
    "name", ["../stops.txt", "/stops.txt", "a/../../stops.txt", "..\\stops.txt", "C:stops.txt"]
)
def test_names_that_lead_out_of_the_zip_are_refused(name: str, tmp_path: Path) -> None:
    found = problems(zipped(tmp_path / "feed.zip", {**feed(), name: "x"}))
    assert [message for _, _, message in found] == [
        f"`{name}` leads out of the zip: zip the files without paths"
    ]


def test_a_zip_bomb_is_refused_before_it_goes_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [(_, _, message)] = problems(zipped(tmp_path / "feed.zip", feed(stops="0" * 50_000_000)))
    assert "zip bomb" in message
    monkeypatch.setattr(archive, "MAX_BYTES", 10_000)
    [(_, _, message)] = problems(zipped(tmp_path / "large.zip", feed()))
    assert "over 10,000 bytes" in message


def test_a_file_that_is_not_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed.zip"
    path.write_bytes(b"PK\x03\x04 nonsense")
    assert "can't be read as a zip" in problems(path)[0][2]
    whole = zipped(tmp_path / "whole.zip", feed()).read_bytes()
    path.write_bytes(whole[:3000] + b"damage" + whole[3006:])
    assert "can't be read as a zip" in problems(path)[0][2]
    assert "file not found" in problems(tmp_path / "absent.zip")[0][2]


def test_a_feed_in_a_folder_or_with_a_file_twice_is_refused(tmp_path: Path) -> None:
    inside = {f"feed/{name}": content for name, content in feed().items()}
    assert "is in a folder" in problems(zipped(tmp_path / "feed.zip", inside))[0][2]
    path = zipped(tmp_path / "twice.zip", feed())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("stops.txt", "x")
    assert "`stops.txt` is in the zip twice" in problems(path)[0][2]
