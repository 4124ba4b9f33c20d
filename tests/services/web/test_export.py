"""Streams as files: every format has the stored records, parts fit, refusals say what there is."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from services.queries.bodies import Body
from services.times import format_instant
from services.web.formats import stream_files
from services.web.formats.stream_files import file_pieces
from storage.schema import SCHEMAS, Stream
from tests.services.fakes import HOUR, NOW, RUN, FaultyStore, FormulaCity, expected
from tests.services.rest_served import KEY, Served, wait_until

START, END = NOW.replace(minute=0, second=0), NOW.replace(minute=30, second=0)
SPAN = "start=2026-03-02T07:00Z&end=2026-03-02T07:30Z"
READERS: Mapping[str, Callable[[bytes], int]] = {
    "parquet": lambda body: parquet.read_table(io.BytesIO(body)).num_rows,
    "csv": lambda body: len(list(csv.DictReader(io.StringIO(body.decode())))),
    "jsonl": lambda body: len([json.loads(line) for line in body.splitlines()]),
    "arrow": lambda body: pa.ipc.open_stream(body).read_all().num_rows,
}


def city_store() -> FaultyStore:
    """A store with two hours of every stream."""
    store = FaultyStore()
    span = (START - HOUR, START + HOUR)
    for stream, rows in FormulaCity().window(*span, list(Stream)).items():
        store.write(stream, rows, covers=span, run=RUN)
    return store


@pytest.mark.parametrize("stream", Stream)
@pytest.mark.parametrize("form", READERS)
def test_a_file_has_every_record_once_however_it_is_cut(
    form: str, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = city_store()
    whole = b"".join(file_pieces(store, stream, START, END, form))
    assert READERS[form](whole) == len(expected(stream, START, END))
    monkeypatch.setattr(stream_files, "PIECE", 100)
    pieces = list(file_pieces(store, stream, START, END, form))
    assert b"".join(pieces) == whole
    assert len(pieces) > 1


@pytest.mark.parametrize("stream", Stream)
def test_texts_have_the_values_of_the_binary_formats(stream: Stream) -> None:
    store = city_store()
    table = pa.ipc.open_stream(b"".join(file_pieces(store, stream, START, END, "arrow"))).read_all()
    lines = b"".join(file_pieces(store, stream, START, END, "jsonl")).splitlines()
    found: Sequence[Body] = [json.loads(line) for line in lines]
    names = [column.name for column in SCHEMAS[stream].columns if column.kind != "time"]
    assert [{name: row[name] for name in names} for row in found] == table.select(names).to_pylist()
    assert str(found[0]["time"]).endswith("Z")


def test_the_route_streams_the_same_file_and_continues_it(served: Served) -> None:
    path = f"/export/bus_position?{SPAN}&format=csv"
    whole = served.ask(path)
    expected_rows = len(expected(Stream.BUS_POSITION, START, END))
    assert (whole.status_code, READERS["csv"](whole.content)) == (200, expected_rows)
    assert whole.headers["content-type"].startswith("text/csv")
    rest = served.ask(path, KEY | {"range": "bytes=1000-", "if-range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, whole.content[1000:])
    assert rest.headers["content-range"] == f"bytes 1000-{len(whole.content) - 1}/{len(whole.content)}"
    changed = served.ask(path, KEY | {"range": "bytes=1000-", "if-range": '"another"'})
    assert (changed.status_code, changed.content) == (200, whole.content)
    assert served.ask(path, method="HEAD").content == b""


@pytest.mark.parametrize(
    ("part", "status"), [("bytes=0-9", 206), ("bytes=999999999-", 416), ("pages=1-2", 400)]
)
def test_no_copy_of_a_file_stays_behind(
    served: Served, part: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    answer = served.ask(f"/export/people_count?{SPAN}&format=csv", KEY | {"range": part})
    assert answer.status_code == status
    if status != 206:
        error = {400: "BadRequest", 416: "RangeNotSatisfiable"}[status]
        assert (answer.json()["error"], "ange" in answer.json()["message"]) == (error, True)
    assert (answer.headers.get("content-range") is None) == (status == 400)
    wait_until(lambda: not list(tmp_path.glob("bus-simulator-export-*")))


def test_nothing_of_the_future_is_exported(served: Served) -> None:
    now = served.context.now()
    found = served.ask("/export/people_count?start=2026-03-02T07:00Z&end=2027-01-01&format=jsonl")
    times = [json.loads(line)["time"] for line in found.content.splitlines()]
    assert max(times) <= format_instant(now)


REFUSED = {
    f"/export/trams?{SPAN}": (404, "Stream trams not found. The streams are"),
    "/export/stop_visit": (400, "Must specify 'start' and 'end' parameters"),
    "/export/stop_visit?start=noon&end=2026-03-02": (400, "Invalid start format: 'noon'"),
    "/export/stop_visit?start=2026-03-03&end=2026-03-02": (400, "is after end"),
    f"/export/stop_visit?{SPAN}&format=xls": (400, "Must be one of parquet, csv, jsonl, arrow"),
    f"/export/stop_visit?{SPAN}&frmat=csv": (400, "Did you mean format?"),
    "/export/stop_visit?start=2001-01-01&end=2001-01-02": (
        404,
        "No data of stop_visit in that time; there is",
    ),
    f"/local/export/stop_visit?{SPAN}": (401, "Invalid API key"),
}


@pytest.mark.parametrize("path", REFUSED)
def test_refusals_say_what_there_is(path: str, served: Served) -> None:
    status, said = REFUSED[path]
    answer = served.ask(path)
    assert answer.status_code == status
    assert said in answer.json()["message"]
