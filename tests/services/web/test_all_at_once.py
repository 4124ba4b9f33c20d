"""All stops or buses at once: bodies, filters, formats, caching, compression, ranges."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.app import create_app
from services.context import Context
from services.feeders.backfill import fill, plan
from services.web.formats.content_codings import CodedBody
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore
from storage.errors import StoreUnavailable
from storage.store import Store
from tests.services.fakes import HOUR, MINUTE, NOW, RUN, FakeWall, FormulaCity
from tests.services.rest_served import KEY, Served, in_process, parts

pytestmark = pytest.mark.integration

TICK = "2026-03-02T07:30:00Z"
SINGLE = {
    "/people-count": [f"/people-count/{stop}" for stop in ("S001", "S002", "S003")],
    "/bus-position": [f"/bus-position/{bus}" for bus in ("B001", "B002", "B003")],
    "/sensors/bus": [f"/sensors/bus/{bus}" for bus in ("B001", "B002", "B003")],
    "/sensors/stop": [f"/sensors/stop/{stop}" for stop in ("S001", "S002")],
}
RANGE = "start=2026-03-02T07:00Z&end=2026-03-02T07:03Z"
PLAIN = KEY | {"accept-encoding": "identity"}


@pytest.mark.parametrize("path", SINGLE)
@pytest.mark.parametrize("when", ["mode=latest", "timestamp=2026-03-02T07:10:59Z"])
def test_the_items_are_the_single_bodies_by_id(anywhere: Served, path: str, when: str) -> None:
    answer = anywhere.ask(f"{path}?{when}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    body = answer.json()
    assert list(body) == ["time", "items"]
    tick = body["time"]
    assert body["items"] == [anywhere.ask(f"{one}?timestamp={tick}").json() for one in SINGLE[path]]
    if when == "mode=latest":
        assert tick == TICK


def ids(anywhere: Served, target: str) -> list[str]:
    answer = anywhere.ask(target)
    assert answer.status_code == 200, answer.text
    return [next(iter(item.values())) for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/people-count?mode=latest&line_id=L1", ["S001", "S002", "S003"]),
        ("/people-count?mode=latest&line_id=L2", ["S002", "S003"]),
        ("/people-count?mode=latest&line_id=L1,L2&stop_id=S001", ["S001"]),
        ("/people-count?mode=latest&stop_id=S001&stop_id=S003", ["S001", "S003"]),
        ("/people-count?mode=latest&stop_id=S001,%20S003", ["S001", "S003"]),
        ("/people-count?mode=latest&bbox=-3.7201,40.3,-3.7199,40.5", ["S001", "S002"]),
        ("/people-count?mode=latest&line_id=,&stop_id=S001,,", ["S001"]),
        ("/people-count?mode=latest&bbox=0,0,1,1", []),
        ("/bus-position?mode=latest&line_id=L2", ["B003"]),
        ("/bus-position?mode=latest&stop_id=S002", ["B001", "B002", "B003"]),
        ("/bus-position?mode=latest&stop_id=S003", []),
        ("/bus-position?mode=latest&bbox=-4,40,-3,41", ["B001", "B002", "B003"]),
        ("/bus-position?mode=latest&bbox=0,0,1,1", []),
        ("/sensors/bus?mode=latest&line_id=L1", ["B001", "B002"]),
        ("/sensors/bus?mode=latest&stop_id=S002&line_id=L2", ["B003"]),
        ("/sensors/bus?mode=latest&bbox=0,0,1,1", []),
        ("/sensors/stop?mode=latest&line_id=L2", ["S002"]),
        (f"/people-count?{RANGE}&line_id=L2", ["S002", "S003"] * 3),
        (f"/sensors/bus?{RANGE}&line_id=L2", ["B003"] * 3),
        (f"/sensors/stop?{RANGE}&bbox=-3.7201,40.3,-3.7199,40.5", ["S001", "S002"] * 3),
        (f"/people-count?{RANGE}&bbox=0,0,1,1", []),
    ],
)
def test_filters_choose_entities(anywhere: Served, target: str, found: list[str]) -> None:
    assert ids(anywhere, target) == found


NO_BOX = "Must be west,south,east,north in degrees, such as -3.71,40.41,-3.69,40.43"


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("/people-count", 400, "Must specify 'mode=latest' or 'timestamp' parameter"),
        ("/people-count?mode=latest&bbox=1,2,3", 400, f"Invalid bbox: 1,2,3. {NO_BOX}"),
        ("/people-count?mode=latest&bbox=nan,0,1,1", 400, f"Invalid bbox: nan,0,1,1. {NO_BOX}"),
        ("/people-count?mode=latest&bbox=2,0,1,1", 400, f"Invalid bbox: 2,0,1,1. {NO_BOX}"),
        ("/people-count?mode=latest&line_id=L1,L99", 404, "Line L99 not found"),
        ("/sensors/bus?mode=latest&stop_id=S999", 404, "Stop S999 not found"),
        (f"/bus-position?{RANGE}&line_id=L99", 404, "Line L99 not found"),
        (f"/bus-position?{RANGE}&stop_id=S001", 400, "Ranges of buses can't have 'stop_id' or 'bbox'."),
        (f"/bus-position?{RANGE}&cursor=x", 400, "Invalid cursor: x."),
        (
            "/bus-position?mode=latest&format=xml",
            400,
            "Invalid format: xml. Must be 'json', 'csv', 'parquet' or",
        ),
        ("/sensors/bus?mode=latest&format=geojson", 400, "Invalid format: geojson. Must be 'json', 'csv' or"),
        ("/bus-position?timestamp=2020-01-01", 404, "No data found for any bus"),
        ("/sensors/tram?mode=latest", 404, "Not found"),
    ],
)
def test_errors_say_what_is_wrong(anywhere: Served, target: str, status: int, message: str) -> None:
    answer = anywhere.ask(target)
    assert answer.status_code == status
    assert answer.json()["message"].startswith(message)


@pytest.mark.parametrize("path", SINGLE)
def test_every_format_has_the_same_values(anywhere: Served, path: str) -> None:
    for when in ("mode=latest", RANGE):
        items = anywhere.ask(f"{path}?{when}").json()["items"]
        text = anywhere.ask(f"{path}?{when}&format=csv").text
        assert list(csv.DictReader(io.StringIO(text, newline=""))) == [
            {name: "" if value is None else str(value) for name, value in item.items()} for item in items
        ]
        table = pq.read_table(pa.BufferReader(anywhere.ask(f"{path}?{when}&format=parquet").content))
        times = table.column("time").to_pylist()
        rows = table.drop_columns(["time"]).to_pylist()
        assert [
            {**row, "time": f"{time:%Y-%m-%dT%H:%M:%SZ}"} for row, time in zip(rows, times, strict=True)
        ] == items


def test_geojson_has_a_point_for_each_entity(anywhere: Served) -> None:
    for path in ("/people-count", "/bus-position"):
        answer = anywhere.ask(f"{path}?mode=latest&format=geojson")
        assert answer.headers["content-type"] == "application/geo+json"
        body, items = answer.json(), anywhere.ask(f"{path}?mode=latest").json()["items"]
        assert (body["type"], body["time"]) == ("FeatureCollection", TICK)
        assert [feature["properties"] for feature in body["features"]] == items
        points = [feature["geometry"]["coordinates"] for feature in body["features"]]
        assert points[0] == ([-3.72, 40.4] if path == "/people-count" else [-3.7035, 40.4169])


def pages(anywhere: Served, target: str) -> Iterator[Any]:
    cursor = ""
    while cursor is not None:
        body = anywhere.ask(f"{target}&cursor={cursor}").json()
        yield body["items"]
        cursor = body["next_cursor"]


@pytest.mark.parametrize("path", SINGLE)
@pytest.mark.parametrize("limit", [1, 4, 1000])
def test_a_range_has_the_records_of_all_by_time_and_id(anywhere: Served, path: str, limit: int) -> None:
    found = [item for page in pages(anywhere, f"{path}?{RANGE}&limit={limit}") for item in page]
    single = [item for one in SINGLE[path] for item in anywhere.ask(f"{one}?{RANGE}").json()["items"]]
    assert found == sorted(single, key=lambda item: (item["time"], next(iter(item.values()))))


def test_an_answer_that_the_client_has_is_304_until_the_next_tick(anywhere: Served) -> None:
    for path in SINGLE:
        first = anywhere.ask(f"{path}?mode=latest", PLAIN)
        tag = first.headers["etag"]
        again = anywhere.ask(f"{path}?mode=latest", PLAIN | {"if-none-match": f'"x", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        other = anywhere.ask(f"{path}?timestamp=2026-03-02T07:00Z", PLAIN | {"if-none-match": tag})
        assert (other.status_code, other.headers["etag"] == tag) == (200, False)
        assert first.headers["vary"] == "accept-encoding, x-api-key, cookie"
    assert anywhere.ask("/bus-position?mode=latest").headers["cache-control"] == "private, max-age=20"
    assert anywhere.ask("/people-count?mode=latest").headers["cache-control"] == "private, max-age=50"
    past = anywhere.ask("/people-count?timestamp=2026-03-02T07:00Z")
    assert past.headers["cache-control"] == "private, max-age=60"


def test_times_are_local_on_request(anywhere: Served) -> None:
    body = anywhere.ask("/people-count?mode=latest&tz=Europe/Madrid").json()
    assert body["time"] == body["items"][0]["time"] == "2026-03-02T08:30:00+01:00"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """Three minutes of data in a store that keeps the coverage in memory, one of them still ahead."""
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as store:
        written(store, NOW - 2 * MINUTE, NOW + MINUTE)
        yield replace(parts(tmp_path)[0], store=store)


def written(store: Store, start: Any, end: Any) -> None:
    list(fill(plan(store, start, end, newest_first=False), model=FormulaCity(), store=store, run=RUN))


def test_the_store_is_read_once_a_tick_whoever_asks(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(wall=FakeWall(NOW + HOUR), start=NOW)
    ask = in_process(create_app(replace(context, clock=clock)))
    read: list[str] = []
    records_at = DuckDBStore.records_at

    def counted(store: DuckDBStore, stream: Any, tick: Any) -> Any:
        read.append(f"{stream} {tick:%H:%M:%S}")
        return records_at(store, stream, tick)

    monkeypatch.setattr(DuckDBStore, "records_at", counted)
    for target in ("/bus-position?mode=latest", "/bus-position?mode=latest&line_id=L1") * 3:
        assert ask(target).json()["time"] == TICK
    ask("/bus-position?timestamp=2026-03-02T07:29:00Z")
    ask("/bus-position?mode=latest")
    clock.step(30 * (MINUTE / 60))
    assert ask("/bus-position?mode=latest").json()["time"] == "2026-03-02T07:30:30Z"
    assert read == ["bus_position 07:30:00", "bus_position 07:29:00", "bus_position 07:30:30"]
    clock.jump(NOW - MINUTE)
    assert ask("/bus-position?mode=latest").json()["time"] == "2026-03-02T07:29:00Z"


CODINGS: list[tuple[str, str | None]] = [
    ("gzip, deflate, br, zstd", "zstd"),
    ("br;q=1, gzip;q=0.5", "br"),
    ("*", "zstd"),
    ("gzip", "gzip"),
    ("gzip;q=0, zstd;q=none, *;q=0", None),
    ("", None),
]


@pytest.mark.parametrize(("offered", "coding"), CODINGS)
def test_a_client_gets_the_coding_that_it_takes(served: Served, offered: str, coding: str | None) -> None:
    target = "/bus-position?mode=latest&format=geojson"
    plain = served.ask(target, PLAIN)
    assert "content-encoding" not in plain.headers
    answer = served.ask(target, KEY | {"accept-encoding": offered})
    assert answer.headers.get("content-encoding") == coding
    assert int(answer.headers["content-length"]) < len(plain.content) or coding is None
    body = CodedBody(plain.content, "application/json").make(coding) if coding else plain.content
    decoders = {"gzip": gzip.decompress, "zstd": by_arrow("zstd"), "br": by_arrow("brotli")}
    assert (decoders[coding](body) if coding else body)[: len(plain.content)] == plain.content


def by_arrow(name: str) -> Any:
    return lambda body: pa.input_stream(pa.BufferReader(body), compression=name).read()


def test_a_short_answer_is_not_compressed(served: Served) -> None:
    answer = served.ask("/people-count?mode=latest", KEY | {"accept-encoding": "gzip"})
    assert "content-encoding" not in answer.headers


def test_a_store_that_is_gone_is_503(anywhere: Served) -> None:
    anywhere.store.failing = StoreUnavailable("gone")
    try:
        assert anywhere.ask("/people-count?mode=latest").status_code == 503
    finally:
        anywhere.store.failing = None
