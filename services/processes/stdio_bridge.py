"""MCP over standard input and output: a bridge between one client and a simulator's `/mcp`.

The simulator is the one at a given URL, else the process that holds the store. If no process holds it, this
one runs a simulator itself, on a free port of this machine, where other commands find it as they find `run`.
So a client that starts its MCP servers by command always gets a running city, and other clients can join.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import threading
from collections.abc import Awaitable
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, TypeVar

import anyio
import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    CallToolRequestParams,
    CallToolResult,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from services import settings as environment
from services.access.authentication import GROUP_HEADER, KEY_HEADER, LocalKey, local_key
from services.access.local_credentials import KEY_SUFFIX
from services.access.store_holder import SUFFIX, read_holder
from services.agents.mcp_routes import MCP_PATH
from services.agents.sdk_server import INSTRUCTIONS, NAME, TITLE, list_resources, list_templates, list_tools
from services.errors import InputError, clipped
from services.inputs.load import DUCKDB, beside
from services.processes import all_in_one, server_process
from services.processes.server_settings import server_options_of_run
from services.settings import Settings
from simulator.network import Network
from storage.errors import DependencyUnavailable, StoreHeld

log = logging.getLogger("bus_simulator.mcp")

Result = TypeVar("Result")

HERE = "127.0.0.1"
PATIENCE_S = 60.0
"""A simulator that was just started answers once its history is written."""


def speak(settings: Settings, key_refresh: timedelta, *, url: str | None, group: str) -> None:
    """Connect the client to a simulator until the client disconnects, with `group` as the group name.

    The module's docstring says which simulator. Raises `DependencyUnavailable` if it doesn't answer.
    """
    if url is not None:
        relay(url, key_text(settings.store), group)
        return
    own = dataclasses.replace(settings, host=HERE, port=0)

    def relay_in_thread(at: str, key: LocalKey, _network: Network) -> None:
        threading.Thread(target=relay_then_end, args=(at, offered(key), group), daemon=True).start()

    if not settings.store.startswith(DUCKDB):
        options = server_options_of_run(own, key_refresh, with_status_line=False)
        server_process.serve(options, on_listening=relay_in_thread)
        return
    try:
        all_in_one.run(own, key_refresh, on_listening=relay_in_thread, with_status_line=False)
    except StoreHeld:
        relay(read_holder(beside(settings.store, SUFFIX)).url, key_text(settings.store), group)


def key_text(store: str) -> str:
    """The key in the environment, else in the file beside the store. Raises `InputError` without either."""
    path = beside(store, KEY_SUFFIX)
    if environment.api_key() is None and not path.exists():
        raise InputError(f"no API key: set BUS_SIMULATOR_API_KEY, or a --store with {path.name} beside it")
    return offered(local_key(environment.api_key(), path))


def offered(key: LocalKey) -> str:
    """The key to send: the general one where the text is JSON with several keys."""
    return str(json.loads(key.text)["api_key"]) if key.text.startswith("{") else key.text


def relay_then_end(url: str, key: str, group: str) -> None:
    """Relay in a thread of the simulator's own process, then end that process by SIGTERM."""
    try:
        relay(url, key, group)
    except DependencyUnavailable as error:
        log.error("%s", error)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def relay(url: str, key: str, group: str) -> None:
    """Pass requests from standard input to the simulator at a URL, and its answers to standard output."""
    try:
        anyio.run(_relay, url.rstrip("/"), key, group)
    except* (MCPError, httpx2.HTTPError) as errors:
        cause = first_of(errors)
        raise DependencyUnavailable(f"no simulator answers at {url}: {cause}") from cause


def first_of(error: BaseException) -> BaseException:
    """The first exception in a group, at any depth."""
    return first_of(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _relay(url: str, key: str, group: str) -> None:
    headers = {KEY_HEADER: key, GROUP_HEADER: group}
    async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S) as http:
        # One plain request first: the SDK's client hides the status and text of a refusal.
        answer = await http.post(f"{url}{MCP_PATH}/list-tools")
        if answer.status_code != HTTPStatus.OK:
            raise MCPError(INVALID_REQUEST, f"{answer.status_code} {clipped(answer.text)}")
        async with (
            Client(streamable_http_client(url + MCP_PATH, http_client=http)) as simulator,
            stdio_server() as (read, write),
        ):
            server = relaying(simulator)
            await server.run(read, write, server.create_initialization_options())


def relaying(simulator: Client) -> Server[Any]:
    """A server that lists tools and resources by itself and forwards everything else to a simulator."""

    async def call_tool(_ctx: Any, params: CallToolRequestParams) -> CallToolResult:
        return await asked(simulator.session.call_tool(params.name, params.arguments))

    async def read_resource(_ctx: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
        return await asked(simulator.session.read_resource(params.uri))

    return Server(
        NAME,
        version=version("bus-simulator"),
        title=TITLE,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )


async def asked(answer: Awaitable[Result]) -> Result:
    """The simulator's answer. Raises its `MCPError`, or one that says it doesn't answer."""
    try:
        return await answer
    except httpx2.HTTPError as error:
        raise MCPError(INTERNAL_ERROR, f"the simulator doesn't answer: {error}") from error
