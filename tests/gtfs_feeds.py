"""A small GTFS feed made here, and the same with one defect each: files as text, and zips of them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

Files = Mapping[str, str | bytes]

STOPS = 8
LATITUDE, LONGITUDE = 40.41, -3.71


def _stops() -> str:
    """S1 … S8 eastwards, some 250 m apart; e:1 … e:4 (ids that no network file may have) north of S1 … S4."""
    rows = [f"S{i},Calle {i},{LATITUDE},{LONGITUDE + 0.003 * i:.4f}" for i in range(1, STOPS + 1)]
    rows += [f"e:{i},Plaza {i},{LATITUDE + 0.003},{LONGITUDE + 0.003 * i:.4f}" for i in range(1, 5)]
    return "\n".join(["stop_id,stop_name,stop_lat,stop_lon", *rows, ""])


def _time(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


@cache
def _trips() -> tuple[str, str]:
    """Two directions of 27 with a short variant, a circle one way, a night line; three services."""
    out = [f"S{i}" for i in range(1, STOPS + 1)]
    circle = ["e:1", "e:2", "S2", "S1", "e:1"]
    night = out[:5]
    trips = ["route_id,service_id,trip_id,direction_id,shape_id"]
    times = ["trip_id,arrival_time,departure_time,stop_id,stop_sequence"]

    def add(route: str, service: str, start: int, direction: int, stops: list[str], shape: str = "") -> None:
        trip = f"{route}-{service}-{direction}-{start}-{len(stops)}"
        trips.append(f"{route},{service},{trip},{direction},{shape}")
        for i, stop in enumerate(stops):
            at = _time(start + 75 * i)
            times.append(f"{trip},{at},{at},{stop},{10 * (i + 1)}")

    for service, every in (("LV", 900), ("S", 1800), ("D", 3600)):
        for start in range(6 * 3600, 24 * 3600, every):
            add("r/27", service, start, 0, out, "east")
            add("r/27", service, start + 300, 1, out[::-1])
        for start in range(7 * 3600, 21 * 3600, 2 * every):
            add("C", service, start, 0, circle)
        for start in range(23 * 3600 + 1800, 30 * 3600, 3600):
            add("N", service, start, 0, night)
            add("N", service, start + 1800, 1, night[::-1])
    add("r/27", "LV", 8 * 3600 + 60, 0, out[:5], "east")
    return "\n".join([*trips, ""]), "\n".join([*times, ""])


def feed(**changed: str | bytes | None) -> dict[str, str | bytes]:
    """The feed's files by name; `changed` replaces files by name without .txt, None removes one."""
    trips, times = _trips()
    files: dict[str, str | bytes | None] = {
        "agency": "agency_id,agency_name,agency_url,agency_timezone\n1,Bus,https://bus.example,Europe/Madrid\n",
        "routes": (
            "route_id,agency_id,route_short_name,route_long_name,route_type\n"
            'r/27,1,27,"Calle 1, Sur - Calle 8",3\nC,1,C 9,Circular,3\nN,1,N1,Nocturna,704\nM,1,M1,Metro,1\n'
        ),
        "stops": _stops(),
        "calendar": (
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
            "LV,1,1,1,1,1,0,0,20260302,20260405\nS,0,0,0,0,0,1,0,20260302,20260405\n"
            "D,0,0,0,0,0,0,1,20260302,20260405\n"
        ),
        "calendar_dates": "service_id,date,exception_type\nLV,20260319,2\nD,20260319,1\n",
        "shapes": (
            "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
            "east,40.4101,-3.708,1\neast,40.4101,-3.6965,2\neast,40.4103,-3.6964,3\neast,40.4103,-3.685,4\n"
        ),
        "trips": trips,
        "stop_times": times,
    }
    return {f"{name}.txt": content for name, content in (files | changed).items() if content is not None}


def zipped(path: Path, files: Files) -> Path:
    """A zip of these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def text_of(name: str) -> str:
    """A file of the feed."""
    content = feed()[f"{name}.txt"]
    return content if isinstance(content, str) else content.decode()


def with_line(name: str, line: int, text: str) -> dict[str, str | bytes]:
    """The feed with another line (counted from 1) in one of its files."""
    lines = text_of(name).splitlines()
    lines[line - 1] = text
    return feed(**{name: "\n".join([*lines, ""])})


class Defect(NamedTuple):
    """A feed with one defect, the file and line that name it, and some words of the message.

    A refused feed isn't used at all; of others only what the defect costs is left out.
    """

    files: Files
    file: str
    line: int
    words: str
    refused: bool = False


def broken() -> dict[str, Defect]:
    """Feeds with one defect each, called as those of the folder of test feeds."""
    times = text_of("stop_times").splitlines()
    trip = times[4].split(",")[0]
    return {
        "01-missing-stop-times": Defect(
            feed(stop_times=None), "stop_times.txt", 1, "is missing", refused=True
        ),
        "02-unknown-stop": Defect(
            with_line("stop_times", 4, times[3].replace(",S3,", ",999999,")),
            *("stop_times.txt", 4, "stop_id 999999 isn't in stops.txt: trip"),
        ),
        "03-times-backwards": Defect(
            with_line("stop_times", 5, f"{trip},05:03:45,05:03:45,S4,40"),
            *("stop_times.txt", 5, "before it left the previous stop: trip"),
        ),
        "04-nan-shape": Defect(
            with_line("shapes", 5, "east,NaN,-3.685,4"),
            *("shapes.txt", 5, '`shape_pt_lat` must be a number from -90 to 90, got "NaN": shape'),
        ),
        "05-not-utf8": Defect(
            feed(stops=text_of("stops").replace("Calle 4", "Plaza de España").encode("latin-1")),
            *("stops.txt", 5, "is Latin-1 text, not UTF-8"),
        ),
        "06-empty": Defect({}, "", 1, "isn't a GTFS feed", refused=True),
    }
