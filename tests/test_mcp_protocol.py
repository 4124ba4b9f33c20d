"""The Model Context Protocol at /mcp, message by message: versions, errors, malformed messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION

from services.access.allowed_hosts import ForeignHost, hosts_for
from services.access.rate_limits import Limits
from services.agents import mcp_routes
from services.agents.tools import TOOLS
from services.web.health import health
from simulator.load_network import load_network
from simulator.scenario_files.loader import load_scenario
from storage.errors import StoreUnavailable
from tests.services.mcp_served import PROTOCOL, TOOL_ARGUMENTS, ServedTools, served_tools
from tests.services.rest_served import KEY

pytestmark = pytest.mark.integration

INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, PARSE_ERROR = -32600, -32601, -32602, -32700
CLIENT = {"capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTools]:
    with served_tools(tmp_path_factory.mktemp("tools")) as served:
        yield served


def result(tools: ServedTools, method: str, params: object = None, **headers: str) -> Any:
    answer = tools.message(method, params, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def error(tools: ServedTools, method: str, params: object = None) -> Any:
    return tools.message(method, params).json()["error"]


@pytest.mark.parametrize("version", HANDSHAKE_PROTOCOL_VERSIONS)
def test_every_version_back_to_the_first_is_negotiated(version: str, tools: ServedTools) -> None:
    assert HANDSHAKE_PROTOCOL_VERSIONS[0] == "2024-11-05"
    found = result(tools, "initialize", CLIENT | {"protocolVersion": version})
    assert found["protocolVersion"] == version
    assert found["serverInfo"]["name"] == "bus-simulator"
    assert found["serverInfo"]["version"] == "1.2.3"
    assert set(found["capabilities"]) >= {"tools", "resources"}
    assert "line_status" in found["instructions"]


def test_an_unknown_version_is_answered_with_a_supported_one(tools: ServedTools) -> None:
    found = result(tools, "initialize", CLIENT | {"protocolVersion": "1999-01-01"})
    assert found["protocolVersion"] == LATEST_HANDSHAKE_VERSION


def test_tools_are_listed_read_only_with_schemas(tools: ServedTools) -> None:
    listed = result(tools, "tools/list")["tools"]
    assert [tool["name"] for tool in listed] == list(TOOLS)
    for tool in listed:
        assert tool["annotations"] == {
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": False,
        }
        assert tool["title"]
        assert tool["description"]
        jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        jsonschema.Draft202012Validator.check_schema(tool["outputSchema"])


@pytest.mark.parametrize("name", TOOLS)
def test_a_call_has_plain_https_result_and_a_text(name: str, tools: ServedTools) -> None:
    found = result(tools, "tools/call", {"name": name, "arguments": TOOL_ARGUMENTS[name]})
    assert found["isError"] is False
    jsonschema.validate(found["structuredContent"], TOOLS[name].output_schema)
    assert found["structuredContent"]["data"] == tools.call(name, **TOOL_ARGUMENTS[name])["data"]
    assert found["content"][0]["text"].startswith(TOOLS[name].title)


@pytest.mark.parametrize("version", HANDSHAKE_PROTOCOL_VERSIONS)
def test_the_texts_include_the_whole_result_as_json(version: str, tools: ServedTools) -> None:
    call = {"name": "list_lines", "arguments": {}}
    found = result(tools, "tools/call", call, **{"mcp-protocol-version": version})
    _, whole = found["content"]
    assert json.loads(whole["text"]) == found["structuredContent"]


def test_the_resources_are_listed_and_read(tools: ServedTools) -> None:
    listed = result(tools, "resources/list")["resources"]
    assert [each["uri"] for each in listed] == ["bus://lines", "bus://scenario"]
    templates = result(tools, "resources/templates/list")["resourceTemplates"]
    assert [each["uriTemplate"] for each in templates] == ["bus://lines/{line_id}"]
    lines, line, scenario = (
        json.loads(result(tools, "resources/read", {"uri": uri})["contents"][0]["text"])
        for uri in ("bus://lines", "bus://lines/L1", "bus://scenario")
    )
    assert [each["line_id"] for each in lines["lines"]] == ["L1", "L2"]
    assert line == tools.get("/lines/L1").json()
    assert scenario["scenario"] is None
    assert scenario["run"]["seed"] == 1


def test_the_scenario_resource_describes_it_in_words(tmp_path: Path) -> None:
    folder = Path(__file__).parent.parent / "data"
    network = load_network(folder / "lines.yaml")
    strike = load_scenario(folder / "scenarios" / "strike.yaml", lambda _: network)
    with served_tools(tmp_path, scenario_at_start=strike, network=network) as tools:
        read = result(tools, "resources/read", {"uri": "bus://scenario"})
    told = json.loads(read["contents"][0]["text"])["scenario"]
    assert (told["name"], told["first_day"]) == ("strike", "2026-03-05")
    assert len(told["changes"]) == 2


@pytest.mark.parametrize("uri", ["bus://lines/L99", "bus://nowhere", "file:///etc/passwd", "bus://lines/"])
def test_an_unknown_resource_is_a_protocol_error(uri: str, tools: ServedTools) -> None:
    assert error(tools, "resources/read", {"uri": uri})["code"] == INVALID_PARAMS


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"name": "dance", "arguments": {}}, "Unknown tool: dance"),
        ({"name": 7}, "Invalid"),
        ({"name": "find_stops", "arguments": "S001"}, "Invalid"),
        (["find_stops"], ""),
    ],
)
def test_unknown_tools_and_malformed_calls_are_protocol_errors(
    params: object, said: str, tools: ServedTools
) -> None:
    fault = error(tools, "tools/call", params)
    assert fault["code"] == INVALID_PARAMS
    assert said in fault["message"]
    assert len(fault["message"]) < 1000


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("query_people_count", {"stop_id": 1}, "stop_id: Input should be a valid string, got 1"),
        ("query_people_count", {}, "stop_id is missing"),
        ("query_people_count", {"stop_id": "S001", "timstamp": "now"}, "did you mean timestamp?"),
        ("find_stops", {"name": "x" * 60_000}, "name: String should have at most"),
        ("find_stops", {"name": "S001", "limit": "many"}, "limit: Input should be a valid integer"),
        ("find_stops", {"name": "S001", "limit": True}, "limit: Input should be a valid integer"),
        ("nearest_stops", {"latitude": 1e999, "longitude": 0}, "latitude"),
        ("list_lines", {"tz": "Mars/Olympus"}, "Mars/Olympus"),
        ("query_people_count", {"stop_id": "S001", "timestamp": "noon"}, "Invalid timestamp format: 'noon'"),
        (
            "query_time_range",
            TOOL_ARGUMENTS["query_time_range"] | {"end_time": "2026-03-01"},
            "is after end_time",
        ),
        ("line_status", {"line_id": "L1", "stop_id": "S004"}, "is not served by line L1"),
    ],
)
def test_wrong_arguments_give_an_error_result_that_a_model_can_act_on(
    name: str, arguments: dict[str, object], said: str, tools: ServedTools
) -> None:
    found = result(tools, "tools/call", {"name": name, "arguments": arguments})
    assert found["isError"] is True
    assert said in found["content"][0]["text"]
    assert len(found["content"][0]["text"]) < 1500
    assert "structuredContent" not in found


def test_numbers_in_texts_count_as_numbers(tools: ServedTools) -> None:
    def data(tool: str, **arguments: object) -> Any:
        found = result(tools, "tools/call", {"name": tool, "arguments": arguments})
        assert found["isError"] is False
        return found["structuredContent"]["data"]

    assert len(data("find_stops", name="S00", limit="2")) == 2
    near = data("nearest_stops", latitude="40.4168", longitude=" -3.7038", limit=2.0)
    assert near == data("nearest_stops", latitude=40.4168, longitude=-3.7038, limit=2)


def test_times_are_local_on_request_also_in_words(tools: ServedTools) -> None:
    arguments = {"bus_id": "B001", "timestamp": "2026-03-02T07:20Z", "tz": "Europe/Madrid"}
    found = result(tools, "tools/call", {"name": "query_bus_position", "arguments": arguments})
    assert found["structuredContent"]["data"][0]["time"] == "2026-03-02T08:20:00+01:00"
    assert found["structuredContent"]["timestamp"].endswith("+01:00")
    assert "time 2026-03-02T08:20:00+01:00" in found["content"][0]["text"]


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_a_batch_of_an_older_protocol_is_answered_in_order(path: str, tools: ServedTools) -> None:
    ping, noted = ({"jsonrpc": "2.0", "method": each} for each in ("ping", "notifications/initialized"))
    call = {"name": "list_lines", "arguments": {}}
    messages = [
        ping | {"id": 1},
        noted,
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
        {"jsonrpc": "2.0", "id": 3, "method": "dance"},
    ]
    headers = KEY | PROTOCOL | {"mcp-protocol-version": "2025-03-26"}
    answer = tools.post(path, messages, headers)
    assert answer.status_code == 200
    first, second, third = answer.json()
    assert first == {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert second["result"]["structuredContent"]["count"] == 2
    assert third["error"]["code"] == METHOD_NOT_FOUND
    assert tools.post(path, [noted, noted], headers).status_code == 202
    too_many = tools.post(path, [ping | {"id": each} for each in range(21)], headers)
    assert (too_many.status_code, too_many.json()["error"]["code"]) == (400, INVALID_REQUEST)
    newer = tools.post(path, messages, headers | {"mcp-protocol-version": "2025-06-18"})
    assert newer.status_code == 400


def test_an_unreachable_store_is_an_error_result_and_the_server_keeps_running(tools: ServedTools) -> None:
    call = {"name": "query_people_count", "arguments": {"stop_id": "S001", "timestamp": "2026-03-02T07:30Z"}}
    tools.store.failing = StoreUnavailable("secret place")
    try:
        found = result(tools, "tools/call", call)
    finally:
        tools.store.failing = None
    assert found["isError"]
    assert found["content"][0]["text"].startswith("Unavailable: The store can't be reached")
    assert result(tools, "tools/call", call)["isError"] is False


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, PARSE_ERROR),
        (b"{", 400, PARSE_ERROR),
        (b"\xff\xfe", 400, PARSE_ERROR),
        (b"[" * 50_000, 400, PARSE_ERROR),
        (b"[]", 400, INVALID_PARAMS),
        (b'"hello"', 400, INVALID_PARAMS),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', 400, INVALID_PARAMS),
        (b'{"id": 1, "method": "ping"}', 400, INVALID_PARAMS),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "dance"}', 200, METHOD_NOT_FOUND),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "' + b"x" * 60_000 + b'"}', 200, METHOD_NOT_FOUND),
        (b" " * 65_537, 413, INVALID_REQUEST),
    ],
)
def test_a_malformed_message_is_a_protocol_error(
    content: bytes, status: int, code: int, tools: ServedTools
) -> None:
    answer = tools.post("/mcp", headers=KEY | PROTOCOL, content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["jsonrpc"] == "2.0"
    assert result(tools, "ping") == {}


def test_a_notification_is_accepted_without_a_response(tools: ServedTools) -> None:
    body = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    answer = tools.post("/mcp", body, KEY | PROTOCOL)
    assert (answer.status_code, answer.content) == (202, b"")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH"])
def test_other_methods_than_post_are_405(method: str, tools: ServedTools) -> None:
    answer = tools.http.request(method, "/mcp", headers=KEY)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json() == {"error": "MethodNotAllowed", "message": "Method not allowed"}


@pytest.mark.parametrize("path", ["/mcp/sse", "/mcp/messages", "/mcpx", "/mcp/list-tools/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_gets_rests_404(path: str, method: str, tools: ServedTools) -> None:
    answer = tools.http.request(method, path, headers=KEY)
    assert (answer.status_code, answer.json()) == (404, {"error": "NotFound", "message": "Not found"})
    assert tools.http.request(method, path).status_code == 401


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "Missing x-api-key header"),
        ({"x-group-name": "me"}, "Missing x-api-key header"),
        ({"x-api-key": "right"}, "Missing x-group-name header"),
        ({"x-api-key": "wrong"}, "Missing x-group-name header"),
        ({"x-api-key": "wrong", "x-group-name": "me"}, "Invalid API key"),
    ],
)
def test_401_comes_before_every_other_error(headers: dict[str, str], said: str, tools: ServedTools) -> None:
    for body in (b"{", b'{"jsonrpc":"2.0","id":1,"method":"ping"}', b" " * 70_000):
        answer = tools.post("/mcp", headers=headers | {"host": "foreign.example"}, content=body)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized", "message": said})


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("host", "foreign.example", 421),
        ("host", "foreign.example:8080", 421),
        ("host", "127.0.0.1.foreign.example", 421),
        ("host", "localhost.foreign.example:80", 421),
        ("host", "8.8.8.8", 421),
        ("origin", "https://foreign.example", 403),
        ("origin", "http://localhost.foreign.example", 403),
        ("origin", "null", 403),
        ("origin", "", 403),
        ("host", "localhost", 200),
        ("host", "LOCALHOST:9000", 200),
        ("host", "[::1]:9000", 200),
        ("origin", "http://127.0.0.1:6274", 200),
        ("origin", "http://localhost", 200),
    ],
)
def test_a_foreign_host_or_origin_is_refused(name: str, value: str, status: int, tools: ServedTools) -> None:
    answer = tools.message("ping", **{name: value})
    assert answer.status_code == status
    if status != 200:
        assert set(answer.json()) == {"error", "message"}


def test_allowed_hosts_can_be_added(tmp_path: Path) -> None:
    hosts = hosts_for("127.0.0.1", ("bus.example", "Gateway.Example"))
    with served_tools(tmp_path, mcp_hosts=hosts) as tools:
        for host, status in (("bus.example:443", 200), ("gateway.example", 200), ("other.example", 421)):
            assert tools.message("ping", host=host).status_code == status
        assert tools.message("ping", origin="https://bus.example").status_code == 200


@pytest.mark.parametrize(
    ("host", "listed", "named", "allowed"),
    [
        ("0.0.0.0", (), "10.1.2.3:8081", True),
        ("0.0.0.0", (), "[fe80::1]:8081", True),
        ("0.0.0.0", (), "foreign.example", False),
        ("0.0.0.0", ("*",), "foreign.example", True),
        ("bus.local", (), "bus.local:80", True),
        ("127.0.0.1", (), "10.1.2.3", False),
        ("127.0.0.1", (), "", False),
        ("127.0.0.1", (), "[", False),
    ],
)
def test_on_a_public_address_ip_addresses_are_allowed_and_names_are_not(
    host: str, listed: tuple[str, ...], named: str, allowed: bool
) -> None:
    hosts = hosts_for(host, listed)
    with nullcontext() if allowed else pytest.raises(ForeignHost, match="--allowed-hosts"):
        hosts.check({"host": named})


def test_without_the_mcp_package_only_the_protocol_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("services.agents.mcp_routes.importlib.util.find_spec", lambda _name: None)
    with served_tools(tmp_path) as tools:
        assert tools.message("ping").status_code == 404
        assert tools.call("list_lines")["count"] == 2
        assert tools.get("/health").status_code == 200
    assert [record.message for record in caplog.records if record.name == "bus_simulator.mcp"] == [
        mcp_routes.MISSING
    ]


def test_without_allowed_hosts_there_are_no_mcp_routes(tmp_path: Path) -> None:
    with served_tools(tmp_path, mcp_hosts=None) as tools:
        for path in ("/mcp", "/mcp/list-tools", "/tools/list_lines"):
            assert tools.post(path, {}).status_code == 404


def test_health_is_rests_and_needs_no_key(tools: ServedTools) -> None:
    answer = tools.http.get("/health")
    assert (answer.status_code, answer.json()) == (200, health(tools.context).body)


def test_pages_of_this_machine_can_use_the_protocol(tools: ServedTools) -> None:
    asked = {
        "origin": "http://localhost:6274",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,mcp-protocol-version,x-api-key,x-group-name",
    }
    answer = tools.http.options("/mcp", headers=asked)
    assert answer.status_code == 200
    assert "mcp-protocol-version" in answer.headers["access-control-allow-headers"]
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_rate_limits_count_protocol_and_rest_together(tmp_path: Path) -> None:
    with served_tools(tmp_path, limits=Limits(rate_per_s=0, per_day=3)) as tools:
        statuses = [tools.message("ping").status_code for _ in range(2)]
        assert [*statuses, tools.get("/lines").status_code] == [200, 200, 200]
        answer = tools.message("ping")
        assert (answer.status_code, answer.json()["error"]) == (429, "TooManyRequests")
        assert tools.post("/tools/list_lines").json()["status_code"] == 429
