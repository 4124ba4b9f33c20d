"""Ranges have every record once, with any page size, as JSON and CSV; listings are paged the same way."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from services.app import create_app
from services.times import format_instant, parse_instant
from services.web.formats.content_codings import SHORTEST
from storage.schema import Stream
from tests.networks import line, network, street
from tests.services.fakes import HOUR, MINUTE, NOW, expected
from tests.services.rest_served import KEY, START, Served, in_process
from tests.storage.records import entity

ROUTES = {
    "/people-count/S001": (Stream.PEOPLE_COUNT, "S001"),
    "/sensors/bus/B001": (Stream.SENSOR_DATA, "B001"),
    "/sensors/stop/S001": (Stream.SENSOR_DATA, "S001"),
    "/bus-position/B001": (Stream.BUS_POSITION, "B001"),
}


def asked(path: str, start: datetime, end: datetime, **more: object) -> str:
    query = {"start": format_instant(start), "end": format_instant(end), **more}
    return f"{path}?{'&'.join(f'{name}={quote(str(value))}' for name, value in query.items())}"


def pages(anywhere: Served, url: str) -> Iterator[Any]:
    """Return the bodies of all pages, following the cursors."""
    cursor = ""
    while cursor is not None:
        answer = anywhere.ask(f"{url}{'&' if '?' in url else '?'}cursor={cursor}")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert list(body) == ["items", "next_cursor"]
        yield body
        cursor = body["next_cursor"]


@pytest.mark.parametrize("path", ROUTES)
def test_a_range_has_every_record_from_its_start_up_to_its_end(anywhere: Served, path: str) -> None:
    stream, key = ROUTES[path]
    start, end = START + 10 * MINUTE, START + 20 * MINUTE
    (body,) = pages(anywhere, asked(path, start, end))
    times = [format_instant(r.time) for r in expected(stream, start, end) if entity(r) == key]
    assert [item["time"] for item in body["items"]] == times
    assert times[0] == format_instant(start)
    one = anywhere.ask(f"{path}?timestamp={format_instant(start)}").json()
    assert body["items"][0] == one


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(sorted(ROUTES)),
    limit=st.integers(1, 40),
    first=st.integers(-900, 3700),
    length=st.integers(0, 1500),
)
def test_pages_of_any_size_have_each_record_once(
    anywhere: Served, path: str, limit: int, first: int, length: int
) -> None:
    start = START + timedelta(seconds=first)
    end = start + timedelta(seconds=length)
    found = list(pages(anywhere, asked(path, start, end, limit=limit)))
    stream, key = ROUTES[path]
    wanted = expected(stream, max(start, START), min(end, NOW)) if end > START else []
    times = [format_instant(record.time) for record in wanted if entity(record) == key]
    assert [item["time"] for body in found for item in body["items"]] == times
    assert all(len(body["items"]) == limit for body in found[:-1])


def test_a_range_without_records_is_an_empty_page(anywhere: Served) -> None:
    for path in ROUTES:
        for url in (asked(path, NOW + HOUR, NOW + 2 * HOUR), asked(path, NOW, NOW)):
            assert anywhere.ask(url).json() == {"items": [], "next_cursor": None}


def test_a_cursor_is_valid_for_its_own_range_only(anywhere: Served) -> None:
    first = asked("/people-count/S001", START, NOW, limit=5)
    cursor = anywhere.ask(first).json()["next_cursor"]
    assert anywhere.ask(f"{first}&cursor={cursor}").status_code == 200
    assert (
        anywhere.ask(f"{asked('/people-count/S001', START, NOW, limit=9)}&cursor={cursor}").status_code == 200
    )
    for other in (
        asked("/people-count/S002", START, NOW),
        asked("/sensors/stop/S001", START, NOW),
        asked("/people-count/S001", START + MINUTE, NOW),
        asked("/people-count/S001", START, NOW - MINUTE),
    ):
        refused = anywhere.ask(f"{other}&cursor={cursor}")
        assert (refused.status_code, refused.json()["error"]) == (400, "BadRequest")
    assert anywhere.ask(f"{first}&cursor={cursor[:-2]}xx").status_code == 400
    assert anywhere.ask(f"/lines?cursor={cursor}").status_code == 400


def test_mode_latest_overrides_a_range(anywhere: Served) -> None:
    answer = anywhere.ask(asked("/people-count/S001", START, NOW) + "&mode=latest")
    assert answer.json() == anywhere.ask("/people-count/S001?mode=latest").json()


@pytest.mark.parametrize("path", ROUTES)
def test_csv_has_the_same_values_as_json(anywhere: Served, path: str) -> None:
    url, rows, cursor = asked(path, START, START + 10 * MINUTE, limit=7), [], ""
    while cursor is not None:
        answer = anywhere.ask(f"{url}&format=csv&cursor={cursor}", KEY | {"origin": "https://map.example"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows += list(csv.DictReader(io.StringIO(answer.text, newline="")))
        cursor = answer.headers.get("x-next-cursor")
        assert "x-next-cursor" in answer.headers["access-control-expose-headers"]
    items = [item for body in pages(anywhere, url) for item in body["items"]]
    assert rows == [{name: str(value) for name, value in item.items()} for item in items]


def test_an_empty_csv_has_its_header_row(anywhere: Served) -> None:
    answer = anywhere.ask(asked("/people-count/S001", NOW + HOUR, NOW + HOUR, format="csv"))
    assert answer.text == "stop_id,time,count,line_ids\r\n"


LONG = [
    asked("/bus-position/B001", START, NOW),
    asked("/bus-position", START, NOW, format="csv"),
    asked("/stop-visits/line/L1", START, NOW),
    "/lines",
    "/lines/L1",
    "/lines/L1/shape",
    "/network.geojson",
    "/stops",
]


@pytest.mark.parametrize("path", LONG)
def test_long_answers_are_compressed_and_have_a_tag(anywhere: Served, path: str) -> None:
    whole = anywhere.ask(path, KEY | {"accept-encoding": "identity"})
    coded = anywhere.ask(path, KEY | {"accept-encoding": "gzip"})
    assert coded.content == whole.content
    assert (coded.headers.get("content-encoding") == "gzip") == (len(whole.content) >= SHORTEST)
    tag = whole.headers["etag"]
    known = anywhere.ask(path, KEY | {"if-none-match": tag})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    local = anywhere.ask(f"{path}{'&' if '?' in path else '?'}tz=Europe/Madrid", KEY | {"if-none-match": tag})
    assert local.status_code == (200 if b"2026-03-02T" in whole.content else 304)
    assert local.headers.get("x-next-cursor") == whole.headers.get("x-next-cursor")


@pytest.mark.parametrize("path", ["/bus-position", "/people-count", "/sensors/bus", "/sensors/stop"])
def test_an_empty_parquet_file_has_the_columns_of_a_full_one(anywhere: Served, path: str) -> None:
    full, empty = (
        parquet.read_table(io.BytesIO(anywhere.ask(asked(path, *span, format="parquet")).content))
        for span in ((START, NOW), (NOW + HOUR, NOW + HOUR))
    )
    assert (full.num_rows > 0, empty.num_rows) == (True, 0)
    assert empty.schema == full.schema
    assert "null" not in map(str, empty.schema.types)


def test_a_time_whose_plus_became_a_space_is_understood_in_a_range(anywhere: Served) -> None:
    plain = anywhere.ask(asked("/people-count/S001", START, START + 5 * MINUTE)).json()
    madrid = "/people-count/S001?start=2026-03-02T07:30:00+01:00&end=2026-03-02T07:35:00 01:00"
    assert parse_instant("2026-03-02T07:30:00+01:00") == START
    assert anywhere.ask(madrid).json() == plain


LISTINGS = {
    "/lines": ["L1", "L2"],
    "/stops": ["S001", "S002", "S003", "S004"],
    "/buses": ["B001", "B002", "B003"],
}


@pytest.mark.parametrize(("path", "ids"), LISTINGS.items())
@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_listings_have_each_item_once(anywhere: Served, path: str, ids: list[str], limit: int) -> None:
    items = [item for body in pages(anywhere, f"{path}?limit={limit}") for item in body["items"]]
    assert [next(iter(item.values())) for item in items] == ids


def test_a_page_has_a_thousand_items_by_default(anywhere: Served) -> None:
    long = network(line("L1", street(3), buses=1001))
    ask = in_process(create_app(replace(anywhere.context, network=long)))
    first = ask("/buses").json()
    assert len(first["items"]) == 1000
    rest = ask(f"/buses?cursor={first['next_cursor']}").json()
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    assert len(ask("/buses?limit=10000").json()["items"]) == 1001


def test_listings_have_exactly_these_items(anywhere: Served) -> None:
    assert anywhere.ask("/lines").json()["items"][0] == {
        "line_id": "L1",
        "name": "Line L1",
        "night": False,
        "stop_count": 3,
        "bus_count": 2,
    }
    stop = anywhere.ask("/stops").json()["items"][1]
    assert (stop["stop_id"], stop["line_ids"]) == ("S002", "L1,L2")
    assert anywhere.ask("/buses").json()["items"][2]["line_id"] == "L2"


def test_a_line_has_the_stops_of_both_directions_with_coordinates(anywhere: Served) -> None:
    body = anywhere.ask("/lines/L1").json()
    assert (body["line_id"], body["bus_ids"]) == ("L1", ["B001", "B002"])
    out, back = body["directions"]
    assert [stop["stop_id"] for stop in out["stops"]] == ["S001", "S002", "S003"]
    assert [stop["stop_id"] for stop in back["stops"]] == ["S003", "S002", "S001"]
    assert (out["direction"], back["direction"]) == (0, 1)
    first = out["stops"][0]
    assert (first["latitude"], first["longitude"], first["distance"]) == (40.4, -3.72, 0.0)
