"""REST and MCP return the same values for the same queries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import clipped
from tests.examples import examples
from tests.services.fakes import NOW
from tests.services.mcp_served import ServedTools, served_tools

pytestmark = pytest.mark.integration

IDS = {"stop": ["S001", "S002", "S003", "S004", "S999"], "bus": ["B001", "B002", "B003", "B999"]}
TIMES = st.one_of(
    st.none(),
    st.integers(-5400, 5400).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)
SPANS = st.tuples(st.integers(-4000, 600), st.integers(0, 3000))


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTools]:
    with served_tools(tmp_path_factory.mktemp("tools")) as served:
        yield served


def entity() -> st.SearchStrategy[tuple[str, str]]:
    return st.sampled_from([(kind, each) for kind, ids in IDS.items() for each in ids])


def by_protocol(tools: ServedTools, tool: str, arguments: dict[str, object]) -> dict[str, Any]:
    """Return the structured content, after checking that plain HTTP has the same."""
    answer = tools.message("tools/call", {"name": tool, "arguments": arguments}).json()["result"]
    structured: dict[str, Any] = answer["structuredContent"]
    plain = tools.call(tool, **arguments)
    assert structured["data"] == plain["data"]
    assert structured.get("hint") == plain.get("hint")
    return structured


def agree(tools: ServedTools, path: str, tool: str, arguments: dict[str, object]) -> None:
    """Check that both return the same record, or none for the same reason."""
    rest = tools.get(path)
    found = by_protocol(tools, tool, arguments)
    if rest.status_code == 200:
        assert found["data"] == [rest.json()]
    else:
        assert (rest.status_code, found["data"]) == (404, [])
        assert found["hint"].startswith(clipped(rest.json()["message"]))


@examples(30)
@given(whose=entity(), time=TIMES)
def test_one_record_is_the_same(tools: ServedTools, whose: tuple[str, str], time: datetime | None) -> None:
    kind, entity_id = whose
    at = {} if time is None else {"timestamp": f"{time:%Y-%m-%dT%H:%M:%S}Z"}
    query = "mode=latest" if time is None else f"timestamp={at['timestamp']}"
    sensors = {"entity_id": entity_id, "entity_type": kind, **at}
    agree(tools, f"/sensors/{kind}/{entity_id}?{query}", "query_sensor_data", {**sensors})
    if kind == "stop":
        agree(tools, f"/people-count/{entity_id}?{query}", "query_people_count", {"stop_id": entity_id, **at})
    else:
        agree(tools, f"/bus-position/{entity_id}?{query}", "query_bus_position", {"bus_id": entity_id, **at})


@examples(15)
@given(whose=entity(), span=SPANS, limit=st.integers(1, 200))
def test_ranges_are_the_same_page_by_page(
    tools: ServedTools, whose: tuple[str, str], span: tuple[int, int], limit: int
) -> None:
    kind, entity_id = whose
    start = NOW + timedelta(seconds=span[0])
    end = start + timedelta(seconds=span[1])
    first, last = (f"{each:%Y-%m-%dT%H:%M:%S}Z" for each in (start, end))
    asked: dict[str, object] = {"start_time": first, "end_time": last, "limit": limit, "entity_id": entity_id}
    query = f"start={first}&end={last}&limit={limit}"
    for data_type, path in (
        ("sensors", f"/sensors/{kind}/{entity_id}"),
        ("people_count", f"/people-count/{entity_id}"),
        ("bus_position", f"/bus-position/{entity_id}"),
    ):
        sensors = {"entity_type": kind} if data_type == "sensors" else {}
        rest = tools.get(f"{path}?{query}")
        found = by_protocol(tools, "query_time_range", {**asked, **sensors, "data_type": data_type})
        page = rest.json() if rest.status_code == 200 else {"items": [], "next_cursor": None}
        assert found["data"] == page["items"]
        assert ("next_cursor" in found) == (page["next_cursor"] is not None)
        if page["next_cursor"] is not None:
            further = tools.get(f"{path}?{query}&cursor={page['next_cursor']}").json()["items"]
            asked_on = {**asked, **sensors, "data_type": data_type, "cursor": found["next_cursor"]}
            assert by_protocol(tools, "query_time_range", asked_on)["data"] == further


@pytest.mark.parametrize("line_id", ["L1", "L2", "L99"])
def test_a_lines_buses_are_the_same(line_id: str, tools: ServedTools) -> None:
    rest = tools.get(f"/bus-position/line/{line_id}?mode=latest").json()
    found = by_protocol(tools, "query_line_buses", {"line_id": line_id})
    assert found["data"] == rest.get("buses", [])


def test_lines_and_stops_are_the_same(tools: ServedTools) -> None:
    lines = by_protocol(tools, "list_lines", {})["data"]
    without = [{name: each for name, each in line.items() if name != "directions"} for line in lines]
    assert without == tools.get("/lines").json()["items"]
    stops = by_protocol(tools, "find_stops", {"name": "S00", "limit": 100})["data"]
    assert sorted(stops, key=lambda stop: stop["stop_id"]) == tools.get("/stops").json()["items"]
