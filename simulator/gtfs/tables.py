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
    Column,
    Kind,
    Rules,
)

EXCEPTION = Kind(r"^[12]$", "1 (added) or 2 (removed)")
SECONDS = Kind(r"^[0-9]{1,6}$", "seconds, at least 1", 1)


def _may(kind: Kind) -> Column:
    return Column(kind, needed=False)


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TABLES: Mapping[str, Rules] = {
    "agency.txt": Rules({"agency_name": Column(TEXT), "agency_timezone": Column(TEXT)}, ()),
    "routes.txt": Rules(
        {
            "route_id": Column(ID),
            "route_short_name": _may(TEXT),
            "route_long_name": _may(TEXT),
            "route_type": Column(WHOLE),
        },
        ("route_id",),
        optional=frozenset({"route_short_name", "route_long_name"}),
    ),
    "stops.txt": Rules(
        {
            "stop_id": Column(ID),
            "stop_name": _may(TEXT),
            "stop_lat": _may(LATITUDE),
            "stop_lon": _may(LONGITUDE),
        },
        ("stop_id",),
    ),
    "calendar.txt": Rules(
        {
            "service_id": Column(ID),
            **{day: Column(FLAG) for day in DAYS},
            "start_date": Column(DATE),
            "end_date": Column(DATE),
        },
        ("service_id",),
        needed=False,
        stretch=("start_date", "end_date"),
    ),
    "calendar_dates.txt": Rules(
        {"service_id": Column(ID), "date": Column(DATE), "exception_type": Column(EXCEPTION)},
        ("service_id", "date"),
        needed=False,
    ),
    "shapes.txt": Rules(
        {
            "shape_id": Column(ID),
            "shape_pt_lat": Column(LATITUDE),
            "shape_pt_lon": Column(LONGITUDE),
            "shape_pt_sequence": Column(WHOLE),
        },
        (),
        needed=False,
    ),
    "trips.txt": Rules(
        {
            "route_id": Column(ID, refers=("routes.txt", "route_id")),
            "service_id": Column(ID),
            "trip_id": Column(ID),
            "direction_id": _may(FLAG),
            "shape_id": Column(ID, needed=False, refers=("shapes.txt", "shape_id")),
        },
        ("trip_id",),
        optional=frozenset({"direction_id", "shape_id"}),
    ),
    "stop_times.txt": Rules(
        {
            "trip_id": Column(ID, refers=("trips.txt", "trip_id")),
            "arrival_time": _may(TIME),
            "departure_time": _may(TIME),
            "stop_id": Column(ID, refers=("stops.txt", "stop_id")),
            "stop_sequence": Column(WHOLE),
        },
        (),
    ),
    "frequencies.txt": Rules(
        {
            "trip_id": Column(ID, refers=("trips.txt", "trip_id")),
            "start_time": Column(TIME),
            "end_time": Column(TIME),
            "headway_secs": Column(SECONDS),
            "exact_times": _may(FLAG),
        },
        ("trip_id", "start_time"),
        needed=False,
        optional=frozenset({"exact_times"}),
        stretch=("start_time", "end_time"),
    ),
}
