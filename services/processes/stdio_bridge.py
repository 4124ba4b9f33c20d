"""MCP over standard input and output: a bridge between one client and a simulator's `/mcp`.

The simulator is the one at a given URL, else the process that holds the store. If no process holds it, this
one runs a simulator itself, on a free port of this machine, where other commands find it as they find `run`.
The protocol's first messages are answered at once; the first call waits until the city is loaded. So a client
that starts its MCP servers by command always gets a running city, and other clients can join.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import re
import signal
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import urlsplit

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
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)

from services import settings as environment
from services.access.authentication import GROUP_HEADER, KEY_HEADER, LocalKey, local_key
from services.access.local_credentials import KEY_SUFFIX
from services.access.store_holder import SUFFIX, read_holder
from services.agents.sdk_server import INSTRUCTIONS, NAME, TITLE, list_resources, list_templates, list_tools
from services.errors import InputError, clipped
from services.inputs.load import DUCKDB, beside
from services.processes import all_in_one, server_process
from services.processes.server_settings import server_options_of_run
from services.settings import MCP_PATH, Settings
from simulator.network import Network
from storage.errors import DependencyUnavailable, StoreHeld

log = logging.getLogger("bus_simulator.mcp")

Result = TypeVar("Result")


class Address(NamedTuple):
    """Where a simulator answers, and with which key."""

    url: str
    key: str


Place: TypeAlias = Future[Address]
"""A simulator's address, once it is known."""

HERE = "127.0.0.1"
LOOPBACK = re.compile(r"^https?://127\.")
MOMENT_S = 2.0
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
    place, ends_us = Place(), threading.Event()
    ends_us.set()

    def set_place(at: str, key: LocalKey, _network: Network) -> None:
        place.set_result(Address(at, offered(key)))

    relaying_thread = threading.Thread(target=relay_then_end, args=(place, group, ends_us), daemon=True)
    relaying_thread.start()
    if not settings.store.startswith(DUCKDB):
        options = server_options_of_run(own, key_refresh, with_status_line=False)
        server_process.serve(options, on_listening=set_place)
        return
    try:
        all_in_one.run(own, key_refresh, on_listening=set_place, with_status_line=False)
    except StoreHeld:
        ends_us.clear()
        holder = read_holder(beside(settings.store, SUFFIX))
        place.set_result(Address(holder.url, key_text(settings.store)))
        relaying_thread.join()


def key_text(store: str) -> str:
    """The key in the environment, else in the file beside the store. Raises `InputError` without either."""
    path = beside(store, KEY_SUFFIX)
    if environment.api_key() is None and not path.exists():
        raise InputError(f"no API key: set BUS_SIMULATOR_API_KEY, or a --store with {path.name} beside it")
    return offered(local_key(environment.api_key(), path))


def offered(key: LocalKey) -> str:
    """The key to send: the general one where the text is JSON with several keys."""
    return str(json.loads(key.text)["api_key"]) if key.text.startswith("{") else key.text


def relay_then_end(place: Place, group: str, ends_us: threading.Event) -> None:
    """Relay in a thread of the simulator's own process, then end that process by SIGTERM if it runs one."""
    try:
        anyio.run(_relay, place, group)
    except BaseExceptionGroup as errors:
        log.error("%s", first_of(errors))
    finally:
        if ends_us.is_set():
            if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
                os._exit(0)  # the client left before the simulator opened anything
            os.kill(os.getpid(), signal.SIGTERM)


def relay(url: str, key: str, group: str) -> None:
    """Pass requests from standard input to the simulator at a URL, and its answers to standard output.

    Raises `DependencyUnavailable` if it doesn't answer.
    """
    address = Address(url.rstrip("/"), key)
    place = Place()
    place.set_result(address)
    try:
        anyio.run(check, address, group)
        anyio.run(_relay, place, group)
    except* (MCPError, httpx2.HTTPError) as errors:
        cause = first_of(errors)
        raise DependencyUnavailable(f"no simulator answers at {url}: {cause}") from cause


def first_of(error: BaseException) -> BaseException:
    """The first exception in a group, at any depth."""
    return first_of(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def http_client(address: Address, group: str) -> httpx2.AsyncClient:
    """Return a client with the key; the environment's proxies are for other machines only."""
    headers = {KEY_HEADER: address.key, GROUP_HEADER: group}
    is_here = (urlsplit(address.url).hostname or "") in ("localhost", "::1") or LOOPBACK.search(address.url)
    return httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S, trust_env=not is_here)


async def check(address: Address, group: str) -> None:
    """Send one plain request: the SDK's client hides the status and text of a refusal. Raises `MCPError`."""
    async with http_client(address, group) as http:
        answer = await http.post(f"{address.url}{MCP_PATH}/list-tools")
        if answer.status_code != HTTPStatus.OK:
            raise MCPError(INVALID_REQUEST, f"{answer.status_code} {clipped(answer.text)}")


class Link:
    """The connection to a simulator whose address may not be known yet."""

    def __init__(self, place: Place, group: str) -> None:
        self._place, self._group = place, group
        self._known = anyio.Event()
        self._client: Client | None = None
        self._failure: BaseException | None = None

    async def keep(self) -> None:
        """Connect once the address is known, and keep the connection until cancelled."""
        address = await anyio.to_thread.run_sync(self._place.result, abandon_on_cancel=True)
        try:
            await check(address, self._group)
            async with (
                http_client(address, self._group) as http,
                Client(streamable_http_client(address.url + MCP_PATH, http_client=http)) as self._client,
            ):
                self._known.set()
                await anyio.sleep_forever()
        except (MCPError, httpx2.HTTPError, ExceptionGroup) as error:
            self._failure = first_of(error)
            self._known.set()

    async def connected(self) -> Client | None:
        """Return the client if it is connected; wait for a moment if the simulator runs already."""
        if self._place.done():
            with anyio.move_on_after(MOMENT_S):
                await self._known.wait()
        return self._client if self._known.is_set() and self._failure is None else None

    async def client(self) -> Client:
        """Return the client, once it is connected. Raises `MCPError` if that failed."""
        await self._known.wait()
        if self._client is None or self._failure is not None:
            raise MCPError(INTERNAL_ERROR, f"the simulator doesn't answer: {self._failure}")
        return self._client


async def _relay(place: Place, group: str) -> None:
    link = Link(place, group)
    async with anyio.create_task_group() as tasks, stdio_server() as (read, write):
        tasks.start_soon(link.keep)
        server = relaying(link)
        await server.run(read, write, server.create_initialization_options())
        tasks.cancel_scope.cancel()


def relaying(link: Link) -> Server[Any]:
    """A server that lists resources by itself and forwards everything else to a simulator.

    It lists the tools by itself, too, until it is connected: clients ask for them at once.
    """

    async def list_all_tools(ctx: Any, params: PaginatedRequestParams | None) -> ListToolsResult:
        simulator = await link.connected()
        if simulator is None:
            return await list_tools(ctx, params)
        return await asked(simulator.session.list_tools())

    async def call_tool(_ctx: Any, params: CallToolRequestParams) -> CallToolResult:
        simulator = await link.client()
        return await asked(simulator.session.call_tool(params.name, params.arguments))

    async def read_resource(_ctx: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
        simulator = await link.client()
        return await asked(simulator.session.read_resource(params.uri))

    return Server(
        NAME,
        version=version("bus-simulator"),
        title=TITLE,
        instructions=INSTRUCTIONS,
        on_list_tools=list_all_tools,
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
