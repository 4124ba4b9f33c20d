"""The REST routes: parse, one query, one body. Errors are raised and become bodies in `services.app`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from services import parameters, queries, schemas
from services.auth import authenticate
from services.context import Context, Snapshots
from services.errors import UnknownPath
from services.health import health
from services.holder import SNAPSHOT_PATH
from services.middleware import headers_of
from services.schemas import Body

Result = TypeVar("Result")

OPEN_PATHS = frozenset({"/health", "/openapi.json", SNAPSHOT_PATH})
"""Paths that need no API key; the snapshot's has a key of its own."""

DESCRIBED_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ErrorBody} for status in (400, 401, 404, 500, 503)
}


def json_response(body: Body, status: int = 200) -> Response:
    """A body as JSON."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, media_type="application/json")


def data_router(context: Context) -> APIRouter:
    """The routes of the three streams."""
    router = APIRouter(responses=DESCRIBED_ERRORS, tags=["data"])

    async def ask(query: Callable[..., Result], body: Callable[[Result], Body], **asked: Any) -> Response:
        found = await run_in_threadpool(query, context.store, context.network, now=context.now(), **asked)
        return json_response(body(found))

    @router.get("/people-count/{stop_id}", response_model=schemas.PeopleCountBody)
    async def people_count(stop_id: str, mode: str | None = None, timestamp: str | None = None) -> Response:
        """How many people wait at a stop, now (`mode=latest`) or at a `timestamp`."""
        time = parameters.moment(mode, timestamp)
        return await ask(queries.people_count, schemas.people_count_body, stop_id=stop_id, time=time)

    @router.get(
        "/sensors/{entity_type}/{entity_id}",
        response_model=schemas.BusSensorsBody | schemas.StopSensorsBody,
    )
    async def sensors(
        entity_type: str, entity_id: str, mode: str | None = None, timestamp: str | None = None
    ) -> Response:
        """The sensors of a `bus` or a `stop`, now (`mode=latest`) or at a `timestamp`."""
        kind = parameters.entity_type(entity_type)
        time = parameters.moment(mode, timestamp)
        return await ask(
            queries.sensors, schemas.sensors_body, entity_type=kind, entity_id=entity_id, time=time
        )

    @router.get("/bus-position/line/{line_id}", response_model=schemas.LineBody)
    async def line_positions(line_id: str, mode: str | None = None) -> Response:
        """Where a line's buses are now (`mode=latest`)."""
        parameters.latest_only(mode)
        return await ask(
            queries.line_positions, lambda found: schemas.line_body(line_id, found), line_id=line_id
        )

    @router.get("/bus-position/{bus_id}", response_model=schemas.BusPositionBody)
    async def bus_position(bus_id: str, mode: str | None = None, timestamp: str | None = None) -> Response:
        """Where a bus is, now (`mode=latest`) or at a `timestamp`."""
        time = parameters.moment(mode, timestamp)
        return await ask(queries.bus_position, schemas.bus_position_body, bus_id=bus_id, time=time)

    return router


def operations_router(context: Context) -> APIRouter:
    """`/health`, and for the same machine only a copy of the store."""
    router = APIRouter(tags=["operations"])

    @router.get("/health", response_model=schemas.HealthBody, responses={503: {"model": schemas.HealthBody}})
    async def state() -> Response:
        """How the clock, the feeders and the store are. Needs no key."""
        found = await run_in_threadpool(health, context)
        return json_response(found.body, found.status)

    @router.get(SNAPSHOT_PATH, include_in_schema=False)
    async def snapshot(request: Request) -> Response:
        if context.snapshots is None:
            raise UnknownPath
        authenticate(headers_of(request.scope), context.snapshots.key)
        return await run_in_threadpool(snapshot_response, context.snapshots)

    return router


def snapshot_response(snapshots: Snapshots) -> Response:
    """A copy of the store, made now and removed when it is sent."""
    path = snapshots.folder / f".snapshot-{secrets.token_hex(8)}"
    snapshots.copy_to(path)
    return FileResponse(path, background=BackgroundTask(path.unlink, missing_ok=True))
