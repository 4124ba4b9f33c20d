"""The tools over plain HTTP: arguments, results, hints and errors."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema
import pytest

from services.agents.tools import TOOLS
from storage.errors import StoreUnavailable
from tests.services.fakes import NOW
from tests.services.mcp_served import TOOL_ARGUMENTS, ServedTools, served_tools
from tests.services.rest_served import KEY

TIME = "2026-03-02T07:30:00Z"


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTools]:
    with served_tools(tmp_path_factory.mktemp("tools")) as served:
        yield served


def test_every_tool_is_listed_with_valid_json_schemas(tools: ServedTools) -> None:
    answer = tools.post("/mcp/list-tools").json()
    assert (answer["success"], answer["count"]) == (True, len(TOOLS))
    assert {entry["name"] for entry in answer["data"]} == set(TOOLS) == set(TOOL_ARGUMENTS)
    for entry in answer["data"]:
        for schema in (entry["input_schema"], entry["output_schema"]):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
        for name, schema in entry["input_schema"]["properties"].items():
            assert schema["description"], name
            assert "anyOf" not in schema, name


@pytest.mark.parametrize("name", TOOLS)
def test_a_tools_result_fits_its_schema_on_both_paths(name: str, tools: ServedTools) -> None:
    jsonschema.validate(TOOL_ARGUMENTS[name], TOOLS[name].input_schema)
    named = tools.call(name, **TOOL_ARGUMENTS[name])
    jsonschema.validate(named, TOOLS[name].output_schema)
    assert named["success"]
    assert named["count"] == len(named["data"]) > 0
    direct = tools.post(f"/tools/{name}", TOOL_ARGUMENTS[name])
    assert direct.status_code == 200
    assert direct.json()["data"] == named["data"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"mode": "latest"},
        {"mode": "latest", "timestamp": "2026-03-02T07:10Z"},
        {"mode": None, "timestamp": None},
        {"timestamp": TIME},
        {"mode": "historical", "timestamp": TIME},
    ],
)
def test_without_mode_or_timestamp_the_result_is_the_latest(
    asked: dict[str, object], tools: ServedTools
) -> None:
    found = tools.call("query_people_count", stop_id="S001", **asked)
    assert found["data"] == [{"stop_id": "S001", "time": TIME, "count": 30, "line_ids": "L1,L2"}]
    assert type(found["data"][0]["count"]) is int


@pytest.mark.parametrize(("entity", "kind"), [("B001", "bus"), ("S001", "stop")])
def test_the_entity_type_is_inferred_from_the_id(entity: str, kind: str, tools: ServedTools) -> None:
    inferred = tools.call("query_sensor_data", entity_id=entity)
    assert inferred["data"][0]["entity_type"] == kind
    assert ("co2_level" in inferred["data"][0]) == (kind == "bus")
    assert tools.call("query_sensor_data", entity_id=entity, entity_type=kind)["data"] == inferred["data"]
    ranged = TOOL_ARGUMENTS["query_time_range"] | {"data_type": "sensors", "entity_id": entity}
    assert tools.call("query_time_range", **ranged)["data"][0]["entity_type"] == kind


def test_a_range_continues_after_its_cursor_and_hints_at_more(tools: ServedTools) -> None:
    asked = TOOL_ARGUMENTS["query_time_range"]
    first = tools.call("query_time_range", **asked)
    assert first["count"] == 3
    assert "next_cursor" in first["hint"]
    second = tools.call("query_time_range", **asked, cursor=first["next_cursor"])
    times = [entry["time"] for page in (first, second) for entry in page["data"]]
    assert times == sorted(set(times))
    whole = tools.call("query_time_range", **(asked | {"limit": 1000}))
    assert [entry["time"] for entry in whole["data"]][:6] == times
    assert "next_cursor" not in whole
    refused = tools.call("query_time_range", **(asked | {"entity_id": "B002"}), cursor=first["next_cursor"])
    assert (refused["status_code"], refused["error"][:14]) == (400, "Invalid cursor")


def test_entity_type_is_understood_for_data_type(tools: ServedTools) -> None:
    asked = dict(TOOL_ARGUMENTS["query_time_range"])
    asked["entity_type"] = asked.pop("data_type")
    assert tools.call("query_time_range", **asked)["count"] == 3


@pytest.mark.parametrize("tool", ["find_stops", "nearest_stops", "list_lines"])
def test_lists_are_paged(tool: str, tools: ServedTools) -> None:
    asked = TOOL_ARGUMENTS[tool] | {"limit": 1}
    entries: list[object] = []
    cursor: dict[str, object] = {}
    while True:
        page = tools.call(tool, **asked, **cursor)
        entries += page["data"]
        if "next_cursor" not in page:
            break
        assert page["count"] == 1
        cursor = {"cursor": page["next_cursor"]}
    assert entries == tools.call(tool, **(asked | {"limit": 100}))["data"]
    assert len(entries) == (2 if tool == "list_lines" else 4)


def test_a_comparison_has_differences_and_says_what_it_leaves_out(tools: ServedTools) -> None:
    found = tools.call("compare", scenario="strike")
    whole, line = found["data"]
    assert (whole["line_id"], line["line_id"], whole["date"]) == (None, "L1", "2026-03-02")
    changes = [(each["difference"], each["percent"]) for each in whole["measures"]]
    assert changes == [(18, None), (100.5, 25.1), (None, None)]
    assert found["hint"] == "A strike: here as if it were 2026-03-02. Not simulated, but changed too: L2."


def test_an_unknown_scenario_is_an_error_with_those_there_are(tools: ServedTools) -> None:
    found = tools.call("compare", scenario="flood")
    assert (found["status_code"], found["error"]) == (400, "There is no scenario 'flood'. There are strike")


@pytest.mark.parametrize(
    ("tool", "arguments", "hint"),
    [
        ("query_people_count", {"stop_id": "S999"}, "Stop S999 not found."),
        ("query_people_count", {"stop_id": "s001"}, "Did you mean S001"),
        ("query_people_count", {"stop_id": "S004"}, "No data found for stop S004"),
        ("query_people_count", {"stop_id": "S001", "timestamp": "1999-01-01"}, "No data found for stop S001"),
        ("query_bus_position", {"bus_id": "B00"}, "Did you mean B00"),
        ("query_sensor_data", {"entity_id": "X"}, "Stop X not found. find_stops"),
        ("query_sensor_data", {"entity_id": "S001", "entity_type": "bus"}, "Bus S001 not found"),
        ("query_line_buses", {"line_id": "L1 Line"}, "Did you mean L1 (Line L1)"),
        ("line_status", {"line_id": "nowhere"}, "Line nowhere not found. list_lines"),
        ("line_status", {"line_id": "L1", "stop_id": "S999"}, "Stop S999 not found"),
        ("find_stops", {"name": "Timbuktu"}, "nearest_stops"),
        ("next_arrivals", {"stop": "Timbuktu"}, "Stop Timbuktu not found. find_stops"),
        ("plan_ride", {"from": "Timbuktu", "to": "S001"}, "Stop Timbuktu not found. find_stops"),
        ("plan_ride", {"from": "S001", "to": "S004"}, "No bus that is out now goes there without a change"),
        (
            "query_time_range",
            TOOL_ARGUMENTS["query_time_range"] | {"start_time": "2030-01-01", "end_time": "2030-01-02"},
            "There are no records in this time",
        ),
    ],
)
def test_an_unknown_entity_is_an_empty_result_with_a_hint(
    tool: str, arguments: dict[str, object], hint: str, tools: ServedTools
) -> None:
    found = tools.call(tool, **arguments)
    assert (found["success"], found["count"], found["data"]) == (True, 0, [])
    assert hint in found["hint"]
    jsonschema.validate(found, TOOLS[tool].output_schema)


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("query_people_count", {}, "stop_id is missing"),
        ("query_people_count", {"stop_id": 1}, "stop_id: Input should be a valid string, got 1"),
        ("query_people_count", {"stop_id": ""}, "stop_id"),
        ("query_people_count", {"stop_id": "S" * 2000}, "stop_id"),
        ("query_people_count", {"stopid": "S001"}, "stopid is unknown, did you mean stop_id?"),
        ("query_people_count", {"stop_id": "S001", "mode": "now"}, "'latest' or 'historical'"),
        ("query_people_count", {"stop_id": "S001", "mode": "historical"}, "needs a timestamp"),
        ("query_people_count", {"stop_id": "S001", "timestamp": "noon"}, "Invalid timestamp format: 'noon'"),
        ("query_sensor_data", {"entity_id": "B001", "entity_type": "tram"}, "'bus' or 'stop'"),
        ("query_line_buses", {"line_id": "L1", "mode": "historical"}, "'latest'"),
        (
            "nearest_stops",
            {"latitude": 91, "longitude": 0},
            "latitude: Input should be less than or equal to 90",
        ),
        ("nearest_stops", {"latitude": "north", "longitude": 0}, "latitude: Input should be a valid number"),
        ("nearest_stops", {"latitude": 40, "longitude": 0, "limit": 0}, "limit"),
        ("find_stops", {"name": "S", "limit": True}, "limit"),
        ("find_stops", {"name": "S", "cursor": "abc"}, "Invalid cursor"),
        ("line_status", {"line_id": "L1", "stop_id": "S004"}, "is not served by line L1"),
        (
            "query_time_range",
            TOOL_ARGUMENTS["query_time_range"] | {"end_time": "2026-03-02T06:00Z"},
            "start_time 2026-03-02T07:00Z is after end_time 2026-03-02T06:00Z",
        ),
        (
            "query_time_range",
            TOOL_ARGUMENTS["query_time_range"] | {"start_time": "x"},
            "Invalid start_time format: 'x'",
        ),
        ("query_time_range", TOOL_ARGUMENTS["query_time_range"] | {"data_type": "weather"}, "data_type"),
    ],
)
def test_invalid_arguments_are_named(
    tool: str, arguments: dict[str, object], said: str, tools: ServedTools
) -> None:
    answer = tools.post(f"/tools/{tool}", arguments)
    body = answer.json()
    assert (answer.status_code, body["success"], body["status_code"]) == (400, False, 400)
    assert said in body["error"]
    assert set(body) == {"success", "error", "status_code", "timestamp"}


def test_an_unknown_tool_is_404_with_the_known_ones(tools: ServedTools) -> None:
    for answer in (tools.post("/tools/dance", {}), tools.post("/mcp/call-tool", {"tool": "dance"})):
        assert answer.status_code == answer.json()["status_code"] == 404
        assert "Unknown tool: dance" in answer.json()["error"]
        assert "line_status" in answer.json()["error"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'"tool"', b'{"tool": 1}', b'{"tool": "find_stops", "arguments": []}', b"{}"],
)
def test_a_malformed_call_is_a_bad_request(content: bytes, tools: ServedTools) -> None:
    answer = tools.post("/mcp/call-tool", content=content)
    assert (answer.status_code, answer.json()["success"]) == (400, False)


def test_a_tool_without_required_arguments_needs_no_body(tools: ServedTools) -> None:
    assert tools.post("/tools/list_lines").json()["count"] == 2
    for content in (b'{"tool": "list_lines"}', b'{"tool": "list_lines", "arguments": null}'):
        assert tools.post("/mcp/call-tool", content=content).json()["count"] == 2


def test_a_body_that_is_too_long_is_refused(tools: ServedTools) -> None:
    answer = tools.post("/mcp/call-tool", content=b" " * 65_537)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Body too long: at most 65536 bytes"


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "Missing x-api-key header"),
        ({"x-api-key": "right"}, "Missing x-group-name header"),
        ({"x-api-key": "wrong", "x-group-name": "me"}, "Invalid API key"),
    ],
)
@pytest.mark.parametrize("path", ["/mcp/list-tools", "/mcp/call-tool", "/tools/list_lines"])
def test_missing_or_wrong_credentials_are_401_with_the_reason(
    path: str, headers: dict[str, str], said: str, tools: ServedTools
) -> None:
    answer = tools.post(path, {}, headers)
    body = answer.json()
    assert (answer.status_code, body.pop("timestamp")[:10]) == (401, "2026-03-02")
    assert body == {"success": False, "error": said, "status_code": 401}


def test_tools_accept_post_only(tools: ServedTools) -> None:
    answer = tools.get("/tools/list_lines")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_an_unreachable_store_is_503_with_retry_after(tools: ServedTools) -> None:
    tools.store.failing = StoreUnavailable("away")
    try:
        answer = tools.post("/tools/query_people_count", {"stop_id": "S001", "timestamp": TIME})
    finally:
        tools.store.failing = None
    assert (answer.status_code, answer.json()["success"]) == (503, False)
    assert answer.headers["retry-after"] == "5"


def test_every_result_has_the_simulated_time(tools: ServedTools) -> None:
    assert tools.call("list_lines")["timestamp"].startswith(f"{NOW:%Y-%m-%dT%H:%M}")
    assert tools.post("/tools/x", {}, KEY).json()["timestamp"].startswith(f"{NOW:%Y-%m-%dT%H:%M}")
