"""The ASGI application: routes, errors as bodies, and what every request passes."""

from __future__ import annotations

import logging

from fastapi import FastAPI
from fastapi.middleware import Middleware
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from services.auth import GROUP_HEADER, KEY_HEADER
from services.context import Context
from services.errors import MethodNotAllowed, ServiceError, Unavailable, UnknownPath
from services.middleware import AccessLog, Authentication, LastResort
from services.rest import OPEN_PATHS, data_router, operations_router
from services.schemas import error_answer
from services.websocket import WebSockets
from storage.errors import StoreUnavailable

log = logging.getLogger("bus_simulator.rest")

DESCRIPTION = """A living Madrid bus network. Every route but `/health` and this description needs the
headers `x-api-key` and `x-group-name`."""


def create_app(context: Context) -> ASGIApp:
    """The application over one context."""
    app = FastAPI(
        title="Madrid Bus Real-Time Simulator",
        version=context.version,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=["*"],
                allow_methods=["GET"],
                allow_headers=[KEY_HEADER, GROUP_HEADER, "content-type"],
            ),
            Middleware(LastResort),
            Middleware(Authentication, key=context.key, open_paths=OPEN_PATHS),
        ],
        exception_handlers={
            ServiceError: _service_error,
            StoreUnavailable: _store_unavailable,
            HTTPException: _routing_error,
        },
    )
    app.include_router(data_router(context))
    app.include_router(operations_router(context))
    logged = AccessLog(app)
    return logged if context.live is None else WebSockets(logged, context.live, context.key)


async def _service_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ServiceError):
        raise error
    answer = error_answer(error)
    return JSONResponse(answer.body, answer.status, dict(answer.headers))


async def _store_unavailable(request: Request, error: Exception) -> Response:
    log.error("the store can't be reached: %s", error)
    return await _service_error(request, Unavailable())


async def _routing_error(request: Request, error: Exception) -> Response:
    """What the router itself refuses: a path or a method that isn't there."""
    method_missing = isinstance(error, HTTPException) and error.status_code == 405
    return await _service_error(request, MethodNotAllowed() if method_missing else UnknownPath())
