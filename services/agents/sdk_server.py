"""The tools and resources as a server of the official MCP SDK, for `/mcp` and for stdio."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TypeAlias

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextContent,
    TextResourceContents,
    ToolAnnotations,
)
from mcp_types import Tool as ToolListing

from services.agents import resources, tool_calls
from services.agents.tool import Tool
from services.agents.tools import TOOLS, tools_of
from services.context import Context
from services.errors import NotFound, ServiceError, Unavailable, Unexpected
from services.queries.async_reader import AsyncReader
from services.web.access_log import CALLER
from services.web.handlers import ENCODE, JSON
from storage.errors import DependencyUnavailable

log = logging.getLogger("bus_simulator.mcp")

Lifespan: TypeAlias = dict[str, object]
Ctx: TypeAlias = ServerRequestContext[Lifespan]

NAME = "bus-simulator"
TITLE = "Madrid Bus Real-Time Simulator"
INSTRUCTIONS = (
    "Live positions, loads and passenger counts of a simulated city's buses; every result carries the "
    "simulated time. Find a line with list_lines (its number, like the 27, is part of its name, not its id) "
    "and a stop with find_stops; line_status with both gives the next arrivals: which bus, when, how full. "
    "compare says what a closure, a strike or rain would do to today's service. All tools are read-only."
)
READ_ONLY = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)

CHANGING = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)


def manager_of(context: Context) -> StreamableHTTPSessionManager:
    """Return the SDK's handler of `/mcp`, without its host check: `StreamableHttp` has one."""
    return StreamableHTTPSessionManager(
        server_of(context),
        json_response=True,
        stateless=True,
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )


def server_of(context: Context) -> Server[Lifespan]:
    """Return the SDK's server over one context."""
    handlers = Handlers(context)
    return Server(
        NAME,
        version=context.version,
        title=TITLE,
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=handlers.read_resource,
    )


async def list_tools(_ctx: object, _params: PaginatedRequestParams | None) -> ListToolsResult:
    """List the tools that every simulator has; there are no pages."""
    return listing(TOOLS)


def listing(tools: Mapping[str, Tool]) -> ListToolsResult:
    """Return tools as `tools/list` describes them."""
    return ListToolsResult(tools=[listing_of(tool) for tool in tools.values()])


def listing_of(tool: Tool) -> ToolListing:
    """Return a tool as `tools/list` describes it."""
    return ToolListing(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=CHANGING if tool.changes_city else READ_ONLY,
    )


async def list_resources(_ctx: Ctx, _params: PaginatedRequestParams | None) -> ListResourcesResult:
    """List the resources with a fixed URI."""
    found = [
        Resource(uri=uri, name=uri.partition("//")[2], description=what, mime_type=JSON)
        for uri, what in resources.LISTED.items()
    ]
    return ListResourcesResult(resources=found)


async def list_templates(_ctx: Ctx, _params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
    """List the resources whose URI has a variable."""
    found = [
        ResourceTemplate(uri_template=uri, name="line", description=what, mime_type=JSON)
        for uri, what in resources.TEMPLATES.items()
    ]
    return ListResourceTemplatesResult(resource_templates=found)


class Handlers:
    """The requests that read the context: tool calls and resources."""

    def __init__(self, context: Context) -> None:
        self._context, self._reader = context, AsyncReader(context.store)

    async def list_tools(self, _ctx: Ctx, _params: PaginatedRequestParams | None) -> ListToolsResult:
        """List all tools; there are no pages."""
        return listing(tools_of(self._context))

    async def call_tool(self, ctx: Ctx, params: CallToolRequestParams) -> CallToolResult:
        """Call a tool. Unknown tools are protocol errors, other errors are results, which models read.

        The result is in words, as JSON text for clients that show their model nothing else, and structured.
        """
        try:
            caller = None if ctx.request is None else ctx.request.scope.get(CALLER)
            call = tool_calls.prepare(self._context, params.name, params.arguments or {}, caller)
            body = await self._reader.read(call.run, recent=call.query.recent)
        except tool_calls.UnknownTool as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None
        except ServiceError as error:
            return failure(error)
        except DependencyUnavailable as error:
            log.error("the store can't be reached: %s", error)
            return failure(Unavailable())
        except Exception:
            log.exception("tool failed", extra={"fields": {"tool": params.name}})
            return failure(Unexpected())
        texts = tool_calls.in_words(call.tool, body), ENCODE(body)
        return CallToolResult(
            content=[TextContent(type="text", text=text) for text in texts], structured_content=body
        )

    async def read_resource(self, _ctx: Ctx, params: ReadResourceRequestParams) -> ReadResourceResult:
        """Read a resource as JSON. An unknown URI is a protocol error."""
        uri = str(params.uri)
        try:
            text = ENCODE(resources.read(self._context, uri))
        except NotFound as error:
            raise MCPError(INVALID_PARAMS, str(error), {"uri": uri}) from None
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=JSON, text=text)])


def failure(error: ServiceError) -> CallToolResult:
    """Return an error as a result, which the model sees and can act on."""
    return CallToolResult(content=[TextContent(type="text", text=f"{error.error}: {error}")], is_error=True)
