"""The MCP tools over an hour of data, over a real socket of the server that `run` uses."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from services.access.allowed_hosts import hosts_for
from services.context import Context
from services.errors import BadRequest
from services.transit.service_comparison import ComparedMeasure, LineComparison, ServiceComparison
from tests.services.fakes import FaultyStore
from tests.services.rest_served import KEY, PATIENCE_S, listening, parts

TOOL_ARGUMENTS: dict[str, dict[str, object]] = {
    "query_people_count": {"stop_id": "S001"},
    "query_sensor_data": {"entity_id": "B001"},
    "query_bus_position": {"bus_id": "B001", "mode": "latest"},
    "query_line_buses": {"line_id": "L1"},
    "query_time_range": {
        "data_type": "bus_position",
        "entity_id": "B001",
        "start_time": "2026-03-02T07:00Z",
        "end_time": "2026-03-02T07:30Z",
        "limit": 3,
    },
    "find_stops": {"name": "S00"},
    "nearest_stops": {"latitude": 40.4, "longitude": -3.72, "limit": 2},
    "list_lines": {},
    "line_status": {"line_id": "L1", "stop_id": "S002"},
    "next_arrivals": {"stop": "S003"},
    "plan_ride": {"from": "S002", "to": "S003"},
    "compare": {"scenario": "strike"},
}
"""Valid arguments of each tool, for the network of `tests.services.fakes`."""
PROTOCOL = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


def a_comparison(scenario: str) -> ServiceComparison:
    """A comparison without a simulation."""
    if scenario != "strike":
        raise BadRequest(f"There is no scenario '{scenario}'. There are strike")
    measures = [
        ComparedMeasure("left behind by full buses", "people", 0, 18),
        ComparedMeasure("mean wait", "s", 400.0, 500.5),
        ComparedMeasure("headway CV", "", 0.4, None),
    ]
    lines = [LineComparison(None, "all changed lines", measures), LineComparison("L1", "1 Sol", measures[:1])]
    return ServiceComparison(scenario, "A strike.", date(2026, 3, 2), lines, ["L2"])


@dataclass(frozen=True, slots=True)
class ServedTools:
    """A server with the MCP routes, and ways to send it requests."""

    context: Context
    store: FaultyStore
    url: str
    http: httpx.Client

    def get(self, path: str) -> httpx.Response:
        """Send a GET request with the key."""
        return self.http.get(path, headers=KEY)

    def post(
        self,
        path: str,
        body: object = None,
        headers: Mapping[str, str] = KEY,
        *,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send a POST request with a JSON body or these bytes."""
        sent = content if content is not None else b"" if body is None else json.dumps(body).encode()
        return self.http.post(path, content=sent, headers=headers)

    def call(self, tool: str, **arguments: object) -> Any:
        """Call a tool by plain HTTP; return the body."""
        return self.post("/mcp/call-tool", {"tool": tool, "arguments": arguments}).json()

    def message(self, method: str, params: object = None, **headers: str) -> httpx.Response:
        """Send a JSON-RPC request."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method} | ({} if params is None else {"params": params})
        return self.post("/mcp", body, KEY | PROTOCOL | headers)


@contextmanager
def served_tools(folder: Path, **changed: Any) -> Iterator[ServedTools]:
    """Run a server; `changed` are fields of its context."""
    context, store, _ = parts(folder)
    changed.setdefault("mcp_hosts", hosts_for("127.0.0.1"))
    changed.setdefault("compare", a_comparison)
    context = dataclasses.replace(context, **changed)
    with listening(context) as port:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as http:
            yield ServedTools(context, store, url, http)
