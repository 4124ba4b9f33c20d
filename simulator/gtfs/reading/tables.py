"""The files of a GTFS feed that are read, and their rules (GTFS Schedule reference, gtfs.org).

The keys of stop times and shape points are checked by `simulator.gtfs.feed`, which sorts by them.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator.files.csv_table import (
    DATE,
    FLAG,
    ID,
    LATITUDE,
    LONGITUDE,
    TEXT,
    TIME,
    WHOLE,
    CsvColumn,
    Kind,
    Rules,
)

EXCEPTION = Kind(r"^[12]$", "1 (added) or 2 (removed)")
SECONDS = Kind(r"^[0-9]{1,6}$", "seconds, at least 1", 1)
RULE_OF_FOUR = Kind(r"^[0-3]$", "0, 1, 2 or 3")
TIME_ZONE = Kind("", "an IANA time zone such as Europe/Madrid")
NODE = Kind(r"^[0-4]$", "0 to 4")


def _may(kind: Kind) -> CsvColumn:
    """A column whose wrong values are read as empty."""
    return CsvColumn(kind, needed=False, else_empty=True)


def _maybe(kind: Kind) -> CsvColumn:
    """A column that may be empty, but whose wrong values leave out their row."""
    return CsvColumn(kind, needed=False)


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CONTINUOUS = {"continuous_pickup": _may(RULE_OF_FOUR), "continuous_drop_off": _may(RULE_OF_FOUR)}
FLEX = ("location_group_id", "location_id", "start_pickup_drop_off_window", "end_pickup_drop_off_window")
"""Fields of stop times at which riders are picked up on demand."""
TABLES: Mapping[str, Rules] = {
    "agency.txt": Rules({"agency_timezone": CsvColumn(TIME_ZONE)}, ()),
    "routes.txt": Rules(
        {
            "route_id": CsvColumn(ID),
            "route_short_name": _may(TEXT),
            "route_long_name": _may(TEXT),
            "route_type": CsvColumn(WHOLE),
            **CONTINUOUS,
        },
        ("route_id",),
        optional=frozenset({"route_short_name", "route_long_name", *CONTINUOUS}),
    ),
    "stops.txt": Rules(
        {
            "stop_id": CsvColumn(ID),
            "stop_name": _may(TEXT),
            "stop_lat": _may(LATITUDE),
            "stop_lon": _may(LONGITUDE),
            "location_type": _may(NODE),
            "parent_station": _may(ID),
            "platform_code": _may(TEXT),
        },
        ("stop_id",),
        optional=frozenset({"stop_name", "location_type", "parent_station", "platform_code"}),
    ),
    "calendar.txt": Rules(
        {
            "service_id": CsvColumn(ID),
            **{day: CsvColumn(FLAG) for day in DAYS},
            "start_date": CsvColumn(DATE),
            "end_date": CsvColumn(DATE),
        },
        ("service_id",),
        needed=False,
        stretch=("start_date", "end_date"),
    ),
    "calendar_dates.txt": Rules(
        {"service_id": CsvColumn(ID), "date": CsvColumn(DATE), "exception_type": CsvColumn(EXCEPTION)},
        ("service_id", "date"),
        needed=False,
    ),
    "shapes.txt": Rules(
        {
            "shape_id": CsvColumn(ID),
            "shape_pt_lat": CsvColumn(LATITUDE),
            "shape_pt_lon": CsvColumn(LONGITUDE),
            "shape_pt_sequence": CsvColumn(WHOLE),
        },
        (),
        needed=False,
    ),
    "trips.txt": Rules(
        {
            "route_id": CsvColumn(ID, refers=("routes.txt", "route_id")),
            "service_id": CsvColumn(ID),
            "trip_id": CsvColumn(ID),
            "direction_id": _may(FLAG),
            "shape_id": _may(ID),
            "block_id": _may(ID),
        },
        ("trip_id",),
        optional=frozenset({"direction_id", "shape_id", "block_id"}),
    ),
    "stop_times.txt": Rules(
        {
            "trip_id": CsvColumn(ID, refers=("trips.txt", "trip_id")),
            "arrival_time": _maybe(TIME),
            "departure_time": _maybe(TIME),
            "stop_id": CsvColumn(ID, needed=False, refers=("stops.txt", "stop_id")),
            "stop_sequence": CsvColumn(WHOLE),
            "pickup_type": _may(RULE_OF_FOUR),
            "drop_off_type": _may(RULE_OF_FOUR),
            **CONTINUOUS,
            "timepoint": _may(FLAG),
            **{name: _may(TEXT) for name in FLEX},
        },
        (),
        optional=frozenset(
            {
                "arrival_time",
                "departure_time",
                "pickup_type",
                "drop_off_type",
                "timepoint",
                *CONTINUOUS,
                *FLEX,
            }
        ),
    ),
    "frequencies.txt": Rules(
        {
            "trip_id": CsvColumn(ID, refers=("trips.txt", "trip_id")),
            "start_time": CsvColumn(TIME),
            "end_time": CsvColumn(TIME),
            "headway_secs": CsvColumn(SECONDS),
            "exact_times": _may(FLAG),
        },
        (),
        needed=False,
        optional=frozenset({"exact_times"}),
        stretch=("start_time", "end_time"),
    ),
}
LEFT_OUT_WHOLE = frozenset({"shapes.txt"})
"""Files without which the feed still means the same: unreadable ones are left out."""
