"""MCP over standard input and output: a go-between for one client and a simulator's `/mcp`.

The simulator is the one at a given URL, else the process that holds the store. Where nobody does, this
runs the city itself, on a free port of this machine, and others find it there as they would find `run`: so a
client that starts its servers by command gets a living city in any case, and keeps nobody from it.
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
"""A city that starts answers when its history is written."""


def speak(settings: Settings, key_refresh: timedelta, *, url: str | None, group: str) -> None:
    """Speak for a simulator until the client goes away, asking it as `group`; see the module.

    Raises `DependencyUnavailable` where it doesn't answer.
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
    """The environment's key, or the one that is kept beside the store. Raises `InputError` for none."""
    path = beside(store, KEY_SUFFIX)
    if environment.api_key() is None and not path.exists():
        raise InputError(f"no key to ask with: set BUS_SIMULATOR_API_KEY, or a --store with {path.name}")
    return offered(local_key(environment.api_key(), path))


def offered(key: LocalKey) -> str:
    """The general one of what may be several keys in JSON."""
    return str(json.loads(key.text)["api_key"]) if key.text.startswith("{") else key.text


def relay_then_end(url: str, key: str, group: str) -> None:
    """Relay, in a thread of the process that is asked; then end that as a signal would."""
    try:
        relay(url, key, group)
    except DependencyUnavailable as error:
        log.error("%s", error)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


def relay(url: str, key: str, group: str) -> None:
    """Pass on what comes in on standard input to the simulator at a URL, and its answers back."""
    try:
        anyio.run(_relay, url.rstrip("/"), key, group)
    except* (MCPError, httpx2.HTTPError) as errors:
        cause = first_of(errors)
        raise DependencyUnavailable(f"no simulator answers at {url}: {cause}") from cause


def first_of(error: BaseException) -> BaseException:
    """The first of the errors that a group holds, however deep."""
    return first_of(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _relay(url: str, key: str, group: str) -> None:
    headers = {KEY_HEADER: key, GROUP_HEADER: group}
    async with httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S) as http:
        # The SDK's client doesn't say why it was refused.
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
    """A server that lists by itself, and asks a simulator for everything else."""

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
    """An answer of the simulator. Raises `MCPError`, the simulator's own or one that says it is gone."""
    try:
        return await answer
    except httpx2.HTTPError as error:
        raise MCPError(INTERNAL_ERROR, f"the simulator doesn't answer: {error}") from error
