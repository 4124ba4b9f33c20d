"""Pages for people: static files of this package, open to everybody. What they ask for needs the key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from services.requests import Answer, Ask, Headers, Request, Route

PACKAGE = Path(__file__).parent
MEDIA_TYPES: Mapping[str, bytes] = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
}
HEADERS: Headers = (
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", b"default-src 'self'; img-src data:"),
    (b"x-content-type-options", b"nosniff"),
)
"""Nothing of another origin is loaded."""

MAP: Mapping[str, str] = {"/": "map/index.html", "/map.js": "map/map.js", "/map.css": "map/map.css"}
DOCS: Mapping[str, str] = {
    "/docs": "docs/index.html",
    "/docs/docs.js": "docs/docs.js",
    "/docs/docs.css": "docs/docs.css",
}


def page_routes(files: Mapping[str, str]) -> Sequence[Route]:
    """Routes to files of this package by their paths."""
    return [page_route(path, PACKAGE / name) for path, name in files.items()]


def page_route(path: str, file: Path) -> Route:
    """A route to a file."""

    def page(_request: Request) -> Ask:
        return Ask(lambda _: Answer(200, file.read_bytes(), MEDIA_TYPES[file.suffix], HEADERS))

    return Route(path, page, is_open=True)
