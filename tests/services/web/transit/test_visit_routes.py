"""Visits to stops over every transport: the newest, at a time, ranges, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from services.queries.bodies import stop_visit_body
from services.times import format_instant
from storage.schema import StopVisit, Stream
from tests.services.fakes import MINUTE, expected
from tests.services.rest_served import START, Served

VISITS = [
    visit for visit in expected(Stream.STOP_VISIT, START, START + 60 * MINUTE) if isinstance(visit, StopVisit)
]
PATHS = {
    "/stop-visits/stop/S001": [visit.stop_id == "S001" for visit in VISITS],
    "/stop-visits/bus/B001": [visit.bus_id == "B001" for visit in VISITS],
    "/stop-visits/line/L1": [visit.line_id == "L1" for visit in VISITS],
}


def of(path: str) -> list[dict[str, Any]]:
    """All visits of a path, in the order of a range."""
    return [stop_visit_body(visit) for visit, is_its in zip(VISITS, PATHS[path], strict=True) if is_its]


def test_an_item_has_the_contracts_fields_in_order(anywhere: Served) -> None:
    (item,) = anywhere.ask("/stop-visits/bus/B001?mode=latest").json()["items"]
    assert list(item) == [
        "bus_id", "line_id", "stop_id", "trip_id", "direction", "sequence", "arrival_time", "time",
        "doors_open", "boarding", "alighting", "left_behind", "passenger_count", "waiting",
    ]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_the_newest_visits_are_those_of_each_line_or_bus(anywhere: Served, path: str) -> None:
    newest = {(v["line_id"] if "/stop/" in path else v["bus_id"]): v for v in of(path)}
    expected_body = {"items": list(newest.values()), "next_cursor": None}
    assert anywhere.ask(f"{path}?mode=latest").json() == expected_body
    last = max(visit["time"] for visit in newest.values())
    assert anywhere.ask(f"{path}?timestamp={last}").json() == expected_body
    earlier = anywhere.ask(f"{path}?timestamp={format_instant(START + 20 * MINUTE)}").json()["items"]
    assert max(visit["time"] for visit in earlier) <= format_instant(START + 20 * MINUTE)


@pytest.mark.parametrize("path", PATHS)
def test_a_range_has_every_visit_page_by_page(anywhere: Served, path: str) -> None:
    start, end = START + 10 * MINUTE, START + 20 * MINUTE
    times = f"start={format_instant(start)}&end={format_instant(end)}&limit=3"
    found, cursor = [], ""
    while cursor is not None:
        body = anywhere.ask(f"{path}?{times}&cursor={cursor}").json()
        found += body["items"]
        cursor = body["next_cursor"]
    assert found == [v for v in of(path) if format_instant(start) <= v["time"] < format_instant(end)]
    text = anywhere.ask(f"{path}?{times}&format=csv").text
    assert text.splitlines()[0] == ",".join(found[0])


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/stop-visits/stop/S999?mode=latest", 404, "Stop S999 not found"),
        ("/stop-visits/bus/B999?mode=latest", 404, "Bus B999 not found"),
        ("/stop-visits/line/L99?mode=latest", 404, "Line L99 not found"),
        ("/stop-visits/line/L99?start=2026-03-02T07:00Z&end=2026-03-02T07:30Z", 404, "Line L99 not found"),
        ("/stop-visits/stop/S003?mode=latest", 404, "No data found for stop S003"),
        ("/stop-visits/bus/B001?timestamp=2026-03-01", 404, "No data found for bus B001"),
        ("/stop-visits/stop/S001", 400, "Must specify 'mode=latest' or 'timestamp' parameter"),
        (
            "/stop-visits/stop/S001?mode=latest&format=xml",
            400,
            "Invalid format: xml. Must be 'json' or 'csv'",
        ),
    ],
)
def test_refusals_have_the_contracts_messages(anywhere: Served, path: str, status: int, message: str) -> None:
    answer = anywhere.ask(path)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_no_visit_is_shown_before_its_time(anywhere: Served) -> None:
    later = anywhere.ask("/stop-visits/line/L1?start=2026-03-02T07:00Z&end=2030-01-01&limit=10000").json()
    assert later["items"][-1]["time"] < format_instant(anywhere.context.now())
    assert later["next_cursor"] is None
