"""Servers with configurable answers, for tests of the programs that check servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

Answer: TypeAlias = tuple[int, str]
Answering: TypeAlias = Callable[[str, Mapping[str, str]], Answer]
"""(path with query, headers by lower-case name) → status and body."""


def free_port() -> int:
    """A port without a listener."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def http_server(answering: Answering) -> Iterator[str]:
    """A server that answers GET and POST alike, whatever the body; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answering(self.path, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.do_GET()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own name
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def always(status: int, body: str) -> Answering:
    """The same answer to everything."""
    return lambda _path, _headers: (status, body)


@contextmanager
def websocket_server(*replies: str, key: str | None = None) -> Iterator[str]:
    """A server that answers every message with all `replies`; its URL. Without `key` it accepts everybody."""

    def admit(connection: ServerConnection, request: Request) -> Response | None:
        query = parse_qs(urlsplit(request.path).query)
        if key is None or (query.get("api_key") == [key] and "group_name" in query):
            return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, '{"error": "Unauthorized", "message": "no"}')

    def handle(connection: ServerConnection) -> None:
        try:
            for _ in connection:
                for reply in replies:
                    connection.send(reply)
        except ConnectionClosed:
            pass  # as a client may do at any time

    with serve(handle, "127.0.0.1", 0, process_request=admit) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/production"
        finally:
            server.shutdown()
            thread.join()
