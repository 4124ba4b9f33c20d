"""A proxy before the Timestream endpoint that fails as networks and services do."""

from __future__ import annotations

import http.client
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import urlsplit

Answer: TypeAlias = tuple[int, bytes]
PREFIX = "Timestream_20181101."
HUNG_S = 30.0


class Proxy:
    """Forwards requests, except those for which a fault is queued. `url` is its address."""

    def __init__(self, upstream: str, url: str) -> None:
        self.upstream, self.url = urlsplit(upstream), url
        self.faults: deque[tuple[str, Fault]] = deque()
        self.injected: list[str] = []
        self.ended = threading.Event()
        self._lock = threading.Lock()

    def next_fault(self, operation: str) -> Fault | None:
        """The queued fault for this request, None without one."""
        with self._lock:
            if not self.faults or self.faults[0][0] != operation:
                return None
            fault = self.faults.popleft()[1]
            self.injected.append(fault.__name__)
            return fault

    def fail(self, operation: str, *faults: Fault) -> None:
        """Queue faults for the next requests of an operation, one each."""
        self.faults.extend((operation, fault) for fault in faults)

    def forward(self, headers: dict[str, str], body: bytes) -> Answer:
        """Return the endpoint's answer."""
        connection = http.client.HTTPConnection(self.upstream.hostname or "", self.upstream.port, timeout=60)
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Exchange:
    """A request in progress, which a fault answers, forwards or drops."""

    def __init__(self, proxy: Proxy, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.proxy, self.handler, self.body = proxy, handler, body
        names = ("X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date", "Host")
        self.headers = {name: handler.headers[name] for name in names if name in handler.headers}

    def pass_on(self) -> Answer:
        """Forward the request; return the endpoint's answer."""
        return self.proxy.forward(self.headers, self.body)

    def answer(self, status: int, content: bytes) -> None:
        """Send a response."""
        self.handler.send_response(status)
        self.handler.send_header("Content-Type", "application/x-amz-json-1.0")
        self.handler.send_header("Content-Length", str(len(content)))
        self.handler.end_headers()
        self.handler.wfile.write(content)

    def refuse(self, status: int, kind: str, message: str, **fields: object) -> None:
        """Send one of Timestream's errors."""
        error = {"__type": f"com.amazonaws.timestream.v20181101#{kind}", "message": message, **fields}
        self.answer(status, json.dumps(error).encode())

    def cut(self) -> None:
        """End the connection without an answer."""
        self.handler.close_connection = True
        with suppress(OSError):
            self.handler.connection.shutdown(2)


Fault: TypeAlias = Callable[[Exchange], None]


def throttled(exchange: Exchange) -> None:
    exchange.refuse(429, "ThrottlingException", "Rate exceeded")


def broken(exchange: Exchange) -> None:
    exchange.refuse(500, "InternalServerException", "Internal error")


def no_json(exchange: Exchange) -> None:
    exchange.answer(502, b"<html>Bad Gateway</html>")


def cut_before(exchange: Exchange) -> None:
    """Cut the connection before the endpoint gets the request."""
    exchange.cut()


def cut_after(exchange: Exchange) -> None:
    """Cut the connection after the endpoint has carried the request out."""
    exchange.pass_on()
    exchange.cut()


def hung(exchange: Exchange) -> None:
    """Carry the request out, and send the answer too late."""
    exchange.pass_on()
    exchange.proxy.ended.wait(HUNG_S)
    exchange.cut()


def half_rejected(exchange: Exchange) -> None:
    """Reject every other record for its time."""
    body = json.loads(exchange.body)
    records = body["Records"]
    refused = list(range(1, len(records), 2))
    if len(records) > len(refused):
        body["Records"] = records[::2]
        exchange.body = json.dumps(body).encode()
        exchange.pass_on()
    reason = "The record timestamp is outside the time range of the data ingestion window."
    exchange.refuse(
        419,
        "RejectedRecordsException",
        "One or more records have been rejected.",
        RejectedRecords=[{"RecordIndex": index, "Reason": reason} for index in refused],
    )


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """A proxy before an endpoint."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            exchange = Exchange(proxy, self, body)
            fault = proxy.next_fault(self.headers.get("X-Amz-Target", "").removeprefix(PREFIX))
            try:
                if fault is not None:
                    fault(exchange)
                else:
                    exchange.answer(*exchange.pass_on())
            except OSError:
                exchange.cut()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = Proxy(upstream, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
