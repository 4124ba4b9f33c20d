"""The HTTP server: one route with the protocol AWS JSON 1.0. Signatures of requests aren't checked."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic_core import from_json
from starlette.types import ASGIApp, Receive, Scope, Send

from services.timestream_local import database
from services.timestream_local.errors import (
    AwsError,
    InternalServerException,
    RequestEntityTooLargeException,
    SerializationException,
    UnknownOperationException,
)
from services.timestream_local.operations import Operations
from services.timestream_local.options import AWS, REGION, EndpointOptions
from services.timestream_local.pages.status import POLICY, health, status_page
from services.timestream_local.record_operations import prune
from services.timestream_local.running.client_arns import region_of
from services.timestream_local.running.functions.native_functions import register
from services.timestream_local.running.load_tasks import LoadTask, LoadTasks
from services.timestream_local.running.object_store import ObjectStore
from services.timestream_local.running.queries import LONGEST_QUERY_S, QueryRunner
from services.timestream_local.running.snapshots import Snapshots
from services.timestream_local.scheduled_query_operations import ScheduledQueryOperations, run_for_ever
from services.timestream_local.sql.syntax import unloads
from services.timestream_local.state import EndpointState, Now, Response
from services.timestream_local.writing.writer import Writer
from services.web.access_log import AccessLog, headers_of
from services.web.metrics import RequestCounts
from services.web.uvicorn.server import quiet_server
from simulator.clock import Clock
from storage.instants import to_us

if TYPE_CHECKING:
    import uvicorn

log = logging.getLogger("bus_simulator.timestream")

TARGET = "Timestream_20181101."
MEDIA_TYPE = b"application/x-amz-json-1.0"
PAGES = ("/", "/health")
HEALTH_ONLY = ("/health",)
"""The pages that need no token."""
LONGEST_BODY = 4 * 2**20
LONGEST_DRAINED = 64 * 2**20
"""How many bytes of a body that is too long are still read, so that the client receives the error."""
READERS = 4
"""The most queries that run at the same time."""
PRUNE_S = 3600.0
SCHEDULE_S = 1.0
"""How often scheduled queries are checked."""
DEFAULT_OPTIONS = EndpointOptions()
ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=dict).encode


class Endpoint:
    """The ASGI application. The header `X-Amz-Target` names the operation."""

    def __init__(self, state: EndpointState) -> None:
        self._state, self._operations = state, Operations(state)
        self._tokens = state.options.tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI specifies."""
        if scope["type"] != "http":
            return
        pages = PAGES if self._tokens is None else HEALTH_ONLY
        if scope["method"] in ("GET", "HEAD") and scope["path"] in pages:
            await _receive_and_send_page(self._state, scope["path"], receive, send)
            return
        answer: Response
        try:
            status, answer = 200, await self._answer(scope, receive)
        except AwsError as error:
            status, answer = error.status, error.body
        except Exception:
            log.exception("request failed")
            failure = InternalServerException("An unexpected error occurred.")
            status, answer = failure.status, failure.body
        await _send(send, status, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        headers = headers_of(scope)
        content = await _body(receive)
        target = headers.get("x-amz-target", "")
        if scope["method"] != "POST" or not target.startswith(TARGET):
            raise UnknownOperationException(
                f"Send a POST with the header X-Amz-Target: {TARGET}OPERATION, as AWS's clients do"
            )
        operation = target.removeprefix(TARGET)
        authorization = headers.get("authorization", "")
        if self._tokens is not None:
            self._tokens.check(authorization, operation)
        try:
            body = from_json(content) if content else {}
        except ValueError as error:
            raise SerializationException(f"The body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise SerializationException("The body is not a JSON object")
        if self._tokens is not None and operation == "Query" and unloads(str(body.get("QueryString"))):
            self._tokens.check(authorization, "UNLOAD")
        host = headers.get("host") or "{}:{}".format(*scope["server"])
        agent = f"{headers.get('user-agent', '')} {headers.get('x-amz-user-agent', '')}"
        return await self._operations.answer(
            operation, body, address_for(agent, host), region_of(authorization)
        )


def address_for(agent: str, host: str) -> str:
    """The endpoint's address as a client's discovery understands it.

    Most take an address without a scheme for one of HTTPS. The AWS SDK for JavaScript replaces only the host
    name of its request, and keeps scheme and port.
    """
    return host.rpartition(":")[0] or host if "aws-sdk-js/3" in agent else f"http://{host}"


async def _body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size, more = 0, True
    while more and size <= LONGEST_DRAINED:
        message = await receive()
        content = message.get("body", b"")
        size += len(content)
        if size <= LONGEST_BODY:
            chunks.append(content)
        more = message.get("more_body", False)
    if size > LONGEST_BODY:
        raise RequestEntityTooLargeException(f"The body is longer than {LONGEST_BODY} bytes")
    return b"".join(chunks)


async def _receive_and_send_page(state: EndpointState, path: str, receive: Receive, send: Send) -> None:
    await _body(receive)
    if path == "/health":
        await _send_content(send, 200, b"application/json", ENCODE(health(state)).encode())
        return
    html = await asyncio.to_thread(status_page, state)
    policy = (b"content-security-policy", POLICY.encode())
    await _send_content(send, 200, b"text/html; charset=utf-8", html.encode(), policy)


async def _send(send: Send, status: int, answer: Response) -> None:
    await _send_content(send, status, MEDIA_TYPE, ENCODE(answer).encode(errors="replace"))


async def _send_content(
    send: Send, status: int, media_type: bytes, content: bytes, *more: tuple[bytes, bytes]
) -> None:
    headers = [
        *more,
        (b"content-type", media_type),
        (b"content-length", str(len(content)).encode()),
        (b"x-amzn-requestid", secrets.token_hex(16).upper().encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@contextmanager
def opened(
    path: Path,
    now: Now,
    *,
    longest_query_s: float = LONGEST_QUERY_S,
    options: EndpointOptions = DEFAULT_OPTIONS,
) -> Iterator[EndpointState]:
    """Open the file at `path` for the block. Raises `StoreError` if it can't be used."""
    clock = Clock()
    with ExitStack() as stack:
        connection = stack.enter_context(closing(database.open_database(path)))
        register(connection)
        catalog = database.load(connection)
        snapshots = Snapshots(connection, catalog, options.visible_after_s)
        stack.callback(snapshots.clear)
        writer = Writer(
            connection,
            catalog,
            strict=options.strict_limits,
            before_commit=snapshots.take,
            after_tables=snapshots.clear,
        )
        stack.enter_context(closing(writer))
        objects = _object_store(options)
        runner = QueryRunner(connection, catalog, snapshots, longest_s=longest_query_s, objects=objects)
        queries = stack.enter_context(closing(runner))
        pool = stack.enter_context(ThreadPoolExecutor(READERS, thread_name_prefix="timestream-query"))
        # Closing the pool waits for its threads. So running queries must be interrupted before.
        stack.callback(queries.interrupt_all)
        now_s = clock.now().timestamp()
        loads = LoadTasks(LoadTask.of(each, now_s) for each in database.load_tasks(connection))
        stack.callback(loads.stopping.set)

        def wall() -> int:
            return to_us(clock.now()) * 1000

        yield EndpointState(catalog, writer, queries, wall, now, pool, options, objects, loads)


def _object_store(options: EndpointOptions) -> ObjectStore | None:
    if options.s3_endpoint is None:
        return None
    return ObjectStore(REGION, None if options.s3_endpoint == AWS else options.s3_endpoint)


def application(state: EndpointState) -> ASGIApp:
    """The ASGI application, with its access log."""
    return AccessLog(Endpoint(state), counted=RequestCounts())


def serve(
    path: Path, now: Now, listener: socket.socket, options: EndpointOptions, announce: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT; call `announce` when the file is open.

    Raises `StoreError` if the file can't be used.
    """
    signals: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        # Handles a signal while the file is opened. After its shutdown Uvicorn raises the signal again, which
        # by default would kill the process.
        signal.signal(number, lambda received, _frame: signals.append(received))
    with opened(path, now, options=options) as state:
        server = web_server(state, lambda: bool(signals))
        announce()
        with _imports_apart():
            asyncio.run(serving(state, server, listener))


@contextmanager
def _imports_apart() -> Iterator[None]:
    """Keep what exists by now from the garbage collector: looking through it takes it a tenth of a second."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()  # at exit DuckDB reports objects that were never collected


async def serving(state: EndpointState, server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until the server ends, run scheduled queries, and delete old records every hour."""
    pruning = asyncio.create_task(_prune_for_ever(state))
    running = asyncio.create_task(run_for_ever(ScheduledQueryOperations(state), SCHEDULE_S))
    try:
        await server.serve(sockets=[listener])
    finally:
        pruning.cancel()
        running.cancel()


async def _prune_for_ever(state: EndpointState) -> None:
    while True:
        await asyncio.sleep(PRUNE_S)
        try:
            await prune(state)
        except AwsError as error:
            log.warning("pruning failed: %s", error)


def web_server(state: EndpointState, ended: Callable[[], bool] = lambda: False) -> uvicorn.Server:
    """The web server of the endpoint, which stops when `ended()` is true."""
    return quiet_server(application(state), websockets=False, lifespan="off", ended=ended)
