"""docs/gtfs.md is right: each field of a feed is changed alone, and the import compared with the first.

A field that is said to be used changes the network; one that is said to be reported changes the report alone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.docs_gtfs import State, fields, state
from scripts.gtfs_reference import IGNORED, REPORTED, UNREAD, USED
from simulator.files.problems import InputFileError
from simulator.gtfs.folder import write_folder
from simulator.gtfs.importer import import_feed
from simulator.gtfs.reading.tables import FLEX, TABLES
from simulator.gtfs.report import REPORT
from tests.gtfs_feeds import zipped

FEED: Mapping[str, str] = {
    "agency.txt": "agency_timezone\nEurope/Madrid\n",
    "routes.txt": "route_id,route_short_name,route_long_name,route_type,"
    "continuous_pickup,continuous_drop_off\n"
    "R1,1,One,3,,\nR2,2,Two,3,,\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,platform_code\n"
    "A,,40.40,-3.70,,,\nB,Bee,40.41,-3.70,,,\nC,Cee,40.42,-3.70,,,\nS,Station,40.40,-3.70,1,,\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\n"
    "WK,1,1,1,1,1,0,0,20260302,20260322\nWE,0,0,0,0,0,1,1,20260302,20260322\n",
    "calendar_dates.txt": "service_id,date,exception_type\nWK,20260311,2\n",
    "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    "H,40.405,-3.702,2\nH,40.40,-3.70,1\nH,40.41,-3.70,3\nH,40.42,-3.70,4\n",
    "trips.txt": "route_id,service_id,trip_id,direction_id,shape_id,block_id\n"
    "R1,WK,T1,0,H,b\nR1,WK,T2,1,,b\nR1,WK,T3,1,,\nR1,WE,T4,0,,\nR1,WE,T5,1,,\nR2,WK,T6,0,,\nR2,WK,T7,1,,\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type,"
    "continuous_pickup,continuous_drop_off,timepoint,location_group_id,location_id,start_pickup_drop_off_window,"
    "end_pickup_drop_off_window\n"
    "T1,07:05:00,07:05:00,B,2,,,,,,,,,\nT1,07:00:00,07:00:00,A,1,,,,,,,,,\nT1,07:10:00,07:10:00,C,3,,,,,,,,,\n"
    + "".join(
        f"{trip},{hour}:00:00,{hour}:00:00,{first},1,,,,,,,,,\n{trip},{hour}:10:00,{hour}:10:00,{last},2,,,,,,,,,\n"
        for trip, hour, first, last in (
            ("T2", "08", "C", "A"),
            ("T3", "10", "C", "A"),
            ("T4", "12", "A", "C"),
            ("T5", "13", "C", "A"),
            ("T6", "09", "A", "B"),
            ("T7", "11", "B", "A"),
        )
    ),
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs,exact_times\nT3,10:00:00,12:00:00,1800,1\n",
}
CHANGED: Mapping[str, Mapping[str, str]] = {
    "agency.txt": {"agency_timezone": "Europe/London"},
    "routes.txt": {
        "route_id": "R9",
        "route_short_name": "9",
        "route_long_name": "Nine",
        "route_type": "2",
        "continuous_pickup": "9",
        "continuous_drop_off": "9",
    },
    "stops.txt": {
        "stop_id": "Z",
        "stop_name": "Ay",
        "stop_lat": "40.401",
        "stop_lon": "-3.701",
        "location_type": "9",
        "parent_station": "S",
        "platform_code": "4",
    },
    "calendar.txt": {
        "service_id": "WX",
        **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "0"),
        **dict.fromkeys(("saturday", "sunday"), "1"),
        "start_date": "20260316",
        "end_date": "20260315",
    },
    "calendar_dates.txt": {"service_id": "WE", "date": "20260312", "exception_type": "1"},
    "shapes.txt": {
        "shape_id": "J",
        "shape_pt_lat": "40.406",
        "shape_pt_lon": "-3.703",
        "shape_pt_sequence": "9",
    },
    "trips.txt": {
        "route_id": "R2",
        "service_id": "WE",
        "trip_id": "T9",
        "direction_id": "1",
        "shape_id": "",
        "block_id": "",
    },
    "stop_times.txt": {
        "trip_id": "T2",
        "arrival_time": "07:04:00",
        "departure_time": "07:07:00",
        "stop_id": "C",
        "stop_sequence": "9",
        "pickup_type": "1",
        "drop_off_type": "1",
        "timepoint": "1",
        "continuous_pickup": "9",
        "continuous_drop_off": "9",
        **dict.fromkeys(FLEX, "08:00:00"),
    },
    "frequencies.txt": {
        "trip_id": "T5",
        "start_time": "10:30:00",
        "end_time": "11:00:00",
        "headway_secs": "1200",
        "exact_times": "0",
    },
}
"""By file and field a value for the file's first row."""
LEFT_OUT = {("stop_times.txt", name) for name in FLEX}
"""Fields whose rows are left out."""


class Import(NamedTuple):
    """What an import writes: the network's files, without comments, and the report; or why it is refused."""

    network: str
    report: str


def imported(files: Mapping[str, str], folder: Path) -> Import:
    """The import of a feed of these files."""
    path, made = zipped(folder / "feed.zip", files), folder / "network"
    made.mkdir()
    try:
        write_folder(import_feed(path), made)
    except InputFileError as error:
        return Import("refused", str(error))
    report = (made / REPORT).read_text(encoding="utf-8")
    network = [each.read_text(encoding="utf-8") for each in sorted(made.iterdir()) if each.name != REPORT]
    lines = [line for text in network for line in text.splitlines() if not line.startswith("#")]
    return Import("\n".join(lines), report)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Import:
    """The import of the feed as it is."""
    made = imported(FEED, tmp_path_factory.mktemp("unchanged"))
    assert made.network != "refused", made.report
    return made


@pytest.mark.parametrize(("file", "field"), [(file, field) for file in CHANGED for field in CHANGED[file]])
def test_a_field_that_is_used_changes_the_network_another_the_report(
    file: str, field: str, unchanged: Import, tmp_path: Path
) -> None:
    rows = list(csv.DictReader(io.StringIO(FEED[file])))
    assert rows[0][field] != CHANGED[file][field]
    rows[0][field] = CHANGED[file][field]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    made = imported({**FEED, file: text.getvalue()}, tmp_path)
    if state(file, field) is State.USED:
        assert made.network != unchanged.network
    else:
        assert made.report != unchanged.report
        assert (made.network == unchanged.network) == ((file, field) not in LEFT_OUT)


def test_every_field_that_is_read_is_changed_here_and_described() -> None:
    read = {file: set(rules.columns) for file, rules in TABLES.items()}
    assert {file: set(values) for file, values in CHANGED.items()} == read
    assert {file: set(USED[file]) | set(REPORTED.get(file, {})) for file in USED} == read
    for file in TABLES:
        described = [*USED[file], *REPORTED.get(file, {}), *IGNORED.get(file, {})]
        assert sorted(described) == sorted(set(fields(file)))
    assert not set(TABLES) & set(UNREAD)
    assert set(REPORTED) | set(IGNORED) <= set(TABLES)


def test_a_field_that_is_ignored_and_a_file_that_isnt_read_change_nothing_in_the_network(
    unchanged: Import, tmp_path: Path
) -> None:
    files = dict(FEED)
    for file, ignored in IGNORED.items():
        header, *rows = files[file].splitlines()
        more = [",".join([header, *ignored]), *(row + ",x" * len(ignored) for row in rows)]
        files[file] = "\n".join([*more, ""])
    made = imported(files | dict.fromkeys(UNREAD, "x\n"), tmp_path)
    assert made.network == unchanged.network
    assert f"files that aren't read: {', '.join(sorted(UNREAD))}" in made.report
