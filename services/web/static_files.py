"""The map and the API documentation: static files, served without a key. Their requests need one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.web.handlers import OPEN, Handler, StoreQuery

PACKAGE = Path(__file__).parent
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
HEADERS: Mapping[str, str] = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'self'; img-src data:",
    "x-content-type-options": "nosniff",
}
"""The pages load nothing from other origins."""

MAP: Mapping[str, str] = {"/": "map/index.html", "/map.js": "map/map.js", "/map.css": "map/map.css"}
DOCS: Mapping[str, str] = {
    "/docs": "docs/index.html",
    "/docs/docs.js": "docs/docs.js",
    "/docs/docs.css": "docs/docs.css",
}


def add_pages(app: FastAPI, files: Mapping[str, str]) -> None:
    """Add a route for each file, given as path of the URL and file of this package."""
    for path, name in files.items():
        add_undocumented(app, path, page_handler(PACKAGE / name))


def page_handler(file: Path) -> Handler:
    """Return a handler that sends a file."""

    def page(_request: Request) -> StoreQuery:
        return StoreQuery(lambda _: Response(file.read_bytes(), 200, HEADERS, MEDIA_TYPES[file.suffix]))

    return page


def add_undocumented(app: FastAPI, path: str, handler: Handler) -> None:
    """Add an open route that is left out of the OpenAPI description."""
    app.add_api_route(path, handler, include_in_schema=False, response_model=None, openapi_extra=dict(OPEN))
