"""The map and the API documentation: static files, served without a key. Their requests need one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.web.formats.content_codings import CodedBody
from services.web.formats.tagged_response import TaggedResponse
from services.web.handlers import OPEN, Handler, StoreQuery

PACKAGE = Path(__file__).parent
MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}


def policy(tiles_origin: str | None = None) -> str:
    """The pages' Content-Security-Policy: no script or style that stands in a page, and nothing of other
    origins but the map's tiles, if there are some.
    """
    tiles = "" if tiles_origin is None else f" {tiles_origin}"
    sources = f"default-src 'self'; connect-src 'self'{tiles}; img-src 'self' data: blob:{tiles}"
    return f"{sources}; base-uri 'none'; frame-ancestors 'none'"


MAP_FILES = (
    "map.js",
    "style.css",
    "maplibre.js",
    "maplibre-worker.js",
    "maplibre.css",
    "LICENSES.txt",
)
"""What `make map` writes beside the page."""
MAP: Mapping[str, str] = {"/": "map/index.html", **{f"/{name}": f"map/{name}" for name in MAP_FILES}}
DOCS: Mapping[str, str] = {
    "/docs": "docs/index.html",
    "/docs/docs.js": "docs/docs.js",
    "/docs/docs.css": "docs/docs.css",
}


class PageResponse(TaggedResponse):
    """A file, compressed once for all clients, with the headers that protect a page."""

    def __init__(self, body: CodedBody, tiles_origin: str | None) -> None:
        self._policy = policy(tiles_origin)  # first, since the constructor makes the headers
        super().__init__(body, "no-cache")

    def _head(self, length: int, coding: str | None) -> list[tuple[bytes, bytes]]:
        protected = [
            (b"content-security-policy", self._policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        return [*super()._head(length, coding), *protected]


def add_pages(app: FastAPI, files: Mapping[str, str], tiles_origin: str | None = None) -> None:
    """Add a route for each file, given as path of the URL and file of this package."""
    for path, name in files.items():
        add_undocumented(app, path, page_handler(PACKAGE / name, tiles_origin))


def page_handler(file: Path, tiles_origin: str | None = None) -> Handler:
    """Return a handler that sends a file; a changed one is read again."""
    cached: dict[int, PageResponse] = {}

    def page(_request: Request) -> StoreQuery:
        def respond(_store: object) -> Response:
            version = file.stat().st_mtime_ns
            if version not in cached:
                cached.clear()
                body = CodedBody(file.read_bytes(), MEDIA_TYPES[file.suffix])
                cached[version] = PageResponse(body, tiles_origin)
            return cached[version]

        return StoreQuery(respond)

    return page


def add_undocumented(app: FastAPI, path: str, handler: Handler) -> None:
    """Add an open route that is left out of the OpenAPI description."""
    app.add_api_route(path, handler, include_in_schema=False, response_model=None, openapi_extra=dict(OPEN))
