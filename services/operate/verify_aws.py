"""Check a deployment on AWS: its history in Timestream, its ECS services, its APIs and its MCP server.

REST, authentication and WebSocket are checked as on a local simulator (`services.operate.verify`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel

from services.access.authentication import GROUP_HEADER, KEY_HEADER
from services.operate.api_client import ApiClient, CheckFailed
from services.operate.aws_problems import AwsProblem
from services.operate.ecs import EcsServices
from services.operate.resource_names import SERVICES
from services.operate.timestream_history import HistoryStore, check_history
from services.operate.verify import (
    TABLES,
    WRONG_KEY,
    CheckResult,
    Checks,
    Verifier,
    run_checks,
    without_history,
)
from services.operate.verify_targets import Targets
from storage.schema import Stream

# The tools that every deployment has to offer.
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
    """The parts of a deployment. `store` is None if it is not in Amazon Timestream.

    `service_names` are the ECS services that it must have. Behind a `gateway` functions answer, else servers.
    """

    rest: ApiClient
    mcp: ApiClient
    services: EcsServices
    store: HistoryStore | None
    service_names: Sequence[str] = SERVICES
    gateway: bool = True


def verify_aws(
    deployment: AwsDeployment, targets: Targets, *, websocket: bool = True, history: bool = True
) -> Iterator[CheckResult]:
    """Run every check, with or without those of the WebSocket and of five days of history."""
    users = Verifier(deployment.rest, targets, gateway=deployment.gateway)
    checks = [*users.health_checks(), *history_checks(deployment, users), *service_checks(deployment)]
    checks += users.rest_checks()
    checks += [] if deployment.gateway else [*users.file_checks(), *users.feed_checks()]
    checks += [*users.auth_checks(), *mcp_checks(deployment.mcp)]
    checks += users.websocket_checks() if websocket else ()
    return run_checks(checks if history else without_history(checks))


def history_checks(deployment: AwsDeployment, users: Verifier) -> Checks:
    """Each table holds five days. A store inside the VPC is checked through `/health`."""
    store = deployment.store
    if store is None:
        return users.history_checks()

    def found(stream: Stream) -> str:
        return check_history(store, stream, users.now())

    return [(f"history: {stream}", partial(found, stream)) for stream in TABLES]


def service_checks(deployment: AwsDeployment) -> Checks:
    """ECS runs the tasks of the feeders, of what answers clients, and of a hosted endpoint."""

    def running(name: str) -> str:
        try:
            state = deployment.services.states([name]).get(name)
        except AwsProblem as problem:
            raise CheckFailed(str(problem)) from problem
        if state is None:
            raise CheckFailed("no such service")
        if state.fault is not None:
            raise CheckFailed(state.fault)
        return f"{state.running} of {state.desired} tasks run"

    return [(f"service: {name}", partial(running, name)) for name in deployment.service_names]


class ToolBody(BaseModel):
    """A tool in the list of tools."""

    name: str


class McpHealthBody(BaseModel):
    """The body of the MCP server's `/health`."""

    status: str


class ToolListBody(BaseModel):
    """The body of `/mcp/list-tools`."""

    success: bool
    data: list[ToolBody]


def mcp_checks(mcp: ApiClient) -> Checks:
    """The MCP server is healthy, offers its tools and refuses a wrong key."""

    def healthy() -> str:
        status = mcp.request("/health", {}).expect(200).body(McpHealthBody).status
        if status == "unavailable":
            raise CheckFailed("the store can't be reached")
        return status

    def tools() -> str:
        found = {
            tool.name for tool in mcp.request("/mcp/list-tools", body={}).expect(200).body(ToolListBody).data
        }
        if lacking := TOOLS - found:
            raise CheckFailed(f"tools are missing: {', '.join(sorted(lacking))}")
        return f"{len(found)} tools"

    def refuses() -> str:
        headers = {KEY_HEADER: WRONG_KEY, GROUP_HEADER: mcp.group}
        mcp.request("/mcp/list-tools", headers, body={}).expect(401)
        return "401"

    return [("MCP: health", healthy), ("MCP: tools", tools), ("MCP: a wrong key", refuses)]
