"""REST answers the same bytes over every store with the same records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import datetime

import httpx
import pytest

from services.access.authentication import ApiKey
from services.app import create_app
from services.context import Context
from services.inputs.load import load_inputs
from services.times import parse_instant
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore
from storage.lake.place import LakePlace
from storage.lake.store import LakeStore
from storage.lake.writer import publish, write_span
from storage.schema import Stream
from storage.store import Store
from tests import postgres_server, timestream_endpoint
from tests.services.backfilled import backfilled
from tests.services.rest_served import in_process

pytestmark = [pytest.mark.integration, pytest.mark.long]

INPUTS = load_inputs(None, None)
START, END = parse_instant("2026-03-02T06:00Z"), parse_instant("2026-03-02T06:10Z")
NOW = parse_instant("2026-03-02T06:09:45Z")
SPAN = "start=2026-03-02T06:02Z&end=2026-03-02T06:08Z"
AT = "timestamp=2026-03-02T06:05:40Z"
PATHS = [
    *(f"/{each}?mode=latest" for each in ("people-count", "bus-position", "sensors/bus", "sensors/stop")),
    *(f"/{each}?{AT}" for each in ("people-count", "bus-position", "sensors/bus", "sensors/stop")),
    *(f"/{each}?{SPAN}&limit=700" for each in ("people-count", "bus-position", "sensors/bus")),
    f"/people-count?line_id=L1&{SPAN}",
    f"/people-count?stop_id=S001,S002&{AT}&format=csv",
    f"/bus-position?line_id=L1&line_id=L2&{SPAN}&format=csv",
    "/bus-position?mode=latest&bbox=-3.72,40.40,-3.69,40.44&format=geojson",
    *(f"/stop-visits/{each}?{SPAN}" for each in ("stop/S001", "bus/B001", "line/L1")),
    *(f"/stop-visits/{each}?mode=latest" for each in ("stop/S001", "bus/B001", "line/L1")),
    f"/stop-visits/stop/S001?{AT}",
    f"/people-count/S001?{SPAN}",
    f"/sensors/bus/B001?{AT}&tz=Europe/Madrid",
    "/bus-position/line/L1?mode=latest",
    "/arrivals/S001",
    "/arrivals/S002?line_id=L1&limit=3",
    "/lines/L1/timetable",
    "/trips/L8-20260302-1-004",
    "/people-count/S999?mode=latest",
]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Store]]:
    folder = tmp_path_factory.mktemp("stores")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        for name, value in timestream_endpoint.KEYS.items():
            patch.setenv(name, value)
        first = stack.enter_context(closing(DuckDBStore(backfilled())))
        others = (timestream_endpoint.open_shared(folder), postgres_server.open_shared(folder))
        tables = {stream: list(first.scan(stream, start=START, end=END)) for stream in Stream}
        for store in others:
            stack.enter_context(closing(store))
            for stream, (table,) in tables.items():
                store.write(stream, table, covers=(START, END), run=INPUTS.run)
        lake = folder / "lake"
        write_span(LakePlace(str(lake)), INPUTS.run, (START, END), [{s: t for s, (t,) in tables.items()}])
        publish(LakePlace(str(lake)))
        yield {
            "duckdb": first,
            "timestream": others[0],
            "postgres": others[1],
            "lake": stack.enter_context(closing(LakeStore(str(lake)))),
        }


def answers(store: Store, moment: datetime = NOW) -> dict[str, tuple[int, str]]:
    """What REST says over a store: the status and body of each path, and of its next page."""
    clock = Clock(start=moment, paused=True)
    context = Context(
        store=store,
        network=INPUTS.network,
        clock=clock,
        run=INPUTS.run,
        key=ApiKey.of("right"),
        version="1.2.3",
        feeders=[],
    )
    ask, found = in_process(create_app(context)), dict[str, tuple[int, str]]()
    for path in PATHS:
        answer = ask(path)
        found[path] = answer.status_code, answer.text
        cursor = next_cursor(answer)
        if cursor:
            following = ask(f"{path}&cursor={cursor}")
            found[f"{path}, next page"] = following.status_code, following.text
    return found


def next_cursor(answer: httpx.Response) -> str | None:
    is_json = answer.headers["content-type"] == "application/json"
    cursor: str | None = answer.json().get("next_cursor") if is_json else None
    return cursor


@pytest.mark.parametrize("name", ["timestream", "postgres", "lake"])
def test_a_store_answers_as_duckdb_does(stores: Mapping[str, Store], name: str) -> None:
    expected = answers(stores["duckdb"])
    refused = [path for path, (status, _) in expected.items() if status != 200]
    assert refused == ["/people-count/S999?mode=latest"]
    assert sum("next page" in path for path in expected) == 2
    assert answers(stores[name]) == expected
