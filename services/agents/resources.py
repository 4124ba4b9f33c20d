"""The MCP resources: what agents can read by a `bus://` URI, as JSON bodies."""

from __future__ import annotations

from services.agents import tool_bodies
from services.context import Context
from services.errors import NotFound, clipped
from services.queries import network_bodies, scenario_summary, stream_queries
from services.queries.bodies import Body
from services.queries.status_bodies import clock_body, run_body

LINES, LINE, SCENARIO = "bus://lines", "bus://lines/", "bus://scenario"
LISTED = {
    LINES: "The lines with their ids, names and terminals.",
    SCENARIO: "What is simulated: the run, the clock, and the scenario's changes to an ordinary day.",
}
TEMPLATES = {f"{LINE}{{line_id}}": "A line: each direction's stops with their coordinates, and its buses."}


def read(context: Context, uri: str) -> Body:
    """Return the body of the resource at `uri`. Raises `NotFound`."""
    if uri == LINES:
        network = context.network
        return {"lines": [tool_bodies.line_summary(network, line) for line in network.lines]}
    if uri == SCENARIO:
        return scenario_body(context)
    if uri.startswith(LINE):
        line = stream_queries.known_line(context.network, uri.removeprefix(LINE))
        return network_bodies.line_route_body(context.network, line)
    raise NotFound(f"Unknown resource: {clipped(uri)}. The resources are {', '.join((*LISTED, *TEMPLATES))}")


def scenario_body(context: Context) -> Body:
    """The run, the clock and the scenario in words; `scenario` is null without one."""
    scenario = context.scenario
    body: Body = {"run": run_body(context.run), "clock": clock_body(context.clock), "scenario": None}
    if scenario is not None:
        body["scenario"] = {
            "name": scenario.name,
            "description": scenario.description,
            "first_day": scenario.first_day.isoformat(),
            "last_day": scenario.last_day.isoformat(),
            "changes": scenario_summary.changes(scenario, context.network),
        }
    return body
