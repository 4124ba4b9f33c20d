"""Small feeds of one route, made here: stops A, B, C … 1.1 km apart on a meridian, trips as given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.gtfs_feeds import zipped

HOUR_S = 3600
AGENCY = "agency_id,agency_name,agency_url,agency_timezone\nA,Test,https://example.org,{timezone}\n"
ROUTES = "route_id,agency_id,route_short_name,route_long_name,route_type\nR1,A,1,One,3\n"
CALENDAR = (
    "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "WK,1,1,1,1,1,0,0,20260101,20261231\n"
    "SA,0,0,0,0,0,1,0,20260101,20261231\n"
    "SU,0,0,0,0,0,0,1,20260101,20261231\n"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A row of stop_times.txt: the stop, seconds of arrival and departure (None: blank), other columns."""

    stop: str
    arrives_s: int | None
    leaves_s: int | None
    columns: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trip:
    """A row of trips.txt with its stop times; `columns` are further columns of it."""

    trip_id: str
    service: str
    direction: int
    calls: Sequence[Call]
    route: str = "R1"
    columns: Mapping[str, object] = field(default_factory=dict)


def every_five_minutes(departs_s: int, stops: str = "ABC", **columns: object) -> list[Call]:
    """Calls five minutes apart."""
    times = (departs_s + 300 * number for number in range(len(stops)))
    return [Call(stop, at, at, columns) for stop, at in zip(stops, times, strict=True)]


def hourly(services: Iterable[str] = ("WK", "SA", "SU"), *, stops: str = "ABC") -> list[Trip]:
    """A trip each way every hour from 07:00 to 20:30."""
    return [
        Trip(f"{service}{hour}{way}", service, way, every_five_minutes(hour * HOUR_S + 1800 * way, order))
        for service in services
        for hour in range(7, 21)
        for way, order in ((0, stops), (1, stops[::-1]))
    ]


def clock(seconds: int | None) -> str:
    """A GTFS time; blank for None."""
    if seconds is None:
        return ""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def feed_of(trips: Sequence[Trip], *, timezone: str = "Europe/Madrid", **files: str) -> dict[str, str]:
    """The files of a feed with these trips; `files` replace or add files by their name without .txt."""
    names = sorted({call.stop for trip in trips for call in trip.calls})
    stops = [f"{name},{name},{40.40 + 0.01 * i:.4f},-3.7000" for i, name in enumerate(names)]
    made = {
        "agency": AGENCY.format(timezone=timezone),
        "routes": ROUTES,
        "stops": "\n".join(["stop_id,stop_name,stop_lat,stop_lon", *stops, ""]),
        "calendar": CALENDAR,
        "trips": _table(
            {
                "route_id": trip.route,
                "service_id": trip.service,
                "trip_id": trip.trip_id,
                "direction_id": trip.direction,
                **trip.columns,
            }
            for trip in trips
        ),
        "stop_times": _table(
            {
                "trip_id": trip.trip_id,
                "arrival_time": clock(call.arrives_s),
                "departure_time": clock(call.leaves_s),
                "stop_id": call.stop,
                "stop_sequence": number,
                **call.columns,
            }
            for trip in trips
            for number, call in enumerate(trip.calls)
        ),
    }
    return {f"{name}.txt": content for name, content in (made | files).items()}


def zip_of(folder: Path, trips: Sequence[Trip], *, timezone: str = "Europe/Madrid", **files: str) -> Path:
    """A zip of a feed with these trips."""
    return zipped(folder / "feed.zip", feed_of(trips, timezone=timezone, **files))


def _table(rows: Iterable[Mapping[str, object]]) -> str:
    """Rows as CSV with all their columns; blank where a row doesn't have one."""
    given = list(rows)
    header = list(dict.fromkeys(name for row in given for name in row))
    lines = [",".join(str(row.get(name, "")) for name in header) for row in given]
    return "\n".join([",".join(header), *lines, ""])
