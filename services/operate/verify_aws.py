"""Whether a deployment on AWS is fit for use: its tables, its services, and what its users meet.

History is asked of Timestream, feeders of ECS; REST, authentication and WebSocket are judged as everywhere
(`services.operate.verify`), the MCP server besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel

from services.access.authentication import GROUP_HEADER, KEY_HEADER
from services.operate.api_client import ApiClient, CheckFailed
from services.operate.aws_problems import AwsProblem
from services.operate.ecs import EcsServices
from services.operate.resource_names import HOSTED_SERVICE, SERVICES
from services.operate.timestream_history import HistoryStore, check_history
from services.operate.verify import TABLES, WRONG_KEY, CheckResult, Checks, Targets, Verifier, run_checks
from storage.schema import Stream

# The tools that agents rely on, whatever else there is.
TOOLS = frozenset(
    (
        "query_people_count",
        "query_sensor_data",
        "query_bus_position",
        "query_line_buses",
        "query_time_range",
    )
)


@dataclass(frozen=True, slots=True)
class AwsDeployment:
    """What a deployment consists of. Without a `store` it hosts its endpoint: `/health` has the history."""

    rest: ApiClient
    mcp: ApiClient
    services: EcsServices
    store: HistoryStore | None


def verify_aws(parts: AwsDeployment, asked: Targets, *, websocket: bool = True) -> Iterator[CheckResult]:
    """Make every check in turn, with the WebSocket's or without."""
    users = Verifier(parts.rest, asked, gateway=True)
    checks = [*users.health_checks(), *history_checks(parts, users), *service_checks(parts)]
    checks += [*users.rest_checks(), *users.auth_checks(), *mcp_checks(parts.mcp)]
    return run_checks([*checks, *(users.websocket_checks() if websocket else ())])


def history_checks(parts: AwsDeployment, users: Verifier) -> Checks:
    """Five days in each table."""
    store = parts.store
    if store is None:
        return users.history_checks()

    def told(stream: Stream) -> str:
        return check_history(store, stream, users.now())

    return [(f"history: {stream}", partial(told, stream)) for stream in TABLES]


def service_checks(parts: AwsDeployment) -> Checks:
    """The feeders, the MCP server and a hosted endpoint as ECS sees them."""

    def running(name: str) -> str:
        try:
            state = parts.services.states([name]).get(name)
        except AwsProblem as problem:
            raise CheckFailed(str(problem)) from problem
        if state is None:
            raise CheckFailed("no such service")
        if state.fault is not None:
            raise CheckFailed(state.fault)
        return f"{state.running} of {state.desired} tasks run"

    names = SERVICES if parts.store is not None else (*SERVICES, HOSTED_SERVICE)
    return [(f"service: {name}", partial(running, name)) for name in names]


class ToolBody(BaseModel):
    """A tool by name."""

    name: str


class McpHealthBody(BaseModel):
    """What says whether the MCP server is well."""

    status: str


class ToolListBody(BaseModel):
    """The answer to `/mcp/list-tools`."""

    success: bool
    data: list[ToolBody]


def mcp_checks(mcp: ApiClient) -> Checks:
    """Whether the MCP server is well, has its tools, and looks at keys."""

    def well() -> str:
        status = mcp.ask("/health", {}).expect(200).body(McpHealthBody).status
        if status == "unavailable":
            raise CheckFailed("the store can't be reached")
        return status

    def tools() -> str:
        found = {
            tool.name for tool in mcp.ask("/mcp/list-tools", body={}).expect(200).body(ToolListBody).data
        }
        if lacking := TOOLS - found:
            raise CheckFailed(f"it lacks {', '.join(sorted(lacking))}")
        return f"{len(found)} tools"

    def refuses() -> str:
        headers = {KEY_HEADER: WRONG_KEY, GROUP_HEADER: mcp.group}
        mcp.ask("/mcp/list-tools", headers, body={}).expect(401)
        return "401"

    return [("MCP: health", well), ("MCP: tools", tools), ("MCP: a wrong key", refuses)]
