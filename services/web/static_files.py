"""Pages for people: static files of this package, open to everybody. What they ask for needs the key."""

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
"""Nothing of another origin is loaded."""

MAP: Mapping[str, str] = {"/": "map/index.html", "/map.js": "map/map.js", "/map.css": "map/map.css"}
DOCS: Mapping[str, str] = {
    "/docs": "docs/index.html",
    "/docs/docs.js": "docs/docs.js",
    "/docs/docs.css": "docs/docs.css",
}


def add_pages(app: FastAPI, files: Mapping[str, str]) -> None:
    """Add routes to files of this package by their paths."""
    for path, name in files.items():
        add_hidden(app, path, page_handler(PACKAGE / name))


def page_handler(file: Path) -> Handler:
    """Answers with a file."""

    def page(_request: Request) -> StoreQuery:
        return StoreQuery(lambda _: Response(file.read_bytes(), 200, HEADERS, MEDIA_TYPES[file.suffix]))

    return page


def add_hidden(app: FastAPI, path: str, handler: Handler) -> None:
    """Add an open route that isn't part of the API's description."""
    app.add_api_route(path, handler, include_in_schema=False, response_model=None, openapi_extra=dict(OPEN))
