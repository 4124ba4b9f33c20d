"""Arrivals, trips, shapes, timetables, single stops and buses over every transport."""

from __future__ import annotations

from typing import Any

from services.transit import bodies, geojson_bodies
from services.web.description.transit_operations import TRANSIT_OPERATIONS
from tests.case_table import each_case
from tests.services.rest_served import Served

PATHS = {
    "/arrivals/S003": bodies.ArrivalsBody,
    "/arrivals/S003?line_id=L1&limit=1&horizon_min=180": bodies.ArrivalsBody,
    "/trips/L1-20260302-0-001": None,
    "/lines/L1/shape": geojson_bodies.LineShapeBody,
    "/network.geojson": geojson_bodies.NetworkShapeBody,
    "/arrivals/S003?line_id=,": bodies.ArrivalsBody,
    "/arrivals/S003?line_id=L1,%20L2,": bodies.ArrivalsBody,
    "/network.geojson?line_id=L2": geojson_bodies.NetworkShapeBody,
    "/lines/L1/timetable": bodies.TimetableBody,
    "/lines/L1/timetable?date=2026-03-08": bodies.TimetableBody,
    "/stops/S002": bodies.StopBody,
    "/buses/B001": bodies.BusBody,
}
"""Requests, and the model of the answer; None for 404, since the served trips have other ids."""


@each_case("path", PATHS)
def test_the_answer_has_exactly_the_fields_of_its_model(anywhere: Served, path: str) -> None:
    answer, model = anywhere.ask(path), PATHS[path]
    if model is None:
        assert (answer.status_code, answer.json()["error"]) == (404, "NotFound")
        return
    assert answer.status_code == 200, answer.text
    assert model.model_validate(answer.json(), strict=True).model_dump(exclude_unset=True) == answer.json()


def test_an_arrival_has_the_contracts_fields_first(anywhere: Served) -> None:
    body = anywhere.ask("/arrivals/S003").json()
    assert list(body) == ["stop_id", "time", "arrivals"]
    fields = [
        "line_id", "destination", "direction", "bus_id", "trip_id", "expected_time", "planned_time",
        "wait_s", "stops_away", "distance_m", "passenger_count", "capacity",
    ]  # fmt: skip
    assert [list(each)[:12] for each in body["arrivals"]] == [fields, fields, fields]
    assert body["time"] == "2026-03-02T07:30:10Z"


DATES = "Must be YYYY-MM-DD, from 1970 to 2199"
REFUSALS: list[tuple[str, int, str]] = [
    ("/arrivals/S999", 404, "Stop S999 not found"),
    ("/arrivals/S001?line_id=L99", 404, "Line L99 not found"),
    ("/arrivals/S001?line_id=L2", 400, "Stop S001 is not served by line L2. Its lines: L1"),
    ("/arrivals/S001?limit=0", 400, "Invalid limit: 0. Must be a whole number from 1 to 10000"),
    ("/arrivals/S001?horizon_min=181", 400, "Invalid horizon_min: 181. Must be a whole number from 1 to 180"),
    ("/arrivals/S001?horizon_min=ten", 400, "Invalid horizon_min: ten. Must be a whole number from 1 to 180"),
    ("/arrivals/S001?horizon=10", 400, "Unknown parameter: horizon. Did you mean horizon_min?"),
    ("/trips/L99-20260302-0-001", 404, "Trip L99-20260302-0-001 not found"),
    ("/trips/nonsense", 404, "Trip nonsense not found"),
    ("/trips/L1-20261399-0-001", 404, "Trip L1-20261399-0-001 not found"),
    ("/trips/L1-20260302-0-999", 404, "No data found for trip L1-20260302-0-999"),
    ("/lines/L99/shape", 404, "Line L99 not found"),
    ("/network.geojson?line_id=L1,L99", 404, "Line L99 not found"),
    ("/lines/L99/timetable", 404, "Line L99 not found"),
    ("/lines/L1/timetable?date=today", 400, f"Invalid date: 'today'. {DATES}"),
    ("/lines/L1/timetable?date=20260302", 400, f"Invalid date: '20260302'. {DATES}"),
    ("/lines/L1/timetable?date=0001-01-01", 400, f"Invalid date: '0001-01-01'. {DATES}"),
    ("/stops/S999", 404, "Stop S999 not found"),
    ("/buses/B999", 404, "Bus B999 not found"),
]


@each_case("path, status, message", REFUSALS)
def test_refusals_name_what_is_wrong(anywhere: Served, path: str, status: int, message: str) -> None:
    answer = anywhere.ask(path)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_a_shape_has_a_line_for_each_pattern_in_the_order_longitude_latitude(anywhere: Served) -> None:
    body = anywhere.ask("/lines/L1/shape").json()
    assert body["type"] == "FeatureCollection"
    features: list[dict[str, Any]] = body["features"]
    assert [each["properties"]["direction"] for each in features] == [0, 1]
    assert {each["geometry"]["type"] for each in features} == {"LineString"}
    outbound, inbound = (each["geometry"]["coordinates"] for each in features)
    assert outbound[0] == [-3.72, 40.4]
    assert outbound == inbound[::-1]
    whole = anywhere.ask("/network.geojson").json()["features"]
    assert [each["geometry"]["type"] for each in whole] == 4 * ["LineString"] + 4 * ["Point"]
    assert len({each["properties"]["color"] for each in whole[:4]}) == 2


def test_every_operation_of_the_room_is_asked_here() -> None:
    asked = {path.partition("?")[0].split("/")[1] for path in (*PATHS, *(path for path, *_ in REFUSALS))}
    assert {template.split("/")[1] for template in TRANSIT_OPERATIONS} - {"stop-visits"} == asked
