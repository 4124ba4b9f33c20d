"""Events of an API Gateway WebSocket API and of EventBridge in AWS's format, and the API's clients.

`Clients` stands in for API Gateway's Management API: it keeps each client's messages, and can fail.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from services.aws.events import POSITIONS, SOURCE
from services.queries.bodies import bus_position_body
from services.times import format_instant
from storage.schema import BusPosition
from tests.services.fakes import NETWORK

ARN = "arn:aws:execute-api:eu-west-1:123456789012:w1x2y3z4a5/production/$connect"


def request_context(event_type: str, connection_id: str) -> dict[str, Any]:
    """The request context of every event of the API."""
    routes = {"CONNECT": "$connect", "DISCONNECT": "$disconnect", "MESSAGE": "$default"}
    return {
        "routeKey": routes[event_type],
        "eventType": event_type,
        "extendedRequestId": "ZkLmNoPqRsTuVwX=",
        "requestTime": "02/Mar/2026:07:30:10 +0000",
        "messageDirection": "IN",
        "stage": "production",
        "connectedAt": 1772436610000,
        "requestTimeEpoch": 1772436610001,
        "identity": {"sourceIp": "203.0.113.9"},
        "requestId": "ZkLmNoPqRsTuVwX=",
        "domainName": "w1x2y3z4a5.execute-api.eu-west-1.amazonaws.com",
        "connectionId": connection_id,
        "apiId": "w1x2y3z4a5",
    }


def headers() -> dict[str, str]:
    """The headers of a handshake."""
    return {
        "Host": "w1x2y3z4a5.execute-api.eu-west-1.amazonaws.com",
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }


def authorize_event(query: Mapping[str, str] | None) -> Any:
    """The event for the authorizer of `$connect`."""
    context = request_context("CONNECT", "c1=")
    del context["messageDirection"]
    return {
        "type": "REQUEST",
        "methodArn": ARN,
        "headers": headers(),
        "multiValueHeaders": {name: [value] for name, value in headers().items()},
        "queryStringParameters": None if query is None else dict(query),
        "multiValueQueryStringParameters": None if query is None else {k: [v] for k, v in query.items()},
        "stageVariables": {},
        "requestContext": context,
    }


def connect_event(connection_id: str, group: str | None) -> Any:
    """The event of `$connect`; without a group as if the route had no authorizer."""
    context = request_context("CONNECT", connection_id)
    if group is not None:
        context["authorizer"] = {"principalId": group, "integrationLatency": 7, "group": group}
    return {"headers": headers(), "requestContext": context, "isBase64Encoded": False}


def disconnect_event(connection_id: str) -> Any:
    """The event of `$disconnect`."""
    context = request_context("DISCONNECT", connection_id)
    context |= {"disconnectStatusCode": 1005, "disconnectReason": "Client-side close frame status not set"}
    return {"headers": {"Host": headers()["Host"]}, "requestContext": context, "isBase64Encoded": False}


def message_event(connection_id: str, message: object) -> Any:
    """The event of `$default`; `message` is encoded as JSON unless it is text."""
    context = request_context("MESSAGE", connection_id) | {"messageId": "ZkLmNoPqRsTuVwX="}
    body = message if isinstance(message, str) else json.dumps(message)
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def tick_event(positions: Sequence[BusPosition]) -> Any:
    """The event that EventBridge delivers for a line's tick."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": POSITIONS,
        "source": SOURCE,
        "account": "123456789012",
        "time": "2026-03-02T07:30:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {
            "time": format_instant(positions[0].time),
            "line_id": positions[0].line_id,
            "positions": [bus_position_body(position, NETWORK) for position in positions],
        },
    }


class Clients:
    """The clients of the Management API, the messages sent to each, and its failures.

    `troubles` has for each connection the answers (status, error) that come before it succeeds; the last one
    of a connection in `for_good` stays.
    """

    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = defaultdict(list)
        self.closed: list[str] = []
        self.troubles: dict[str, list[tuple[int, str]]] = {}
        self.for_good: dict[str, tuple[int, str]] = {}
        self.at_once = self.most_at_once = 0
        self.together = 1
        """Requests wait until so many have been there at once, however busy the machine is."""
        self._lock = threading.Condition()
        self.url = ""

    def gone(self, connection_id: str) -> None:
        """Make a client gone."""
        self.for_good[connection_id] = 410, "GoneException"

    def post(self, connection_id: str, text: str) -> tuple[int, str]:
        """Accept a message, or return an error."""
        with self._lock:
            if connection_id in self.for_good:
                return self.for_good[connection_id]
            if self.troubles.get(connection_id):
                return self.troubles[connection_id].pop(0)
            self.sent[connection_id].append(text)
            return 200, ""

    def close(self, connection_id: str) -> tuple[int, str]:
        """End a connection."""
        if connection_id in self.for_good:
            return self.for_good[connection_id]
        self.closed.append(connection_id)
        return 204, ""

    def enter(self, by: int) -> None:
        """Count concurrent requests."""
        with self._lock:
            self.at_once += by
            self.most_at_once = max(self.most_at_once, self.at_once)
            self._lock.notify_all()
            if by > 0:
                self._lock.wait_for(lambda: self.most_at_once >= self.together, timeout=2)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def clients() -> Iterator[Clients]:
    """A fake Management API with clients, on a real socket at `url`."""
    found = Clients()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            found.enter(1)
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(*found.post(self._connection_id(), text))
            found.enter(-1)

        def do_DELETE(self) -> None:
            self._answer(*found.close(self._connection_id()))

        def _connection_id(self) -> str:
            return unquote(self.path.rpartition("/@connections/")[2])

        def _answer(self, status: int, error: str) -> None:
            body = json.dumps({"message": error}).encode() if error else b""
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            if error:
                self.send_header("x-amzn-errortype", error)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its own name
            """Log nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}/production"
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()
