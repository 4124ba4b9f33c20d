"""The routes for agents: the tools over plain HTTP, and the Model Context Protocol at `/mcp`.

Requests pass the same gate as REST's: key, path, method, group, body, limits.
"""

from __future__ import annotations

import importlib.util
import logging
from datetime import datetime
from typing import ClassVar

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.access.allowed_hosts import AllowedHosts
from services.agents import tool_calls
from services.agents.streamable_http import INVALID_REQUEST, StreamableHttp
from services.agents.tool_calls import Call
from services.agents.tools import tools_of
from services.context import Context
from services.errors import BadRequest, ServiceError
from services.queries.bodies import Body, describe_error
from services.settings import MCP_PATH
from services.times import format_instant
from services.web.access_log import CALLER
from services.web.handlers import (
    BodyTooLong,
    Handler,
    Route,
    StoreQuery,
    error_response,
    json_object,
    json_response,
)
from storage.store import Reader

log = logging.getLogger("bus_simulator.mcp")

MCP_HEADERS = ("mcp-protocol-version", "mcp-session-id", "mcp-method", "mcp-name")
"""Headers of the protocol, which CORS allows web pages to send."""
LONGEST_BODY = 65_536
MISSING = "the package mcp is not installed, so there is no /mcp: pip install 'bus-simulator[mcp]'"


class ToolRoute(Route):
    """A tool's route over plain HTTP, with the errors of contract §4."""

    longest_body: ClassVar[int] = LONGEST_BODY

    def refused(self, error: ServiceError, now: datetime) -> Response:
        """Return the error as a `FailureBody`."""
        found = describe_error(error)
        body = {"success": False, "error": str(error), "status_code": found.status}
        return json_response(body | {"timestamp": format_instant(now)}, found.status, found.headers)


class ProtocolRoute(Route):
    """`/mcp`: errors are REST's, except a body that is too long, which is a JSON-RPC error."""

    longest_body: ClassVar[int] = LONGEST_BODY

    def refused(self, error: ServiceError, _now: datetime) -> Response:
        """Return an error body or a JSON-RPC error."""
        if not isinstance(error, BodyTooLong):
            return error_response(error)
        fault = {"code": INVALID_REQUEST, "message": str(error)}
        return json_response({"jsonrpc": "2.0", "id": None, "error": fault}, 413)


def add_mcp_routes(app: FastAPI, context: Context, hosts: AllowedHosts) -> None:
    """Add the routes. Without the package `mcp` add only plain HTTP's, and log a warning."""
    add(app, "/mcp/list-tools", lambda _: StoreQuery(lambda _: json_response(tool_list_body(context))))
    add(app, "/mcp/call-tool", lambda request: named_call(context, request))
    add(app, "/tools/{tool}", lambda request: direct_call(context, request))
    if importlib.util.find_spec("mcp") is None:
        log.warning(MISSING)
        return
    protocol = StreamableHttp(context, hosts)
    app.state.open_while_served.append(protocol.opened)
    for path in (MCP_PATH, f"{MCP_PATH}/"):
        add(app, path, protocol.respond, ProtocolRoute)


def add(app: FastAPI, path: str, handler: Handler, kind: type[Route] = ToolRoute) -> None:
    """Add a POST route that is left out of the OpenAPI description."""
    app.router.add_api_route(
        path,
        handler,
        methods=["POST"],
        include_in_schema=False,
        response_model=None,
        route_class_override=kind,
    )


def tool_list_body(context: Context) -> Body:
    """The body of `POST /mcp/list-tools`."""
    items = [
        {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "input_schema": tool.input_schema,
            "output_schema": tool.output_schema,
        }
        for tool in tools_of(context).values()
    ]
    return {
        "success": True,
        "count": len(items),
        "data": items,
        "timestamp": format_instant(context.now()),
    }


def named_call(context: Context, request: Request) -> StoreQuery:
    """Prepare the call in the body `{"tool": …, "arguments": {…}}`."""
    given = json_object(request)
    name, arguments = given.get("tool"), given.get("arguments")
    arguments = {} if arguments is None else arguments
    if not isinstance(name, str):
        raise BadRequest(f'"tool" must be the name of a tool: {", ".join(tools_of(context))}')
    if not isinstance(arguments, dict):
        raise BadRequest('"arguments" must be an object')
    return store_query(tool_calls.prepare(context, name, arguments, request.scope.get(CALLER)))


def direct_call(context: Context, request: Request) -> StoreQuery:
    """Prepare the call whose arguments are the body; no body means no arguments."""
    arguments = json_object(request) if request.state.body.strip() else {}
    caller = request.scope.get(CALLER)
    return store_query(tool_calls.prepare(context, request.path_params["tool"], arguments, caller))


def store_query(call: Call) -> StoreQuery:
    """Return a call as the query that the gate runs."""

    def respond(store: Reader) -> Response:
        return json_response(call.run(store))

    return StoreQuery(respond, recent=call.query.recent)
