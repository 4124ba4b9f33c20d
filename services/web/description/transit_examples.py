"""The examples of visits, arrivals and shapes in the OpenAPI description. A test fits them to the models."""

from __future__ import annotations

from collections.abc import Mapping

TIME = "2026-03-02T07:30:00Z"
TRIP, VISITED = "L1-20260302-0-012", ("stop", "bus", "line")
VISIT: Mapping[str, object] = {
    "bus_id": "B001",
    "line_id": "L1",
    "stop_id": "S001",
    "trip_id": TRIP,
    "direction": 0,
    "sequence": 1,
    "arrival_time": "2026-03-02T07:28:41.310Z",
    "time": "2026-03-02T07:29:02.150Z",
    "doors_open": True,
    "boarding": 4,
    "alighting": 2,
    "left_behind": 0,
    "passenger_count": 31,
    "waiting": 0,
}
POSITION: Mapping[str, object] = {
    "bus_id": "B001",
    "line_id": "L1",
    "time": TIME,
    "latitude": 40.416912,
    "longitude": -3.703512,
    "passenger_count": 31,
    "next_stop_id": "S002",
    "distance_to_next_stop": 120.5,
    "speed": 18.3,
    "direction": 0,
    "trip_id": TRIP,
    "capacity": 80,
    "bearing": 117.4,
}
ARRIVAL: Mapping[str, object] = {
    "line_id": "L1",
    "destination": "Plaza de Castilla",
    "direction": 0,
    "bus_id": "B001",
    "trip_id": TRIP,
    "expected_time": "2026-03-02T07:32:10Z",
    "planned_time": "2026-03-02T07:31:00Z",
    "wait_s": 130,
    "stops_away": 2,
    "distance_m": 512.4,
    "passenger_count": 31,
    "capacity": 80,
    "certainty": 0.93,
    "departed": True,
    "boarding": True,
}
PATTERN: Mapping[str, object] = {
    "type": "Feature",
    "geometry": {"type": "LineString", "coordinates": [[-3.7025, 40.405], [-3.6996, 40.4061]]},
    "properties": {
        "line_id": "L1",
        "name": "27 Embajadores - Plaza de Castilla",
        "pattern_id": "L1-0",
        "direction": 0,
        "destination": "Plaza de Castilla",
        "is_main": True,
        "length_m": 7350.2,
        "stop_ids": ["S001", "S002"],
        "stop_distances_m": [0.0, 281.4],
        "night": False,
        "color": "#0b63b5",
    },
}
STOP_FEATURE: Mapping[str, object] = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [-3.7025, 40.405]},
    "properties": {"stop_id": "S001", "name": "Glorieta de Embajadores", "line_ids": "L1,L6"},
}
STOP_LINE: Mapping[str, object] = {
    "line_id": "L1",
    "name": "27 Embajadores - Plaza de Castilla",
    "direction": 0,
    "destination": "Plaza de Castilla",
    "night": False,
    "color": "#0b63b5",
}
STOP: Mapping[str, object] = {
    "stop_id": "S001",
    "name": "Glorieta de Embajadores",
    "latitude": 40.405,
    "longitude": -3.7025,
    "line_ids": "L1,L6",
    "lines": [STOP_LINE],
}
TRIP_STOPS: list[dict[str, object]] = [
    {"stop_id": "S001", "sequence": 1, "planned_time": TIME, "visit": VISIT},
    {"stop_id": "S002", "sequence": 2, "planned_time": TIME, "expected_time": TIME},
]
"""FastAPI leaves out fields that are null."""


def _collection(*features: Mapping[str, object]) -> Mapping[str, object]:
    return {"value": {"type": "FeatureCollection", "features": list(features)}}


TRANSIT_BODIES: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    **{
        f"/stop-visits/{kind}/{{{kind}_id}}": {
            "visits": {"value": {"items": [VISIT], "next_cursor": "MmM0YWZmMzBkMjg3…"}}
        }
        for kind in VISITED
    },
    "/arrivals/{stop_id}": {
        "arrivals": {"value": {"stop_id": "S001", "time": TIME, "arrivals": [ARRIVAL]}},
    },
    "/trips/{trip_id}": {
        "a trip": {
            "value": {
                "trip_id": TRIP,
                "gtfs_trip_id": "L1-weekday-0-012",
                "start_date": "20260302",
                "line_id": "L1",
                "direction": 0,
                "service_date": "2026-03-02",
                "bus_id": "B001",
                "status": "running",
                "stops": TRIP_STOPS,
            }
        }
    },
    "/lines/{line_id}/shape": {"a shape": _collection(PATTERN)},
    "/network.geojson": {"the network": _collection(PATTERN, STOP_FEATURE)},
    "/lines/{line_id}/timetable": {
        "by headway": {
            "value": {
                "line_id": "L1",
                "date": "2026-03-02",
                "day_type": "weekday",
                "timezone": "Europe/Madrid",
                "first_departure": "2026-03-02T04:30:00Z",
                "last_departure": "2026-03-02T23:30:00Z",
                "departures": [{"time": "2026-03-02T04:30:00Z", "direction": 0, "pattern_id": "L1-0"}],
                "headways": [{"start": "2026-03-02T04:30:00Z", "end": TIME, "headway_s": 480}],
            }
        }
    },
    "/stops/{stop_id}": {"a stop": {"value": STOP}},
    "/buses/{bus_id}": {
        "a bus": {
            "value": {
                "bus_id": "B001",
                "line_id": "L1",
                "capacity": 80,
                "line_name": "27 Embajadores - Plaza de Castilla",
                "position": POSITION,
            }
        }
    },
}
TRANSIT_NOT_FOUND: Mapping[str, tuple[str, ...]] = {
    "/stop-visits/stop/{stop_id}": ("Stop S999 not found", "No data found for stop S001"),
    "/stop-visits/bus/{bus_id}": ("Bus B999 not found", "No data found for bus B001"),
    "/stop-visits/line/{line_id}": ("Line L99 not found", "No data found for line L1"),
    "/arrivals/{stop_id}": ("Stop S999 not found", "Line L99 not found"),
    "/trips/{trip_id}": (
        "Trip L99-20260302-0-001 not found",
        "No data found for trip L1-20260302-0-999",
    ),
    "/lines/{line_id}/shape": ("Line L99 not found",),
    "/lines/{line_id}/timetable": ("Line L99 not found",),
    "/network.geojson": ("Line L99 not found",),
    "/stops/{stop_id}": ("Stop S999 not found",),
    "/buses/{bus_id}": ("Bus B999 not found",),
}
TRANSIT_BAD_REQUESTS: Mapping[str, tuple[str, ...]] = {
    "/arrivals/{stop_id}": (
        "Invalid limit: 0. Must be a whole number from 1 to 10000",
        "Invalid horizon_min: 0. Must be a whole number from 1 to 180",
        "Stop S001 is not served by line L2. Its lines: L1, L6",
    ),
    "/trips/{trip_id}": ("Invalid start_date: 'today'. Must be YYYYMMDD or YYYY-MM-DD",),
    "/lines/{line_id}/shape": (),
    "/lines/{line_id}/timetable": ("Invalid date: 'today'. Must be YYYY-MM-DD, from 1970 to 2199",),
    "/network.geojson": (),
    "/stops/{stop_id}": (),
    "/buses/{bus_id}": (),
}
"""Apart from unknown parameters, which every route refuses."""
