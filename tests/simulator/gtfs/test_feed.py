"""What is refused of a GTFS feed, and what is left out: each with file and line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from simulator.files.findings import Severity
from simulator.files.problems import InputFileError
from simulator.gtfs.feed import read_feed
from simulator.gtfs.reading import archive
from tests.environment import feeds_folder
from tests.gtfs_feeds import Defect, broken, feed, text_of, with_line, zipped

BROKEN = broken()


def problems(path: Path) -> list[tuple[str, int, str]]:
    """(file in the zip, line, message) of everything that makes a feed unusable."""
    with pytest.raises(InputFileError) as caught:
        read_feed(path)
    return [(p.file.removeprefix(str(path)).lstrip("/"), p.line, p.message) for p in caught.value.problems]


def warnings(path: Path) -> list[tuple[str, int, str]]:
    """The same of everything left out of a feed that is used."""
    found = [each for each in read_feed(path).findings if each.severity is Severity.WARNING]
    return [(each.file.removeprefix(str(path)).lstrip("/"), each.line, each.message) for each in found]


@pytest.mark.parametrize("name", BROKEN)
def test_one_defect_is_one_line_with_file_and_line(name: str, tmp_path: Path) -> None:
    files, file, line, words, refused = BROKEN[name]
    path = zipped(tmp_path / "feed.zip", files)
    [(found_file, found_line, message)] = problems(path) if refused else warnings(path)
    assert (found_file, found_line) == (file, line)
    assert words in message


@pytest.mark.skipif(feeds_folder() is None, reason="BUS_SIMULATOR_TEST_FEEDS names no folder of feeds")
@pytest.mark.parametrize("name", BROKEN)
def test_the_broken_test_feeds_have_their_defect_named(name: str) -> None:
    folder = feeds_folder()
    assert folder is not None
    path = folder / "broken" / f"{name}.zip"
    expected = BROKEN[name]
    file, line, message = (problems(path) if expected.refused else warnings(path))[0]
    assert file == expected.file
    assert expected.words in message
    assert line == {"05-not-utf8": 2}.get(name, expected.line)


FILES = ("routes", "stops", "calendar", "trips", "stop_times")
FIRST_TRIP = "r/27-LV-0-21600-8"
HEADWAYS = "trip_id,start_time,end_time,headway_secs\n"
TRIPS = len(text_of("trips").splitlines()) - 1
REFUSED: dict[str, Defect] = {
    "a missing column": Defect(
        feed(stops=text_of("stops").replace("stop_lat", "latitude")),
        *("stops.txt", 1, "column `stop_lat` is missing"),
    ),
    "semicolons": Defect(
        feed(stops=text_of("stops").replace(",", ";")),
        *("stops.txt", 1, "has semicolons between the columns: write commas"),
    ),
    "tabs": Defect(
        feed(routes=text_of("routes").replace(",", "\t")),
        *("routes.txt", 1, "has tabs between the columns: write commas"),
    ),
    "a column twice": Defect(
        feed(agency="agency_timezone,agency_name,agency_timezone\nEurope/Madrid,a,Europe/Madrid\n"),
        *("agency.txt", 1, "`agency_timezone` appears twice"),
    ),
    "an empty file": Defect(feed(routes=""), "routes.txt", 1, "is empty"),
    "a file of blank lines": Defect(feed(routes="\n  \n"), "routes.txt", 1, "is empty"),
    "no rows": Defect(feed(agency="agency_name,agency_timezone\n"), "agency.txt", 1, "has no rows"),
    "no rows and no line end": Defect(
        feed(trips="route_id,service_id,trip_id"), "trips.txt", 1, "has no rows"
    ),
    "a header without an end": Defect(
        feed(stops="stop_id," * 20_000), "stops.txt", 1, "over 100,000 bytes in one line"
    ),
    "a row without an end": Defect(
        with_line("stops", 3, f"S2,{'Calle ' * 20_000},40.41,-3.704"),
        *("stops.txt", 3, "over 100,000 bytes in one line"),
    ),
    "a quote without an end": Defect(
        feed(stops=text_of("stops") + 'S9,"Calle 9,40.41,-3.683\n'),
        "stops.txt",
        14,
        "a quote that isn't closed",
    ),
    "a quote that is closed by the next one": Defect(
        feed(stops=text_of("stops") + 'S9,"Calle 9,40.41,-3.683\nS10,"Calle 10",40.41,-3.683\n'),
        *("stops.txt", 14, "a quote that isn't closed"),
    ),
    "a line break in the header": Defect(
        feed(stops=text_of("stops").replace("stop_name", '"stop\nname",stop_name')),
        *("stops.txt", 1, "line break in a column's name"),
    ),
    "no calendar": Defect(
        feed(calendar=None, calendar_dates=None), "calendar.txt", 1, "so is calendar_dates.txt"
    ),
    "only trips to unknown stops": Defect(
        feed(stops="stop_id,stop_name,stop_lat,stop_lon\nX,X,40,-3\n"),
        *(
            "stop_times.txt",
            2,
            "stop_id S1 isn't in stops.txt: trip r/27-LV-0-21600-8 is left out, and no other",
        ),
    ),
}
LEFT_OUT: dict[str, Defect] = {
    "a calendar that ends before it begins": Defect(
        feed(calendar=text_of("calendar") + "X,0,0,0,0,0,1,0,20270302,20270301\n"),
        *("calendar.txt", 5, "`end_date` comes before `start_date`"),
    ),
    "a frequency that ends before it begins": Defect(
        feed(frequencies=f"{HEADWAYS}{FIRST_TRIP},06:00:00,05:00:00,60\n"),
        *("frequencies.txt", 2, "`end_time` comes before `start_time`"),
    ),
    "a field too many": Defect(
        feed(stops=text_of("stops") + "X,Calle, 2,40.41,-3.704\n"),
        *("stops.txt", 14, "has 5 fields, the header 4: the row is left out"),
    ),
    "a field too few": Defect(
        feed(stops=text_of("stops") + "X,Calle 2,40.41\n"),
        *("stops.txt", 14, "has 3 fields, the header 4: the others are read as empty"),
    ),
    "a NUL": Defect(with_line("stops", 3, "S2,Cal\0le,40.41,-3.704"), "stops.txt", 3, "NUL"),
    "a stop without a place": Defect(
        with_line("stops", 13, "e:4,Plaza 4,,")
        | {"stop_times.txt": text_of("stop_times") + "C-LV-0-25200-5,07:10:00,,e:4,60\n"},
        *(
            "stop_times.txt",
            len(text_of("stop_times").splitlines()) + 1,
            "stop e:4 has no coordinates in stops.txt",
        ),
    ),
    "out of range": Defect(
        with_line("stops", 13, "e:4,Plaza 4,91,-3.704"), "stops.txt", 13, '-90 to 90, got "91": read as empty'
    ),
    "infinity": Defect(with_line("stops", 13, "e:4,Plaza 4,inf,-3.7"), "stops.txt", 13, "from -90 to 90"),
    "a stop twice": Defect(
        feed(stops=text_of("stops") + "S2,Calle 2,40.41,-3.7040\n"),
        *("stops.txt", 14, "stop_id S2: an earlier row is the same: read once"),
    ),
    "an id twice": Defect(
        feed(stops=text_of("stops") + "X,Calle 2,40.41,-3.7\nX,Calle 3,40.41,-3.7\n"),
        *("stops.txt", 14, "stop_id X: rows with the same id differ: they are left out"),
    ),
    "a sequence twice": Defect(
        with_line("stop_times", 4, f"{FIRST_TRIP},06:02:30,06:02:30,S3,20"),
        *("stop_times.txt", 4, "stop_sequence 20 twice"),
    ),
    "a time of another kind": Defect(
        with_line("stop_times", 4, f"{FIRST_TRIP},6.02,06:02:30,S3,30"),
        *("stop_times.txt", 4, "`arrival_time` must be a time"),
    ),
    "no time at the start": Defect(
        with_line("stop_times", 2, f"{FIRST_TRIP},,,S1,10"),
        *("stop_times.txt", 2, "first and last stop need a time"),
    ),
    "no stop": Defect(
        with_line("stop_times", 2, f"{FIRST_TRIP},06:00:00,06:00:00,,10"),
        "stop_times.txt",
        2,
        "`stop_id` is missing",
    ),
    "one stop time": Defect(
        feed(
            trips=text_of("trips") + "C,LV,one,0,\n",
            stop_times=text_of("stop_times") + "one,06:00:00,,S1,1\n",
        ),
        *("trips.txt", TRIPS + 2, "trip one has only one stop"),
    ),
    "no stop times": Defect(
        feed(trips=text_of("trips") + "C,LV,none,0,\n"), "trips.txt", TRIPS + 2, "trip none has no stop times"
    ),
    "an unknown route": Defect(
        feed(trips=text_of("trips") + "X,LV,none,0,\n"),
        "trips.txt",
        TRIPS + 2,
        "route_id X isn't in routes.txt",
    ),
    "an unknown shape": Defect(
        with_line("trips", 2, "r/27,LV,r/27-LV-0-21600-8,0,west"),
        "trips.txt",
        2,
        "shape_id west isn't in shapes.txt",
    ),
    "an unknown service": Defect(
        with_line("trips", 3, "r/27,X,r/27-LV-1-21900-8,1,"),
        *("trips.txt", 3, "service_id X isn't in calendar.txt or calendar_dates.txt"),
    ),
    "a 31st of February": Defect(
        with_line("calendar_dates", 2, "LV,20260231,2"), "calendar_dates.txt", 2, "`date` must be a date"
    ),
    "a frequency of nothing": Defect(
        feed(frequencies=f"{HEADWAYS}{FIRST_TRIP},06:00:00,07:00:00,0\n"),
        "frequencies.txt",
        2,
        "seconds, at least 1",
    ),
    "a shape in quotes without an end": Defect(
        feed(shapes=text_of("shapes") + '"east,40,-3.7,9\n'),
        "shapes.txt",
        6,
        "read as if the file weren't there",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_a_feed_unusable_is_refused_with_file_and_line(name: str, tmp_path: Path) -> None:
    files, file, line, words, _ = REFUSED[name]
    [(found_file, found_line, message)] = problems(zipped(tmp_path / "feed.zip", files))
    assert (found_file, found_line) == (file, line)
    assert words in message


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_wrong_row_costs_what_it_describes(name: str, tmp_path: Path) -> None:
    files, file, line, words, _ = LEFT_OUT[name]
    found = warnings(zipped(tmp_path / "feed.zip", files))
    assert found[0][:2] == (file, line)
    assert words in found[0][2]


def test_many_of_a_kind_are_one_finding_with_their_number(tmp_path: Path) -> None:
    times = text_of("stop_times").replace(",S3,", ",S33,")
    read = read_feed(zipped(tmp_path / "feed.zip", feed(stop_times=times)))
    [found] = [each for each in read.findings if each.code == "unknown-id"]
    assert (found.count, found.trips) == (times.count(",S33,"), times.count(",S33,"))
    assert len(found.lines) == 20
    assert len(read.trips.trip_id) == TRIPS - found.trips


def test_lines_are_counted_past_blank_ones_and_quoted_line_breaks(tmp_path: Path) -> None:
    lines = text_of("stops").splitlines()
    stops = "\r\n".join(
        [lines[0], 'S1,"Calle\n1",40.41,-3.707', "", "X,Calle 2,north,-3.704", *lines[2:], ""]
    )
    assert warnings(zipped(tmp_path / "feed.zip", feed(stops=stops)))[0][:2] == ("stops.txt", 5)


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
    assert [stop.place for stop in read.stops if stop.stop_id in "PE"] == [(40.41, -3.7)] * 2


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
    assert "is damaged in the zip" in problems(path)[0][2]
    assert "file not found" in problems(tmp_path / "absent.zip")[0][2]


def test_files_of_a_zip_may_be_called_as_a_path_from_here(tmp_path: Path) -> None:
    dotted = {f"./{name}": content for name, content in feed().items()}
    read = read_feed(zipped(tmp_path / "dotted.zip", dotted))
    assert read.trips.trip_id == read_feed(zipped(tmp_path / "feed.zip", feed())).trips.trip_id
    assert not any("aren't read" in found.message for found in read.findings)
    both = feed() | {"./stops.txt": "stop_id"}
    assert "`stops.txt` is in the zip twice" in problems(zipped(tmp_path / "both.zip", both))[0][2]


def test_a_feed_may_lie_in_a_folder_among_stray_files(tmp_path: Path) -> None:
    stray = {"__MACOSX/feed/._stops.txt": "x", "feed/.DS_Store": "x", "feed/readme.pdf": "x"}
    inside = {f"feed/{name}": content for name, content in feed().items()}
    read = read_feed(zipped(tmp_path / "feed.zip", inside | stray))
    assert len(read.trips.trip_id) == TRIPS
    assert [found.message for found in read.findings] == [
        "the feed is in the folder `feed` of the zip: read from there",
        "files that aren't read: feed/readme.pdf",
    ]


def test_two_feeds_a_zip_in_a_zip_or_a_file_twice_are_refused(tmp_path: Path) -> None:
    two = {f"{folder}/{name}": content for folder in "ab" for name, content in feed().items()}
    assert "has feeds in several folders (`a`, `b`)" in problems(zipped(tmp_path / "two.zip", two))[0][2]
    inner = zipped(tmp_path / "inner.zip", feed()).read_bytes()
    assert (
        "has another zip in it, `inner.zip`"
        in problems(zipped(tmp_path / "o.zip", {"inner.zip": inner}))[0][2]
    )
    path = zipped(tmp_path / "twice.zip", feed())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("stops.txt", "x")
    assert "`stops.txt` is in the zip twice" in problems(path)[0][2]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_text_in_utf_16_or_with_a_mark_is_understood(encoding: str, tmp_path: Path) -> None:
    stops = text_of("stops").replace("Calle 4", "Plaza de España")
    read = read_feed(zipped(tmp_path / "feed.zip", feed(stops=stops.encode(encoding))))
    assert read.stops[3].name == "Plaza de España"
    assert len(read.findings) == (encoding != "utf-8-sig")


SPACED = {
    "blank lines": lambda text: text.replace("\n", "\n\n") + "   \n",
    "a blank first line": lambda text: "\n" + text,
    "commas at the end": lambda text: text.replace("\n", ",\n"),
    "rows of commas": lambda text: text + ",,,\n,,,\n",
    "no last line end": lambda text: text.removesuffix("\n"),
    "quotes around everything": lambda text: text.replace(",", '","').replace("\n", '"\n"').removesuffix('"'),
}


@pytest.mark.parametrize("name", SPACED)
def test_blank_lines_and_empty_fields_change_nothing(name: str, tmp_path: Path) -> None:
    stops = SPACED[name](text_of("stops"))
    stops = f'"{stops}' if name.startswith("quotes") else stops
    read = read_feed(zipped(tmp_path / "feed.zip", feed(stops=stops)))
    assert read.stops == read_feed(zipped(tmp_path / "plain.zip", feed())).stops
    assert list(read.findings) == []


@pytest.mark.parametrize("content", ["", "\n", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence"])
def test_an_optional_file_without_rows_is_as_none(content: str, tmp_path: Path) -> None:
    trips = text_of("trips").replace(",east", ",")
    read = read_feed(zipped(tmp_path / "feed.zip", feed(shapes=content, trips=trips)))
    assert read.shapes == []
    assert all(found.severity is Severity.NOTE for found in read.findings)


def test_a_platform_has_the_name_and_place_of_its_station(tmp_path: Path) -> None:
    header = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,platform_code\n"
    rows = [f"{row},,," for row in text_of("stops").splitlines()[1:]]
    rows[1:2] = ["S2,,,,0,T,3", "T,Terminal,40.41,-3.7040,1,,"]
    read = read_feed(zipped(tmp_path / "feed.zip", feed(stops=header + "\n".join(rows) + "\n")))
    assert (read.stops[1].name, read.stops[1].place) == ("Terminal (3)", (40.41, -3.704))
    assert len(read.trips.trip_id) == TRIPS


def test_flexible_stop_times_are_left_out_and_fixed_ones_stay(tmp_path: Path) -> None:
    header, *rows = text_of("stop_times").splitlines()
    flex = [f"{header},location_group_id,start_pickup_drop_off_window", *(f"{row},," for row in rows)]
    flex += ["none,,,,1,G,08:00:00", "none,,,,2,G,08:00:00", "C-LV-0-25200-5,,,,60,G,08:00:00"]
    trips = text_of("trips") + "C,LV,none,0,\n"
    path = zipped(tmp_path / "feed.zip", feed(stop_times="\n".join([*flex, ""]), trips=trips))
    read = read_feed(path)
    assert len(read.trips.trip_id) == TRIPS
    [found] = [each for each in read.findings if each.severity is Severity.WARNING]
    assert (found.code, found.count, found.trips, found.line) == ("flexible", 3, 2, len(rows) + 2)


@pytest.mark.parametrize(("name", "value"), [("continuous_pickup", "0"), ("continuous_drop_off", "3")])
@pytest.mark.parametrize("file", ["routes", "stop_times"])
def test_riding_between_stops_is_reported(file: str, name: str, value: str, tmp_path: Path) -> None:
    header, first, *others = text_of(file).splitlines()
    rows = [f"{header},{name}", f"{first},1", *(f"{row},{value}" for row in others), ""]
    path = zipped(tmp_path / "feed.zip", feed(**{file: "\n".join(rows)}))
    said = f"{name} {value}: buses stop only at stops, not between them"
    assert warnings(path) == [(f"{file}.txt", 3, said)]
