"""`/mcp`: streamable HTTP of the Model Context Protocol, without sessions, with JSON responses.

The official SDK handles the messages. Its import takes longer than starting everything else, so it waits
until the server has run for some seconds, or until the first message; a thread does it. The SDK's tasks run
in a task group that the application keeps open.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup, TaskStatus
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from services.access.allowed_hosts import AllowedHosts
from services.context import Context
from services.web.access_log import headers_of
from services.web.handlers import JSON, AsyncResponse, json_response

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

log = logging.getLogger("bus_simulator.mcp")

IMPORTED_AFTER_S = 10.0
"""Seconds from the server's start until the SDK is imported, if no message has come by then.

A client's first message may then be answered within its time limit on a busy machine, too. Servers of
commands and tests that end sooner do without the import.
"""
GONE = 499
"""nginx's status for a client that has gone away, for the access log only."""
WITH_BATCHES = ("2025-03-26", "2024-11-05")
"""The protocol versions with batches of JSON-RPC; the first one is meant if a request names none."""
MOST_IN_BATCH = 20
INVALID_REQUEST = -32600


class StreamableHttp:
    """Hands requests to the SDK. It belongs to one event loop."""

    def __init__(self, context: Context, hosts: AllowedHosts) -> None:
        self._context, self._hosts = context, hosts
        self._tasks: TaskGroup | None = None
        self._manager: StreamableHTTPSessionManager | None = None
        self._starting = anyio.Lock()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep the task group open; on exit cancel the requests in progress."""
        async with anyio.create_task_group() as self._tasks:
            self._tasks.start_soon(self._import_later)
            yield
            self._tasks.cancel_scope.cancel()

    async def _import_later(self) -> None:
        await anyio.sleep(IMPORTED_AFTER_S)
        try:
            await self._managed()
        except ImportError as error:
            log.warning("the package mcp can't be imported, so /mcp won't answer: %s", error)

    def respond(self, request: Request) -> AsyncResponse:
        """Prepare the response to a message. Raises `ServiceError` for a foreign Host or Origin."""
        self._hosts.check(headers_of(request.scope))
        return AsyncResponse(lambda: self._response(request))

    async def _response(self, request: Request) -> Response:
        """Return the SDK's response; cancel the work if the client goes away first."""
        manager = await self._managed()
        answer = Response(status_code=GONE)
        async with anyio.create_task_group() as tasks:

            async def watch() -> None:
                while (await request.receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            batch = batch_in(request)
            if batch is None:
                answer = await sdk_response(manager, request.scope, request.state.body)
            else:
                answer = await batch_response(manager, request.scope, batch)
            tasks.cancel_scope.cancel()
        return answer

    async def _managed(self) -> StreamableHTTPSessionManager:
        async with self._starting:
            if self._manager is None:
                if self._tasks is None:
                    raise RuntimeError("the application doesn't run: its lifespan must enter `opened`")
                # A server that ends meanwhile doesn't wait for the import.
                made = await to_thread.run_sync(_manager_of, self._context, abandon_on_cancel=True)
                await self._tasks.start(_kept, made)
                self._manager = made
        return self._manager


def _manager_of(context: Context) -> StreamableHTTPSessionManager:
    from services.agents.sdk_server import manager_of

    return manager_of(context)


async def _kept(
    manager: StreamableHTTPSessionManager, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Run the SDK's session manager until cancelled."""
    async with manager.run():
        task_status.started()
        await anyio.sleep_forever()


def batch_in(request: Request) -> Sequence[object] | None:
    """Return the messages of a batch, which protocol versions before 2025-06-18 have.

    None for a single message, and for what isn't a batch there: the SDK says what is wrong with it.
    """
    body: bytes = request.state.body
    if not body.lstrip().startswith(b"["):
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    named = headers_of(request.scope).get("mcp-protocol-version", WITH_BATCHES[0])
    return list(found) if found and named in WITH_BATCHES else None


async def batch_response(
    manager: StreamableHTTPSessionManager, scope: Scope, batch: Sequence[object]
) -> Response:
    """Return the SDK's responses to the messages of a batch, in order; 202 if none has one."""
    if len(batch) > MOST_IN_BATCH:
        said = f"A batch may have {MOST_IN_BATCH} messages, not {len(batch)}"
        fault = {"code": INVALID_REQUEST, "message": said}
        return json_response({"jsonrpc": "2.0", "id": None, "error": fault}, HTTPStatus.BAD_REQUEST)
    answers: list[bytes] = []
    for message in batch:
        answer = await sdk_response(manager, dict(scope), json.dumps(message).encode())
        if answer.body:
            answers.append(bytes(answer.body))
    if not answers:
        return Response(status_code=HTTPStatus.ACCEPTED)
    return Response(b"[" + b",".join(answers) + b"]", media_type=JSON)


async def sdk_response(manager: StreamableHTTPSessionManager, scope: Scope, body: bytes) -> Response:
    """Return the SDK's response to a request whose body has been read."""
    unread = [body]
    response, content = Response(), bytearray()

    async def receive() -> Message:
        if not unread:
            await anyio.sleep_forever()
        return {"type": "http.request", "body": unread.pop(), "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            response.status_code = message["status"]
            response.raw_headers = [
                (name, value) for name, value in message.get("headers", ()) if name != b"content-length"
            ]
        else:
            content.extend(message.get("body", b""))

    await manager.handle_request(scope, receive, send)
    response.body = bytes(content)
    response.headers["content-length"] = str(len(content))
    return response
